"""Queues: a dead-letter queue for every queue, SNS let in by topic, senders and consumers apart."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pytest

from components.key import Key, KeyArgs
from components.queue import Queue, QueueArgs, Subscription
from components.topic import Topic, TopicArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/fulfilment-queue"
DEAD_LETTER = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/fulfilment-dead-letter"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/orders-topic"
DAY = 24 * 60 * 60

Subscribe = Callable[[Topic], Sequence[Subscription]]


def build(
    name: str = "fulfilment",
    *,
    topic_fifo: bool = True,
    subscribe: Subscribe = lambda topic: (),
    **options: Any,
) -> Run:
    def program() -> Queue:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        topic = Topic("orders", TopicArgs(key=key, fifo=topic_fifo))
        queue = Queue(name, QueueArgs(key=key, subscriptions=subscribe(topic), **options))
        for variable, value in queue.consume().environment.items():
            pulumi.export(variable, value)
        return queue

    return record(program)


def named(run: Run, name: str) -> Resource:
    return next(r for r in run.resources if r.name == name and "causeway:index:Queue$" in r.urn)


def children(run: Run) -> list[tuple[str, str]]:
    return sorted((r.type, r.name) for r in run.resources if "causeway:index:Queue$" in r.urn)


def statements(run: Run, name: str) -> list[dict[str, Any]]:
    return json.loads(named(run, name).inputs["policy"])["Statement"]


ALONE = [
    ("aws:sqs/queue:Queue", "fulfilment-dead-letter"),
    ("aws:sqs/queue:Queue", "fulfilment-queue"),
    ("aws:sqs/queuePolicy:QueuePolicy", "fulfilment-dead-letter-policy"),
    ("aws:sqs/queuePolicy:QueuePolicy", "fulfilment-policy"),
    ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "fulfilment-redrive-allow"),
]


def test_children_of_a_queue_that_no_topic_feeds() -> None:
    run = build()

    assert children(run) == ALONE
    for policy, arn in (
        ("fulfilment-policy", QUEUE),
        ("fulfilment-dead-letter-policy", DEAD_LETTER),
    ):
        assert statements(run, policy) == [
            {
                "Sid": "OverTlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]


def test_a_standard_queue() -> None:
    run = build(handler_timeout_seconds=40, max_receive_count=3, retention_days=2)

    queue = dict(named(run, "fulfilment-queue").inputs)
    assert queue.pop("kmsMasterKeyId") == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
    assert json.loads(queue.pop("redrivePolicy")) == {
        "deadLetterTargetArn": DEAD_LETTER,
        "maxReceiveCount": 3,
    }
    assert queue == {
        "visibilityTimeoutSeconds": 240,
        "messageRetentionSeconds": 2 * DAY,
        "receiveWaitTimeSeconds": 20,
    }


def test_its_dead_letter_queue_outlives_it_and_serves_it_alone() -> None:
    run = build()

    dead_letter = dict(named(run, "fulfilment-dead-letter").inputs)
    assert dead_letter.pop("kmsMasterKeyId").endswith("key/shop-key")
    assert dead_letter == {"messageRetentionSeconds": 14 * DAY}
    allow = named(run, "fulfilment-redrive-allow").inputs
    assert allow["queueUrl"].endswith("/fulfilment-dead-letter")
    assert json.loads(allow["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [QUEUE],
    }


def test_a_fifo_queue_and_its_dead_letter_queue_are_fifo_with_high_throughput() -> None:
    run = build(fifo=True)

    for name in ("fulfilment-queue", "fulfilment-dead-letter"):
        queue = named(run, name).inputs
        assert queue["fifoQueue"] is True
        assert queue["contentBasedDeduplication"] is False
        assert queue["deduplicationScope"] == "messageGroup"
        assert queue["fifoThroughputLimit"] == "perMessageGroupId"
        assert "name" not in queue  # the provider's own name ends in .fifo


def subscribe_by_event(topic: Topic) -> Sequence[Subscription]:
    return [Subscription(topic=topic, filter_policy={"event": ["order.placed"]})]


@pytest.mark.parametrize("fifo", [False, True])
def test_a_topic_of_its_own_kind_feeds_it(fifo: bool) -> None:
    run = build(fifo=fifo, topic_fifo=fifo, subscribe=subscribe_by_event)

    subscription_name = ("aws:sns/topicSubscription:TopicSubscription", "fulfilment-from-orders")
    assert children(run) == sorted([*ALONE, subscription_name])
    subscription = named(run, "fulfilment-from-orders")
    inputs = dict(subscription.inputs)
    assert json.loads(inputs.pop("filterPolicy")) == {"event": ["order.placed"]}
    assert json.loads(inputs.pop("redrivePolicy")) == {"deadLetterTargetArn": DEAD_LETTER}
    assert inputs == {
        "topic": TOPIC,
        "protocol": "sqs",
        "endpoint": QUEUE,
        "rawMessageDelivery": True,
    }
    for policy, arn in (
        ("fulfilment-policy", QUEUE),
        ("fulfilment-dead-letter-policy", DEAD_LETTER),
    ):
        assert statements(run, policy)[1] == delivery_to(arn)
        assert named(run, policy).urn in subscription.options.dependencies
    assert run.value.undelivered_name is None


def test_a_fifo_topic_leaves_what_a_standard_queue_does_not_take_in_a_fifo_queue() -> None:
    run = build(topic_fifo=True, subscribe=subscribe_by_event)

    undelivered = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/fulfilment-undelivered"
    assert children(run) == sorted(
        [
            *ALONE,
            ("aws:sns/topicSubscription:TopicSubscription", "fulfilment-from-orders"),
            ("aws:sqs/queue:Queue", "fulfilment-undelivered"),
            ("aws:sqs/queuePolicy:QueuePolicy", "fulfilment-undelivered-policy"),
        ]
    )
    queue = dict(named(run, "fulfilment-undelivered").inputs)
    assert queue.pop("kmsMasterKeyId").endswith("key/shop-key")
    assert queue == {
        "fifoQueue": True,
        "deduplicationScope": "messageGroup",
        "fifoThroughputLimit": "perMessageGroupId",
        "messageRetentionSeconds": 14 * DAY,
    }
    subscription = named(run, "fulfilment-from-orders")
    assert json.loads(subscription.inputs["redrivePolicy"]) == {"deadLetterTargetArn": undelivered}
    assert statements(run, "fulfilment-undelivered-policy")[1] == delivery_to(undelivered)
    assert statements(run, "fulfilment-policy")[1] == delivery_to(QUEUE)
    assert len(statements(run, "fulfilment-dead-letter-policy")) == 1  # SNS has no business there
    for policy in ("fulfilment-policy", "fulfilment-undelivered-policy"):
        assert named(run, policy).urn in subscription.options.dependencies


def delivery_to(arn: str) -> dict[str, Any]:
    return {
        "Sid": "TopicsDeliver",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": [TOPIC]}},
    }


def test_a_filter_may_look_at_the_body() -> None:
    run = build(
        subscribe=lambda topic: [
            Subscription(topic=topic, filter_policy={"b": [1], "a": [2]}, filter_policy_scope="MessageBody")
        ]
    )

    subscription = named(run, "fulfilment-from-orders").inputs
    assert subscription["filterPolicy"] == '{"a": [2], "b": [1]}'
    assert subscription["filterPolicyScope"] == "MessageBody"


def test_ids_may_be_unique_in_the_queue_as_a_whole() -> None:
    run = build(fifo=True, deduplication_scope="queue")

    for name in ("fulfilment-queue", "fulfilment-dead-letter"):
        queue = named(run, name).inputs
        assert (queue["deduplicationScope"], queue["fifoThroughputLimit"]) == ("queue", "perQueue")


def test_without_a_filter_a_subscription_takes_everything() -> None:
    run = build(subscribe=lambda topic: [Subscription(topic=topic, raw_delivery=False)])

    subscription = named(run, "fulfilment-from-orders").inputs
    assert "filterPolicy" not in subscription
    assert subscription["rawMessageDelivery"] is False


def test_a_consumer_cannot_send_and_a_sender_cannot_read() -> None:
    run = build()

    consume, send = run.value.consume(), run.value.send()
    assert run.outputs["FULFILMENT_QUEUE_URL"].endswith("/fulfilment-queue")
    assert [sorted(p.actions) for p in consume.permissions] == [
        ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        ["kms:Decrypt"],
    ]
    assert [sorted(p.actions) for p in send.permissions] == [
        ["sqs:SendMessage"],
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    for link in (consume, send):
        assert link.permissions[0].resources == [run.value.arn]
        assert set(link.environment) == {"FULFILMENT_QUEUE_URL"}
    assert consume.name != send.name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"handler_timeout_seconds": 0}, "queue: handler_timeout_seconds 0 is refused, use 1 to 7200"),
        ({"handler_timeout_seconds": 7201}, "queue: handler_timeout_seconds 7201 is refused, use 1 to 7200"),
        ({"max_receive_count": 0}, "queue: max_receive_count 0 is refused, use 1 to 1000"),
        ({"retention_days": 14}, "queue: retention_days 14 is refused, use 1 to 13"),
        ({"content_based_deduplication": True}, "queue: content_based_deduplication needs fifo=True"),
        ({"deduplication_scope": "queue"}, "queue: deduplication_scope 'queue' needs fifo=True"),
        ({"name": "q" * 51}, f"queue '{'q' * 51}': 51 characters, AWS takes 50 here"),
        (
            {"fifo": True, "topic_fifo": False, "subscribe": lambda topic: [Subscription(topic=topic)]},
            "queue: topic 'orders' is standard and AWS lets it feed no FIFO queue:"
            " give the topic fifo=True or the queue fifo=False",
        ),
        (
            {"subscribe": lambda topic: [Subscription(topic=topic), Subscription(topic=topic)]},
            "queue: topic 'orders' is subscribed twice; merge the filter policies",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
