"""The database: encrypted, reachable by links only, hard to lose; its password seen by nobody."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.database import Database, DatabaseArgs
from components.key import Key, KeyArgs
from components.link import Link
from components.restore import PointInTime
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-database-cluster"


def build(name: str = "shop", **options: Any) -> Run:
    def program() -> Link:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input(f"subnet-{zone}") for zone in "ab"],
        )
        database = Database(name, DatabaseArgs(network=network, key=key, **options))
        link = database.link()
        for variable, value in link.environment.items():
            pulumi.export(variable, value)
        for variable, secret in link.secrets.items():
            pulumi.export(variable, secret.value_from())
            pulumi.export("key_of_secret", secret.kms_key_arn)
        for door in link.ports:
            pulumi.export("door", pulumi.Output.concat(door.security_group_id, ":", str(door.port)))
        return link

    return record(program)


def only(run: Run, type_: str) -> Resource:
    (resource,) = run.of_type(type_)
    return resource


def cluster_of(run: Run) -> Resource:
    return only(run, "aws:rds/cluster:Cluster")


def test_children() -> None:
    run = build()

    children = sorted((r.type, r.name) for r in run.resources if "causeway:index:Database$" in r.urn)
    assert children == [
        ("aws:cloudwatch/logGroup:LogGroup", "shop-database-logs"),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-database-security-group"),
        ("aws:iam/role:Role", "shop-database-monitoring"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "shop-database-monitoring"),
        ("aws:rds/cluster:Cluster", "shop-database-cluster"),
        ("aws:rds/clusterInstance:ClusterInstance", "shop-database-0"),
        ("aws:rds/clusterParameterGroup:ClusterParameterGroup", "shop-database-parameters"),
        ("aws:rds/subnetGroup:SubnetGroup", "shop-database"),
    ]


def test_the_cluster() -> None:
    cluster = dict(cluster_of(build(backup_retention_days=14)).inputs)

    assert re.fullmatch(r"shop-final-[0-9a-f]{8}", cluster.pop("finalSnapshotIdentifier"))
    assert cluster == {
        "clusterIdentifier": "shop-database",
        "engine": "aurora-postgresql",
        "engineMode": "provisioned",
        "engineVersion": "17",
        "engineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "databaseName": "shop",
        "masterUsername": "shop_owner",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": KEY,
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "dbSubnetGroupName": "shop-database",
        "vpcSecurityGroupIds": ["shop-database-security-group-id"],
        "dbClusterParameterGroupName": "shop-database-parameters",
        "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 4},
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "backupRetentionPeriod": 14,
        "preferredBackupWindow": "02:00-03:00",
        "preferredMaintenanceWindow": "sun:03:30-sun:04:30",
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "skipFinalSnapshot": False,
        "deletionProtection": True,
        "enabledCloudwatchLogsExports": ["postgresql"],
    }


def test_it_is_protected_twice_until_the_setting_says_otherwise() -> None:
    cluster = cluster_of(build())
    assert cluster.options.protect
    assert cluster.inputs["deletionProtection"] is True

    cluster = cluster_of(build(protect=False))
    assert not cluster.options.protect
    assert cluster.inputs["deletionProtection"] is False
    assert cluster.inputs["skipFinalSnapshot"] is False


def test_no_two_clusters_share_the_name_of_their_final_snapshot() -> None:
    clusters = [cluster_of(build()) for _ in range(2)]

    assert len({cluster.inputs["finalSnapshotIdentifier"] for cluster in clusters}) == 2
    assert all("finalSnapshotIdentifier" in cluster.options.ignore_changes for cluster in clusters)


def test_its_log_group_is_there_first_under_the_name_that_rds_uses() -> None:
    run = build(log_retention_days=30)

    logs = only(run, "aws:cloudwatch/logGroup:LogGroup")
    identifier = cluster_of(run).inputs["clusterIdentifier"]
    assert logs.inputs == {
        "name": f"/aws/rds/cluster/{identifier}/postgresql",
        "kmsKeyId": KEY,
        "retentionInDays": 30,
    }
    assert logs.urn in cluster_of(run).options.dependencies
    assert cluster_of(run).options.delete_before_replace


def test_it_takes_tls_only_and_logs_no_data() -> None:
    run = build()

    group = only(run, "aws:rds/clusterParameterGroup:ClusterParameterGroup").inputs
    assert group["family"] == "aurora-postgresql17"
    parameters = {p["name"]: p["value"] for p in group["parameters"]}
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["log_statement"] == "ddl"
    assert parameters["log_min_duration_statement"] == "1000"


def test_it_stands_in_the_data_tier_and_opens_nothing_by_itself() -> None:
    run = build()

    assert only(run, "aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ["subnet-a", "subnet-b"]
    group = only(run, "aws:ec2/securityGroup:SecurityGroup").inputs
    assert group["vpcId"] == "vpc-1"
    assert not {"ingress", "egress"} & set(group)
    assert not [r for r in run.resources if "securityGroup" in r.type and "Rule" in r.type]


def test_instances_are_private_watched_and_kept_up_to_date() -> None:
    run = build(readers=2)

    instances = run.of_type("aws:rds/clusterInstance:ClusterInstance")
    assert [i.name for i in instances] == ["shop-database-0", "shop-database-1", "shop-database-2"]
    assert [i.inputs["promotionTier"] for i in instances] == [0, 1, 1]
    attachment = only(run, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    for instance in instances:
        inputs = dict(instance.inputs)
        del inputs["promotionTier"]
        assert inputs.pop("monitoringRoleArn").endswith("role/shop-database-monitoring")
        assert inputs == {
            "clusterIdentifier": "shop-database-cluster-id",
            "engine": "aurora-postgresql",
            "instanceClass": "db.serverless",
            "dbSubnetGroupName": "shop-database",
            "publiclyAccessible": False,
            "autoMinorVersionUpgrade": True,
            "caCertIdentifier": "rds-ca-rsa2048-g1",
            "copyTagsToSnapshot": True,
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": KEY,
            "performanceInsightsRetentionPeriod": 7,
            "monitoringInterval": 60,
        }
        assert attachment.urn in instance.options.dependencies


def test_rds_takes_the_monitoring_role_for_this_account_only() -> None:
    run = build()

    trust = json.loads(only(run, "aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_minimum_of_zero_pauses_it() -> None:
    scaling = cluster_of(build(min_capacity=0, max_capacity=1)).inputs["serverlessv2ScalingConfiguration"]

    assert scaling == {"minCapacity": 0, "maxCapacity": 1, "secondsUntilAutoPause": 1800}


def test_the_link_says_where_and_keeps_the_password_a_secret() -> None:
    run = build()

    variables = {k: v for k, v in run.outputs.items() if k.startswith("DATABASE_")}
    assert variables == {
        "DATABASE_HOST": "shop-database-cluster.rds.internal",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "shop",
        "DATABASE_USER": "shop_owner",
        "DATABASE_SSL_MODE": "require",
        "DATABASE_SECRET_ARN": SECRET,
        "DATABASE_PASSWORD": f"{SECRET}:password::",
    }
    link = run.value
    assert set(link.secrets) == {"DATABASE_PASSWORD"}
    assert "DATABASE_PASSWORD" not in link.environment
    assert run.outputs["key_of_secret"] == KEY
    assert [list(p.actions) for p in link.permissions] == [
        ["secretsmanager:GetSecretValue"],
        ["kms:Decrypt"],
    ]
    assert len(link.ports) == 1
    assert run.outputs["door"] == "shop-database-security-group-id:5432"


def linked(get: Any, **options: Any) -> tuple[Run, Link]:
    """A run that exports what the link of `get(database)` tells, and the link."""

    def program() -> Link:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        network: Any = SimpleNamespace(vpc_id="vpc-1", data_subnet_ids=["subnet-a", "subnet-b"])
        link = get(Database("shop", DatabaseArgs(network=network, key=key, **options)))
        for variable, value in link.environment.items():
            pulumi.export(variable, value)
        for permission in link.permissions:
            pulumi.export("permission", pulumi.Output.json_dumps(permission.statement()))
        return link

    run = record(program)
    return run, run.value


def test_readers_have_a_host_of_their_own_that_goes_with_any_other_link() -> None:
    run, link = linked(lambda database: database.reader(), readers=1)

    assert run.outputs == {"DATABASE_READER_HOST": "shop-database-cluster-ro.rds.internal"}
    assert link.name == "shop-database-reader"
    assert not link.secrets
    assert [door.port for door in link.ports] == [5432]


def test_a_service_signs_in_by_iam_as_the_one_user_and_without_a_password() -> None:
    run, link = linked(lambda database: database.sign_in("reports"))

    assert not link.secrets
    assert run.outputs["DATABASE_USER"] == "reports"
    assert run.outputs["DATABASE_AUTHENTICATION"] == "iam"
    assert "DATABASE_SECRET_ARN" not in run.outputs
    assert json.loads(run.outputs["permission"]) == {
        "Effect": "Allow",
        "Action": ["rds-db:connect"],
        "Resource": [f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:cluster-shop-database-cluster/reports"],
    }


@pytest.mark.parametrize("user", ["shop_owner", "Reports", "*", ""])
def test_nobody_signs_in_by_iam_as_the_owner_or_as_anyone(user: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(f"user '{user}' cannot sign in by IAM; use a")):
        linked(lambda database: database.sign_in(user))


@pytest.mark.parametrize(
    ("restore", "name", "value"),
    [
        ("shop-final-0a1b2c3d", "snapshotIdentifier", "shop-final-0a1b2c3d"),
        (
            PointInTime(cluster_identifier="shop-database-0a1b2c3"),
            "restoreToPointInTime",
            {
                "sourceClusterIdentifier": "shop-database-0a1b2c3",
                "restoreType": "full-copy",
                "useLatestRestorableTime": True,
            },
        ),
        (
            PointInTime(cluster_identifier="shop-database-0a1b2c3", time="2026-07-31T12:00:00Z"),
            "restoreToPointInTime",
            {
                "sourceClusterIdentifier": "shop-database-0a1b2c3",
                "restoreType": "full-copy",
                "restoreToTime": "2026-07-31T12:00:00Z",
            },
        ),
    ],
)
def test_it_is_restored_once_and_taking_the_source_out_replaces_nothing(
    restore: str | PointInTime, name: str, value: object
) -> None:
    cluster = cluster_of(build(restore=restore))

    sources = {"snapshotIdentifier", "restoreToPointInTime"}
    assert {key: cluster.inputs[key] for key in sources & set(cluster.inputs)} == {name: value}
    assert sources <= set(cluster.options.ignore_changes)
    assert not sources & set(cluster_of(build()).inputs)


def test_a_topic_hears_of_what_happens_to_the_cluster_and_its_instances() -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
    run = build(readers=1, events_topic_arn=topic)

    subscriptions = {r.name: r.inputs for r in run.of_type("aws:rds/eventSubscription:EventSubscription")}
    identifiers = subscriptions["shop-database-instance-events"].pop("sourceIds", None)
    assert subscriptions == {
        "shop-database-cluster-events": {
            "snsTopic": topic,
            "sourceType": "db-cluster",
            "sourceIds": ["shop-database"],
            "eventCategories": ["failover", "failure", "maintenance"],
        },
        "shop-database-instance-events": {
            "snsTopic": topic,
            "sourceType": "db-instance",
            "eventCategories": ["configuration change", "failure", "maintenance"],
        },
    }
    assert identifiers == ["shop-database-0-id", "shop-database-1-id"]
    assert not build().of_type("aws:rds/eventSubscription:EventSubscription")


@pytest.mark.parametrize("time", ["2026-07-31", "2026-07-31T12:00:00+02:00", "yesterday", "Z"])
def test_a_moment_is_one_in_utc(time: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        PointInTime(cluster_identifier="shop", time=time)
    assert str(refusal.value) == (
        f"database: restore time '{time}' is refused; use UTC such as 2026-07-31T12:00:00Z"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"min_capacity": 0.3},
            "database: min_capacity 0.3 is refused; use 0 to 256 in steps of 0.5",
        ),
        (
            {"max_capacity": 0.5},
            "database: max_capacity 0.5 is refused; use 1 to 256 in steps of 0.5",
        ),
        (
            {"min_capacity": 8, "max_capacity": 4},
            "database: min_capacity 8 is above max_capacity 4",
        ),
        ({"restore": ""}, "database: restore is empty; name a snapshot, or leave it out"),
        ({"readers": 16}, "database: readers 16 is refused; use 0 to 15 in steps of 1"),
        (
            {"backup_retention_days": 0},
            "database: backup_retention_days 0 is refused; use 1 to 35 in steps of 1",
        ),
        (
            {"database_name": "Shop-1"},
            "database: database_name 'Shop-1' is refused; use a lower-case letter, then up to 56 letters,"
            " digits and underscores, and none of postgres, rdsadmin, template0, template1",
        ),
        (
            {"name": "Shop_DB"},
            "database 'Shop_DB': use lower-case letters, digits and single hyphens, 40 at most",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
