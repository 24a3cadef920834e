"""Topics: encrypted, TLS only, for this account; FIFO and standard as AWS has them."""

import json
from typing import Any

import pulumi
import pytest

from components.key import Key, KeyArgs
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


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"^topic: content_based_deduplication needs fifo=True$"):
        build(content_based_deduplication=True)
    with pytest.raises(pulumi.RunError, match=r"^topic 'a{101}': 101 characters, AWS takes 100 here$"):
        build("a" * 101)
