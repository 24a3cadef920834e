"""Links: what one resource gives another, and what no link may carry."""

import dataclasses

import pulumi
import pytest

from components.link import Link, Permission, Port, SecretValue, variable
from operations.recording import record

ARN = "arn:aws:sqs:eu-west-1:111111111111:jobs"


def test_a_permission_becomes_a_statement_with_its_actions_in_order() -> None:
    permission = Permission(actions=["sqs:SendMessage", "sqs:GetQueueAttributes"], resources=[ARN])

    assert permission.statement() == {
        "Effect": "Allow",
        "Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"],
        "Resource": [ARN],
    }


@pytest.mark.parametrize("action", ["*", "sqs:*", "sqs:Send*", "SendMessage"])
def test_an_action_that_is_not_exact_is_refused(action: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"name exact actions") as refusal:
        Permission(actions=[action], resources=[ARN])
    assert action in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_resource_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"sqs:SendMessage: resource '\*' is refused, name the ARNs"):
        Permission(actions=["sqs:SendMessage"], resources=["*"])


@pytest.mark.parametrize(("json_key", "expected"), [(None, f"{ARN}"), ("password", f"{ARN}:password::")])
def test_a_secret_is_read_by_arn(json_key: str | None, expected: str) -> None:
    secret = SecretValue(arn=ARN, json_key=json_key)

    run = record(lambda: pulumi.export("value_from", secret.value_from()))

    assert run.outputs["value_from"] == expected


def test_variables_are_named_after_the_resource() -> None:
    assert variable("orders", "TOPIC_ARN") == "ORDERS_TOPIC_ARN"
    assert variable("late-orders", "QUEUE_URL") == "LATE_ORDERS_QUEUE_URL"


def test_a_link_is_a_value_that_carries_nothing_unless_told() -> None:
    link = Link(name="shop-database", ports=[Port(security_group_id="sg-1", port=5432)])

    assert (link.environment, link.secrets, tuple(link.permissions)) == ({}, {}, ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        link.name = "other"  # type: ignore[misc]
