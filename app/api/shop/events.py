"""Events: written to the outbox together with what they tell of, and read back from a queue."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from shop import logs
from shop.models import OutboxEvent

ORDER_PLACED = "order.placed"


class Line(BaseModel):
    item_id: UUID
    quantity: int = Field(ge=1)


class OrderPlaced(BaseModel):
    order_id: UUID
    customer_id: UUID
    lines: list[Line]
    total_cents: int


class Event(BaseModel):
    """What travels: the body of the SNS message."""

    id: UUID
    type: str
    occurred_at: datetime
    data: dict[str, Any]


class PoisonError(Exception):
    """A message that no retry will make readable."""


def record(session: AsyncSession, type_: str, group_id: UUID, data: BaseModel) -> None:
    """Add an event to the transaction. Its request id goes along, so that logs can be joined."""
    session.add(
        OutboxEvent(
            type=type_,
            group_id=str(group_id),
            data=data.model_dump(mode="json"),
            request_id=logs.request_id.get(),
            occurred_at=datetime.now(UTC),
        )
    )


def read(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> tuple[Event, str | None]:
    """The event of an SQS message, delivered raw or in SNS's envelope, and its request id."""
    try:
        content = json.loads(body)
        if isinstance(content, dict) and content.get("Type") == "Notification":
            attributes = content.get("MessageAttributes") or {}
            content = json.loads(content["Message"])
        attribute = attributes.get("request_id", {})
        return Event.model_validate(content), attribute.get("StringValue") or attribute.get("Value")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PoisonError(f"not an event: {error}") from error
