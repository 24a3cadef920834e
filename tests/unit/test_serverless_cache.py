"""The serverless cache: a ceiling on its cost, one user, encrypted under the key, hard to lose."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.cache_users import CLUSTER_ACCESS
from components.key import Key, KeyArgs
from components.link import Link
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"


def build(name: str = "shop", *, preview: bool = False, **options: Any) -> Run:
    def program() -> Link:
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input(f"subnet-{zone}") for zone in "ab"],
        )
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        link = ServerlessCache(name, ServerlessCacheArgs(network=network, key=key, **options)).link()
        for variable, value in link.environment.items():
            pulumi.export(variable, value)
        pulumi.export("password", link.secrets["REDIS_PASSWORD"].value_from())
        return link

    return record(program, preview=preview)


def cache_of(run: Run) -> Resource:
    (cache,) = run.of_type("aws:elasticache/serverlessCache:ServerlessCache")
    return cache


def test_children() -> None:
    run = build()

    children = sorted((r.type, r.name) for r in run.resources if "causeway:index:ServerlessCache$" in r.urn)
    assert children == [
        ("aws:ec2/securityGroup:SecurityGroup", "shop-cache-security-group"),
        ("aws:elasticache/serverlessCache:ServerlessCache", "shop-cache"),
        ("aws:elasticache/user:User", "shop-cache-app"),
        ("aws:elasticache/user:User", "shop-cache-default"),
        ("aws:elasticache/userGroup:UserGroup", "shop-cache-users"),
        ("causeway:index:GeneratedSecret", "shop-cache-password"),
    ]


def test_the_cache() -> None:
    cache = cache_of(build(max_data_gb=2, max_ecpu_per_second=3000, snapshot_retention_days=7))

    assert cache.inputs == {
        "description": "Cache shop",
        "engine": "valkey",
        "majorEngineVersion": "8",
        "cacheUsageLimits": {
            "dataStorage": {"maximum": 2, "unit": "GB"},
            "ecpuPerSeconds": [{"maximum": 3000}],
        },
        "kmsKeyId": KEY,
        "subnetIds": ["subnet-a", "subnet-b"],
        "securityGroupIds": ["shop-cache-security-group-id"],
        "userGroupId": "shop-group-id",
        "snapshotRetentionLimit": 7,
        "dailySnapshotTime": "02:00",
    }
    assert cache.options.protect
    assert not cache_of(build(protect=False)).options.protect


def test_without_snapshots_there_is_no_hour_for_them() -> None:
    inputs = cache_of(build(snapshot_retention_days=0)).inputs

    assert inputs["snapshotRetentionLimit"] == 0
    assert "dailySnapshotTime" not in inputs


def test_it_is_restored_once_and_the_source_may_then_be_taken_out() -> None:
    snapshot = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscachesnapshot:monday"
    cache = cache_of(build(restore=[snapshot]))

    assert cache.inputs["snapshotArnsToRestores"] == [snapshot]
    assert cache.options.ignore_changes == ("snapshotArnsToRestores",)


def test_its_users_know_cluster_mode_and_have_ids_of_their_own() -> None:
    users = {user.name: user.inputs for user in build().of_type("aws:elasticache/user:User")}

    assert users["shop-cache-app"]["userId"] == "shop-group-id-app"
    assert users["shop-cache-app"]["accessString"] == CLUSTER_ACCESS
    assert users["shop-cache-default"]["accessString"] == "off -@all"


def test_the_link_says_that_it_speaks_cluster_mode_and_opens_both_ports() -> None:
    run = build()

    assert run.outputs["REDIS_URL"] == "rediss://app@shop-cache.elasticache.internal:6379/0"
    assert run.outputs["REDIS_CLUSTER_MODE"] == "enabled"
    assert run.outputs["password"].endswith("secret/shop-cache-password-secret")
    link = run.value
    assert set(link.secrets) == {"REDIS_PASSWORD"}
    assert [door.port for door in link.ports] == [6379, 6380]


@pytest.mark.usefixtures("unknown")
def test_a_first_preview_knows_no_endpoint_and_holds() -> None:
    assert cache_of(build(preview=True)).inputs["engine"] == "valkey"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"engine": "memcached"},
            "serverless cache: engine 'memcached' is refused; use valkey, redis",
        ),
        ({"max_data_gb": 0}, "serverless cache: max_data_gb 0 is refused; use 1 to 5000"),
        (
            {"max_ecpu_per_second": 500},
            "serverless cache: max_ecpu_per_second 500 is refused; use 1000 to 15000000",
        ),
        (
            {"snapshot_retention_days": 36},
            "serverless cache: snapshot_retention_days 36 is refused; use 0 to 35",
        ),
        (
            {"restore": ["monday"]},
            "serverless cache: restore 'monday' is refused; use the ARN of a snapshot, or of an RDB file such"
            " as arn:aws:s3:::bucket/file.rdb",
        ),
        (
            {"name": "a" * 21},
            f"serverless cache '{'a' * 21}': use lower-case letters, digits and single hyphens, 20 at most",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
