"""What each component wants watched: the metrics that AWS publishes for it, by the names that AWS gave it."""

from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pytest

from components.alarm import Alarm
from components.alarms import Alarms, AlarmsArgs
from components.cluster_mode import ClusterMode
from components.database import Database, DatabaseArgs
from components.database_alarms import max_connections
from components.fargate_service import FargateService, FargateServiceArgs
from components.function import Function, FunctionArgs
from components.key import Key
from components.network import Network
from components.queue import Queue, QueueArgs
from components.redis import Redis, RedisArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from components.subscriber import Email
from components.subscription import Subscription
from components.topic import Topic, TopicArgs
from operations.program import Run
from operations.recording import record

Stores = Callable[..., dict[str, Any]]


@pytest.fixture
def stores(key: Callable[[], Key], network: Callable[..., Network]) -> Stores:
    """The arguments that every store has."""

    def make() -> dict[str, Any]:
        shared = key()
        return {"key": shared, "network": network(shared)}

    return make


def alarms_of(build: Callable[[], Sequence[Alarm]], key: Callable[[], Key]) -> dict[str, dict[str, Any]]:
    """The inputs of the alarms made of what a component asks for, by their names; None left out."""

    def program() -> None:
        alarms = Alarms("shop", AlarmsArgs(key=key()))
        alarms.watch(*build())

    run: Run = record(program)
    made = run.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return {
        resource.name.removeprefix("shop-"): {k: v for k, v in resource.inputs.items() if v is not None}
        for resource in made
        if resource.name not in {"shop-api-errors", "api-errors"}
    }


def single(alarm: dict[str, Any]) -> tuple[str, str, dict[str, str], str, float]:
    return (
        alarm["namespace"],
        alarm["metricName"],
        alarm["dimensions"],
        alarm.get("statistic") or alarm["extendedStatistic"],
        alarm["threshold"],
    )


def metrics(alarm: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, str], str]]:
    return {
        query["id"]: (m["namespace"], m["metricName"], m["dimensions"], m["stat"])
        for query in alarm["metricQueries"]
        if (m := query.get("metric"))
    }


def expression(alarm: dict[str, Any]) -> str:
    [of] = [query["expression"] for query in alarm["metricQueries"] if query.get("expression")]
    return str(of)


def test_a_load_balancer(foundation: Callable[..., Any], key: Callable[[], Key]) -> None:
    made = alarms_of(lambda: foundation().load_balancer().alarms(), key)

    names = ["errors", "latency", "unanswered"]
    assert sorted(made) == [f"shop-load-balancer-{name}" for name in names]
    balancer = {"LoadBalancer": "loadbalancer/shop-alb/0123456789abcdef"}
    errors = made["shop-load-balancer-errors"]
    assert metrics(errors) == {
        "requests": ("AWS/ApplicationELB", "RequestCount", balancer, "Sum"),
        "errors": ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, "Sum"),
    }
    assert expression(errors) == "IF(requests >= 20, 100 * FILL(errors, 0) / requests, 0)"
    assert errors["threshold"] == 5
    unanswered = made["shop-load-balancer-unanswered"]
    assert single(unanswered) == ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", balancer, "Sum", 10)
    latency = made["shop-load-balancer-latency"]
    assert single(latency) == ("AWS/ApplicationELB", "TargetResponseTime", balancer, "p99", 2)


def test_a_load_balancers_thresholds_are_settable(
    foundation: Callable[..., Any], key: Callable[[], Key]
) -> None:
    made = alarms_of(lambda: foundation().load_balancer().alarms(error_percent=1, latency_seconds=0.5), key)

    assert made["shop-load-balancer-errors"]["threshold"] == 1
    assert made["shop-load-balancer-latency"]["threshold"] == 0.5


