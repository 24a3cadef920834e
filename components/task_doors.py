"""The security group of a task: the ways to AWS's own APIs, and the doors of its links."""

from collections.abc import Sequence
from typing import Literal

import pulumi
from pulumi_aws import ec2, vpc

from components.link import Link, Port
from components.network import Network


class Doors:
    """Makes the group and every rule of it, as children of the task."""

    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        network: Network,
        *,
        internet_access: bool,
        links: Sequence[Link],
        parent: pulumi.Resource,
        needs: list[pulumi.Resource],
    ) -> None:
        """`needs` is the task's list of what it cannot start without; the rules are added to it."""
        self._name, self._needs = name, needs
        self._child = pulumi.ResourceOptions(parent=parent)
        group = ec2.SecurityGroup(
            f"{name}-task", description=f"Tasks of {name}", vpc_id=network.vpc_id, opts=self._child
        )
        self.security_group_id = group.id
        apis = network.endpoint_security_group_id
        self._let_out("aws-apis", "HTTPS to AWS's APIs by the endpoints", group_id=apis)
        self._let_out("s3", "HTTPS to S3 by its gateway", prefix_list_id=network.s3_prefix_list_id)
        if internet_access:
            self._let_out("internet", "HTTPS to anywhere by the NAT gateway", cidr="0.0.0.0/0")
        self._open(links)

    def _open(self, links: Sequence[Link]) -> None:
        opened: list[Port] = []
        for link in links:
            for door in link.ports:
                if any(o.port == door.port and o.security_group_id is door.security_group_id for o in opened):
                    continue  # two links through one door
                opened.append(door)
                self.connect(
                    link.name, taker=self.security_group_id, giver=door.security_group_id, port=door.port
                )

    def connect(
        self,
        purpose: str,
        *,
        taker: pulumi.Input[str],
        giver: pulumi.Input[str],
        port: int,
        protocol: Literal["tcp", "udp"] = "tcp",
    ) -> None:
        """Let the taker's security group out to the giver's port, and into it."""
        words = f"{self._name} and {purpose}"
        out = vpc.SecurityGroupEgressRule(
            f"{self._name}-{purpose}-{port}-out",
            security_group_id=taker,
            referenced_security_group_id=giver,
            description=f"Between {words}, port {port}",
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        into = vpc.SecurityGroupIngressRule(
            f"{self._name}-{purpose}-{port}-in",
            security_group_id=giver,
            referenced_security_group_id=taker,
            description=f"Between {words}, port {port}",
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        self._needs += [out, into]

    def _let_out(
        self,
        purpose: str,
        description: str,
        *,
        group_id: pulumi.Input[str] | None = None,
        prefix_list_id: pulumi.Input[str] | None = None,
        cidr: str | None = None,
    ) -> None:
        rule = vpc.SecurityGroupEgressRule(
            f"{self._name}-{purpose}-out",
            security_group_id=self.security_group_id,
            referenced_security_group_id=group_id,
            prefix_list_id=prefix_list_id,
            cidr_ipv4=cidr,
            description=description,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._child,
        )
        self._needs.append(rule)
