"""EC2 instances for a cluster that is not on Fargate: Amazon Linux, IMDSv2, encrypted disks, scaled by ECS.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html
"""

import base64
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import autoscaling, ec2, ecs, iam, vpc

from components.instance_role import instance_profile
from components.key import Key
from components.network import Network

PERCENT = 100
AGENT_ENDPOINTS = ("ecs", "ecs-agent", "ecs-telemetry")
"""What the agent of an instance calls."""
DISK_GIB = 30
"""Of the root volume, the size that the image has; all layers of all images are on it."""


@dataclass(frozen=True, kw_only=True)
class CapacityArgs:
    instance_type: str
    """Such as `m7g.large`; each task takes a network interface of it, of which a `large` has three."""
    architecture: Literal["X86_64", "ARM64"] = "ARM64"
    minimum: int = 0
    maximum: int = 4
    """Instances. ECS starts and stops them as tasks need them."""
    target_percent: int = 100
    """How full ECS keeps them: less leaves room for tasks that must start at once."""

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum or self.maximum == 0:
            raise pulumi.RunError(
                f"capacity: minimum {self.minimum} and maximum {self.maximum}; "
                "give 0 <= minimum <= maximum, and a maximum of 1 or more"
            )
        if not 1 <= self.target_percent <= PERCENT:
            raise pulumi.RunError(f"capacity: target_percent is {self.target_percent}; give 1 to {PERCENT}")
        # Graviton: a `g` after the generation, and the first generation, `a1`.
        graviton = "g" in self.instance_type.split(".")[0].lstrip("abcdefghijklmnopqrstuvwxyz")
        is_arm = graviton or self.instance_type.startswith("a1.")
        if is_arm != (self.architecture == "ARM64"):
            raise pulumi.RunError(
                f"capacity: instance_type {self.instance_type} is {'ARM64' if is_arm else 'X86_64'}, "
                f"architecture is {self.architecture}; make them the same"
            )


class Capacity(pulumi.ComponentResource):
    """An auto scaling group and its capacity provider. ECS ends no instance that has tasks, and drains first.

    Instances take the newest image when they start. A change of the launch template replaces them one by
    one; to patch without a change, start an instance refresh.
    """

    provider_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: CapacityArgs,
        *,
        network: Network,
        key: Key,
        cluster_name: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        missing = [endpoint for endpoint in AGENT_ENDPOINTS if endpoint not in network.interface_endpoints]
        if network.nat == "none" and missing:
            raise pulumi.RunError(
                f"capacity {name}: the agent of an instance needs NAT, or endpoints {', '.join(missing)}; "
                "set nat to single, or add them to the network's interface_endpoints"
            )
        super().__init__("causeway:index:Capacity", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        profile = instance_profile(name, key, cluster_name, self)
        template = self._make_template(args, network, cluster_name, profile)
        group = self._make_group(args, network, template)
        provider = ecs.CapacityProvider(
            f"{name}-capacity",
            auto_scaling_group_provider={
                "auto_scaling_group_arn": group.arn,
                "managed_scaling": {"status": "ENABLED", "target_capacity": args.target_percent},
                "managed_termination_protection": "ENABLED",
                "managed_draining": "ENABLED",
            },
            opts=self._child,
        )
        self.provider_name = provider.name
        self.register_outputs({"provider_name": self.provider_name})

    def _make_template(
        self,
        args: CapacityArgs,
        network: Network,
        cluster_name: pulumi.Output[str],
        profile: iam.InstanceProfile,
    ) -> ec2.LaunchTemplate:
        system = "amazon-linux-2023/arm64" if args.architecture == "ARM64" else "amazon-linux-2023"
        return ec2.LaunchTemplate(
            f"{self._name}-instances",
            # Resolved when an instance starts: no look-up here, and always a patched image.
            image_id=f"resolve:ssm:/aws/service/ecs/optimized-ami/{system}/recommended/image_id",
            instance_type=args.instance_type,
            iam_instance_profile={"arn": profile.arn},
            vpc_security_group_ids=[self._make_security_group(network)],
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,  # so that no container reaches it
            },
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        # Under AWS's key: with another, auto scaling needs a grant. Nothing is kept here.
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "volume_size": DISK_GIB,
                        "delete_on_termination": "true",
                    },
                }
            ],
            monitoring={"enabled": True},
            user_data=cluster_name.apply(user_data),
            update_default_version=True,
            opts=self._child,
        )

    def _make_security_group(self, network: Network) -> pulumi.Output[str]:
        """No way in; tasks have groups of their own."""
        group = ec2.SecurityGroup(
            f"{self._name}-instances",
            description=f"Instances of {self._name}: no way in",
            vpc_id=network.vpc_id,
            opts=self._child,
        )
        ways: dict[str, dict[str, pulumi.Input[str]]] = {
            "aws-apis": {"referenced_security_group_id": network.endpoint_security_group_id},
            "s3": {"prefix_list_id": network.s3_prefix_list_id},
        }
        if network.nat != "none":
            ways["internet"] = {"cidr_ipv4": "0.0.0.0/0"}
        for way, target in ways.items():
            vpc.SecurityGroupEgressRule(
                f"{self._name}-instances-{way}-out",
                security_group_id=group.id,
                referenced_security_group_id=target.get("referenced_security_group_id"),
                prefix_list_id=target.get("prefix_list_id"),
                cidr_ipv4=target.get("cidr_ipv4"),
                description=f"The agent of the instances of {self._name}: HTTPS, {way}",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=self._child,
            )
        return group.id

    def _make_group(
        self, args: CapacityArgs, network: Network, template: ec2.LaunchTemplate
    ) -> autoscaling.Group:
        return autoscaling.Group(
            f"{self._name}-instances",
            min_size=args.minimum,
            max_size=args.maximum,
            vpc_zone_identifiers=network.private_subnet_ids,
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            # ECS lifts it from an instance that has no tasks; without it termination protection is refused.
            protect_from_scale_in=True,
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {"min_healthy_percentage": 100, "scale_in_protected_instances": "Refresh"},
            },
            tags=[
                # ECS adds it by itself, and Pulumi would take it away again.
                {"key": "AmazonECSManaged", "value": "true", "propagate_at_launch": True},
                {"key": "Name", "value": self._name, "propagate_at_launch": True},
            ],
            # Else a group whose instances are protected never goes: aws/containers-roadmap#2862.
            force_delete=True,
            wait_for_capacity_timeout="0",
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desired_capacity"]),
        )


def user_data(cluster_name: str) -> str:
    """What an instance does first, in Base64: it joins the cluster."""
    lines = [
        "#!/bin/bash",
        "cat >> /etc/ecs/ecs.config <<'END'",
        f"ECS_CLUSTER={cluster_name}",
        "ECS_AWSVPC_BLOCK_IMDS=true",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
        "END",
        "",
    ]
    return base64.b64encode("\n".join(lines).encode()).decode()
