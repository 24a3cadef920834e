"""What the data components do on Pulumi's own terms: values unknown in a preview, and values of the state."""

import contextvars
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pulumi
from pulumi.runtime import Mocks
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs
from pulumi.runtime.stack import run_in_stack

from components.backup import Backup, BackupArgs
from components.cluster_mode import ClusterMode
from components.database import Database, DatabaseArgs
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.key import Key, KeyArgs
from components.memcached import Memcached, MemcachedArgs
from components.queue import Queue, QueueArgs, Subscription
from components.redis import Redis, RedisArgs
from components.secret import GeneratedSecret, GeneratedSecretArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from components.topic import Topic, TopicArgs
from operations.program import Run, configure
from operations.recording import ACCOUNT, REGION, RecordingMocks
from operations.stack_file import ROOT


class EchoingMocks(Mocks):
    """Computes nothing, so that in a preview all that AWS would compute is unknown."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        raise NotImplementedError(f"no component of data calls {args.token}")


class StateMocks(RecordingMocks):
    """As the engine answers for a version that exists and ignores the new draw: with the state's value."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        identity, outputs = super().new_resource(args)
        if args.typ == "aws:secretsmanager/secretVersion:SecretVersion":
            outputs["secretString"] = "of-the-state"
        return identity, outputs


def run_with(mocks: Mocks, build: Callable[[], None], *, preview: bool) -> Run:
    def run() -> Run:
        result = Run()
        with configure(result, mocks, project="causeway", stack="test", preview=preview, root=ROOT) as loop:
            loop.run_until_complete(run_in_stack(build))
        return result

    return contextvars.copy_context().run(run)


def build_all() -> None:
    key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
    network: Any = SimpleNamespace(
        vpc_id=key.arn.apply(lambda _: "vpc-1"), data_subnet_ids=[key.arn.apply(lambda _: "subnet-a")]
    )
    orders = Topic("orders", TopicArgs(key=key, fifo=True))
    fulfilment = Queue(
        "fulfilment", QueueArgs(key=key, fifo=True, subscriptions=[Subscription(topic=orders)])
    )
    database = Database(
        "shop", DatabaseArgs(network=network, key=key, readers=1, events_topic_arn=orders.arn)
    )
    Backup("shop", BackupArgs(key=key, resources=[database.arn], failures_topic_arn=orders.arn))
    proxy = DatabaseProxy("shop", DatabaseProxyArgs(database=database, iam=True))
    mode = ClusterMode(shards=2)
    links = [
        database.link(),
        database.reader(),
        database.sign_in("reports"),
        proxy.link(),
        proxy.reader(),
        Redis("sharded", RedisArgs(network=network, key=key, cluster_mode=mode)).link(),
        ServerlessCache("serverless", ServerlessCacheArgs(network=network, key=key)).link(),
        Memcached("pages", MemcachedArgs(network=network)).link(),
        Redis("shop", RedisArgs(network=network, key=key)).link(),
        orders.publish(),
        fulfilment.send(),
        fulfilment.consume(),
    ]
    jwt = GeneratedSecret("jwt-signing-key", GeneratedSecretArgs(key=key)).value_from()
    document = {
        "environment": {
            f"{link.name} {name}": value for link in links for name, value in link.environment.items()
        },
        "secrets": [secret.value_from() for link in links for secret in [*link.secrets.values(), jwt]],
        "statements": [permission.statement() for link in links for permission in link.permissions],
        "doors": [door.security_group_id for link in links for door in link.ports],
    }
    pulumi.export("document", pulumi.Output.json_dumps(document))


def names(run: Run) -> set[tuple[str, str]]:
    return {(resource.type, resource.name) for resource in run.resources}


def test_a_preview_in_which_everything_is_unknown_holds_and_shows_the_same_graph() -> None:
    preview = run_with(EchoingMocks(), build_all, preview=True)
    update = run_with(RecordingMocks(), build_all, preview=False)

    assert names(preview) == names(update)
    assert "document" in update.outputs
    subscription = preview.of_type("aws:sns/topicSubscription:TopicSubscription")[0]
    assert subscription.inputs["protocol"] == "sqs"
    assert "arn:" not in json.dumps(subscription.inputs, default=str)


def test_users_of_a_secret_get_the_value_of_the_state_and_not_the_new_draw() -> None:
    run = run_with(StateMocks(), build_all, preview=False)

    application = next(r for r in run.of_type("aws:elasticache/user:User") if r.name == "shop-cache-app")
    assert application.inputs["authenticationMode"]["value"]["passwords"] == ["of-the-state"]
