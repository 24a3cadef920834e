"""Says in words what an order event tells, to the log and, where there is one, to a topic of people.

Called by Lambda with messages of SNS, or of a queue that a FIFO topic fills. Both deliver at least once, so
that a person may, rarely, be told twice. It needs nothing but the boto3 of Lambda's runtime.
"""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from messages import Notice, notice_of

logging.basicConfig(level=logging.INFO)  # Lambda has set this up already; elsewhere it shows the log
log = logging.getLogger("notifier")

TOPIC = "NOTIFICATIONS_TOPIC_ARN"


@dataclass(frozen=True)
class Message:
    """One message, however it came."""

    id: str
    body: str
    request_id: str | None
    group: str | None
    """Messages of a group are handled in their order; None: on its own."""


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Tell of each message; a queue is answered which ones it must give again.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    records = event.get("Records", [])
    failures: list[dict[str, str]] = []
    failed_groups: set[str] = set()
    for message in map(_message, records):
        if message.group in failed_groups:  # what comes after a failure waits for it
            failures.append({"itemIdentifier": message.id})
            continue
        try:
            tell(message)
        except Exception:
            if not _is_of_queue(records):
                raise  # SNS's one message: Lambda tries again, then gives it to the dead-letter queue
            log.exception("not told", extra={"message_id": message.id, "request_id": message.request_id})
            failures.append({"itemIdentifier": message.id})
            if message.group is not None:
                failed_groups.add(message.group)
    return {"batchItemFailures": failures}


def tell(message: Message) -> None:
    """Log what a message says, and publish it; raises what keeps it from being told."""
    notice = notice_of(json.loads(message.body))
    fields = {"event_id": notice.event_id, "event_type": notice.event_type, "request_id": message.request_id}
    if notice.text is None:
        log.info("nothing to tell", extra=fields)
        return
    topic = os.environ.get(TOPIC)
    if topic:
        _sns().publish(
            TopicArn=topic,
            Subject=notice.subject,
            Message=notice.text,
            MessageAttributes=_attributes(notice, message.request_id),
        )
    log.info(notice.text, extra=fields)


def _attributes(notice: Notice, request_id: str | None) -> dict[str, dict[str, str]]:
    """What filter policies look at, and what an SMS is: told even where advertising is silenced."""
    values = {
        "event_type": notice.event_type,
        "request_id": request_id,
        "AWS.SNS.SMS.SMSType": "Transactional",
    }
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def _is_of_queue(records: Iterable[Mapping[str, Any]]) -> bool:
    return any(record.get("eventSource") == "aws:sqs" for record in records)


def _message(record: Mapping[str, Any]) -> Message:
    """The message of a record: of SNS, of a queue as it was published, or of a queue in SNS's envelope."""
    sns = record.get("Sns")
    if sns is not None:
        return Message(sns["MessageId"], sns["Message"], _request_id(sns["MessageAttributes"]), None)
    body, attributes = record["body"], record.get("messageAttributes") or {}
    envelope = _envelope(body)
    if envelope is not None:
        body, attributes = envelope["Message"], envelope.get("MessageAttributes") or {}
    group = (record.get("attributes") or {}).get("MessageGroupId")
    return Message(record["messageId"], body, _request_id(attributes), group)


def _envelope(body: str) -> Mapping[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if isinstance(content, dict) and content.get("Type") == "Notification" and "Message" in content:
        return content
    return None


def _request_id(attributes: Mapping[str, Mapping[str, Any]]) -> str | None:
    attribute = attributes.get("request_id") or {}
    return attribute.get("stringValue") or attribute.get("Value")


@cache
def _sns() -> Any:
    import boto3  # noqa: PLC0415 a quarter of a second, where there is nobody to tell

    return boto3.client("sns")
