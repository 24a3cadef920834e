"""The data components that the shop does not use by default: the local cloud takes every one of them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud.deploy import Deployment, deploy

REGION = "eu-west-1"
PROGRAM = """
import pulumi
from components.backup import Backup, BackupArgs
from components.cluster_mode import ClusterMode
from components.database import Database, DatabaseArgs
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.key import Key, KeyArgs
from components.memcached import Memcached, MemcachedArgs
from components.network import Network, NetworkArgs
from components.redis import Redis, RedisArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from components.topic import Topic, TopicArgs

key = Key("data", KeyArgs(account_id="000000000000", region="eu-west-1"))
network = Network("data", NetworkArgs(
    cidr="10.99.0.0/16", zones=["eu-west-1a", "eu-west-1b"], region="eu-west-1", key=key, nat="none"))
topic = Topic("data-alarms", TopicArgs(key=key))
database = Database("data", DatabaseArgs(
    network=network, key=key, database_name="data", readers=1, events_topic_arn=topic.arn))
proxy = DatabaseProxy("data", DatabaseProxyArgs(database=database))
Backup("data", BackupArgs(
    key=key, resources=[database.arn], monthly_retention_days=365, failures_topic_arn=topic.arn))
sharded = Redis("sharded", RedisArgs(network=network, key=key, nodes=2, cluster_mode=ClusterMode(shards=3)))
serverless = ServerlessCache("serverless", ServerlessCacheArgs(network=network, key=key))
memcached = Memcached("pages", MemcachedArgs(network=network, nodes=2))
links = {"proxy": proxy.link(), "reader": proxy.reader(), "user": database.sign_in("reports"),
    "sharded": sharded.link(), "serverless": serverless.link(), "memcached": memcached.link()}
pulumi.export("environment", {name: link.environment for name, link in links.items()})
pulumi.export("proxy", proxy.proxy_name)
pulumi.export("plan", serverless.name)
"""


@pytest.fixture(scope="module")
def data(local: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    root: Path = tmp_path_factory.mktemp("data")
    (root / "platform").mkdir()
    (root / "platform" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
    tags = json.dumps({"tags": {"project": "causeway"}})
    config = {"aws:region": REGION, "aws:defaultTags": tags}
    return deploy("test", servers=local.servers, config=config, root=root, endpoint=local.endpoint)


def test_services_reach_the_real_servers_through_every_entrance(
    data: Deployment, local: SimpleNamespace
) -> None:
    environment = data.outputs["environment"]
    postgres, valkey = local.servers.postgres, local.servers.valkey

    assert environment["proxy"]["DATABASE_HOST"] == postgres.host
    assert environment["proxy"]["DATABASE_PORT"] == str(postgres.port)
    assert environment["reader"]["DATABASE_READER_HOST"] == postgres.host
    assert environment["user"]["DATABASE_USER"] == "reports"
    assert environment["sharded"]["REDIS_URL"] == f"rediss://app@{valkey.host}:{valkey.port}/0"
    assert environment["serverless"]["REDIS_URL"] == f"rediss://app@{valkey.host}:{valkey.port}/0"


def test_the_emulator_has_them(data: Deployment, local: SimpleNamespace) -> None:
    rds, backup = local.clients.get("rds", REGION), local.clients.get("backup", REGION)
    elasticache = local.clients.get("elasticache", REGION)

    (proxy,) = rds.describe_db_proxies(DBProxyName=data.outputs["proxy"])["DBProxies"]
    assert proxy["RequireTLS"] is True
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    rules = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert [rule["Lifecycle"]["DeleteAfterDays"] for rule in rules] == [35, 365]
    (selection,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    assert selection["IamRoleArn"]
    (serverless,) = elasticache.describe_serverless_caches()["ServerlessCaches"]
    assert serverless["Engine"] == "valkey"
    groups = elasticache.describe_replication_groups()["ReplicationGroups"]
    (sharded,) = [group for group in groups if group["Description"] == "Cache sharded"]
    assert len(sharded["NodeGroups"]) == 3


def test_only_what_the_emulator_lacks_is_recorded(data: Deployment) -> None:
    assert {call.operation for call in data.recorded} == {
        "rds.create_event_subscription",
        "backup.put_backup_vault_lock_configuration",
    }
