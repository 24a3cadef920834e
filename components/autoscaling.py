"""What changes the number of a service's tasks: scalable target, target tracking policies and schedules."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import appautoscaling

from components.scaling import Backlog, Scaling

SCALE_IN_SECONDS, SCALE_OUT_SECONDS = 300, 60

Tracking = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict
Metric = (
    appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict
)


def autoscale(
    name: str,
    scaling: Scaling,
    *,
    cluster_name: pulumi.Input[str],
    service_name: pulumi.Input[str],
    target_group_arn_suffixes: Sequence[pulumi.Input[str]] = (),
    parent: pulumi.Resource,
) -> None:
    """Make the scalable target of an ECS service, and what moves it."""
    child = pulumi.ResourceOptions(parent=parent)
    target = appautoscaling.Target(
        f"{name}-scaling",
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=pulumi.Output.concat("service/", cluster_name, "/", service_name),
        min_capacity=scaling.minimum,
        max_capacity=scaling.maximum,
        opts=pulumi.ResourceOptions(
            parent=parent,
            # What the schedule of the hour has set, no deployment may set back.
            ignore_changes=["min_capacity", "max_capacity"] if scaling.schedules else None,
        ),
    )
    tracking = _tracking(scaling, cluster_name, service_name, target_group_arn_suffixes)
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
    for schedule in scaling.schedules:
        appautoscaling.ScheduledAction(
            f"{name}-{schedule.name}",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=schedule.at,
            timezone=schedule.timezone,
            scalable_target_action={
                "min_capacity": schedule.minimum,
                "max_capacity": schedule.maximum,
            },
            opts=child,
        )


def _tracking(
    scaling: Scaling,
    cluster_name: pulumi.Input[str],
    service_name: pulumi.Input[str],
    target_group_arn_suffixes: Sequence[pulumi.Input[str]],
) -> dict[str, Tracking]:
    tracking: dict[str, Tracking] = {}
    if scaling.cpu_percent is not None:
        tracking["cpu"] = {
            "target_value": scaling.cpu_percent,
            "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
        }
    if scaling.memory_percent is not None:
        tracking["memory"] = {
            "target_value": scaling.memory_percent,
            "predefined_metric_specification": {
                "predefined_metric_type": "ECSServiceAverageMemoryUtilization"
            },
        }
    if scaling.requests_per_target is not None:
        tracking["requests"] = {
            "target_value": scaling.requests_per_target,
            "customized_metric_specification": {"metrics": _request_metrics(target_group_arn_suffixes)},
        }
    if scaling.backlog is not None:
        tracking["backlog"] = {
            "target_value": scaling.backlog.messages_per_task,
            "customized_metric_specification": {
                "metrics": _backlog_metrics(scaling.backlog, cluster_name, service_name)
            },
        }
    return tracking


def _request_metrics(target_group_arn_suffixes: Sequence[pulumi.Input[str]]) -> list[Metric]:
    """Requests a minute and task, of the target group that has more. The predefined metric knows one group,
    and after a blue/green deployment that is the empty one."""
    ids = [f"group_{number}" for number in range(1, len(target_group_arn_suffixes) + 1)]
    filled = ", ".join(f"FILL({id_}, 0)" for id_ in ids)
    return [
        *[
            _metric(id_, "AWS/ApplicationELB", "RequestCountPerTarget", {"TargetGroup": suffix}, "Sum")
            for id_, suffix in zip(ids, target_group_arn_suffixes, strict=True)
        ],
        {
            "id": "requests_per_target",
            "label": "Requests a minute and task",
            "expression": f"MAX([{filled}])",
            "return_data": True,
        },
    ]


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


def _metric(
    id_: str, namespace: str, name: str, dimensions: dict[str, pulumi.Input[str]], stat: str = "Average"
) -> Metric:
    return {
        "id": id_,
        "metric_stat": {
            "metric": {
                "namespace": namespace,
                "metric_name": name,
                "dimensions": [{"name": key, "value": value} for key, value in dimensions.items()],
            },
            "stat": stat,
        },
        "return_data": False,
    }
