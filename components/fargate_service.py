"""A service on Fargate: rolled out without a gap, rolled back by itself, scaled between its limits."""

from dataclasses import dataclass, field

import pulumi
from pulumi_aws import ecs

from components import service_connect
from components.alarm import Alarm
from components.autoscaling import autoscale
from components.deployment import Deployment
from components.link import Link
from components.names import refuse_bad_name
from components.route import Attachment, Route
from components.scaling import Scaling
from components.service_alarms import service_alarms
from components.task import Task, TaskArgs
from components.traffic import Traffic, attached, routed

GRACE_SECONDS = 60
"""Until the load balancer's health checks count for a new task."""


@dataclass(frozen=True, kw_only=True)
class FargateServiceArgs(TaskArgs):
    route: Route | Attachment | None = None
    """From `LoadBalancer.route` or `.split`, or from `NetworkLoadBalancer.listen`; it needs a port."""
    scaling: Scaling = field(default_factory=Scaling)
    deployment: Deployment = field(default_factory=Deployment)
    connect: str | None = None
    """The name by which other services of the cluster reach it: `connect="api"` is `http://api:8000`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        service_connect.refuse(self.connect, self.port, self.links, self.cluster)
        if self.route is not None and self.port is None:
            raise pulumi.RunError(f"fargate service: {self.route} needs a port to send to; give port")
        protocol = self.route.protocol if isinstance(self.route, Attachment) else "tcp"
        if self.route is not None and protocol != self.port_protocol:
            raise pulumi.RunError(
                f"fargate service: {self.route} sends {protocol} and port_protocol is {self.port_protocol}; "
                f"give port_protocol {protocol}"
            )
        if self.deployment.shifts_traffic and not isinstance(self.route, Route):
            raise pulumi.RunError(
                f"fargate service: strategy {self.deployment.strategy} shifts the requests of a route of its "
                "own, and this service has none; give a route of an Application Load Balancer, or rolling"
            )
        if self.scaling.requests_per_target is not None and not isinstance(self.route, Route):
            raise pulumi.RunError(
                "fargate service: requests_per_target counts the requests of a route, and there is none; "
                "give a route of an Application Load Balancer, or scale by cpu_percent"
            )

    @property
    def port_name(self) -> str | None:
        return self.connect


class FargateService(pulumi.ComponentResource):
    """A task that ECS keeps running, and what brings it requests.

    An `up` waits until the service is steady. The circuit breaker and the alarms roll a bad deployment back,
    after which the provider says that all is well: compare `task_definition_arn` with what runs.
    """

    service_name: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    traffic: Traffic
    """Target groups, alarm and load balancer, as metrics name them; empty without a route."""

    def __init__(
        self, name: str, args: FargateServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if args.route is not None:
            because = "a target group's name has 32, with '-green' and Pulumi's suffix"
            refuse_bad_name("service", name, longest=18, because=because)
        super().__init__("causeway:index:FargateService", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._cluster_name = args.cluster.name
        task = Task(name, args, self._child)
        self.task_role_arn, self.task_definition_arn = task.role_arn, task.definition_arn
        self.security_group_id, self.log_group_name = task.security_group_id, task.log_group_name
        self._connect = (args.connect, args.port)
        self.traffic = self._make_traffic(args, task)
        service = self._make_service(args, task)
        self.service_name = service.name
        if args.scaling.automatic:
            autoscale(
                name,
                args.scaling,
                cluster_name=args.cluster.name,
                service_name=service.name,
                target_group_arn_suffixes=self.traffic.target_group_arn_suffixes,
                parent=self,
            )
        self.register_outputs(
            {"service_name": self.service_name, "task_definition_arn": self.task_definition_arn}
        )

    def link(self) -> Link:
        """Lets another service call this one: `API_URL`, and its port. It needs `connect`."""
        name, port = self._connect
        if name is None or port is None:
            raise pulumi.RunError(
                f"fargate service {self._name}: link() is for a service that has a name; give connect"
            )
        return service_connect.link(name, port, self.security_group_id)

    def alarms(self) -> list[Alarm]:
        """CPU, memory, and tasks that should run and do not."""
        return service_alarms(self._name, self._cluster_name, self.service_name)

    def _make_traffic(self, args: FargateServiceArgs, task: Task) -> Traffic:
        route, port = args.route, args.port
        if route is None or port is None:
            return Traffic()
        route.take(self._name)
        if isinstance(route, Route):
            taker, checked = route.entrance.security_group_id, None
            traffic = routed(self._name, route, port, args.cluster, self)
        else:
            taker, checked = route.security_group_id, route.health_check_port
            traffic = attached(self._name, route, port, self)
        own = task.security_group_id
        task.connect("load-balancer", taker=taker, giver=own, port=port, protocol=args.port_protocol)
        if checked is not None and checked != port:
            task.connect("health-check", taker=taker, giver=own, port=checked)
        return traffic

    def _make_service(self, args: FargateServiceArgs, task: Task) -> ecs.Service:
        deployment, traffic = args.deployment, self.traffic
        alarm_names = [*traffic.alarm_names, *deployment.rollback_alarms]
        minutes = f"{deployment.timeout_minutes}m"
        return ecs.Service(
            f"{self._name}-service",
            cluster=args.cluster.arn,
            task_definition=task.definition_arn,
            desired_count=args.scaling.minimum,
            capacity_provider_strategies=args.cluster.capacity_provider_strategies,
            platform_version=args.cluster.platform_version,
            network_configuration={
                "subnets": args.cluster.network.private_subnet_ids,
                "security_groups": [task.security_group_id],
                "assign_public_ip": False,
            },
            load_balancers=traffic.load_balancers or None,
            service_connect_configuration=service_connect.configuration(
                args.connect, args.port, args.links, args.cluster, task.log_group_name
            ),
            health_check_grace_period_seconds=GRACE_SECONDS if traffic.load_balancers else None,
            availability_zone_rebalancing="ENABLED",
            deployment_configuration=deployment.configuration(),
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms={"alarm_names": alarm_names, "enable": True, "rollback": True} if alarm_names else None,
            # Without it another capacity provider strategy would replace the service.
            force_new_deployment=True,
            wait_for_steady_state=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            enable_execute_command=args.enable_execute_command,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*task.needs, *traffic.needs],
                # What autoscaling has set, no deployment may set back.
                ignore_changes=["desired_count"] if args.scaling.automatic else None,
                custom_timeouts=pulumi.CustomTimeouts(create=minutes, update=minutes),
            ),
        )
