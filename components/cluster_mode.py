"""Cluster mode of a cache: its keys spread over shards, and, if asked for, its writes kept durably."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi

Durability = Literal["disabled", "async", "sync"]
MAX_NODES = 90
"""Of all shards together, unless AWS raises it: https://docs.aws.amazon.com/general/latest/gr/elasticache-service.html"""
DURABLE_NODES = re.compile(r"cache\.(r8g|r7g|r6g|m8g|m7g|m6g|c8gn|c7gn)\.[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class ClusterMode:
    """For clients that speak it, as Celery's do not; decided when a cache is made, for good."""

    shards: int = 1
    """More can be added while it runs; the cost is `shards` times that of the nodes of one."""
    durability: Durability = "disabled"
    """Valkey 9 keeps every write in a log over several zones: `sync` before it answers (single-digit
    milliseconds, nothing acknowledged is lost), `async` after (up to ten seconds of writes may be lost).
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Durability.Options.html"""

    @property
    def durable(self) -> bool:
        """Whether writes outlive the nodes."""
        return self.durability != "disabled"

    def __post_init__(self) -> None:
        if not 1 <= self.shards <= MAX_NODES:
            raise pulumi.RunError(
                f"redis: cluster_mode shards {self.shards} is refused; use 1 to {MAX_NODES}"
            )
        if self.durability not in get_args(Durability):
            raise pulumi.RunError(
                f"redis: cluster_mode durability '{self.durability}' is refused;"
                f" use {', '.join(get_args(Durability))}"
            )

    def refuse(self, *, engine: str, node_type: str, nodes: int, eviction_policy: str) -> None:
        """Refuse a cache that these shards cannot have."""
        if self.shards * nodes > MAX_NODES:
            raise pulumi.RunError(
                f"redis: {self.shards} shards of {nodes} nodes are {self.shards * nodes};"
                f" use at most {MAX_NODES} in all"
            )
        if not self.durable:
            return
        for wrong, value, allowed in (
            (engine != "valkey", f"engine '{engine}'", "valkey"),
            (nodes < 2, f"nodes {nodes}", "2 and more, in several zones"),  # noqa: PLR2004 a replica
            (
                not DURABLE_NODES.fullmatch(node_type),
                f"node_type '{node_type}'",
                "an r6g, r7g, r8g, m6g, m7g, m8g, c7gn or c8gn, such as cache.m7g.large",
            ),
            (
                eviction_policy.startswith("allkeys-"),
                f"eviction_policy '{eviction_policy}'",
                "noeviction, or one of volatile-*, which spare what has no time to live",
            ),
        ):
            if wrong:
                raise pulumi.RunError(
                    f"redis: {value} does not go with durability '{self.durability}'; use {allowed}"
                )
