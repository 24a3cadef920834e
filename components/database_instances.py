"""The instances of a database cluster: private, watched, kept up to date; and who hears of their events."""

import json
from collections.abc import Sequence

import pulumi
from pulumi_aws import iam, rds

from components.key import Key

CLUSTER_EVENTS = ("failover", "failure", "maintenance")
INSTANCE_EVENTS = ("configuration change", "failure", "maintenance")
"""What Security Hub's RDS.19 and RDS.20 ask for, and failovers."""


def make_instances(
    name: str, cluster: rds.Cluster, *, count: int, key: Key, parent: pulumi.Resource
) -> list[rds.ClusterInstance]:
    """The writer and its readers, all ready to take over."""
    monitoring, attachment = _make_monitoring(name, key, parent)
    return [
        rds.ClusterInstance(
            f"{name}-database-{index}",
            cluster_identifier=cluster.id,
            engine=rds.EngineType.AURORA_POSTGRESQL,
            instance_class="db.serverless",
            db_subnet_group_name=cluster.db_subnet_group_name,
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            copy_tags_to_snapshot=True,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=key.arn,
            performance_insights_retention_period=7,  # days; the free term
            monitoring_interval=60,
            monitoring_role_arn=monitoring.arn,
            promotion_tier=min(index, 1),  # tiers 0 and 1 grow with the writer, ready to take over
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[attachment]),
        )
        for index in range(count)
    ]


def subscribe_to_events(
    name: str,
    topic_arn: pulumi.Input[str],
    cluster: rds.Cluster,
    instances: Sequence[rds.ClusterInstance],
    parent: pulumi.Resource,
) -> None:
    """Tell a topic what happens to the cluster and its instances.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.html
    """
    sources: tuple[tuple[str, str, list[pulumi.Output[str]], tuple[str, ...]], ...] = (
        ("cluster", "db-cluster", [cluster.cluster_identifier], CLUSTER_EVENTS),
        ("instance", "db-instance", [instance.id for instance in instances], INSTANCE_EVENTS),
    )
    for purpose, source_type, source_ids, categories in sources:
        rds.EventSubscription(
            f"{name}-database-{purpose}-events",
            sns_topic=topic_arn,
            source_type=source_type,
            source_ids=source_ids,
            event_categories=list(categories),
            opts=pulumi.ResourceOptions(parent=parent),
        )


def _make_monitoring(
    name: str, key: Key, parent: pulumi.Resource
) -> tuple[iam.Role, iam.RolePolicyAttachment]:
    child = pulumi.ResourceOptions(parent=parent)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": key.account_id}},
    }
    role = iam.Role(
        f"{name}-database-monitoring",
        description=f"Lets RDS report what the operating systems of database {name} do",
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        opts=child,
    )
    attachment = iam.RolePolicyAttachment(
        f"{name}-database-monitoring",
        role=role.name,
        policy_arn="arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        opts=child,
    )
    return role, attachment
