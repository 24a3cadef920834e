"""The outbox and its relay: every event is published, in its group's order, by however many relays."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from shop import events, logs
from shop.database import Database
from shop.migrate import upgrade
from shop.models import OutboxEvent
from shop.relay import Relay, Topic
from shop.settings import Settings


class Sns:
    """Records what is published, as boto3's client would take it; the emulator cannot fail on request."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self.error: Exception | None = None

    def publish_batch(self, **parameters: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        batch = parameters["PublishBatchRequestEntries"]
        assert 1 <= len(batch) <= 10
        taken = [entry for entry in batch if entry["Id"] not in self.refused]
        self.entries += taken
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [{"Id": entry["Id"], "Message": "refused"} for entry in batch if entry not in taken],
        }


FIFO = "arn:aws:sns:eu-central-1:123456789012:orders.fifo"


@pytest.fixture
async def database(empty_environment: dict[str, str]) -> AsyncIterator[Database]:
    settings = Settings.model_validate({name.lower(): value for name, value in empty_environment.items()})
    await upgrade(settings)
    database = Database(settings, "test")
    yield database
    await database.close()


async def record(database: Database, group: UUID) -> events.OrderPlaced:
    placed = events.OrderPlaced(order_id=uuid4(), customer_id=group, lines=[], total_cents=0)
    async with database.transaction() as session:
        events.record(session, events.ORDER_PLACED, group, placed)
    return placed


async def unpublished(database: Database) -> int:
    async with database.transaction() as session:
        query = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.published_at.is_(None))
        return await session.scalar(query) or 0


async def test_an_event_is_published_once_with_what_fifo_needs(database: Database) -> None:
    sns, group = Sns(), uuid4()
    token = logs.request_id.set("the-request")
    placed = await record(database, group)
    logs.request_id.reset(token)
    relay = Relay(database, Topic(sns, FIFO))
    assert [await relay.publish_batch() for _ in range(2)] == [1, 0]
    [entry] = sns.entries
    assert entry["MessageGroupId"] == str(group)
    message = json.loads(entry["Message"])
    assert entry["MessageDeduplicationId"] == message["id"] == entry["Id"]
    assert message["type"] == "order.placed"
    assert message["data"] == placed.model_dump(mode="json")
    assert {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()} == {
        "event_type": "order.placed",
        "request_id": "the-request",
    }


async def test_a_standard_topic_is_not_given_groups(database: Database) -> None:
    sns = Sns()
    await record(database, uuid4())
    await Relay(database, Topic(sns, FIFO.removesuffix(".fifo"))).publish_batch()
    assert not {"MessageGroupId", "MessageDeduplicationId"} & set(sns.entries[0])


async def test_several_relays_publish_each_event_once_and_each_group_in_order(database: Database) -> None:
    sns, groups = Sns(), [uuid4() for _ in range(7)]
    expected: dict[str, list[str]] = defaultdict(list)
    for n in range(60):
        group = groups[n % 7]
        expected[str(group)].append(str((await record(database, group)).order_id))
    stop = asyncio.Event()
    relays = [asyncio.create_task(Relay(database, Topic(sns, FIFO)).run(stop)) for _ in range(4)]
    while await unpublished(database):
        await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*relays)
    published: dict[str, list[str]] = defaultdict(list)
    for entry in sns.entries:
        published[entry["MessageGroupId"]].append(json.loads(entry["Message"])["data"]["order_id"])
    assert published == expected


async def test_what_sns_refuses_waits_and_holds_up_its_group_only(database: Database) -> None:
    sns, group = Sns(), uuid4()
    first, second, other = [await record(database, group) for group in (group, group, uuid4())]
    async with database.transaction() as session:
        query = select(OutboxEvent.id).where(OutboxEvent.data["order_id"].astext == str(first.order_id))
        sns.refused = {str(await session.scalar(query))}
    relay = Relay(database, Topic(sns, FIFO))
    assert [await relay.publish_batch() for _ in range(2)] == [1, 0]
    sns.refused = set()
    assert [await relay.publish_batch() for _ in range(3)] == [1, 1, 0]
    order = [json.loads(entry["Message"])["data"]["order_id"] for entry in sns.entries]
    assert order == [str(placed.order_id) for placed in (other, first, second)]


async def test_a_relay_that_dies_before_its_commit_publishes_again_under_the_same_id(
    database: Database,
) -> None:
    sns = Sns()
    await record(database, uuid4())

    class Dying(Topic):
        async def publish(self, events: Any) -> set[UUID]:
            await super().publish(events)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Relay(database, Dying(sns, FIFO)).publish_batch()
    assert await Relay(database, Topic(sns, FIFO)).publish_batch() == 1
    assert len(sns.entries) == 2
    assert sns.entries[0] == sns.entries[1]


async def test_the_relay_outlives_an_outage_of_sns(database: Database) -> None:
    sns, stop = Sns(), asyncio.Event()
    sns.error = ConnectionError("away")
    await record(database, uuid4())
    running = asyncio.create_task(Relay(database, Topic(sns, FIFO)).run(stop))
    await asyncio.sleep(0.3)
    assert not running.done()
    assert await unpublished(database) == 1
    sns.error = None
    while await unpublished(database):
        await asyncio.sleep(0.02)
    stop.set()
    await running
    assert len(sns.entries) == 1


async def test_what_is_rolled_back_was_never_said(database: Database) -> None:
    placed = events.OrderPlaced(order_id=uuid4(), customer_id=uuid4(), lines=[], total_cents=0)

    async def fail() -> None:
        async with database.transaction() as session:
            events.record(session, events.ORDER_PLACED, uuid4(), placed)
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await unpublished(database) == 0


async def test_published_rows_are_kept_a_week(database: Database) -> None:
    sns = Sns()
    for _ in range(2):
        await record(database, uuid4())
    relay = Relay(database, Topic(sns, FIFO))
    await relay.publish_batch()
    await record(database, uuid4())
    async with database.transaction() as session:
        old = await session.get(OutboxEvent, UUID(sns.entries[0]["Id"]))
        assert old is not None
        assert old.published_at is not None
        old.published_at = old.published_at.replace(year=2020)
    await relay.forget_published()
    async with database.transaction() as session:
        left = set(await session.scalars(select(OutboxEvent.id)))
    assert old.id not in left
    assert len(left) == 2
