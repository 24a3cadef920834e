"""What a service, a schedule or a run by hand runs: containers, two roles, a security group, logs.

Links become environment, secrets, IAM and security group rules here and nowhere else.
"""

from typing import Any, Literal

import pulumi
from pulumi_aws import cloudwatch, ecs, iam

from components import task_role
from components.container import Container, definitions
from components.names import refuse_bad_name
from components.task_args import TaskArgs
from components.task_doors import Doors

__all__ = ["Task", "TaskArgs"]


class Task(pulumi.ComponentResource):
    """A task definition and all that belongs to it.

    Alone it is what is run by hand: `run_request`, as an output of the stack, is what
    `aws ecs run-task --cli-input-json` takes.
    """

    definition_arn: pulumi.Output[str]
    family_arn: str
    """Pattern of the ARNs of all its revisions, for policies."""
    role_arn: pulumi.Output[str]
    execution_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    run_request: dict[str, Any]
    """The request that ECS's RunTask takes."""
    needs: list[pulumi.Resource]
    """Policies and rules without which a task fails to start: whatever runs it depends on them."""

    def __init__(self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a role's name has 64, with '-execution-role' and Pulumi's suffix"
        refuse_bad_name("task", name, longest=41, because=because)
        if any(sidecar.name == name for sidecar in args.all_sidecars()):
            raise pulumi.RunError(f"task {name}: a sidecar has its name; change the sidecar's")
        super().__init__("causeway:index:Task", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.needs = list(args.after)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            kms_key_id=args.cluster.key.arn,
            retention_in_days=args.cluster.log_retention_days,
            opts=self._child,
        )
        self.log_group_name = logs.name
        execution_role, role = self._make_roles(args, logs)
        self.role_arn, self.execution_role_arn = role.arn, execution_role.arn
        self._doors = Doors(
            name,
            args.cluster.network,
            internet_access=args.internet_access,
            links=args.all_links(),
            parent=self,
            needs=self.needs,
        )
        self.security_group_id = self._doors.security_group_id
        self.definition_arn = self._define(args, execution_role, role)
        self.run_request = self._run_request(args)
        self.register_outputs({"definition_arn": self.definition_arn, "role_arn": self.role_arn})

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
        self._doors.connect(purpose, taker=taker, giver=giver, port=port, protocol=protocol)

    def _make_roles(self, args: TaskArgs, logs: cloudwatch.LogGroup) -> tuple[iam.Role, iam.Role]:
        _, secrets = args.variables()
        beside = [secret for sidecar in args.sidecars for secret in sidecar.secrets.values()]
        beside += args.pull_secrets()
        execution_role, policy = task_role.role(
            f"{self._name}-execution-role",
            f"ECS starts tasks of {self._name}",
            args.cluster,
            task_role.execution_statements(
                args.pulls(), logs.arn, [*secrets.values(), *beside], args.cluster.network.region
            ),
            self,
        )
        statements = task_role.task_statements(
            args.all_links(),
            args.cluster,
            enable_execute_command=args.enable_execute_command,
            tracing=args.tracing,
        )
        role, role_policy = task_role.role(
            f"{self._name}-task-role", f"The code of {self._name}", args.cluster, statements, self
        )
        self.needs += [made for made in (policy, role_policy) if made is not None]
        return execution_role, role

    def _define(self, args: TaskArgs, execution_role: iam.Role, role: iam.Role) -> pulumi.Output[str]:
        family = f"{pulumi.get_project()}-{pulumi.get_stack()}-{self._name}".replace(".", "-")
        key = args.cluster.key
        self.family_arn = f"arn:aws:ecs:{key.region}:{key.account_id}:task-definition/{family}:*"
        own = self._container(args)
        region = args.cluster.network.region
        beside = [sidecar.container(self.log_group_name, region) for sidecar in args.all_sidecars()]
        empty: list[ecs.TaskDefinitionVolumeArgsDict] = [{"name": volume} for volume in own.volumes()]
        definition = ecs.TaskDefinition(
            f"{self._name}-task",
            family=family,
            requires_compatibilities=[args.cluster.compatibility],
            network_mode="awsvpc",
            cpu=str(args.cpu),
            memory=str(args.memory_mib),
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": args.architecture},
            execution_role_arn=execution_role.arn,
            task_role_arn=role.arn,
            container_definitions=definitions([container.definition() for container in (own, *beside)]),
            volumes=[*empty, *(mount.volume() for mount in args.mounts)],
            # A revision that was deregistered is one that no rollback can go to.
            skip_destroy=True,
            opts=self._child,
        )
        return definition.arn

    def _container(self, args: TaskArgs) -> Container:
        environment, secrets = args.variables()
        if args.tracing:
            environment = {"OTEL_SERVICE_NAME": self._name, **environment}
        return Container(
            name=self._name,
            image=args.image.uri,
            pull_secret=args.image.pull_secret,
            command=args.command,
            port=args.port,
            port_protocol=args.port_protocol,
            port_name=args.port_name,
            environment=environment,
            secrets=secrets,
            log_group_name=self.log_group_name,
            region=args.cluster.network.region,
            user=args.user,
            stop_timeout_seconds=args.stop_timeout_seconds,
            health_command=args.health_command,
            enable_execute_command=args.enable_execute_command,
            starts_after={sidecar.name: sidecar.ready for sidecar in args.all_sidecars()},
            mounts=[mount.point() for mount in args.mounts],
        )

    def _run_request(self, args: TaskArgs) -> dict[str, Any]:
        return {
            "cluster": args.cluster.arn,
            "taskDefinition": self.definition_arn,
            "capacityProviderStrategy": [{"capacityProvider": args.cluster.on_demand_provider, "weight": 1}],
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": args.cluster.network.private_subnet_ids,
                    "securityGroups": [self.security_group_id],
                    "assignPublicIp": "DISABLED",
                }
            },
            "enableECSManagedTags": True,
            "propagateTags": "TASK_DEFINITION",
        }
