"""A Network Load Balancer: TCP, UDP and TLS, one static address a zone; before the ALB or a service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import ec2, lb, vpc

from components.bucket import Bucket
from components.listener import HTTPS, TLS_POLICY
from components.load_balancer import LoadBalancer
from components.match import refuse_bad_cidr, refuse_bad_path
from components.names import refuse_bad_name
from components.network import Network
from components.route import Attachment
from components.target_group import load_balancer_target_group, network_target_group

EVERYBODY = "0.0.0.0/0"
LAST_PORT = 65535
Protocol = Literal["TCP", "UDP", "TLS"]


@dataclass(frozen=True, kw_only=True)
class NetworkLoadBalancerArgs:
    network: Network
    access_logs: Bucket
    """A bucket with `log_delivery`. AWS logs connections of TLS listeners only; flow logs have all."""
    internal: bool = False
    static_addresses: bool = True
    """An Elastic IP for each zone, some 4 $ a month each, for clients that let named addresses through;
    only where it is not internal."""
    client_cidrs: Sequence[str] | None = None
    """Who may connect; None is everybody, and of an internal one the network's own addresses."""
    protect: bool = True
    """An address that is given back is gone for good."""

    def __post_init__(self) -> None:
        for cidr in self.client_cidrs or ():
            refuse_bad_cidr(cidr)


