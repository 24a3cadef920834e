"""Alarms, a dashboard and a budget in the local cloud: the emulator has them as AWS would."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.deploy import Deployment, deploy

REGION = "eu-west-2"
PROGRAM = """
import pulumi
from components.alarms import Alarms, AlarmsArgs
from components.budget import Budget, BudgetArgs
from components.cluster import Cluster, ClusterArgs
from components.dashboard import Dashboard, DashboardArgs
from components.key import Key, KeyArgs
from components.network import Network, NetworkArgs
from components.queue import Queue, QueueArgs
from components.redis import Redis, RedisArgs
from components.topic import Topic, TopicArgs

key = Key("watch", KeyArgs(account_id="000000000000", region="eu-west-2"))
network = Network("watch", NetworkArgs(
    cidr="10.98.0.0/16", zones=["eu-west-2a", "eu-west-2b"], region="eu-west-2", key=key, nat="none"))
alarms = Alarms("watch", AlarmsArgs(key=key, emails=["team@example.com"]))
queue = Queue("watched", QueueArgs(key=key))
alarms.watch(
    queue,
    Topic("watched", TopicArgs(key=key)),
    Redis("watched", RedisArgs(network=network, key=key, eviction_policy="noeviction")),
)
alarms.watch_deployments(Cluster("watch", ClusterArgs(network=network, key=key)))
dashboard = Dashboard("watch", DashboardArgs(alarms=alarms))
Budget("watch", BudgetArgs(alarms=alarms, monthly_usd=500, tags={"environment": "test"}, anomaly_usd=50))
pulumi.export("topic_arn", alarms.topic_arn)
pulumi.export("queue", queue.name)
pulumi.export("dashboard", dashboard.name)
"""


@pytest.fixture(scope="module")
def watch(local: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    root: Path = tmp_path_factory.mktemp("watch")
    (root / "platform").mkdir()
    (root / "platform" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
    config = {"aws:region": REGION, "aws:defaultTags": json.dumps({"tags": {"project": "causeway"}})}
    return deploy("test", servers=local.servers, config=config, root=root, endpoint=local.endpoint)


def alarms_by_name(local: SimpleNamespace) -> dict[str, Any]:
    """By the logical name: what the provider draws is the end."""
    alarms = local.clients.get("cloudwatch", REGION).describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"].rsplit("-", 1)[0]: alarm for alarm in alarms}


def test_alarms_publish_to_the_topic(watch: Deployment, local: SimpleNamespace) -> None:
    alarms = alarms_by_name(local)

    assert sorted(alarms) == [
        "watch-watched-cache-cpu",
        "watch-watched-cache-memory",
        "watch-watched-queue-age",
        "watch-watched-queue-dead-letters",
        "watch-watched-topic-failures",
        "watch-watched-topic-lost",
    ]
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [watch.outputs["topic_arn"]]
    age = alarms["watch-watched-queue-age"]
    assert age["Dimensions"] == [{"Name": "QueueName", "Value": watch.outputs["queue"]}]


def test_the_node_that_is_watched_is_the_caches(watch: Deployment, local: SimpleNamespace) -> None:
    assert watch.outputs["topic_arn"]
    groups = local.clients.get("elasticache", REGION).describe_replication_groups()["ReplicationGroups"]
    (group,) = [group for group in groups if group["Description"] == "Cache watched"]
    (dimension,) = alarms_by_name(local)["watch-watched-cache-cpu"]["Dimensions"]

    # AWS numbers the shard of a cluster's nodes in cluster mode only, the emulator always.
    assert dimension == {"Name": "CacheClusterId", "Value": f"{group['ReplicationGroupId']}-001"}


def test_failed_deployments_reach_the_topic(watch: Deployment, local: SimpleNamespace) -> None:
    events = local.clients.get("events", REGION)

    (rule,) = events.list_rules(NamePrefix="watch-failed-deployments")["Rules"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == watch.outputs["topic_arn"]
    assert "SERVICE_DEPLOYMENT_FAILED" in rule["EventPattern"]


def test_the_dashboard_shows_every_alarm(watch: Deployment, local: SimpleNamespace) -> None:
    cloudwatch = local.clients.get("cloudwatch", REGION)

    body = cloudwatch.get_dashboard(DashboardName=watch.outputs["dashboard"])["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    arns = {alarm["AlarmArn"] for alarm in alarms_by_name(local).values()}
    assert set(widgets[0]["properties"]["alarms"]) == arns
    assert len([widget for widget in widgets if widget["type"] == "metric"]) == len(arns)


def test_the_budget_tells_the_topic(watch: Deployment, local: SimpleNamespace) -> None:
    budgets = local.clients.get("budgets", "us-east-1")

    (budget,) = budgets.describe_budgets(AccountId=local.account)["Budgets"]
    assert float(budget["BudgetLimit"]["Amount"]) == 500
    assert budget["CostFilters"] == {"TagKeyValue": ["user:environment$test"]}
    told = budgets.describe_notifications_for_budget(
        AccountId=local.account, BudgetName=budget["BudgetName"]
    )["Notifications"]
    assert sorted((one["NotificationType"], one["Threshold"]) for one in told) == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    assert watch.outputs["topic_arn"]


def test_only_the_anomaly_monitor_is_recorded(watch: Deployment) -> None:
    assert {call.operation for call in watch.recorded} == {
        "ce.create_anomaly_monitor",
        "ce.create_anomaly_subscription",
    }