def test_a_service(foundation: Callable[..., Any], key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        base = foundation()
        return FargateService("api", FargateServiceArgs(cluster=base.cluster, image=base.image)).alarms()

    made = alarms_of(build, key)

    assert sorted(made) == ["api-service-cpu", "api-service-memory", "api-service-tasks"]
    service = {"ClusterName": "shop-cluster", "ServiceName": "api-service"}
    assert single(made["api-service-cpu"]) == ("AWS/ECS", "CPUUtilization", service, "Average", 90)
    assert single(made["api-service-memory"]) == ("AWS/ECS", "MemoryUtilization", service, "Average", 90)
    tasks = made["api-service-tasks"]
    assert metrics(tasks) == {
        "desired": ("ECS/ContainerInsights", "DesiredTaskCount", service, "Average"),
        "running": ("ECS/ContainerInsights", "RunningTaskCount", service, "Average"),
    }
    assert expression(tasks) == "FILL(desired, 0) - FILL(running, 0)"
    assert (tasks["threshold"], tasks["datapointsToAlarm"], tasks["evaluationPeriods"]) == (1, 10, 15)


def test_a_queue(key: Callable[[], Key]) -> None:
    made = alarms_of(lambda: Queue("orders", QueueArgs(key=key())).alarms(), key)

    assert sorted(made) == ["orders-queue-age", "orders-queue-dead-letters"]
    age, dead = made["orders-queue-age"], made["orders-queue-dead-letters"]
    own, failed = {"QueueName": "orders-queue"}, {"QueueName": "orders-dead-letter"}
    assert single(age) == ("AWS/SQS", "ApproximateAgeOfOldestMessage", own, "Maximum", 900)
    assert single(dead) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible", failed, "Maximum", 1)
    assert (dead["evaluationPeriods"], dead["period"]) == (1, 60)


def test_a_queue_that_nobody_empties_and_that_a_fifo_topic_feeds(key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        topic = Topic("orders", TopicArgs(key=key(), fifo=True))
        queue = Queue("analytics", QueueArgs(key=key(), subscriptions=[Subscription(topic=topic)]))
        return queue.alarms(oldest_minutes=None)

    made = alarms_of(build, key)

    assert sorted(made) == ["analytics-queue-dead-letters", "analytics-queue-undelivered"]
    undelivered = made["analytics-queue-undelivered"]["dimensions"]
    assert undelivered == {"QueueName": "analytics-undelivered"}


def test_a_topic(key: Callable[[], Key]) -> None:
    made = alarms_of(lambda: Topic("orders", TopicArgs(key=key())).alarms(), key)

    assert sorted(made) == ["orders-topic-failures", "orders-topic-lost"]
    topic = {"TopicName": "orders-topic"}
    failures, lost = made["orders-topic-failures"], made["orders-topic-lost"]
    assert single(failures) == ("AWS/SNS", "NumberOfNotificationsFailed", topic, "Sum", 1)
    assert single(lost) == ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", topic, "Sum", 1)


def test_a_topic_with_subscribers_has_dead_letters(key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        subscribers = [Email(address="team@example.com")]
        return Topic("news", TopicArgs(key=key(), subscribers=subscribers)).alarms()

    made = alarms_of(build, key)

    assert sorted(made) == ["news-topic-dead-letters", "news-topic-failures", "news-topic-lost"]
    assert made["news-topic-dead-letters"]["dimensions"] == {"QueueName": "news-dead-letter"}


def test_a_function(key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        return Function("notifier", FunctionArgs(directory="app/notifier", key=key())).alarms()

    made = alarms_of(build, key)

    names = ["dead-letters", "errors", "throttles"]
    assert sorted(made) == [f"notifier-function-{name}" for name in names]
    function = {"FunctionName": "notifier-function"}
    assert single(made["notifier-function-errors"]) == ("AWS/Lambda", "Errors", function, "Sum", 1)
    assert single(made["notifier-function-throttles"]) == ("AWS/Lambda", "Throttles", function, "Sum", 1)


def test_a_database(stores: Stores, key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        return Database(
            "shop", DatabaseArgs(min_capacity=0.5, max_capacity=4, readers=1, **stores())
        ).alarms()

    made = alarms_of(build, key)

    names = ["capacity", "connections", "replica-lag", "transaction-ids"]
    assert sorted(made) == [f"shop-database-{name}" for name in names]
    seen = {name: single(made[f"shop-database-{name}"]) for name in names}
    assert {(one[0], one[3], *one[2]) for one in seen.values()} == {
        ("AWS/RDS", "Maximum", "DBClusterIdentifier")
    }
    assert {name: (one[1], one[4]) for name, one in seen.items()} == {
        "capacity": ("ACUUtilization", 90),
        "connections": ("DatabaseConnections", 604),
        "replica-lag": ("AuroraReplicaLagMaximum", 2000),
        "transaction-ids": ("MaximumUsedTransactionIDs", 1_000_000_000),
    }


def test_a_database_without_readers_has_no_lag(stores: Stores, key: Callable[[], Key]) -> None:
    made = alarms_of(lambda: Database("shop", DatabaseArgs(**stores())).alarms(), key)

    assert "shop-database-replica-lag" not in made
    assert "shop-database-capacity" in made


@pytest.mark.parametrize(
    ("least", "most", "connections"), [(1, 1, 189), (0.5, 16, 2000), (0, 256, 2000), (1, 256, 5000)]
)
def test_connections_that_aurora_takes(least: float, most: float, connections: int) -> None:
    assert max_connections(least, most) == connections


def test_a_cache_of_one_node_that_may_evict(stores: Stores, key: Callable[[], Key]) -> None:
    made = alarms_of(lambda: Redis("shop", RedisArgs(**stores())).alarms(), key)

    assert sorted(made) == ["shop-cache-cpu", "shop-cache-evictions"]
    cpu = made["shop-cache-cpu"]
    assert single(cpu)[:2] == ("AWS/ElastiCache", "EngineCPUUtilization")
    assert cpu["dimensions"]["CacheClusterId"].endswith("-001")
    evictions = made["shop-cache-evictions"]
    assert (single(evictions)[1], *single(evictions)[3:]) == ("Evictions", "Sum", 10_000)


def test_a_cache_with_replicas_that_may_not_evict(stores: Stores, key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        return Redis("shop", RedisArgs(nodes=2, eviction_policy="noeviction", **stores())).alarms()

    made = alarms_of(build, key)

    assert sorted(made) == ["shop-cache-cpu", "shop-cache-memory", "shop-cache-replica-lag"]
    nodes = metrics(made["shop-cache-memory"])
    assert [node[1] for node in nodes.values()] == ["DatabaseMemoryUsagePercentage"] * 2
    assert [node[2]["CacheClusterId"][-4:] for node in nodes.values()] == ["-001", "-002"]
    assert expression(made["shop-cache-memory"]) == "MAX([node_1, node_2])"


def test_each_shard_is_watched_for_itself(stores: Stores, key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        return Redis("shop", RedisArgs(nodes=2, cluster_mode=ClusterMode(shards=2), **stores())).alarms()

    made = alarms_of(build, key)

    purposes = ["cpu", "evictions", "replica-lag"]
    assert sorted(made) == sorted(f"shop-cache-{p}-{shard}" for p in purposes for shard in (1, 2))
    nodes = metrics(made["shop-cache-cpu-2"])
    assert [node[2]["CacheClusterId"][-9:] for node in nodes.values()] == ["-0002-001", "-0002-002"]


def test_a_serverless_cache(stores: Stores, key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        return ServerlessCache("shop", ServerlessCacheArgs(max_data_gb=10, **stores())).alarms()

    made = alarms_of(build, key)

    cache = {"clusterId": "shop-cache"}
    memory, throttled = made["shop-cache-memory"], made["shop-cache-throttled"]
    assert single(memory) == ("AWS/ElastiCache", "BytesUsedForCache", cache, "Maximum", 9_000_000_000)
    assert single(throttled) == ("AWS/ElastiCache", "ThrottledCmds", cache, "Sum", 1)


def test_every_alarm_says_what_to_do(stores: Stores, key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        shared = stores()
        return [
            *Database("shop", DatabaseArgs(readers=1, **shared)).alarms(),
            *Redis("shop", RedisArgs(nodes=2, **shared)).alarms(),
        ]

    for name, alarm in alarms_of(build, key).items():
        assert "shop" in alarm["alarmDescription"], name
        assert ":" in alarm["alarmDescription"], name
        assert len(alarm["alarmDescription"]) <= 1024, name


def test_two_components_of_one_name_and_kind_are_refused(key: Callable[[], Key]) -> None:
    def build() -> Sequence[Alarm]:
        queue = Queue("orders", QueueArgs(key=key()))
        return [*queue.alarms(), *queue.alarms()]

    with pytest.raises(pulumi.RunError, match="'orders-queue-age' of queue orders is watched already"):
        alarms_of(build, key)
