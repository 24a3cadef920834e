"""Settings of what holds data: the database, the cache, and the copies that outlive both."""

from typing import Any, Self

import limits
from pydantic import model_validator
from scalars import Flag
from sections import Section, refusal


def _plain(number: float) -> float:
    """As people write it: 8 rather than 8.0."""
    return int(number) if number.is_integer() else number


class Database(Section):
    min_capacity: limits.MinCapacity = 0.5
    """Aurora capacity units of 2 GiB; 0 pauses an idle database, which then takes seconds to wake."""
    max_capacity: limits.MaxCapacity = 4.0
    readers: limits.Readers = 0
    backup_retention_days: limits.BackupDays = 7
    proxy: Flag = False
    """RDS Proxy, some 90 $ a month: for hundreds of tasks and short failovers."""
    restore_from_snapshot: limits.Snapshot | None = None
    """Read when the database is made, never again."""

    def cluster(self) -> dict[str, Any]:
        """What the component is made from, by its own names."""
        sizes = self.model_dump(exclude={"proxy", "restore_from_snapshot"})
        return {**sizes, "restore": self.restore_from_snapshot}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_capacity > self.max_capacity:
            allowed = f"at most maxCapacity, which is {self.max_capacity:g}"
            raise refusal("minCapacity", _plain(self.min_capacity), allowed)
        if self.proxy and self.min_capacity == 0:
            raise refusal("minCapacity", 0, "0.5 or more with proxy, which never lets the database pause")
        return self


class Serverless(Section):
    """A cache without nodes to choose; it costs by what it holds and answers, and evicts by volatile-lru."""

    max_data_gb: limits.CacheGigabytes = 5
    max_ecpu_per_second: limits.CacheUnits = 5000


class Cache(Section):
    node_type: limits.NodeType = "cache.t4g.micro"
    nodes: limits.CacheNodes = 1
    eviction_policy: limits.EvictionPolicy = "allkeys-lru"
    snapshot_retention_days: limits.SnapshotDays = 1
    serverless: Serverless | None = None
    """In place of nodes."""
    restore_from_snapshot: limits.Snapshot | None = None
    """Read when the cache is made, never again."""

    def group(self) -> dict[str, Any]:
        """What a cache of nodes is made from, by the component's own names."""
        sizes = self.model_dump(exclude={"serverless", "restore_from_snapshot"})
        return {**sizes, "restore": self.restore_from_snapshot}

    def without_nodes(self, serverless: Serverless) -> dict[str, Any]:
        """What a serverless cache is made from, by the component's own names."""
        return {
            **serverless.model_dump(),
            "snapshot_retention_days": self.snapshot_retention_days,
            "restore": [self.restore_from_snapshot] if self.restore_from_snapshot else [],
        }

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.serverless is None:
            return self
        for field, key in (
            ("node_type", "nodeType"),
            ("nodes", "nodes"),
            ("eviction_policy", "evictionPolicy"),
        ):
            if field in self.model_fields_set:
                raise refusal(key, getattr(self, field), "left out with serverless, which has no such choice")
        if self.restore_from_snapshot and not self.restore_from_snapshot.startswith("arn:"):
            raise refusal("restoreFromSnapshot", self.restore_from_snapshot, "an ARN with serverless")
        return self


class Backup(Section):
    """Copies of the database in a vault of AWS Backup, which lets nobody delete one in its first week."""

    retention_days: limits.CopyDays
    monthly_retention_days: limits.CopyDays | None = None
    """That of the first of each month; None: no such copies."""
    schedule: limits.BackupSchedule = "cron(0 4 * * ? *)"
    copy_to_vault_arn: limits.VaultArn | None = None
    """Of another region or account, for when this one is lost."""

    def plan(self) -> dict[str, Any]:
        """What the component is made from, by its own names."""
        return {**self.model_dump(), "monthly_retention_days": self.monthly_retention_days or 0}
