"""Aurora PostgreSQL Serverless v2: encrypted, never public, TLS only, its password managed by RDS, backups
that outlive it."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, rds

from components.key import Key
from components.link import Link, Permission, Port, SecretValue
from components.network import Network

ENGINE = rds.EngineType.AURORA_POSTGRESQL
MAJOR_VERSION = "17"
"""Only the major version: RDS takes the latest minor one and its own upgrades are no drift."""
FAMILY = f"aurora-postgresql{MAJOR_VERSION}"
PORT = 5432
AUTO_PAUSE_SECONDS = 30 * 60
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 40
DATABASE_NAME = re.compile(r"[a-z][a-z0-9_]{0,56}")
RESERVED_NAMES = ("postgres", "rdsadmin", "template0", "template1")
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    "log_min_duration_statement": "1000",  # milliseconds; "ddl" below: `all` would log customers' data
    "log_statement": "ddl",
}


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
        if self.min_capacity > self.max_capacity:
            raise pulumi.RunError(
                f"database: min_capacity {self.min_capacity} is above max_capacity {self.max_capacity}"
            )


class Database(pulumi.ComponentResource):
    """A cluster, its instances, and the door that links open.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.html
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]
    """The JSON secret that RDS keeps and rotates every seven days; its key `password` is the password."""
    security_group_id: pulumi.Output[str]
    cluster_identifier: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise pulumi.RunError(
                f"database '{name}': use lower-case letters, digits and single hyphens, {MAX_NAME} at most"
            )
        super().__init__("causeway:index:Database", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        security_group = ec2.SecurityGroup(
            f"{name}-database-security-group",
            description=f"Database {name}: opened by the links of services, no way out",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        cluster = self._make_cluster(name, security_group)
        self._make_instances(name, cluster)
        self.host = cluster.endpoint
        self.port = cluster.port
        self.secret_arn = cluster.master_user_secrets.apply(_first_arn)
        self.security_group_id = security_group.id
        self.cluster_identifier = cluster.cluster_identifier
        self.register_outputs({"host": self.host, "port": self.port, "secret_arn": self.secret_arn})

    def link(self) -> Link:
        """Connects a service: where, as whom, the password as a secret, and the port.

        `DATABASE_SECRET_ARN` and the permission to read it are there because the password in the
        environment is that of the task's start: who is refused later reads the rotated one.
        """
        name = self.pulumi_resource_name
        return Link(
            name=f"{name}-database",
            environment={
                "DATABASE_HOST": self.host,
                "DATABASE_PORT": self.port.apply(lambda port: str(int(port))),
                "DATABASE_NAME": self._args.database_name,
                "DATABASE_USER": _user(self._args),
                "DATABASE_SSL_MODE": "require",
                "DATABASE_SECRET_ARN": self.secret_arn,
            },
            secrets={
                "DATABASE_PASSWORD": SecretValue(
                    arn=self.secret_arn, json_key="password", kms_key_arn=self._args.key.arn
                )
            },
            permissions=[
                Permission(actions=["secretsmanager:GetSecretValue"], resources=[self.secret_arn]),
                self._args.key.use("kms:Decrypt"),
            ],
            ports=[Port(security_group_id=self.security_group_id, port=PORT)],
        )

    def _make_cluster(self, name: str, security_group: ec2.SecurityGroup) -> rds.Cluster:
        args = self._args
        subnets = rds.SubnetGroup(
            f"{name}-database",
            description=f"Data tier of database {name}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        # Its log group must bear the cluster's name and be there first, else RDS makes one that is
        # neither encrypted nor ever emptied. So the cluster takes the subnet group's drawn name.
        identifier = subnets.name
        parameters = rds.ClusterParameterGroup(
            f"{name}-database-parameters",
            family=FAMILY,
            description=f"TLS and logging of database {name}",
            parameters=[{"name": key, "value": value} for key, value in sorted(PARAMETERS.items())],
            opts=self._child,
        )
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
            database_name=args.database_name,
            master_username=_user(args),
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
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=["final_snapshot_identifier"],
                delete_before_replace=True,  # the identifier is not Pulumi's to draw, see above
                depends_on=[logs],
            ),
        )

    def _make_instances(self, name: str, cluster: rds.Cluster) -> None:
        args = self._args
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "monitoring.rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": args.key.account_id}},
        }
        monitoring = iam.Role(
            f"{name}-database-monitoring",
            description=f"Lets RDS report what the operating systems of database {name} do",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        attachment = iam.RolePolicyAttachment(
            f"{name}-database-monitoring",
            role=monitoring.name,
            policy_arn="arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            opts=self._child,
        )
        for index in range(1 + args.readers):
            rds.ClusterInstance(
                f"{name}-database-{index}",
                cluster_identifier=cluster.id,
                engine=ENGINE,
                instance_class="db.serverless",
                db_subnet_group_name=cluster.db_subnet_group_name,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                ca_cert_identifier="rds-ca-rsa2048-g1",
                copy_tags_to_snapshot=True,
                performance_insights_enabled=True,
                performance_insights_kms_key_id=args.key.arn,
                performance_insights_retention_period=7,  # days; the free term
                monitoring_interval=60,
                monitoring_role_arn=monitoring.arn,
                promotion_tier=min(index, 1),  # tiers 0 and 1 grow with the writer, ready to take over
                opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
            )


def _user(args: DatabaseArgs) -> str:
    """The master user by a name of its own: `postgres` and `admin` are what attackers try first."""
    return f"{args.database_name}_owner"


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
