"""What is watched of a cache: the engine's one thread, memory, replicas; each shard for itself."""

from collections.abc import Mapping, Sequence

import pulumi

from components.alarm import Alarm, Metric

FULL_PERCENT = 90
EVICTIONS = 10_000
"""In five minutes. That a full cache evicts is what it is for; this many, and it is too small to be one."""
LAG_SECONDS = 30


def cache_alarms(
    name: str,
    replication_group_id: pulumi.Output[str],
    *,
    shards: int | None,
    nodes: int,
    eviction_policy: str,
) -> list[Alarm]:
    """`shards` is None without cluster mode, where node ids have no number of the shard.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html
    """
    groups = {"": ""} if shards is None else {f"-{n:04d}": f"-{n}" for n in range(1, shards + 1)}
    alarms: list[Alarm] = []
    for infix, suffix in groups.items():
        members = [
            pulumi.Output.concat(replication_group_id, f"{infix}-{number:03d}")
            for number in range(1, nodes + 1)
        ]
        alarms += _shard(name, suffix, members, eviction_policy)
    return alarms


def serverless_cache_alarms(name: str, cache_name: pulumi.Output[str], *, max_data_gb: int) -> list[Alarm]:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html"""
    of = f"cache {name}"
    full = int(max_data_gb * 10**9 * FULL_PERCENT / 100)
    return [
        Alarm(
            name=f"{name}-cache-memory",
            of=of,
            title="Data, bytes",
            description=f"Cache {name} holds {FULL_PERCENT} % of max_data_gb, and evicts when full: raise it",
            metrics={"bytes": _serverless(cache_name, "BytesUsedForCache", "Maximum")},
            threshold=full,
        ),
        Alarm(
            name=f"{name}-cache-throttled",
            of=of,
            title="Requests refused",
            description=f"Cache {name} refuses requests above max_ecpu_per_second: raise it",
            metrics={"throttled": _serverless(cache_name, "ThrottledCmds", "Sum")},
            threshold=1,
            periods=1,
        ),
    ]


def _shard(
    name: str, suffix: str, members: Sequence[pulumi.Output[str]], eviction_policy: str
) -> list[Alarm]:
    def alarm(purpose: str, title: str, description: str, metric: tuple[str, str], threshold: float) -> Alarm:
        metrics = _of_each(members, *metric)
        return Alarm(
            name=f"{name}-cache-{purpose}{suffix}",
            of=f"cache {name}",
            title=f"{title}, shard {suffix[1:]}" if suffix else title,
            description=description,
            metrics=metrics,
            expression=f"MAX([{', '.join(metrics)}])" if len(metrics) > 1 else None,
            threshold=threshold,
        )

    evicts = eviction_policy.startswith("allkeys-")
    alarms = [
        alarm(
            "cpu",
            "Engine CPU, percent",
            f"The engine of cache {name}, one thread, is busy {FULL_PERCENT} % of the time: fewer or cheaper "
            "commands, a larger node_type, or shards",
            ("EngineCPUUtilization", "Average"),
            FULL_PERCENT,
        ),
        alarm(
            "evictions",
            "Evictions",
            f"Cache {name} throws out {EVICTIONS} keys in five minutes for want of memory: a larger "
            "node_type, or shorter times to live",
            ("Evictions", "Sum"),
            EVICTIONS,
        )
        if evicts
        else alarm(
            "memory",
            "Memory, percent",
            f"Cache {name} uses {FULL_PERCENT} % of its memory and may refuse writes when it is full "
            f"({eviction_policy}): a larger node_type, or fewer keys",
            ("DatabaseMemoryUsagePercentage", "Maximum"),
            FULL_PERCENT,
        ),
    ]
    if len(members) > 1:
        alarms.append(
            alarm(
                "replica-lag",
                "Replicas behind, seconds",
                f"Replicas of cache {name} are {LAG_SECONDS} s behind: what is written would be lost in a "
                "failover",
                ("ReplicationLag", "Maximum"),
                LAG_SECONDS,
            )
        )
    return alarms


def _of_each(members: Sequence[pulumi.Output[str]], metric_name: str, stat: str) -> Mapping[str, Metric]:
    return {
        f"node_{number}": Metric(
            namespace="AWS/ElastiCache",
            name=metric_name,
            dimensions={"CacheClusterId": member},
            stat=stat,
        )
        for number, member in enumerate(members, start=1)
    }


def _serverless(cache_name: pulumi.Output[str], metric_name: str, stat: str) -> Metric:
    return Metric(
        namespace="AWS/ElastiCache", name=metric_name, dimensions={"clusterId": cache_name}, stat=stat
    )