class NetworkLoadBalancer(pulumi.ComponentResource):
    """About 18 $ a month and 5 for each unit of capacity. `forward` sends to an Application Load Balancer,
    `listen` to a service."""

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    addresses: list[pulumi.Output[str]]
    """The static addresses, in the order of the zones; none where they are not asked for."""

    def __init__(
        self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        because = "a target group's name has 32, with a port and Pulumi's suffix"
        refuse_bad_name("network load balancer", name, longest=18, because=because)
        super().__init__("causeway:index:NetworkLoadBalancer", name, None, opts)
        self._name, self._network, self._internal = name, args.network, args.internal
        everybody = [args.network.cidr if args.internal else EVERYBODY]
        self._clients = everybody if args.client_cidrs is None else args.client_cidrs
        self._ports: dict[int, str] = {}
        self._child = pulumi.ResourceOptions(parent=self)
        # A load balancer that is made without a security group can never have one.
        group = ec2.SecurityGroup(
            f"{name}-network-load-balancer",
            description="The network load balancer: in from its clients, out to what it serves",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        self.security_group_id = group.id
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        eips = self._make_addresses(args, kept)
        self.addresses = [eip.public_ip for eip in eips]
        subnets = args.network.private_subnet_ids if args.internal else args.network.public_subnet_ids
        mappings: list[lb.LoadBalancerSubnetMappingArgsDict] = [
            {"subnet_id": subnet, "allocation_id": eip.id} for subnet, eip in zip(subnets, eips, strict=False)
        ]
        balancer = lb.LoadBalancer(
            f"{name}-nlb",
            load_balancer_type="network",
            internal=args.internal,
            ip_address_type="ipv4",
            subnets=None if mappings else subnets,
            subnet_mappings=mappings or None,
            security_groups=[group.id],
            access_logs={"bucket": args.access_logs.name, "enabled": True},
            # A zone whose tasks are all replaced still answers.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=args.protect,
            opts=kept,
        )
        self.arn, self.dns_name, self.zone_id = balancer.arn, balancer.dns_name, balancer.zone_id
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name, "addresses": self.addresses})

    def forward(self, load_balancer: LoadBalancer, *, port: int = 443) -> None:
        """Send a port's connections to an Application Load Balancer, which ends their TLS.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
        """
        target = load_balancer.pulumi_resource_name
        what = f"load balancer '{target}'"
        if what in self._ports.values():
            raise pulumi.RunError(
                f"network load balancer '{self._name}': {what} is given twice; give it once"
            )
        self._take(port, what)
        https = load_balancer.port == HTTPS
        if not self._internal and not (https and load_balancer.has_web_acl):
            raise pulumi.RunError(
                f"network load balancer '{self._name}': everybody would reach {what}, "
                "which needs certificate_arn and web_acl_arn for that; give both, or internal=True here"
            )
        targets = load_balancer_target_group(
            f"{self._name}-{port}",
            vpc_id=self._network.vpc_id,
            port=load_balancer.port,
            https=https,
            parent=self,
        )
        lb.TargetGroupAttachment(
            f"{self._name}-{port}",
            target_group_arn=targets.arn,
            # AWS refuses one that has no listener on the port yet.
            target_id=pulumi.Output.all(load_balancer.arn, load_balancer.listener_arn).apply(
                lambda arns: str(arns[0])
            ),
            port=load_balancer.port,
            opts=self._child,
        )
        load_balancer.let_in(self._name, self.security_group_id)
        vpc.SecurityGroupEgressRule(
            f"{self._name}-to-{target}",
            security_group_id=self.security_group_id,
            referenced_security_group_id=load_balancer.security_group_id,
            description=f"To load balancer {target}",
            ip_protocol="tcp",
            from_port=load_balancer.port,
            to_port=load_balancer.port,
            opts=self._child,
        )
        self._listen("TCP", port, targets, None)

    def listen(
        self,
        port: int,
        *,
        protocol: Protocol = "TCP",
        certificate_arn: pulumi.Input[str] | None = None,
        health_check_port: int | None = None,
        health_check_path: str | None = None,
        preserve_client_address: bool = False,
    ) -> Attachment:
        """A listener for one service, which takes the attachment as its route.

        `TLS` ends at the load balancer. Health is a TCP connection to the service's port, or to
        `health_check_port`, which `UDP` needs; with `health_check_path` it is a GET that answers 200.
        """
        self._take(port, f"the service on {protocol} {port}")
        if (protocol == "TLS") != (certificate_arn is not None):
            raise pulumi.RunError(
                f"network load balancer '{self._name}': {protocol} {port} "
                + ("needs certificate_arn" if protocol == "TLS" else "takes no certificate_arn; give TLS")
            )
        if protocol == "UDP" and health_check_port is None:
            raise pulumi.RunError(
                f"network load balancer '{self._name}': UDP {port} needs health_check_port, a TCP port on "
                "which the service tells that it is well"
            )
        if health_check_path is not None:
            refuse_bad_path(health_check_path)
        udp = protocol == "UDP"
        targets = network_target_group(
            f"{self._name}-{port}",
            vpc_id=self._network.vpc_id,
            udp=udp,
            health_check_port=health_check_port,
            health_check_path=health_check_path,
            preserve_client_address=preserve_client_address,
            parent=self,
        )
        listener = self._listen(protocol, port, targets, certificate_arn)
        return Attachment(
            title=f"{protocol} {port} of network load balancer '{self._name}'",
            target_group_arn=targets.arn,
            target_group_arn_suffix=targets.arn_suffix,
            security_group_id=self.security_group_id,
            protocol="udp" if udp else "tcp",
            health_check_port=health_check_port,
            needs=[listener],
        )

    def _take(self, port: int, what: str) -> None:
        """Refuse a second listener on a port, whatever its protocol."""
        if not 1 <= port <= LAST_PORT:
            raise pulumi.RunError(
                f"network load balancer '{self._name}': port is {port}; give 1 to {LAST_PORT}"
            )
        if port in self._ports:
            raise pulumi.RunError(
                f"network load balancer '{self._name}': port {port} already goes to {self._ports[port]}; "
                f"give {what} another"
            )
        self._ports[port] = what

    def _listen(
        self,
        protocol: Protocol,
        port: int,
        targets: lb.TargetGroup,
        certificate_arn: pulumi.Input[str] | None,
    ) -> lb.Listener:
        ip_protocol = "udp" if protocol == "UDP" else "tcp"
        for number, cidr in enumerate(self._clients, start=1):
            vpc.SecurityGroupIngressRule(
                f"{self._name}-{port}-from-clients" + (f"-{number}" if number > 1 else ""),
                security_group_id=self.security_group_id,
                description=f"Clients on {protocol} {port}",
                cidr_ipv4=cidr,
                ip_protocol=ip_protocol,
                from_port=port,
                to_port=port,
                opts=self._child,
            )
        return lb.Listener(
            f"{self._name}-{port}",
            load_balancer_arn=self.arn,
            port=port,
            protocol=protocol,
            certificate_arn=certificate_arn,
            ssl_policy=TLS_POLICY if protocol == "TLS" else None,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=self._child,
        )

    def _make_addresses(self, args: NetworkLoadBalancerArgs, kept: pulumi.ResourceOptions) -> list[ec2.Eip]:
        if args.internal or not args.static_addresses:
            return []
        return [
            ec2.Eip(f"{self._name}-address-{zone[-1]}", domain="vpc", opts=kept)
            for zone in args.network.zones
        ]
