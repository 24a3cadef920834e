"""The notifier in the local cloud: an order event of either kind of topic becomes a notice."""

import json
import shutil
import textwrap
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.deploy import Deployment, deploy
from operations.stack_file import ROOT

PROGRAM = """
import pulumi
from components.function import Function, FunctionArgs
from components.key import Key, KeyArgs
from components.queue import Queue, QueueArgs
from components.subscriber import Email, Https, Sms
from components.subscription import Subscription
from components.topic import Topic, TopicArgs

key = Key("shop", KeyArgs(account_id="{account}", region="{region}"))
people = [Email("ops@example.com"), Sms("+491701234567")]
notices = Topic("notifications", TopicArgs(key=key, subscribers=people))
told = Queue("told", QueueArgs(key=key, subscriptions=[Subscription(topic=notices)]))
orders = Topic("orders", TopicArgs(key=key, fifo=True))
returns = Topic("returns", TopicArgs(key=key))
wanted = {{"event_type": ["order.placed"]}}
notifier = Function(
    "notifier",
    FunctionArgs(
        key=key,
        directory="app/notifier",
        reserved_concurrency=10,
        links=[notices.publish()],
        subscriptions=[
            Subscription(topic=orders, filter_policy=wanted),
            Subscription(topic=returns, filter_policy=wanted),
        ],
    ),
)
pulumi.export("orders", orders.arn)
pulumi.export("returns", returns.arn)
pulumi.export("notices", notices.arn)
pulumi.export("told", told.url)
pulumi.export("dead", notifier.inbox.dead_letter_name)
pulumi.export("function", notifier.name)
"""


@pytest.fixture(scope="module")
def notifier(local: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The notifier between topics of both kinds, and a queue that hears what it says."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "app" / "notifier", root / "app" / "notifier")
    (root / "platform").mkdir()
    main = textwrap.dedent(PROGRAM.format(account=local.account, region=local.region))
    (root / "platform" / "__main__.py").write_text(main, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
    config = {"aws:region": local.region}
    return deploy("test", endpoint=local.endpoint, servers=local.servers, config=config, root=root)


def event(order: str, type_: str = "order.placed") -> dict[str, Any]:
    data = {"order_id": order, "lines": [{"quantity": 2}], "total_cents": 1999}
    return {
        "Message": json.dumps({"id": order, "type": type_, "data": data}),
        "MessageAttributes": {
            "event_type": {"DataType": "String", "StringValue": type_},
            "request_id": {"DataType": "String", "StringValue": "r-1"},
        },
    }


def test_orders_of_both_kinds_of_topic_are_told(
    local: SimpleNamespace, notifier: Deployment, eventually: Callable[..., None]
) -> None:
    sns, sqs = (local.clients.get(service, local.region) for service in ("sns", "sqs"))
    fifo = {"MessageGroupId": "customer", "TopicArn": notifier.outputs["orders"]}
    sns.publish(**event("aaaaaaaa"), **fifo, MessageDeduplicationId="1")
    sns.publish(**event("cccccccc", "order.archived"), **fifo, MessageDeduplicationId="2")
    sns.publish(**event("bbbbbbbb"), TopicArn=notifier.outputs["returns"])
    heard: dict[str, dict[str, Any]] = {}

    def both_are_told() -> bool:
        answer = sqs.receive_message(
            QueueUrl=notifier.outputs["told"], MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        heard.update({message["Body"]: message for message in answer.get("Messages", [])})
        return len(heard) >= 2

    eventually(both_are_told, 30, "the notifier said nothing")
    assert sorted(heard) == [
        f"Order {order} placed: 2 items, 19.99 EUR" for order in ("aaaaaaaa", "bbbbbbbb")
    ]
    for message in heard.values():
        values = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert (values["event_type"], values["request_id"]) == ("order.placed", "r-1")


def test_what_is_no_event_is_given_again_and_the_rest_is_told(
    local: SimpleNamespace, notifier: Deployment, eventually: Callable[..., None]
) -> None:
    """Straight to the function, as the queue would: only the bad message comes back."""
    records = [
        {"messageId": str(index), "body": body, "eventSource": "aws:sqs"}
        for index, body in enumerate(["no event", event("dddddddd", "order.archived")["Message"]])
    ]
    answer = local.clients.get("lambda", local.region).invoke(
        FunctionName=notifier.outputs["function"], Payload=json.dumps({"Records": records})
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


def test_people_and_the_function_are_as_aws_would_have_them(
    local: SimpleNamespace, notifier: Deployment
) -> None:
    sns, lambda_ = (local.clients.get(service, local.region) for service in ("sns", "lambda"))
    found = sns.list_subscriptions_by_topic(TopicArn=notifier.outputs["notices"])["Subscriptions"]
    assert {(s["Protocol"], s["Endpoint"]) for s in found} >= {
        ("email", "ops@example.com"),
        ("sms", "+491701234567"),
    }
    name = notifier.outputs["function"]
    function = lambda_.get_function_configuration(FunctionName=name)
    assert (function["Architectures"], function["TracingConfig"]["Mode"]) == (["arm64"], "Active")
    mapping = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 10}
    on_failure = lambda_.get_function_event_invoke_config(FunctionName=name)["DestinationConfig"]["OnFailure"]
    assert ":notifier-dead-letter-" in on_failure["Destination"]
    permission = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])["Statement"][0]
    assert permission["Condition"]["ArnLike"]["AWS:SourceArn"] == notifier.outputs["returns"]


def test_the_same_code_is_the_same_archive(notifier: Deployment, local: SimpleNamespace) -> None:
    from localcloud.resources.functions import packed  # noqa: PLC0415

    code = next(r for r in notifier.resources if r.type == "aws:lambda/function:Function").inputs["code"]
    assert packed({"code": code}, None)["code"] == packed({"code": code}, None)["code"]  # type: ignore[arg-type]
