"""Where a new store's data comes from: a snapshot, or an earlier moment of another database."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
from pulumi_aws import rds


@dataclass(frozen=True, kw_only=True)
class PointInTime:
    """An earlier moment of a database that still has its automated backups.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
    """

    cluster_identifier: str
    """The source's; the ARN where it is another account's."""
    time: str | None = None
    """UTC, such as `2026-07-31T12:00:00Z`, some five minutes back at least; None: the latest there is."""

    def __post_init__(self) -> None:
        if not self.cluster_identifier:
            raise pulumi.RunError(
                "database: restore has no cluster_identifier; give that of the database to copy"
            )
        if self.time is not None and not _is_utc(self.time):
            raise pulumi.RunError(
                f"database: restore time '{self.time}' is refused; use UTC such as 2026-07-31T12:00:00Z"
            )

    def source(self) -> rds.ClusterRestoreToPointInTimeArgsDict:
        """As a whole copy: a copy-on-write clone would share pages with a source that is then deleted."""
        source: rds.ClusterRestoreToPointInTimeArgsDict = {
            "source_cluster_identifier": self.cluster_identifier,
            "restore_type": "full-copy",
        }
        if self.time is None:
            source["use_latest_restorable_time"] = True
        else:
            source["restore_to_time"] = self.time
        return source


def _is_utc(time: str) -> bool:
    try:
        return time.endswith("Z") and datetime.fromisoformat(time).tzinfo == UTC
    except ValueError:
        return False
