"""Publishes the outbox to the topic: at least once, in order within a group, by any number of relays."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from shop.database import Database, is_unavailable
from shop.events import Event
from shop.models import OutboxEvent
from shop.stopping import wait

log = logging.getLogger(__name__)

BATCH = 10
"""SNS takes ten messages a call. https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"""
IDLE_SECONDS = 0.25
KEPT = timedelta(days=7)


class SnsClient(Protocol):
    """The part of boto3's client that is used. boto3 is synchronous: it is called in threads."""

    def publish_batch(self, **parameters: Any) -> dict[str, Any]: ...


class Topic:
    def __init__(self, client: SnsClient, arn: str) -> None:
        self._client = client
        self._arn = arn
        self._is_fifo = arn.endswith(".fifo")

    async def publish(self, events: Sequence[OutboxEvent]) -> set[UUID]:
        """The ids of the events that SNS took."""
        entries = [self._entry(event) for event in events]
        answer = await asyncio.to_thread(
            self._client.publish_batch, TopicArn=self._arn, PublishBatchRequestEntries=entries
        )
        for failure in answer.get("Failed", []):
            log.error(
                "event not published", extra={"event_id": failure["Id"], "error": failure.get("Message")}
            )
        return {UUID(success["Id"]) for success in answer.get("Successful", [])}

    def _entry(self, event: OutboxEvent) -> dict[str, Any]:
        attributes = {"event_type": event.type, "request_id": event.request_id}
        content = Event(id=event.id, type=event.type, occurred_at=event.occurred_at, data=event.data)
        entry: dict[str, Any] = {
            "Id": str(event.id),
            "Message": content.model_dump_json(),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        }
        if self._is_fifo:
            # A relay that dies after publishing publishes again: SNS drops the second for five minutes,
            # the consumers' table of processed events for ever.
            entry |= {"MessageGroupId": event.group_id, "MessageDeduplicationId": str(event.id)}
        return entry


class Relay:
    """Publishes the outbox. Several may run: each takes rows that no other holds."""

    def __init__(self, database: Database, topic: Topic) -> None:
        self._database = database
        self._topic = topic

    async def run(self, stop: asyncio.Event) -> None:
        pause = IDLE_SECONDS
        while not stop.is_set():
            try:
                published = await self.publish_batch()
                pause = IDLE_SECONDS
            except Exception as error:
                # The rows wait. A traceback only for what waiting does not mend.
                pause = min(pause * 2, 5)
                expected = isinstance(error, (BotoCoreError, ClientError)) or is_unavailable(error)
                fields = {"error": f"{type(error).__name__}: {error}", "seconds": pause}
                log.warning("relay waits", extra=fields, exc_info=not expected)
                published = 0
            if not published:
                await wait(stop, pause)

    async def publish_batch(self) -> int:
        """Publish up to ten events, at most one of a group, so that each group keeps its order."""
        earlier = aliased(OutboxEvent)
        oldest_of_group = ~(
            select(earlier.id)
            .where(
                earlier.group_id == OutboxEvent.group_id,
                earlier.published_at.is_(None),
                earlier.sequence < OutboxEvent.sequence,
            )
            .exists()
        )
        async with self._database.transaction() as session:
            query = (
                select(OutboxEvent)
                .where(OutboxEvent.published_at.is_(None), oldest_of_group)
                .order_by(OutboxEvent.sequence)
                .limit(BATCH)
                .with_for_update(skip_locked=True)
            )
            events = (await session.scalars(query)).all()
            if not events:
                return 0
            published = await self._topic.publish(events)
            await session.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id.in_(published))
                .values(published_at=func.now())
                .execution_options(synchronize_session=False)
            )
        for event in events:
            if event.id in published:
                log.info(
                    "published",
                    extra={"event_id": event.id, "event_type": event.type, "request_id": event.request_id},
                )
        return len(published)

    async def forget_published(self) -> None:
        """Rows are kept a week, for questions."""
        async with self._database.transaction() as session:
            await session.execute(
                delete(OutboxEvent).where(OutboxEvent.published_at < datetime.now(UTC) - KEPT)
            )
