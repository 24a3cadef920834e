"""Aurora PostgreSQL Serverless v2: encrypted, never public, TLS only, its password managed by RDS, backups
that outlive it."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ec2, rds

from components.alarm import Alarm
from components.database_alarms import database_alarms
from components.database_entrance import PORT, Entrance
from components.database_instances import make_instances, subscribe_to_events
from components.database_parameters import MAJOR_VERSION, make_parameters
from components.key import Key
from components.link import Link
from components.network import Network
from components.restore import PointInTime

ENGINE = rds.EngineType.AURORA_POSTGRESQL
AUTO_PAUSE_SECONDS = 30 * 60
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 40
DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,56}")
RESERVED_NAMES = ("postgres", "rdsadmin", "template0", "template1")
USER_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    network: Network
    key: Key
    database_name: str = "shop"
    min_capacity: float = 0.5
    """Aurora capacity units of about 2 GiB, in halves; 0 pauses a database that nobody is connected to."""
    max_capacity: float = 4
    readers: int = 0
    """Instances beside the writer, which take over when it fails; at least 1 where an outage hurts."""
    backup_retention_days: int = 7
    """Point-in-time recovery, 1 to 35 days."""
    protect: bool = True
    """Refuses deletion, by Pulumi and by RDS; to delete, turn it off and deploy first."""
    log_retention_days: int = 90
    restore: str | PointInTime | None = None
    """A snapshot's name or ARN, or a moment of another database, to be made from: read when this one is
    made, never again. Its `database_name` must be the source's, which also says who its owner is."""
    events_topic_arn: pulumi.Input[str] | None = None
    """A standard topic to tell of failovers, failures, maintenance and changes; its policy must let
    `events.rds.amazonaws.com` publish."""

    def __post_init__(self) -> None:
        if not DATABASE_NAME.fullmatch(self.database_name) or self.database_name in RESERVED_NAMES:
            raise pulumi.RunError(
                f"database: database_name '{self.database_name}' is refused; use a lower-case letter, then"
                f" up to 56 letters, digits and underscores, and none of {', '.join(RESERVED_NAMES)}"
            )
        for field, value, least, most, step in (
            ("min_capacity", self.min_capacity, 0, 256, 0.5),
            ("max_capacity", self.max_capacity, 1, 256, 0.5),
            ("readers", self.readers, 0, 15, 1),
            ("backup_retention_days", self.backup_retention_days, 1, 35, 1),
        ):
            if not least <= value <= most or value % step:
                raise pulumi.RunError(
                    f"database: {field} {value} is refused; use {least} to {most} in steps of {step}"
                )
        if self.restore == "":
            raise pulumi.RunError("database: restore is empty; name a snapshot, or leave it out")
        if self.min_capacity > self.max_capacity:
            raise pulumi.RunError(
                f"database: min_capacity {self.min_capacity} is above max_capacity {self.max_capacity}"
            )


