"""What a service, or a run by hand, runs on Fargate: one container, two roles, a security group, its logs.

Links become environment, secrets, IAM and security group rules here and nowhere else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch, ec2, ecs, iam, vpc

from components import task_role
from components.cluster import Cluster
from components.container import Container, definitions
from components.fargate_size import refuse_bad_size
from components.image import Image
from components.link import Link, Port, SecretValue
from components.names import refuse_bad_name
from components.task_environment import Variables, variables

SHORTEST_STOP_SECONDS, LONGEST_STOP_SECONDS = 2, 120
FIRST_PORT, LAST_PORT = 1024, 65535


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    cluster: Cluster
    image: Image
    command: Sequence[str] | None = None
    """Instead of the image's CMD."""
    port: int | None = None
    """Where it listens, told to it as PORT."""
    cpu: int = 256
    """CPU units, 1024 a vCPU."""
    memory_mib: int = 512
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    links: Sequence[Link] = ()
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    stop_timeout_seconds: int = 30
    """From SIGTERM to SIGKILL."""
    health_command: Sequence[str] | None = None
    """Run in the container; it must not touch the database, whose outage would restart every task."""
    enable_execute_command: bool = False
    internet_access: bool = False
    """HTTPS to anywhere, through the network's NAT. AWS's own APIs have endpoints in the VPC."""
    user: str = "10001:10001"

    def __post_init__(self) -> None:
        refuse_bad_size(self.cpu, self.memory_mib)
        if not SHORTEST_STOP_SECONDS <= self.stop_timeout_seconds <= LONGEST_STOP_SECONDS:
            raise pulumi.RunError(
                f"task: stop_timeout_seconds is {self.stop_timeout_seconds}; "
                f"Fargate takes {SHORTEST_STOP_SECONDS} to {LONGEST_STOP_SECONDS}"
            )
        if self.port is not None and not FIRST_PORT <= self.port <= LAST_PORT:
            raise pulumi.RunError(
                f"task: port is {self.port}; it is not root and may have {FIRST_PORT} to {LAST_PORT}"
            )
        if not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", self.user):
            raise pulumi.RunError(
                f"task: user is '{self.user}'; give a number that is not root's: 10001:10001"
            )
        platform = f"linux/{'arm64' if self.architecture == 'ARM64' else 'amd64'}"
        if self.image.platforms and platform not in self.image.platforms:
            raise pulumi.RunError(
                f"task: architecture {self.architecture} runs {platform}, the image is built for "
                f"{', '.join(self.image.platforms)}; add it to the image's platforms"
            )
        if self.internet_access and self.cluster.network.nat == "none":
            raise pulumi.RunError(
                "task: internet_access needs a NAT gateway, and nat is none; set nat to single"
            )
        self.variables()

    def variables(self) -> Variables:
        """The plain variables and the secrets of the container, those of the links among them."""
        return variables(self.port, self.environment, self.secrets, self.links)


class Task(pulumi.ComponentResource):
    """A task definition and all that belongs to it."""

    definition_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    needs: list[pulumi.Resource]
    """Policies and rules without which a task fails to start: whatever runs it depends on them."""

    def __init__(self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a role's name has 64, with '-execution-role' and Pulumi's suffix"
        refuse_bad_name("task", name, longest=41, because=because)
        super().__init__("causeway:index:Task", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.needs = []
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            kms_key_id=args.cluster.key.arn,
            retention_in_days=args.cluster.log_retention_days,
            opts=self._child,
        )
        self.log_group_name = logs.name
        execution_role, role = self._make_roles(args, logs)
        self.role_arn = role.arn
        self.security_group_id = self._make_security_group(args)
        self.definition_arn = self._define(args, execution_role, role)
        self.register_outputs({"definition_arn": self.definition_arn, "role_arn": self.role_arn})

    def _make_roles(self, args: TaskArgs, logs: cloudwatch.LogGroup) -> tuple[iam.Role, iam.Role]:
        _, secrets = args.variables()
        execution_role, policy = task_role.role(
            f"{self._name}-execution-role",
            f"ECS starts tasks of {self._name}",
            args.cluster,
            task_role.execution_statements(args.image, logs.arn, secrets, args.cluster.network.region),
            self,
        )
        statements = task_role.task_statements(
            args.links, args.cluster, enable_execute_command=args.enable_execute_command
        )
        role, role_policy = task_role.role(
            f"{self._name}-task-role", f"The code of {self._name}", args.cluster, statements, self
        )
        self.needs += [made for made in (policy, role_policy) if made is not None]
        return execution_role, role

    def _make_security_group(self, args: TaskArgs) -> pulumi.Output[str]:
        network = args.cluster.network
        group = ec2.SecurityGroup(
            f"{self._name}-task",
            description=f"Tasks of {self._name}",
            vpc_id=network.vpc_id,
            opts=self._child,
        )
        self.security_group_id = group.id
        self._let_out(
            "aws-apis",
            443,
            "HTTPS to AWS's APIs by the endpoints",
            group_id=network.endpoint_security_group_id,
        )
        self._let_out("s3", 443, "HTTPS to S3 by its gateway", prefix_list_id=network.s3_prefix_list_id)
        if args.internet_access:
            self._let_out("internet", 443, "HTTPS to anywhere by the NAT gateway", cidr="0.0.0.0/0")
        doors: list[Port] = []
        for link in args.links:
            for door in link.ports:
                if any(d.port == door.port and d.security_group_id is door.security_group_id for d in doors):
                    continue  # two links through one door
                doors.append(door)
                self.connect(link.name, taker=group.id, giver=door.security_group_id, port=door.port)
        return group.id

    def connect(self, purpose: str, *, taker: pulumi.Input[str], giver: pulumi.Input[str], port: int) -> None:
        """Let the taker's security group out to the giver's port, and into it."""
        words = f"{self._name} and {purpose}"
        out = vpc.SecurityGroupEgressRule(
            f"{self._name}-{purpose}-{port}-out",
            security_group_id=taker,
            referenced_security_group_id=giver,
            description=f"Between {words}, port {port}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        into = vpc.SecurityGroupIngressRule(
            f"{self._name}-{purpose}-{port}-in",
            security_group_id=giver,
            referenced_security_group_id=taker,
            description=f"Between {words}, port {port}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        self.needs += [out, into]

    def _let_out(
        self,
        purpose: str,
        port: int,
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
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        self.needs.append(rule)

    def _define(self, args: TaskArgs, execution_role: iam.Role, role: iam.Role) -> pulumi.Output[str]:
        environment, secrets = args.variables()
        container = Container(
            name=self._name,
            image=args.image.uri,
            command=args.command,
            port=args.port,
            environment=environment,
            secrets=secrets,
            log_group_name=self.log_group_name,
            region=args.cluster.network.region,
            user=args.user,
            stop_timeout_seconds=args.stop_timeout_seconds,
            health_command=args.health_command,
            enable_execute_command=args.enable_execute_command,
        )
        definition = ecs.TaskDefinition(
            f"{self._name}-task",
            family=f"{pulumi.get_project()}-{pulumi.get_stack()}-{self._name}".replace(".", "-"),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.cpu),
            memory=str(args.memory_mib),
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": args.architecture},
            execution_role_arn=execution_role.arn,
            task_role_arn=role.arn,
            container_definitions=definitions([container.definition()]),
            volumes=[{"name": volume} for volume in container.volumes()],
            # A revision that was deregistered is one that no rollback can go to.
            skip_destroy=True,
            opts=self._child,
        )
        return definition.arn
