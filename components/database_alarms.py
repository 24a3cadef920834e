"""What is watched of an Aurora cluster: capacity, connections, PostgreSQL's transaction ids, its readers."""

import pulumi

from components.alarm import Alarm, Metric

FULL_PERCENT = 90
BUSY_FRACTION = 0.8
CONNECTIONS_PER_UNIT = 189
"""Of `max_connections`, the least that Aurora derives from a capacity unit of the maximum; 5,000 at most, and
2,000 where the minimum is below one unit.
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"""
MOST_CONNECTIONS, MOST_CONNECTIONS_FROM_LITTLE = 5_000, 2_000
TRANSACTION_IDS = 1_000_000_000
"""At 2.1 billion PostgreSQL stops writing until it has vacuumed."""
LAG_MILLISECONDS = 2_000


def max_connections(min_capacity: float, max_capacity: float) -> int:
    """A cautious estimate of what the cluster takes."""
    most = MOST_CONNECTIONS_FROM_LITTLE if min_capacity < 1 else MOST_CONNECTIONS
    return min(int(CONNECTIONS_PER_UNIT * max_capacity), most)


def database_alarms(
    name: str,
    cluster_identifier: pulumi.Output[str],
    *,
    min_capacity: float,
    max_capacity: float,
    readers: int,
) -> list[Alarm]:
    """Capacity stands for CPU and memory alike: Aurora gives both until `max_capacity` is reached.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    of = f"database {name}"

    def alarm(purpose: str, title: str, description: str, metric_name: str, threshold: float) -> Alarm:
        metric = Metric(
            namespace="AWS/RDS",
            name=metric_name,
            dimensions={"DBClusterIdentifier": cluster_identifier},
            stat="Maximum",  # of its instances, the worst
        )
        return Alarm(
            name=f"{name}-database-{purpose}",
            of=of,
            title=title,
            description=description,
            metrics={purpose.replace("-", "_"): metric},
            threshold=threshold,
        )

    connections = max_connections(min_capacity, max_capacity)
    alarms = [
        alarm(
            "capacity",
            "Capacity of the maximum, percent",
            f"Database {name} is at {FULL_PERCENT} % of max_capacity: raise it, or find the slow queries",
            "ACUUtilization",
            FULL_PERCENT,
        ),
        alarm(
            "connections",
            "Connections",
            f"Database {name} has 80 % of its some {connections} connections: lower the pools or the "
            "tasks, raise max_capacity, or put a proxy before it",
            "DatabaseConnections",
            int(BUSY_FRACTION * connections),
        ),
        alarm(
            "transaction-ids",
            "Transaction ids in use",
            f"Vacuum falls behind in database {name}, which stops writing at 2.1 billion: end old "
            "transactions, vacuum the oldest tables",
            "MaximumUsedTransactionIDs",
            TRANSACTION_IDS,
        ),
    ]
    if readers:
        alarms.append(
            alarm(
                "replica-lag",
                "Readers behind, milliseconds",
                f"Readers of database {name} are {LAG_MILLISECONDS} ms behind: they have too much to do",
                "AuroraReplicaLagMaximum",
                LAG_MILLISECONDS,
            )
        )
    return alarms
