"""What the account may cost a month, told before it is spent, and costs that are out of the ordinary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_aws import budgets, costexplorer

from components.alarms import Alarms

NOTIFICATIONS: Sequence[tuple[Literal["ACTUAL", "FORECASTED"], int]] = (
    ("ACTUAL", 80),
    ("ACTUAL", 100),
    ("FORECASTED", 100),
)
"""Percent of the limit; AWS forecasts after five weeks of use."""


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    alarms: Alarms
    monthly_usd: int
    """The whole account's, taxes included, unless `tags` narrow it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Count only what has any of these, such as `{"environment": "staging"}`, where stacks share an account.
    Activate each as a cost allocation tag first, in the payer's account, else nothing is counted."""
    anomaly_usd: int | None = None
    """Tell of a service that costs at least so much more than is usual for it. None: no monitor. AWS allows
    an account one monitor of its services: let one stack of the account have it."""

    def __post_init__(self) -> None:
        for name, value in (("monthly_usd", self.monthly_usd), ("anomaly_usd", self.anomaly_usd)):
            if value is not None and value < 1:
                raise pulumi.RunError(f"budget: {name} is {value}; give 1 or more US dollars")


class Budget(pulumi.ComponentResource):
    """Both are free, and both publish to the alarms' topic. They report: nothing is switched off.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    https://docs.aws.amazon.com/cost-management/latest/userguide/ad-SNS.html
    """

    name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Budget", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = args.alarms.topic_arn
        tags = [f"user:{key}${value}" for key, value in sorted(args.tags.items())]
        budget = budgets.Budget(
            f"{name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": tags}] if tags else None,
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic],
                }
                for kind, percent in NOTIFICATIONS
            ],
            opts=child,
        )
        if args.anomaly_usd is not None:
            _watch_anomalies(name, args.anomaly_usd, topic, child)
        self.name = budget.name
        self.register_outputs({"name": self.name})


def _watch_anomalies(
    name: str, least_usd: int, topic_arn: pulumi.Output[str], child: pulumi.ResourceOptions
) -> None:
    monitor = costexplorer.AnomalyMonitor(
        f"{name}-anomalies", monitor_type="DIMENSIONAL", monitor_dimension="SERVICE", opts=child
    )
    costexplorer.AnomalySubscription(
        f"{name}-anomalies",
        monitor_arn_lists=[monitor.arn],
        frequency="IMMEDIATE",  # the only one that goes to a topic
        subscribers=[{"type": "SNS", "address": topic_arn}],
        threshold_expression={
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                "values": [str(least_usd)],
            }
        },
        opts=child,
    )
