"""The notifier: every way a message comes, what is said, and what is given again."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

import handler

ORDER = "0195d0c4-7a61-7c1e-9d57-0b1f4a5e6c7d"
TOPIC = "arn:aws:sns:eu-central-1:000000000000:notifications"


class Sns:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.refuses: set[str] = set()

    def publish(self, **message: Any) -> None:
        if any(word in message["Message"] for word in self.refuses):
            raise RuntimeError("throttled")
        self.published.append(message)


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Sns:
    client = Sns()
    monkeypatch.setattr(handler, "_sns", lambda: client)
    monkeypatch.setenv(handler.TOPIC, TOPIC)
    return client


def event(order: str = ORDER, *, type_: str = "order.placed", **data: Any) -> str:
    lines = [{"item_id": "a", "quantity": 2}, {"item_id": "b", "quantity": 1}]
    content = {"order_id": order, "customer_id": "c", "lines": lines, "total_cents": 12305, **data}
    return json.dumps({"id": f"event-{order}", "type": type_, "occurred_at": "2026-01-01", "data": content})


def queued(id_: str, body: str, group: str | None = "c", attributes: Mapping[str, Any] | None = None) -> Any:
    return {
        "messageId": id_,
        "body": body,
        "attributes": {"MessageGroupId": group} if group else {},
        "messageAttributes": attributes or {},
        "eventSource": "aws:sqs",
    }


def handle(*records: Mapping[str, Any]) -> list[str]:
    """The ids that are to be given again."""
    answer = handler.handle({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def envelope(body: str) -> dict[str, Any]:
    attributes = {"request_id": {"Type": "String", "Value": "r-1"}}
    return {
        "Type": "Notification", "MessageId": "m", "Message": body, "MessageAttributes": attributes,
    }  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        queued("1", event(), attributes={"request_id": {"stringValue": "r-1", "dataType": "String"}}),
        queued("1", json.dumps(envelope(event()))),
        {"EventSource": "aws:sns", "Sns": envelope(event())},
    ],
    ids=["queue, raw", "queue, envelope", "topic"],
)
def test_an_order_is_told_however_it_comes(
    sns: Sns, caplog: pytest.LogCaptureFixture, record: Mapping[str, Any]
) -> None:
    caplog.set_level(logging.INFO)

    assert handle(record) == []

    said = "Order 0195d0c4 placed: 3 items, 123.05 EUR"
    assert sns.published == [
        {
            "TopicArn": TOPIC,
            "Subject": "Order 0195d0c4 placed",
            "Message": said,
            "MessageAttributes": {
                "event_type": {"DataType": "String", "StringValue": "order.placed"},
                "request_id": {"DataType": "String", "StringValue": "r-1"},
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            },
        }
    ]
    line = caplog.records[-1]
    assert (line.message, line.event_type, line.request_id) == (said, "order.placed", "r-1")  # type: ignore[attr-defined]


def test_without_a_topic_it_is_only_logged(
    sns: Sns, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.delenv(handler.TOPIC)

    assert handle(queued("1", event(lines=[{"quantity": 1}], total_cents=5))) == []
    assert caplog.records[-1].message == "Order 0195d0c4 placed: 1 item, 0.05 EUR"
    assert sns.published == []


def test_other_events_are_nobodys_business(sns: Sns) -> None:
    assert handle(queued("1", event(type_="order.archived"))) == []
    assert sns.published == []


def test_after_a_failure_the_rest_of_its_group_waits_and_no_other(sns: Sns) -> None:
    sns.refuses = {"bad"}

    again = handle(
        queued("1", event("good-1"), "a"),
        queued("2", event("bad-2"), "a"),
        queued("3", event("good-3"), "a"),
        queued("4", event("good-4"), "b"),
    )
    assert again == ["2", "3"]
    assert [message["Message"].split()[1] for message in sns.published] == ["good-1", "good-4"]


def test_in_a_standard_queue_every_message_stands_alone(sns: Sns) -> None:
    sns.refuses = {"bad"}

    assert handle(queued("1", event("bad"), None), queued("2", event("good"), None)) == ["1"]
    assert len(sns.published) == 1


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"id": 1, "type": "order.placed", "data": {}}'])
def test_what_is_no_event_is_given_back_for_the_dead_letter_queue(sns: Sns, body: str) -> None:
    assert handle(queued("1", body), queued("2", event(), "other")) == ["1"]
    assert len(sns.published) == 1


def test_what_sns_brings_and_cannot_be_told_fails_the_call_so_that_lambda_repeats_it(sns: Sns) -> None:
    sns.refuses = {"Order"}

    with pytest.raises(RuntimeError, match="throttled"):
        handle({"EventSource": "aws:sns", "Sns": envelope(event())})
