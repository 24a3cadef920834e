"""The key: rotated, hard to lose, open to named services of this account only."""

import json
from typing import Any

from components.key import Key, KeyArgs, statements
from operations.recording import ACCOUNT, REGION, record

ARGS = KeyArgs(account_id=ACCOUNT, region=REGION)


def test_a_key_is_one_rotated_key_and_an_alias() -> None:
    run = record(lambda: Key("shop", ARGS))

    assert [(resource.type, resource.name) for resource in run.resources] == [
        ("causeway:index:Key", "shop"),
        ("aws:kms/key:Key", "shop-key"),
        ("aws:kms/alias:Alias", "shop-alias"),
    ]
    key = run.of_type("aws:kms/key:Key")[0].inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert run.of_type("aws:kms/key:Key")[0].options.protect is True
    assert run.of_type("aws:kms/alias:Alias")[0].inputs["namePrefix"] == "alias/shop-"
    assert (run.value.account_id, run.value.region) == (ACCOUNT, REGION)


def test_the_policy_lets_services_through_for_this_account_only() -> None:
    run = record(lambda: Key("shop", ARGS))

    policy = json.loads(run.of_type("aws:kms/key:Key")[0].inputs["policy"])
    by_service: dict[str, dict[str, Any]] = {}
    for statement in policy["Statement"]:
        for service in statement["Principal"].get("Service", []):
            by_service[service] = statement
    assert set(by_service) == {
        f"logs.{REGION}.amazonaws.com",
        "sns.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.rds.amazonaws.com",
        "budgets.amazonaws.com",
        "costalerts.amazonaws.com",
        "events.amazonaws.com",
    }
    for service, statement in by_service.items():
        assert "kms:Decrypt" in statement["Action"], service
        if service != "events.amazonaws.com":
            assert ACCOUNT in json.dumps(statement["Condition"]), service
        assert "kms:*" not in statement["Action"], service


def test_without_these_two_actions_sns_loses_every_message_in_silence() -> None:
    sns = next(s for s in statements(ARGS) if s["Sid"] == "TopicsDeliverToQueues")

    assert sns["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_events_are_let_through_without_the_condition_that_would_lose_them() -> None:
    events = next(s for s in statements(ARGS) if s["Sid"] == "EventsReachQueuesAndTopics")

    assert events["Principal"] == {"Service": ["events.amazonaws.com"]}
    assert "Condition" not in events


def test_whoever_uses_the_key_uses_this_key() -> None:
    run = record(lambda: Key("shop", ARGS))

    permission = run.value.use()
    assert permission.actions == ("kms:Decrypt", "kms:GenerateDataKey")
    assert permission.resources == [run.value.arn]
    assert run.value.use("kms:Decrypt").actions == ("kms:Decrypt",)
