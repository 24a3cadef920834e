"""Alarms: an encrypted topic that AWS's services may publish to, e-mail, and exact alarms."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.alarm import Alarm, Metric
from components.alarms import Alarms, AlarmsArgs
from components.cluster import Cluster, ClusterArgs
from components.key import Key, KeyArgs, statements
from components.network import Network
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/shop-alarms"
KEY_ARGS = KeyArgs(account_id=ACCOUNT, region=REGION)


def metric(name: str = "Latency", stat: str = "Average") -> Metric:
    return Metric(namespace="Shop", name=name, dimensions={"Service": "api"}, stat=stat)


def alarm(**options: Any) -> Alarm:
    values: dict[str, Any] = {"name": "api-slow", "of": "service api", "title": "Latency, seconds"}
    return Alarm(
        **{
            **values,
            "description": "api is slow",
            "metrics": {"latency": metric()},
            "threshold": 2.5,
            **options,
        }
    )


def build(*sources: Alarm, emails: tuple[str, ...] = ()) -> Run:
    def program() -> Alarms:
        alarms = Alarms("shop", AlarmsArgs(key=Key("shop", KEY_ARGS), emails=emails))
        alarms.watch(*sources)
        return alarms

    return record(program)


def made(run: Run) -> dict[str, Any]:
    [one] = run.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return {name: value for name, value in one.inputs.items() if value is not None}


def test_children(within: Callable[[Run, str], list[tuple[str, str]]]) -> None:
    run = build(alarm(), emails=("Team.A@example.com",))

    assert within(run, "Alarms") == [
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "shop-api-slow"),
        ("aws:sns/topic:Topic", "shop-alarms"),
        ("aws:sns/topicPolicy:TopicPolicy", "shop-alarms-policy"),
        ("aws:sns/topicSubscription:TopicSubscription", "shop-alarms-to-team-a-example-com"),
    ]


def test_the_topic_is_encrypted_and_says_whose_it_is() -> None:
    run = build(emails=("team@example.com",))

    topic = run.of_type("aws:sns/topic:Topic")[0].inputs
    assert dict(topic) == {
        "displayName": "causeway test",
        "kmsMasterKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key",
        "signatureVersion": 2,
    }
    subscription = run.of_type("aws:sns/topicSubscription:TopicSubscription")[0].inputs
    assert dict(subscription) == {"topic": TOPIC, "protocol": "email", "endpoint": "team@example.com"}


def test_only_services_of_this_account_publish_and_over_tls() -> None:
    policy = json.loads(build().of_type("aws:sns/topicPolicy:TopicPolicy")[0].inputs["policy"])

    *allowed, tls = policy["Statement"]
    assert {statement["Principal"]["Service"]: statement.get("Condition") for statement in allowed} == {
        "cloudwatch.amazonaws.com": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"},
        },
        "events.amazonaws.com": None,
        "events.rds.amazonaws.com": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        "budgets.amazonaws.com": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        "costalerts.amazonaws.com": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    for statement in allowed:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
        assert statement["Resource"] == TOPIC
    assert (tls["Effect"], tls["Principal"], tls["Resource"]) == ("Deny", "*", TOPIC)
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_key_lets_every_publisher_of_the_topic_encrypt() -> None:
    policy = json.loads(build().of_type("aws:sns/topicPolicy:TopicPolicy")[0].inputs["policy"])

    publishers = {s["Principal"]["Service"] for s in policy["Statement"] if s["Effect"] == "Allow"}
    encrypting: set[str] = set()
    for statement in statements(KEY_ARGS):
        principal: Any = statement["Principal"]
        encrypting |= set(principal.get("Service", []))
    assert publishers <= encrypting


def test_an_alarm_of_one_metric() -> None:
    run = build(alarm(periods=2, within=3, period_seconds=60))

    assert made(run) == {
        "alarmDescription": "api is slow",
        "namespace": "Shop",
        "metricName": "Latency",
        "dimensions": {"Service": "api"},
        "period": 60,
        "statistic": "Average",
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "threshold": 2.5,
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "treatMissingData": "notBreaching",
        "alarmActions": [TOPIC],
        "okActions": [TOPIC],
    }


def test_an_alarm_of_a_percentile_waits_for_enough_requests() -> None:
    inputs = made(build(alarm(metrics={"latency": metric(stat="p99")})))

    assert inputs["extendedStatistic"] == "p99"
    assert inputs["evaluateLowSampleCountPercentiles"] == "ignore"
    assert "statistic" not in inputs


def test_an_alarm_of_an_expression() -> None:
    metrics = {"errors": metric("Errors", "Sum"), "calls": metric("Calls", "Sum")}
    inputs = made(build(alarm(metrics=metrics, expression="100 * errors / calls")))

    queries = inputs.pop("metricQueries")
    assert [query["id"] for query in queries] == ["errors", "calls", "value"]
    assert queries[0]["metric"] == {
        "namespace": "Shop",
        "metricName": "Errors",
        "dimensions": {"Service": "api"},
        "period": 300,
        "stat": "Sum",
    }
    assert queries[2] == {
        "id": "value",
        "label": "Latency, seconds",
        "expression": "100 * errors / calls",
        "returnData": True,
    }
    assert not {"namespace", "metricName", "dimensions", "period", "statistic"} & set(inputs)


def test_components_are_watched_by_what_they_ask_for() -> None:
    class Source:
        def alarms(self) -> list[Alarm]:
            return [alarm(name="one"), alarm(name="two")]

    def program() -> Alarms:
        alarms = Alarms("shop", AlarmsArgs(key=Key("shop", KEY_ARGS)))
        alarms.watch(Source(), alarm(name="three"))
        return alarms

    run = record(program)
    names = [r.name for r in run.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")]
    assert names == ["shop-one", "shop-two", "shop-three"]
    assert [watched.name for watched in run.value.watched] == ["one", "two", "three"]
    assert len(run.value.arns) == 3


def test_failed_deployments_of_the_clusters_services_are_told(
    key: Callable[[], Key], network: Callable[..., Network], one: Callable[[Run, str, str], Any]
) -> None:
    def program() -> None:
        shared = key()
        alarms = Alarms("shop", AlarmsArgs(key=shared))
        alarms.watch_deployments(Cluster("shop", ClusterArgs(network=network(shared), key=shared)))

    run = record(program)
    rule = one(run, "aws:cloudwatch/eventRule:EventRule", "shop-failed-deployments").inputs
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change", "ECS Service Action"],
        "resources": [{"prefix": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop-cluster/"}],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED", "SERVICE_TASK_START_IMPAIRED"]},
    }
    target = one(run, "aws:cloudwatch/eventTarget:EventTarget", "shop-failed-deployments").inputs
    assert (target["rule"], target["arn"]) == ("shop-failed-deployments", TOPIC)
    assert set(target["inputTransformer"]["inputPaths"]) == {"event", "reason", "service"}
    assert json.loads(target["inputTransformer"]["inputTemplate"]) == "<service>: <event>. <reason>"
    # A role would have EventBridge fail on an encrypted topic.
    assert target.get("roleArn") is None


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"^alarms: 'team' is no e-mail address such as team@exam"):
        build(emails=("team",))
    with pytest.raises(pulumi.RunError, match=r"^alarms: 'a@b.example' stands twice in emails; name it once"):
        build(emails=("a@b.example", "a@b.example"))
    with pytest.raises(
        pulumi.RunError,
        match=r"^alarms 'shop': 'api-slow' of queue api is watched already, by that of service api; watch ",
    ):
        build(alarm(), alarm(of="queue api"))
