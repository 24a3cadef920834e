"""How many tasks a service runs, and by what AWS changes their number."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import appautoscaling

LOWEST_PERCENT, HIGHEST_PERCENT = 10, 90
SCALE_IN_SECONDS, SCALE_OUT_SECONDS = 300, 60


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Messages in a queue that one task should have before it, those it works on included."""

    queue_name: pulumi.Input[str]
    messages_per_task: int = 10


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Between `minimum` and `maximum` tasks; equal, their number is fixed and nothing scales.

    The policies only agree to fewer tasks, and any one of them asks for more.
    """

    minimum: int = 1
    maximum: int = 4
    cpu_percent: float | None = 60
    """Average CPU to hold. None for a worker whose CPU says nothing of its work."""
    backlog: Backlog | None = None
    """The queue that a worker empties; with it `minimum` may be 0."""

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum or self.maximum == 0:
            raise pulumi.RunError(
                f"scaling: minimum {self.minimum} and maximum {self.maximum}; "
                "give 0 <= minimum <= maximum, and a maximum of 1 or more"
            )
        if self.minimum == 0 and self.backlog is None:
            raise pulumi.RunError(
                "scaling: minimum 0 needs a backlog: without tasks there is no CPU to scale by; give 1"
            )
        if self.cpu_percent is not None and not LOWEST_PERCENT <= self.cpu_percent <= HIGHEST_PERCENT:
            raise pulumi.RunError(
                f"scaling: cpu_percent is {self.cpu_percent}; "
                f"give {LOWEST_PERCENT} to {HIGHEST_PERCENT}, or None"
            )
        if self.automatic and self.cpu_percent is None and self.backlog is None:
            raise pulumi.RunError(
                f"scaling: from {self.minimum} to {self.maximum} tasks by what? Give cpu_percent or a backlog"
            )
        if self.backlog is not None and self.backlog.messages_per_task < 1:
            raise pulumi.RunError(
                f"scaling: messages_per_task is {self.backlog.messages_per_task}; give 1 or more"
            )

    @property
    def automatic(self) -> bool:
        """Whether AWS owns the desired count, so that no `up` may reset it."""
        return self.minimum < self.maximum


def autoscale(
    name: str,
    scaling: Scaling,
    *,
    cluster_name: pulumi.Input[str],
    service_name: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    """Make the scalable target of an ECS service and its target tracking policies."""
    child = pulumi.ResourceOptions(parent=parent)
    target = appautoscaling.Target(
        f"{name}-scaling",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=pulumi.Output.concat("service/", cluster_name, "/", service_name),
        min_capacity=scaling.minimum,
        max_capacity=scaling.maximum,
        opts=child,
    )
    tracking: dict[str, appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict] = {}
    if scaling.cpu_percent is not None:
        tracking["cpu"] = {
            "target_value": scaling.cpu_percent,
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
        }
    if scaling.backlog is not None:
        tracking["backlog"] = {
            "target_value": scaling.backlog.messages_per_task,
            "customized_metric_specification": {
                "metrics": _backlog_metrics(scaling.backlog, cluster_name, service_name)
            },
        }
    for purpose, configuration in tracking.items():
        appautoscaling.Policy(
            f"{name}-{purpose}",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                **configuration,
                "scale_in_cooldown": SCALE_IN_SECONDS,
                "scale_out_cooldown": SCALE_OUT_SECONDS,
            },
            opts=child,
        )


Metric = (
    appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict
)


def _backlog_metrics(
    backlog: Backlog, cluster_name: pulumi.Input[str], service_name: pulumi.Input[str]
) -> list[Metric]:
    """Messages per running task. Those in flight count, so that a busy worker is not stopped; where no task
    runs, one message is enough to ask for the first."""
    queue = {"QueueName": backlog.queue_name}
    service = {"ClusterName": cluster_name, "ServiceName": service_name}
    messages = "(FILL(visible, 0) + FILL(in_flight, 0))"
    running = "FILL(running, 0)"
    from_zero = f"IF({messages} > 0, {2 * backlog.messages_per_task}, 0)"
    return [
        _metric("visible", "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        _metric("in_flight", "AWS/SQS", "ApproximateNumberOfMessagesNotVisible", queue),
        _metric("running", "ECS/ContainerInsights", "RunningTaskCount", service),
        {
            "id": "backlog_per_task",
            "label": "Messages per running task",
            "expression": f"IF({running} > 0, {messages} / {running}, {from_zero})",
            "return_data": True,
        },
    ]


def _metric(id_: str, namespace: str, name: str, dimensions: dict[str, pulumi.Input[str]]) -> Metric:
    return {
        "id": id_,
        "metric_stat": {
            "metric": {
                "namespace": namespace,
                "metric_name": name,
                "dimensions": [{"name": key, "value": value} for key, value in dimensions.items()],
            },
            "stat": "Average",
        },
        "return_data": False,
    }
