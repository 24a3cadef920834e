"""From an order to its end, through SNS and SQS: exactly once, in order, and the poison set aside."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from shop import events, worker
from shop.consumer import Consumer
from shop.events import Event, PoisonError
from shop.fulfilment import Fulfilment
from shop.models import OutboxEvent
from shop.state import State

Add = Callable[..., Awaitable[dict[str, Any]]]
Place = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def working(environment: dict[str, str], emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A worker, in this process, on a channel."""
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shop.consumer.POLL_SECONDS", 1)  # a stop waits for the poll

    @contextlib.asynccontextmanager
    async def work(channel: Any) -> AsyncIterator[None]:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(channel.worker_settings(environment), stop))
        yield
        stop.set()
        await running

    return work


@pytest.fixture
def settled(client: httpx.AsyncClient, eventually: Any) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def wait(person: Any, order: httpx.Response) -> dict[str, Any]:
        async def ask() -> dict[str, Any] | None:
            shown = await client.get(f"/api/orders/{order.json()['id']}", headers=person.headers)
            return None if shown.json()["status"] == "placed" else shown.json()

        return await eventually(ask)

    return wait


async def stock(client: httpx.AsyncClient, item: dict[str, Any]) -> int:
    return (await client.get(f"/api/items/{item['id']}")).json()["stock"]


@pytest.mark.parametrize(("fifo", "raw"), [(True, True), (True, False), (False, True), (False, False)])
async def test_an_order_is_fulfilled(
    fifo: bool,
    raw: bool,
    client: httpx.AsyncClient,
    new_channel: Any,
    working: Any,
    ada: Any,
    add_item: Add,
    place: Place,
    settled: Any,
    eventually: Any,
) -> None:
    channel = new_channel(fifo=fifo, raw=raw)
    item = await add_item(stock=10)
    assert await stock(client, item) == 10  # cached
    async with working(channel):
        order = await settled(ada, await place(ada, (item, 3)))

        async def nothing_is_left() -> bool:
            return channel.count(channel.queue_url) == 0

        await eventually(nothing_is_left)
    assert (order["status"], order["reason"]) == ("fulfilled", None)
    assert await stock(client, item) == 7
    assert channel.count(channel.dead_letter_url) == 0


async def test_an_order_beyond_the_stock_is_rejected_and_takes_nothing(
    client: httpx.AsyncClient, channel: Any, working: Any, ada: Any, add_item: Add, place: Place, settled: Any
) -> None:
    plenty, few = await add_item(stock=10), await add_item(stock=2, name="Tide clock")
    async with working(channel):
        order = await settled(ada, await place(ada, (plenty, 1), (few, 3)))
        assert (order["status"], order["reason"]) == ("rejected", "Not enough in stock: Tide clock.")
        again = await settled(ada, await place(ada, (few, 2)))
    assert again["status"] == "fulfilled"
    assert (await stock(client, plenty), await stock(client, few)) == (10, 0)


async def test_the_last_piece_is_sold_once(
    client: httpx.AsyncClient,
    channel: Any,
    working: Any,
    sign_up: Any,
    add_item: Add,
    place: Place,
    settled: Any,
) -> None:
    item, other = await add_item(stock=3), await add_item(stock=100)
    people = [await sign_up() for _ in range(6)]
    # In both orders of the lines, which would deadlock if the rows were locked as they come.
    lines = [(item, 1), (other, 1)]
    orders = [await place(person, *lines[:: 1 if n % 2 else -1]) for n, person in enumerate(people)]
    async with working(channel), working(channel):
        ends = [await settled(person, order) for person, order in zip(people, orders, strict=True)]
    assert sorted(end["status"] for end in ends) == ["fulfilled"] * 3 + ["rejected"] * 3
    assert (await stock(client, item), await stock(client, other)) == (0, 97)


async def event_of(state: State, order: httpx.Response) -> Event:
    async with state.database.transaction() as session:
        query = select(OutboxEvent).where(OutboxEvent.data["order_id"].astext == order.json()["id"])
        row = (await session.scalars(query)).one()
    return Event(id=row.id, type=row.type, occurred_at=row.occurred_at, data=row.data)


async def test_an_event_delivered_many_times_has_one_effect(
    client: httpx.AsyncClient, state: State, ada: Any, add_item: Add, place: Place
) -> None:
    item = await add_item(stock=10)
    event = await event_of(state, await place(ada, (item, 3)))
    fulfilment = Fulfilment(state.database, state.cache)
    await asyncio.gather(*(fulfilment(event) for _ in range(8)))
    await fulfilment(event.model_copy(update={"id": uuid4()}))  # told again, as another event
    assert await stock(client, item) == 7


async def test_other_events_of_the_topic_are_none_of_its_business(state: State) -> None:
    event = Event.model_validate(
        {"id": uuid4(), "type": "order.gift-wrapped", "occurred_at": "2030-01-01T00:00:00Z", "data": {}}
    )
    await Fulfilment(state.database, state.cache)(event)


@pytest.mark.parametrize("data", [{}, {"order_id": "x"}, {"order_id": str(uuid4())}])
async def test_an_event_that_cannot_be_is_poison(state: State, data: dict[str, Any]) -> None:
    whole = {"customer_id": str(uuid4()), "lines": [], "total_cents": 1} | data
    event = Event.model_validate(
        {"id": uuid4(), "type": "order.placed", "occurred_at": "2030-01-01T00:00:00Z", "data": whole}
    )
    with pytest.raises(PoisonError):
        await Fulfilment(state.database, state.cache)(event)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "1",
        '"x"',
        "{}",
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": "{}"}',
    ],
)
def test_what_is_no_event_is_poison(body: str) -> None:
    with pytest.raises(PoisonError):
        events.read(body, {})


