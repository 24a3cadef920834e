"""What is set in PostgreSQL itself: TLS only, and logs that tell of statements but hold no data."""

import pulumi
from pulumi_aws import rds

MAJOR_VERSION = "17"
"""Only the major version: RDS takes the latest minor one and its own upgrades are no drift."""
FAMILY = f"aurora-postgresql{MAJOR_VERSION}"
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    "log_min_duration_statement": "1000",  # milliseconds; "ddl" below: `all` would log customers' data
    "log_statement": "ddl",
}


def make_parameters(name: str, *, parent: pulumi.Resource) -> rds.ClusterParameterGroup:
    """The parameters of a cluster and so of all its instances."""
    return rds.ClusterParameterGroup(
        f"{name}-database-parameters",
        family=FAMILY,
        description=f"TLS and logging of database {name}",
        parameters=[{"name": key, "value": value} for key, value in sorted(PARAMETERS.items())],
        opts=pulumi.ResourceOptions(parent=parent),
    )
