"""Budgets, and what watches for costs out of the ordinary."""

from typing import cast

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making

NO_COST_EXPLORER = "Cost Explorer is not in the emulator"


def budget(inputs: Inputs, making: Making) -> Inputs:
    """What the provider keeps flat is, for AWS, a budget and the notifications beside it."""
    described: Inputs = {
        "budgetName": inputs["name"],
        "budgetType": inputs["budgetType"],
        "timeUnit": inputs["timeUnit"],
        "budgetLimit": {"amount": inputs["limitAmount"], "unit": inputs["limitUnit"]},
    }
    filters = mappings(inputs.get("costFilters"))
    if filters:
        described["costFilters"] = {one["name"]: one["values"] for one in filters}
    flat = {"name", "budgetType", "timeUnit", "limitAmount", "limitUnit", "costFilters", "notifications"}
    return {
        **{name: value for name, value in inputs.items() if name not in flat},
        "accountId": making.cloud.account,
        "budget": described,
        "notificationsWithSubscribers": [_notification(one) for one in mappings(inputs.get("notifications"))],
    }


def _notification(inputs: Inputs) -> Inputs:
    subscribers = {"SNS": "subscriberSnsTopicArns", "EMAIL": "subscriberEmailAddresses"}
    return {
        "notification": {name: value for name, value in inputs.items() if name not in subscribers.values()},
        "subscribers": [
            {"subscriptionType": kind, "address": address}
            for kind, addresses in subscribers.items()
            for address in cast("list[str]", inputs.get(addresses) or [])
        ],
    }


def subscription(inputs: Inputs, _: Making) -> Inputs:
    """A threshold's `dimension` is AWS's `Dimensions`."""
    expression = mapping(inputs.get("thresholdExpression"))
    if "dimension" in expression:
        expression["dimensions"] = expression.pop("dimension")
    return {**inputs, "thresholdExpression": expression} if expression else inputs


KINDS = {
    "aws:budgets/budget:Budget": Kind(
        create=Call("budgets.create_budget"),
        prepare=budget,
        id="{account}:{name}",
        outputs={"arn": "arn:aws:budgets::{account}:budget/{name}"},
        name=Name(limit=100),
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": Kind(
        create=Call(
            "ce.create_anomaly_monitor",
            renames={"name": "MonitorName"},
            under="AnomalyMonitor",
            recorded=NO_COST_EXPLORER,
        ),
        id="arn:aws:ce::{account}:anomalymonitor/{unique}",
        outputs={"arn": "arn:aws:ce::{account}:anomalymonitor/{unique}"},
        name=Name(limit=1024),
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": Kind(
        create=Call(
            "ce.create_anomaly_subscription",
            renames={"name": "SubscriptionName", "monitorArnLists": "MonitorArnList"},
            under="AnomalySubscription",
            recorded=NO_COST_EXPLORER,
        ),
        prepare=subscription,
        id="arn:aws:ce::{account}:anomalysubscription/{unique}",
        outputs={"arn": "arn:aws:ce::{account}:anomalysubscription/{unique}"},
        name=Name(limit=1024),
    ),
}
