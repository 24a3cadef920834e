"""The budget and the anomaly monitor: what they count, and that they tell the alarms' topic."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.alarms import Alarms, AlarmsArgs
from components.budget import Budget, BudgetArgs
from components.key import Key, KeyArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/shop-alarms"


def build(**options: Any) -> Run:
    def program() -> Budget:
        alarms = Alarms("shop", AlarmsArgs(key=Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))))
        return Budget("shop", BudgetArgs(alarms=alarms, **{"monthly_usd": 500, **options}))

    return record(program)


def test_children(within: Callable[[Run, str], list[tuple[str, str]]]) -> None:
    assert within(build(), "Budget") == [("aws:budgets/budget:Budget", "shop-budget")]
    assert within(build(anomaly_usd=50), "Budget") == [
        ("aws:budgets/budget:Budget", "shop-budget"),
        ("aws:costexplorer/anomalyMonitor:AnomalyMonitor", "shop-anomalies"),
        ("aws:costexplorer/anomalySubscription:AnomalySubscription", "shop-anomalies"),
    ]


def test_the_whole_account_by_the_month_told_before_it_is_spent() -> None:
    budget = dict(build().of_type("aws:budgets/budget:Budget")[0].inputs)

    notifications = budget.pop("notifications")
    assert budget == {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "500",
        "limitUnit": "USD",
    }
    assert [(n["notificationType"], n["threshold"]) for n in notifications] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for notification in notifications:
        assert notification["subscriberSnsTopicArns"] == [TOPIC]
        assert notification["comparisonOperator"] == "GREATER_THAN"
        assert notification["thresholdType"] == "PERCENTAGE"


def test_tags_narrow_it() -> None:
    tags = {"project": "causeway", "environment": "staging"}
    budget = build(tags=tags).of_type("aws:budgets/budget:Budget")[0].inputs

    assert budget["costFilters"] == [
        {"name": "TagKeyValue", "values": ["user:environment$staging", "user:project$causeway"]}
    ]


def test_anomalies_of_every_service_are_told_at_once() -> None:
    run = build(anomaly_usd=50)

    monitor = run.of_type("aws:costexplorer/anomalyMonitor:AnomalyMonitor")[0].inputs
    assert dict(monitor) == {"monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE"}
    subscription = run.of_type("aws:costexplorer/anomalySubscription:AnomalySubscription")[0].inputs
    assert subscription["frequency"] == "IMMEDIATE"
    assert subscription["subscribers"] == [{"type": "SNS", "address": TOPIC}]
    assert subscription["monitorArnLists"][0].endswith("anomalymonitor/shop-anomalies")
    assert subscription["thresholdExpression"]["dimension"] == {
        "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "matchOptions": ["GREATER_THAN_OR_EQUAL"],
        "values": ["50"],
    }


@pytest.mark.parametrize("field", ["monthly_usd", "anomaly_usd"])
def test_nothing_is_no_limit(field: str) -> None:
    with pytest.raises(pulumi.RunError, match=rf"^budget: {field} is 0; give 1 or more US dollars$"):
        build(**{field: 0})
