"""What is watched, as a value: what cannot work is refused before anything is made."""

from typing import Any

import pulumi
import pytest

from components.alarm import Alarm, Metric

METRIC = Metric(namespace="AWS/SQS", name="Age", dimensions={"QueueName": "orders"}, stat="Maximum")


def alarm(**options: Any) -> Alarm:
    values: dict[str, Any] = {
        "name": "orders-age",
        "of": "queue orders",
        "title": "Age",
        "description": "Old",
    }
    return Alarm(**{**values, "metrics": {"age": METRIC}, "threshold": 1, **options})


def test_all_periods_have_to_be_bad_unless_told() -> None:
    assert (alarm().periods, alarm().evaluation_periods) == (3, 3)
    assert alarm(periods=10, within=15, period_seconds=60).evaluation_periods == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "Orders"}, "alarm 'Orders': the name has a-z, 0-9 and single hyphens between"),
        ({"metrics": {}}, "alarm 'orders-age': it has 0 metrics, AWS takes 1 to 10"),
        (
            {"metrics": {f"m{n}": METRIC for n in range(11)}, "expression": "m1"},
            "alarm 'orders-age': it has 11 metrics, AWS takes 1 to 10",
        ),
        (
            {"metrics": {"Age": METRIC}},
            "alarm 'orders-age': id 'Age' must be a-z, then letters, digits or _, not value",
        ),
        (
            {"metrics": {"value": METRIC}},
            "alarm 'orders-age': id 'value' must be a-z, then letters, digits or _, not value",
        ),
        (
            {"metrics": {"one": METRIC, "two": METRIC}},
            "alarm 'orders-age': it has 2 metrics and no expression that makes one value of them",
        ),
        ({"period_seconds": 90}, "alarm 'orders-age': period_seconds is 90; give a multiple of 60"),
        ({"period_seconds": 0}, "alarm 'orders-age': period_seconds is 0; give a multiple of 60"),
        ({"periods": 0}, "alarm 'orders-age': 0 of 0 periods cannot be; give 1 of 1 or more"),
        ({"periods": 3, "within": 2}, "alarm 'orders-age': 3 of 2 periods cannot be; give 1 of 1 or more"),
        (
            {"periods": 289},
            "alarm 'orders-age': 289 periods of 300 s are more than the 86400 s that AWS looks back",
        ),
        (
            {"periods": 8, "period_seconds": 86_400},
            "alarm 'orders-age': 8 periods of 86400 s are more than the 604800 s that AWS looks back",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        alarm(**options)
    assert str(refused.value) == message


def test_the_longest_that_aws_looks_back_is_taken() -> None:
    assert alarm(periods=288).evaluation_periods == 288
    assert alarm(periods=7, period_seconds=86_400).evaluation_periods == 7