async def test_poison_goes_to_the_dead_letters_and_holds_up_nobody_else(
    client: httpx.AsyncClient,
    channel: Any,
    working: Any,
    ada: Any,
    add_item: Add,
    place: Place,
    settled: Any,
    eventually: Any,
) -> None:
    for n in range(5):
        channel.sqs.send_message(
            QueueUrl=channel.queue_url,
            MessageBody=json.dumps({"poison": n}),
            MessageGroupId=f"group-{n}",
            MessageDeduplicationId=uuid4().hex,
        )
    async with working(channel):
        order = await settled(ada, await place(ada, (await add_item(), 1)))
        assert order["status"] == "fulfilled"

        async def all_dead() -> bool:
            return channel.count(channel.dead_letter_url) == 5

        await eventually(all_dead)
    assert channel.count(channel.queue_url) == 0


class Sqs:
    """Records what is done to messages; the emulator's clock cannot be looked at."""

    def __init__(self, *bodies: Event) -> None:
        self.messages = [
            {
                "MessageId": str(n),
                "ReceiptHandle": f"receipt-{n}",
                "Body": body.model_dump_json(),
                "Attributes": {"MessageGroupId": "ada", "ApproximateReceiveCount": "2"},
            }
            for n, body in enumerate(bodies)
        ]
        self.deleted: list[str] = []
        self.visibility: list[tuple[str, int]] = []

    def receive_message(self, **parameters: Any) -> dict[str, Any]:
        assert parameters["VisibilityTimeout"] == 3
        received, self.messages = self.messages, []
        return {"Messages": received}

    def delete_message(self, **parameters: Any) -> None:
        self.deleted.append(parameters["ReceiptHandle"])

    def change_message_visibility(self, **parameters: Any) -> None:
        self.visibility.append((parameters["ReceiptHandle"], parameters["VisibilityTimeout"]))


def some_events(count: int) -> list[Event]:
    return [
        Event.model_validate(
            {"id": uuid4(), "type": "x", "occurred_at": "2030-01-01T00:00:00Z", "data": {"n": n}}
        )
        for n in range(count)
    ]


async def test_messages_stay_hidden_while_they_are_worked_on(eventually: Any) -> None:
    sqs, stop, done = Sqs(*some_events(2)), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        await done.wait()

    running = asyncio.create_task(Consumer(sqs, "queue", handle, 3).run(stop))

    async def both_extended() -> bool:
        return {("receipt-0", 3), ("receipt-1", 3)} <= set(sqs.visibility)

    await eventually(both_extended)
    assert sqs.deleted == []
    done.set()

    async def both_deleted() -> bool:
        return sqs.deleted == ["receipt-0", "receipt-1"]

    await eventually(both_deleted)
    stop.set()
    await running


async def test_after_a_failure_the_rest_of_the_group_waits_its_turn(eventually: Any) -> None:
    sqs, stop = Sqs(*some_events(3)), asyncio.Event()

    async def handle(event: Event) -> None:
        if event.data["n"] == 1:
            raise RuntimeError("a defect")

    running = asyncio.create_task(Consumer(sqs, "queue", handle, 3).run(stop))

    async def both_released() -> bool:
        return len(sqs.visibility) == 2

    await eventually(both_released)
    stop.set()
    await running
    assert sqs.deleted == ["receipt-0"]
    assert sqs.visibility == [("receipt-1", 1), ("receipt-2", 1)]


async def test_at_a_stop_the_message_in_hand_is_finished_and_the_rest_released() -> None:
    sqs, stop, started, done = Sqs(*some_events(2)), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(event: Event) -> None:
        started.set()
        await done.wait()

    running = asyncio.create_task(Consumer(sqs, "queue", handle, 3).run(stop))
    await started.wait()
    stop.set()
    done.set()
    await running
    assert sqs.deleted == ["receipt-0"]
    assert [receipt for receipt, _ in sqs.visibility] == ["receipt-1"]


async def test_an_outage_of_the_database_is_waited_for_not_counted_against_the_message(
    eventually: Any,
) -> None:
    sqs, stop, attempts = Sqs(*some_events(1)), asyncio.Event(), 0

    async def handle(event: Event) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise ConnectionRefusedError("away")

    running = asyncio.create_task(Consumer(sqs, "queue", handle, 3).run(stop))

    async def deleted() -> bool:
        return bool(sqs.deleted)

    await eventually(deleted)
    stop.set()
    await running
    assert (attempts, sqs.visibility) == (3, [])


async def test_the_process_works_logs_and_leaves_at_sigterm(
    environment: dict[str, str],
    emulator: Any,
    channel: Any,
    run_module: Any,
    client: httpx.AsyncClient,
    ada: Any,
    add_item: Add,
    settled: Any,
) -> None:
    body = {"lines": [{"item_id": (await add_item())["id"], "quantity": 1}]}
    headers = ada.headers | {"Idempotency-Key": uuid4().hex, "X-Request-Id": "followed-everywhere"}
    order = await client.post("/api/orders", json=body, headers=headers)
    process = run_module(
        "shop.worker",
        environment
        | emulator.environment()
        | {"ORDERS_TOPIC_ARN": channel.topic_arn, "FULFILMENT_QUEUE_URL": channel.queue_url},
    ).process
    assert (await settled(ada, order))["status"] == "fulfilled"
    process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.to_thread(process.communicate, timeout=20)
    assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert lines[-1]["message"] == "worker stopped"
    messages = {line["message"] for line in lines if line.get("request_id") == "followed-everywhere"}
    assert {"published", "order settled"} <= messages
