"""An ECS cluster on Fargate, or on instances: Container Insights on, ECS Exec logged under the key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch, ecs, servicediscovery

from components.capacity import Capacity, CapacityArgs
from components.key import Key
from components.network import Network

PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    network: Network
    key: Key
    log_retention_days: int = 90
    """Days that the logs of its services and of ECS Exec are kept."""
    spot_weight: int = 0
    """Percent of a service's tasks, beyond its first, on Spot: 70 % cheaper, gone at two minutes' notice."""
    container_insights: Literal["enhanced", "enabled"] = "enhanced"
    capacity: CapacityArgs | None = None
    """Instances for all tasks, in place of Fargate. Cheaper when they are kept full, and yours to patch."""
    service_connect: bool = False
    """A Cloud Map namespace, in which services reach each other by name; each gets a proxy beside it."""

    def __post_init__(self) -> None:
        if not 0 <= self.spot_weight <= PERCENT:
            raise pulumi.RunError(f"cluster: spot_weight is {self.spot_weight}; give a percentage, 0 to 100")
        if self.spot_weight and self.capacity is not None:
            raise pulumi.RunError(
                f"cluster: spot_weight {self.spot_weight} is Fargate's, and capacity replaces it; drop one"
            )


class Cluster(pulumi.ComponentResource):
    """Where the services of the stack run."""

    arn: pulumi.Output[str]
    """Known once the capacity providers are associated, without which no service can be made."""
    name: pulumi.Output[str]
    network: Network
    key: Key
    log_retention_days: int
    capacity_provider_strategies: Sequence[ecs.ServiceCapacityProviderStrategyArgsDict]
    """For each service to state: ECS applies the cluster's default at creation only."""
    on_demand_provider: pulumi.Input[str]
    """For tasks that run once, which Spot must not interrupt."""
    compatibility: Literal["FARGATE", "EC2"]
    platform_version: str | None
    """Of Fargate; None on instances."""
    capacity: CapacityArgs | None
    namespace_arn: pulumi.Output[str] | None
    """Of Service Connect, where it is on."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.network, self.key = args.network, args.key
        self.log_retention_days = args.log_retention_days
        self.capacity = args.capacity
        self._execute_command_logs = cloudwatch.LogGroup(
            f"{name}-execute-command",
            kms_key_id=args.key.arn,
            retention_in_days=args.log_retention_days,
            opts=child,
        )
        cluster = ecs.Cluster(
            f"{name}-cluster",
            settings=[{"name": "containerInsights", "value": args.container_insights}],
            configuration={
                "execute_command_configuration": {
                    "kms_key_id": args.key.arn,
                    "logging": "OVERRIDE",
                    "log_configuration": {
                        "cloud_watch_encryption_enabled": True,
                        "cloud_watch_log_group_name": self._execute_command_logs.name,
                    },
                }
            },
            opts=child,
        )
        own = self._choose_capacity(name, args, cluster)
        providers = ecs.ClusterCapacityProviders(
            f"{name}-capacity-providers",
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT", *own],
            default_capacity_provider_strategies=[
                {"capacity_provider": self.on_demand_provider, "base": 1, "weight": PERCENT}
            ],
            opts=child,
        )
        self.namespace_arn = None
        if args.service_connect:
            namespace = servicediscovery.HttpNamespace(
                f"{name}-namespace", description=f"Services of {name}, by Service Connect", opts=child
            )
            self.namespace_arn = namespace.arn
        self.name = cluster.name
        self.arn = pulumi.Output.all(cluster.arn, providers.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn, "name": self.name})

    def _choose_capacity(
        self, name: str, args: ClusterArgs, cluster: ecs.Cluster
    ) -> list[pulumi.Output[str]]:
        """What tasks run on; gives the cluster's own provider, where there is one."""
        if args.capacity is None:
            self.capacity_provider_strategies = strategies(args.spot_weight)
            self.on_demand_provider, self.compatibility = "FARGATE", "FARGATE"
            self.platform_version = "LATEST"
            return []
        capacity = Capacity(
            name,
            args.capacity,
            network=args.network,
            key=args.key,
            cluster_name=cluster.name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.on_demand_provider, self.compatibility = capacity.provider_name, "EC2"
        self.capacity_provider_strategies = [
            {"capacity_provider": capacity.provider_name, "base": 1, "weight": PERCENT}
        ]
        self.platform_version = None
        return [capacity.provider_name]

    def execute_command_statements(self) -> list[dict[str, object]]:
        """What a task role needs for ECS Exec; the first two statements have no resource that AWS takes.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
        """
        channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
        return [
            {
                "Effect": "Allow",
                "Action": [f"ssmmessages:{channel}" for channel in channels],
                "Resource": "*",
            },
            {"Effect": "Allow", "Action": ["logs:DescribeLogGroups"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [pulumi.Output.concat(self._execute_command_logs.arn, ":*")],
            },
            self.key.use("kms:Decrypt").statement(),
        ]


def strategies(spot_weight: int) -> Sequence[ecs.ServiceCapacityProviderStrategyArgsDict]:
    """One task on demand first, the rest in proportion."""
    on_demand: ecs.ServiceCapacityProviderStrategyArgsDict = {
        "capacity_provider": "FARGATE",
        "base": 1,
        "weight": PERCENT - spot_weight,
    }
    spot: ecs.ServiceCapacityProviderStrategyArgsDict = {
        "capacity_provider": "FARGATE_SPOT",
        "weight": spot_weight,
    }
    return [on_demand, spot] if spot_weight else [on_demand]
