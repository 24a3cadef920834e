"""Topics: encrypted, TLS only, for this account; FIFO and standard as AWS has them."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.key import Key, KeyArgs
from components.subscriber import Email, Https, Sms, Subscriber, subscriber_name
from components.topic import Topic, TopicArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/orders-topic"
ROLE = "orders-feedback"


def build(name: str = "orders", **options: Any) -> Run:
    def program() -> Topic:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        topic = Topic(name, TopicArgs(key=key, **options))
        for variable, value in topic.publish().environment.items():
            pulumi.export(variable, value)
        return topic

    return record(program)


def topic_of(run: Run) -> dict[str, Any]:
    return dict(run.of_type("aws:sns/topic:Topic")[0].inputs)


def test_children() -> None:
    run = build()

    children = sorted((r.type, r.name) for r in run.resources if "causeway:index:Topic$" in r.urn)
    assert children == [
        ("aws:cloudwatch/logGroup:LogGroup", "orders-failures"),
        ("aws:iam/role:Role", "orders-feedback"),
        ("aws:iam/rolePolicy:RolePolicy", "orders-feedback"),
        ("aws:sns/topic:Topic", "orders-topic"),
        ("aws:sns/topicPolicy:TopicPolicy", "orders-policy"),
    ]


def test_a_standard_topic() -> None:
    topic = topic_of(build())

    assert topic.pop("kmsMasterKeyId") == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
    assert topic.pop("signatureVersion") == 2
    feedback = [topic.pop(f"{protocol}FailureFeedbackRoleArn") for protocol in ("sqs", "lambda", "http")]
    assert all(arn.endswith(ROLE) for arn in feedback)
    assert topic == {"fifoTopic": False}


def test_a_fifo_topic_has_high_throughput_and_only_what_fifo_topics_take() -> None:
    topic = topic_of(build(fifo=True))

    assert topic.pop("kmsMasterKeyId").endswith("key/shop-key")
    assert topic.pop("sqsFailureFeedbackRoleArn").endswith(ROLE)
    assert topic == {
        "fifoTopic": True,
        "fifoThroughputScope": "MessageGroup",
        "contentBasedDeduplication": False,
    }


def test_the_policy_is_this_account_over_tls() -> None:
    policy = build().of_type("aws:sns/topicPolicy:TopicPolicy")[0].inputs

    assert policy["arn"] == ARN
    allow, deny = json.loads(policy["policy"])["Statement"]
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    assert (allow["Action"], allow["Resource"]) == ("sns:Publish", ARN)
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", "sns:Publish")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_failures_are_logged_where_sns_writes_them_encrypted_and_for_a_time() -> None:
    run = build(log_retention_days=30)

    logs = run.of_type("aws:cloudwatch/logGroup:LogGroup")[0].inputs
    assert logs["name"] == f"sns/{REGION}/{ACCOUNT}/orders-topic/Failure"
    assert logs["retentionInDays"] == 30
    assert logs["kmsKeyId"].endswith("key/shop-key")
    trust = json.loads(run.of_type("aws:iam/role:Role")[0].inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "sns.amazonaws.com"}
    policy = json.loads(run.of_type("aws:iam/rolePolicy:RolePolicy")[0].inputs["policy"])
    for resource in policy["Statement"][0]["Resource"]:
        assert f"sns/{REGION}/{ACCOUNT}/orders-topic/Failure" in resource


def test_the_link_lets_publish_here_and_nothing_else() -> None:
    run = build()

    link = run.value.publish()
    assert run.outputs["ORDERS_TOPIC_ARN"] == ARN
    assert set(link.environment) == {"ORDERS_TOPIC_ARN"}
    assert [sorted(p.actions) for p in link.permissions] == [
        ["sns:Publish"],
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    assert link.permissions[0].resources == [run.value.arn]
    assert (dict(link.secrets), tuple(link.ports)) == ({}, ())


def test_ids_may_be_unique_in_the_topic_as_a_whole() -> None:
    assert topic_of(build(fifo=True, fifo_throughput_scope="Topic"))["fifoThroughputScope"] == "Topic"


def subscription_of(subscriber: Subscriber) -> dict[str, Any]:
    run = build("notices", subscribers=[subscriber])
    children = sorted((r.type, r.name) for r in run.resources if "causeway:index:Topic$" in r.urn)
    assert children == sorted(
        [
            ("aws:cloudwatch/logGroup:LogGroup", "notices-failures"),
            ("aws:iam/role:Role", "notices-feedback"),
            ("aws:iam/rolePolicy:RolePolicy", "notices-feedback"),
            ("aws:sns/topic:Topic", "notices-topic"),
            ("aws:sns/topicPolicy:TopicPolicy", "notices-policy"),
            ("aws:sqs/queue:Queue", "notices-dead-letter"),
            ("aws:sqs/queuePolicy:QueuePolicy", "notices-dead-letter-policy"),
            ("aws:sns/topicSubscription:TopicSubscription", subscriber_name("notices", subscriber)),
        ]
    )
    resource = run.of_type("aws:sns/topicSubscription:TopicSubscription")[0]
    assert run.of_type("aws:sqs/queuePolicy:QueuePolicy")[0].urn in resource.options.dependencies
    inputs = dict(resource.inputs)
    assert inputs.pop("topic") == f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/notices-topic"
    dead_letter = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/notices-dead-letter"
    assert json.loads(inputs.pop("redrivePolicy")) == {"deadLetterTargetArn": dead_letter}
    return inputs


@pytest.mark.parametrize(
    ("subscriber", "inputs"),
    [
        (Email("ops@example.com"), {"protocol": "email", "endpoint": "ops@example.com"}),
        (
            Email("ops@example.com", protocol="email-json", filter_policy={"event_type": ["order.placed"]}),
            {
                "protocol": "email-json",
                "endpoint": "ops@example.com",
                "filterPolicy": '{"event_type": ["order.placed"]}',
            },
        ),
        (Sms("+491701234567"), {"protocol": "sms", "endpoint": "+491701234567"}),
        (
            Https("https://example.com/hook", raw_delivery=True, confirms_itself=True),
            {
                "protocol": "https",
                "endpoint": "https://example.com/hook",
                "rawMessageDelivery": True,
                "endpointAutoConfirms": True,
            },
        ),
    ],
)
def test_a_subscriber(subscriber: Subscriber, inputs: dict[str, Any]) -> None:
    assert subscription_of(subscriber) == inputs


def test_what_subscribers_could_not_be_sent_is_kept_encrypted() -> None:
    run = build(subscribers=[Https("https://example.com/hook")])

    queue = dict(run.of_type("aws:sqs/queue:Queue")[0].inputs)
    assert queue.pop("kmsMasterKeyId").endswith("key/shop-key")
    assert queue == {"messageRetentionSeconds": 14 * 24 * 60 * 60}
    deny, allow = json.loads(run.of_type("aws:sqs/queuePolicy:QueuePolicy")[0].inputs["policy"])["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": [ARN]}}


def test_one_more_subscriber_leaves_the_others_as_they_are() -> None:
    def names(*subscribers: Subscriber) -> set[str]:
        run = build(subscribers=subscribers)
        return {r.name for r in run.of_type("aws:sns/topicSubscription:TopicSubscription")}

    first, second = Email("a@example.com"), Email("b@example.com")
    assert len(names(second, first)) == 2
    assert names(first) < names(second, first)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Email("nobody"), "topic: 'nobody' is no e-mail address; use one such as ops@example.com"),
        (
            lambda: Email("a@example.com", protocol="mail"),
            "topic: protocol 'mail' is refused, use email or email-json",
        ),
        (
            lambda: Sms("0170 123"),
            "topic: '0170 123' is no telephone number; use + and 7 to 15 digits: +491701234567",
        ),
        (
            lambda: Https("http://example.com/"),
            "topic: 'http://example.com/' is no HTTPS URL; messages travel encrypted only",
        ),
        (
            lambda: Https("https://me:secret@example.com/"),
            "topic: the URL of example.com holds credentials, which the stack's state would show; "
            "take them out and check SNS's signature there",
        ),
    ],
)
def test_an_address_that_nothing_reaches_is_refused(make: Callable[[], Subscriber], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        make()
    assert str(refusal.value) == message


def test_people_cannot_subscribe_twice_nor_a_fifo_topic() -> None:
    ops = Email("ops@example.com")
    with pytest.raises(pulumi.RunError, match=r"^topic: 'ops@example.com' cannot subscribe a FIFO topic, "):
        build(fifo=True, subscribers=[ops])
    with pytest.raises(pulumi.RunError, match=r"^topic: 'ops@example.com' is subscribed twice; merge the "):
        build(subscribers=[ops, Email("ops@example.com", {"a": ["b"]})])


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"^topic: fifo_throughput_scope 'Topic' needs fifo=True$"):
        build(fifo_throughput_scope="Topic")
    with pytest.raises(pulumi.RunError, match=r"^topic: content_based_deduplication needs fifo=True$"):
        build(content_based_deduplication=True)
    with pytest.raises(pulumi.RunError, match=r"^topic 'a{101}': 101 characters, AWS takes 100 here$"):
        build("a" * 101)
