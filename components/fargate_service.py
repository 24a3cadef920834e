"""A service on Fargate: rolled out without a gap, rolled back by itself, scaled between its limits."""

from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, ecs, lb

from components.names import refuse_bad_name
from components.route import Route
from components.scaling import Scaling, autoscale
from components.task import Task, TaskArgs

GRACE_SECONDS = 60
"""Until the load balancer's health checks count for a new task."""
DEREGISTRATION_SECONDS = 30
"""Requests under way have this long when a task is replaced; then it gets SIGTERM."""
ERROR_PERCENT, ERROR_REQUESTS = 5, 20
"""A minute is bad when so many percent of at least so many requests are answered 5xx."""


@dataclass(frozen=True, kw_only=True)
class FargateServiceArgs(TaskArgs):
    route: Route | None = None
    """From `LoadBalancer.route`; it needs a port."""
    scaling: Scaling = field(default_factory=Scaling)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.route is not None and self.port is None:
            raise pulumi.RunError(f"fargate service: {self.route} needs a port to send to; give port")


class FargateService(pulumi.ComponentResource):
    """A task that ECS keeps running, and the target group and rule that bring it requests.

    An `up` waits until the service is steady. The circuit breaker and the alarm roll a bad deployment back,
    after which the provider says that all is well: compare `task_definition_arn` with what runs.
    """

    service_name: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: FargateServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if args.route is not None:
            because = "a target group's name has 32, with '-targets' and Pulumi's suffix"
            refuse_bad_name("service", name, longest=16, because=because)
        super().__init__("causeway:index:FargateService", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        task = Task(name, args, self._child)
        self.task_role_arn, self.task_definition_arn = task.role_arn, task.definition_arn
        self.security_group_id, self.log_group_name = task.security_group_id, task.log_group_name
        service = self._make_service(args, task)
        self.service_name = service.name
        if args.scaling.automatic:
            autoscale(
                name,
                args.scaling,
                cluster_name=args.cluster.name,
                service_name=service.name,
                parent=self,
            )
        self.register_outputs(
            {"service_name": self.service_name, "task_definition_arn": self.task_definition_arn}
        )

    def _make_service(self, args: FargateServiceArgs, task: Task) -> ecs.Service:
        load_balancers: list[ecs.ServiceLoadBalancerArgsDict] = []
        alarms: ecs.ServiceAlarmsArgsDict | None = None
        needs = task.needs
        if args.route is not None and args.port is not None:
            args.route.take(self._name)
            task.connect(
                "load-balancer",
                taker=args.route.security_group_id,
                giver=task.security_group_id,
                port=args.port,
            )
            targets = self._make_target_group(args, args.route, args.port)
            # ECS refuses a target group that no load balancer uses yet.
            needs = [*task.needs, self._make_listener_rule(args.route, targets)]
            load_balancers = [
                {
                    "target_group_arn": targets.arn,
                    "container_name": self._name,
                    "container_port": args.port,
                }
            ]
            alarm = self._make_alarm(args.route, targets)
            alarms = {"alarm_names": [alarm.name], "enable": True, "rollback": True}
        return ecs.Service(
            f"{self._name}-service",
            cluster=args.cluster.arn,
            task_definition=task.definition_arn,
            desired_count=args.scaling.minimum,
            capacity_provider_strategies=args.cluster.capacity_provider_strategies,
            platform_version="LATEST",
            network_configuration={
                "subnets": args.cluster.network.private_subnet_ids,
                "security_groups": [task.security_group_id],
                "assign_public_ip": False,
            },
            load_balancers=load_balancers or None,
            health_check_grace_period_seconds=GRACE_SECONDS if load_balancers else None,
            availability_zone_rebalancing="ENABLED",
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms=alarms,
            # Without it another capacity provider strategy would replace the service.
            force_new_deployment=True,
            wait_for_steady_state=True,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            enable_execute_command=args.enable_execute_command,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=needs,
                # What autoscaling has set, no deployment may set back.
                ignore_changes=["desired_count"] if args.scaling.automatic else None,
            ),
        )

    def _make_target_group(self, args: FargateServiceArgs, route: Route, port: int) -> lb.TargetGroup:
        return lb.TargetGroup(
            f"{self._name}-targets",
            vpc_id=args.cluster.network.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=port,
            deregistration_delay=DEREGISTRATION_SECONDS,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "enabled": True,
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": route.health_check_path,
                "matcher": "200",
                "interval": 15,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=self._child,
        )

    def _make_listener_rule(self, route: Route, targets: lb.TargetGroup) -> lb.ListenerRule:
        conditions: list[lb.ListenerRuleConditionArgsDict] = []
        if route.hosts:
            conditions.append({"host_header": {"values": sorted(route.hosts)}})
        if route.paths:
            conditions.append({"path_pattern": {"values": sorted(route.paths)}})
        return lb.ListenerRule(
            f"{self._name}-rule",
            listener_arn=route.listener_arn,
            priority=route.priority,
            conditions=conditions,
            actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=self._child,
        )

    def _make_alarm(self, route: Route, targets: lb.TargetGroup) -> cloudwatch.MetricAlarm:
        """Fires when new tasks answer with errors; a deployment that is under way is then rolled back."""
        dimensions = {
            "LoadBalancer": route.load_balancer_arn_suffix,
            "TargetGroup": targets.arn_suffix,
        }

        def count(id_: str, metric: str) -> cloudwatch.MetricAlarmMetricQueryArgsDict:
            return {
                "id": id_,
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metric_name": metric,
                    "dimensions": dimensions,
                    "period": 60,
                    "stat": "Sum",
                },
            }

        return cloudwatch.MetricAlarm(
            f"{self._name}-errors",
            alarm_description=f"{self._name} answers {ERROR_PERCENT} % of its requests, or more, with 5xx",
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=ERROR_PERCENT,
            evaluation_periods=3,
            datapoints_to_alarm=2,
            treat_missing_data="notBreaching",
            metric_queries=[
                count("requests", "RequestCount"),
                count("errors", "HTTPCode_Target_5XX_Count"),
                {
                    "id": "percent",
                    "label": "Percent of requests answered 5xx",
                    "expression": f"IF(requests >= {ERROR_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)",
                    "return_data": True,
                },
            ],
            opts=self._child,
        )
