"""Scaling: who owns the desired count, and a worker that comes up from zero."""

from typing import Any

import pulumi
import pytest

from components.autoscaling import autoscale
from components.scaling import Backlog, Scaling, Schedule
from operations.program import Run
from operations.recording import record

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"


def build(scaling: Scaling) -> Run:
    def program() -> None:
        parent = pulumi.ComponentResource("causeway:index:Test", "test")
        autoscale("worker", scaling, cluster_name="shop", service_name="worker-1", parent=parent)

    return record(program)


def test_by_cpu() -> None:
    run = build(Scaling(minimum=2, maximum=6, cpu_percent=55))
    assert [(r.type, r.name) for r in run.resources[1:]] == [
        (TARGET, "worker-scaling"),
        (POLICY, "worker-cpu"),
    ]
    assert run.of_type(TARGET)[0].inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/shop/worker-1",
        "minCapacity": 2,
        "maxCapacity": 6,
    }
    assert run.of_type(POLICY)[0].inputs["targetTrackingScalingPolicyConfiguration"] == {
        "targetValue": 55,
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "scaleInCooldown": 300,
        "scaleOutCooldown": 60,
    }


def test_by_backlog_from_zero() -> None:
    backlog = Backlog(queue_name="fulfilment", messages_per_task=10)
    run = build(Scaling(minimum=0, maximum=3, cpu_percent=None, backlog=backlog))
    (policy,) = run.of_type(POLICY)
    configuration = policy.inputs["targetTrackingScalingPolicyConfiguration"]
    assert policy.name == "worker-backlog"
    assert configuration["targetValue"] == 10
    metrics: list[Any] = configuration["customizedMetricSpecification"]["metrics"]
    assert [metric["id"] for metric in metrics if metric["returnData"]] == ["backlog_per_task"]
    named = {metric["id"]: metric["metricStat"]["metric"] for metric in metrics if "metricStat" in metric}
    assert named["visible"]["dimensions"] == [{"name": "QueueName", "value": "fulfilment"}]
    assert named["running"]["dimensions"] == [
        {"name": "ClusterName", "value": "shop"},
        {"name": "ServiceName", "value": "worker-1"},
    ]
    # No task runs and one message waits: more than the target, so that the first task is asked for.
    assert metrics[-1]["expression"] == (
        "IF(FILL(running, 0) > 0, (FILL(visible, 0) + FILL(in_flight, 0)) / FILL(running, 0), "
        "IF((FILL(visible, 0) + FILL(in_flight, 0)) > 0, 20, 0))"
    )


NIGHT = Schedule(name="night", at="cron(0 20 * * ? *)", minimum=0, maximum=0, timezone="Europe/Zurich")
MORNING = Schedule(name="morning", at="cron(0 7 ? * MON-FRI *)", minimum=2, maximum=6)


def test_by_memory() -> None:
    run = build(Scaling(cpu_percent=None, memory_percent=70))
    (policy,) = run.of_type(POLICY)
    assert policy.name == "worker-memory"
    configuration = policy.inputs["targetTrackingScalingPolicyConfiguration"]
    assert configuration["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ECSServiceAverageMemoryUtilization"
    }
    assert configuration["targetValue"] == 70


def test_by_the_hour_to_zero_and_back() -> None:
    run = build(Scaling(minimum=0, maximum=1, schedules=[MORNING, NIGHT]))
    (target,) = run.of_type(TARGET)
    # The schedule of the hour has the last word, not the next `up`.
    assert target.options.ignore_changes == ("minCapacity", "maxCapacity")
    found = {action.name: action.inputs for action in run.of_type(ACTION)}
    assert found["worker-night"] == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": "service/shop/worker-1",
        "schedule": "cron(0 20 * * ? *)",
        "timezone": "Europe/Zurich",
        "scalableTargetAction": {"minCapacity": 0, "maxCapacity": 0},
    }
    assert found["worker-morning"]["scalableTargetAction"] == {"minCapacity": 2, "maxCapacity": 6}
    assert found["worker-morning"]["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": "0 20 * * *"}, r"schedule 'night': at is '0 20 \* \* \*'; give cron"),
        ({"at": "cron(0 20 * * ?)"}, "with six fields"),
        ({"minimum": 2, "maximum": 1}, "minimum 2 and maximum 1; give 0 <= minimum <= maximum"),
        ({"timezone": "UTC+1"}, r"timezone is 'UTC\+1'; give a name such as Europe/Zurich"),
        ({"name": "At Night"}, "schedule 'At Night': a name has a-z"),
    ],
)
def test_refuses_a_bad_schedule(arguments: Any, message: str) -> None:
    good = {"name": "night", "at": "rate(1 hour)", "minimum": 0, "maximum": 1}
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        Schedule(**{**good, **arguments})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minimum": 3, "maximum": 2}, "minimum 3 and maximum 2; give 0 <= minimum <= maximum"),
        ({"minimum": -1}, "minimum -1"),
        ({"minimum": 0, "maximum": 0}, "maximum of 1 or more"),
        ({"minimum": 0}, "minimum 0 needs a backlog, or a schedule"),
        ({"minimum": 0, "schedules": [NIGHT]}, "minimum 0 needs a backlog, or a schedule"),
        ({"memory_percent": 95}, "memory_percent is 95; give 10 to 90"),
        ({"requests_per_target": 0}, "requests_per_target is 0; give 1 or more"),
        ({"schedules": [NIGHT, NIGHT]}, "schedules night, night; give each a name of its own"),
        ({"cpu_percent": 5}, "cpu_percent is 5; give 10 to 90"),
        ({"cpu_percent": None}, "from 1 to 4 tasks by what"),
        ({"backlog": Backlog(queue_name="q", messages_per_task=0)}, "messages_per_task is 0"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        Scaling(**arguments)
    assert "\n" not in str(refusal.value)


def test_a_fixed_number_is_not_automatic() -> None:
    assert Scaling().automatic
    assert not Scaling(minimum=2, maximum=2, cpu_percent=None).automatic
    assert Scaling(minimum=2, maximum=2, schedules=[NIGHT]).automatic
