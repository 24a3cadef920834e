"""The engine of a cache and what is set in it: what leaves when memory is full, and whether it has shards."""

from typing import Literal

import pulumi
from pulumi_aws import elasticache

from components.cache_users import Engine
from components.cluster_mode import ClusterMode

EvictionPolicy = Literal[
    "allkeys-lfu",
    "allkeys-lru",
    "allkeys-random",
    "noeviction",
    "volatile-lfu",
    "volatile-lru",
    "volatile-random",
    "volatile-ttl",
]
VERSIONS: dict[Engine, tuple[str, str]] = {"valkey": ("8.0", "valkey8"), "redis": ("7.1", "redis7")}
"""Engine version and the family of its parameters."""
DURABLE_VERSION = ("9.0", "valkey9")


def make_parameters(
    name: str,
    *,
    engine: Engine,
    eviction_policy: EvictionPolicy,
    cluster_mode: ClusterMode | None,
    parent: pulumi.Resource,
) -> tuple[str, elasticache.ParameterGroup]:
    """The engine's version, and the parameter group of its family."""
    durable = cluster_mode is not None and cluster_mode.durable
    version, family = DURABLE_VERSION if durable else VERSIONS[engine]
    parameters = {"maxmemory-policy": str(eviction_policy)}
    if cluster_mode is not None:
        parameters["cluster-enabled"] = "yes"
    return version, elasticache.ParameterGroup(
        f"{name}-cache-parameters",
        family=family,
        description=f"Eviction of cache {name}",
        parameters=[{"name": key, "value": value} for key, value in sorted(parameters.items())],
        opts=pulumi.ResourceOptions(parent=parent),
    )