class Database(pulumi.ComponentResource):
    """A cluster, its instances, and the door that links open.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html
    """

    network: Network
    key: Key
    database_name: str
    user: str
    """The owner of all in it; `postgres` and `admin` are what attackers try first."""
    readers: int
    pauses: bool
    host: pulumi.Output[str]
    reader_host: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]
    """The JSON secret that RDS keeps and rotates every seven days; its key `password` is the password."""
    security_group_id: pulumi.Output[str]
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    """The cluster's, as a backup plan selects it."""
    instance_identifiers: list[pulumi.Output[str]]
    """The writer's first, then the readers'."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise pulumi.RunError(
                f"database '{name}': use lower-case letters, digits and single hyphens, {MAX_NAME} at most"
            )
        super().__init__("causeway:index:Database", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.network, self.key, self.readers = args.network, args.key, args.readers
        self.database_name, self.user = args.database_name, f"{args.database_name}_owner"
        self.pauses = args.min_capacity == 0
        security_group = ec2.SecurityGroup(
            f"{name}-database-security-group",
            description=f"Database {name}: opened by the links of services, no way out",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        cluster = self._make_cluster(name, security_group)
        instances = make_instances(name, cluster, count=1 + args.readers, key=args.key, parent=self)
        if args.events_topic_arn is not None:
            subscribe_to_events(name, args.events_topic_arn, cluster, instances, self)
        self.host, self.reader_host, self.port = cluster.endpoint, cluster.reader_endpoint, cluster.port
        self.secret_arn = cluster.master_user_secrets.apply(_first_arn)
        self.security_group_id = security_group.id
        self.arn, self.cluster_identifier = cluster.arn, cluster.cluster_identifier
        self.instance_identifiers = [instance.id for instance in instances]
        self._resource_id = cluster.cluster_resource_id
        self.register_outputs({"host": self.host, "port": self.port, "secret_arn": self.secret_arn})

    def link(self) -> Link:
        """Connects a service as the owner: where, as whom, the password as a secret, and the port."""
        return self._entrance().with_password(self.user, self.secret_arn)

    def sign_in(self, user: str) -> Link:
        """Connects a service as `user` by IAM, without a password: `DATABASE_AUTHENTICATION` is `iam`.

        The user is SQL's to make, in a migration: `CREATE USER reports; GRANT rds_iam TO reports`.
        """
        if not USER_NAME.fullmatch(user) or user == self.user:
            raise pulumi.RunError(
                f"database '{self.pulumi_resource_name}': user '{user}' cannot sign in by IAM; use a"
                f" lower-case letter, then up to 62 letters, digits and underscores, and not the owner"
                f" {self.user}, whom a password lets in"
            )
        return self._entrance().with_token(user, self._resource_id)

    def reader(self) -> Link:
        """Adds `DATABASE_READER_HOST` to what `link` or `sign_in` gives: the readers, or with none the
        writer."""
        return self._entrance().reader(self.reader_host)

    def alarms(self) -> list[Alarm]:
        """Capacity, connections, transaction ids, and how far the readers are behind."""
        return database_alarms(
            self.pulumi_resource_name,
            self.cluster_identifier,
            min_capacity=self._args.min_capacity,
            max_capacity=self._args.max_capacity,
            readers=self.readers,
        )

    def _entrance(self) -> Entrance:
        return Entrance(
            name=f"{self.pulumi_resource_name}-database",
            host=self.host,
            port=self.port,
            database_name=self.database_name,
            security_group_id=self.security_group_id,
            key=self.key,
        )

    def _make_cluster(self, name: str, security_group: ec2.SecurityGroup) -> rds.Cluster:
        args, restore = self._args, self._args.restore
        subnets = rds.SubnetGroup(
            f"{name}-database",
            description=f"Data tier of database {name}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        # Its log group must bear the cluster's name and be there first, else RDS makes one that is
        # neither encrypted nor ever emptied. So the cluster takes the subnet group's drawn name.
        identifier = subnets.name
        parameters = make_parameters(name, parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-database-logs",
            name=pulumi.Output.concat("/aws/rds/cluster/", identifier, "/postgresql"),
            kms_key_id=args.key.arn,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        return rds.Cluster(
            f"{name}-database-cluster",
            cluster_identifier=identifier,
            engine=ENGINE,
            engine_mode="provisioned",
            engine_version=MAJOR_VERSION,
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            database_name=self.database_name,
            master_username=self.user,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.key.arn,
            iam_database_authentication_enabled=True,
            port=PORT,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[security_group.id],
            db_cluster_parameter_group_name=parameters.name,
            serverlessv2_scaling_configuration=_scaling(args),
            storage_encrypted=True,
            kms_key_id=args.key.arn,
            backup_retention_period=args.backup_retention_days,
            preferred_backup_window="02:00-03:00",  # UTC
            preferred_maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            skip_final_snapshot=False,
            # Drawn when a cluster is made, kept in the state while it lives: a successor has another,
            # so that neither deletion finds its snapshot's name taken.
            final_snapshot_identifier=f"{name}-final-{secrets.token_hex(4)}",
            deletion_protection=args.protect,
            enabled_cloudwatch_logs_exports=["postgresql"],
            snapshot_identifier=restore if isinstance(restore, str) else None,
            restore_to_point_in_time=restore.source() if isinstance(restore, PointInTime) else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                # Where it came from says nothing of what it is: taking that out must replace nothing.
                ignore_changes=[
                    "final_snapshot_identifier",
                    "restore_to_point_in_time",
                    "snapshot_identifier",
                ],
                delete_before_replace=True,  # the identifier is not Pulumi's to draw, see above
                depends_on=[logs],
            ),
        )


def _scaling(args: DatabaseArgs) -> rds.ClusterServerlessv2ScalingConfigurationArgsDict:
    scaling: rds.ClusterServerlessv2ScalingConfigurationArgsDict = {
        "min_capacity": args.min_capacity,
        "max_capacity": args.max_capacity,
    }
    if args.min_capacity == 0:  # AWS takes the pause for no other minimum
        scaling["seconds_until_auto_pause"] = AUTO_PAUSE_SECONDS
    return scaling


def _first_arn(managed: Any) -> str:
    """RDS makes one such secret; a preview that turns a cluster over to a managed password sees none yet."""
    return managed[0].secret_arn if managed else ""
