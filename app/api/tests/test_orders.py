"""Orders: placed once per key, with the event that tells of it, and nobody else's to read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select

from shop.models import Order, OutboxEvent
from shop.state import State

Add = Callable[..., Awaitable[dict[str, Any]]]
Place = Callable[..., Awaitable[httpx.Response]]


async def events_of(state: State, order_id: str) -> list[OutboxEvent]:
    async with state.database.transaction() as session:
        query = select(OutboxEvent).where(OutboxEvent.data["order_id"].astext == order_id)
        return list(await session.scalars(query))


async def test_an_order_is_placed_with_its_event(
    client: httpx.AsyncClient, state: State, ada: Any, add_item: Add
) -> None:
    mug, rug = await add_item(price_cents=1600), await add_item(price_cents=250, name="Rug")
    lines = [
        {"item_id": mug["id"], "quantity": 1},
        {"item_id": rug["id"], "quantity": 2},
        {"item_id": mug["id"], "quantity": 1},
    ]
    headers = ada.headers | {"Idempotency-Key": uuid4().hex, "X-Request-Id": "the-request.1"}
    answer = await client.post("/api/orders", json={"lines": lines}, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["x-request-id"] == "the-request.1"
    order = answer.json()
    assert set(order) == {"id", "status", "reason", "lines", "total_cents", "placed_at"}
    assert (order["status"], order["total_cents"]) == ("placed", 2 * 1600 + 2 * 250)
    assert order["lines"] == [
        {"item_id": mug["id"], "name": mug["name"], "quantity": 2, "unit_price_cents": 1600},
        {"item_id": rug["id"], "name": "Rug", "quantity": 2, "unit_price_cents": 250},
    ]
    [event] = await events_of(state, order["id"])
    assert (event.type, event.group_id, event.request_id) == ("order.placed", ada.id, "the-request.1")
    assert event.published_at is None
    assert event.data == {
        "order_id": order["id"],
        "customer_id": ada.id,
        "total_cents": 3700,
        "lines": [{"item_id": mug["id"], "quantity": 2}, {"item_id": rug["id"], "quantity": 2}],
    }


async def test_a_retry_is_answered_with_the_same_order(
    state: State, ada: Any, add_item: Add, place: Place
) -> None:
    item, key = await add_item(), uuid4().hex
    first = await place(ada, (item, 2), key=key)
    again = await place(ada, (item, 1), (item, 1), key=key)
    assert again.status_code == 201
    assert again.json() == first.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await events_of(state, first.json()["id"])) == 1


async def test_a_key_is_of_one_order_of_one_user(ada: Any, sign_up: Any, add_item: Add, place: Place) -> None:
    item, key = await add_item(), uuid4().hex
    first = await place(ada, (item, 2), key=key)
    other = await place(ada, (item, 3), key=key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:shop:problem:idempotency-key-reused"
    bob = await sign_up()
    assert (await place(bob, (item, 3), key=key)).json()["id"] != first.json()["id"]


async def test_of_many_retries_at_once_one_places(
    state: State, ada: Any, add_item: Add, place: Place
) -> None:
    item, key = await add_item(), uuid4().hex
    answers = await asyncio.gather(*(place(ada, (item, 1), key=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    [order_id] = {answer.json()["id"] for answer in answers}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(await events_of(state, order_id)) == 1


async def test_nothing_is_left_of_an_order_of_unknown_items(
    client: httpx.AsyncClient, state: State, ada: Any, admin: Any, add_item: Add, place: Place
) -> None:
    known, withdrawn = await add_item(), await add_item()
    await client.delete(f"/api/items/{withdrawn['id']}", headers=admin.headers)
    unknown = {"id": str(uuid4())}
    answer = await place(ada, (known, 1), (unknown, 1), (withdrawn, 1))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:shop:problem:unknown-item"
    assert set(answer.json()["items"]) == {unknown["id"], withdrawn["id"]}
    async with state.database.transaction() as session:
        query = select(func.count()).select_from(Order).where(Order.user_id == UUID(ada.id))
        assert await session.scalar(query) == 0


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"lines": [{"item_id": str(uuid4()), "quantity": 1}]}, None, 400),
        ({"lines": [{"item_id": str(uuid4()), "quantity": 1}]}, "with space", 422),
        ({"lines": [{"item_id": str(uuid4()), "quantity": 1}]}, "k" * 201, 422),
        ({"lines": []}, "k", 422),
        ({"lines": [{"item_id": str(uuid4()), "quantity": 0}]}, "k", 422),
        ({"lines": [{"item_id": str(uuid4()), "quantity": 10**12}]}, "k", 422),
        ({"lines": [{"item_id": "mug", "quantity": 1}]}, "k", 422),
        ({"lines": [{"item_id": str(uuid4()), "quantity": 1}] * 51}, "k", 422),
        ({}, "k", 422),
    ],
)
async def test_what_is_no_order(
    client: httpx.AsyncClient, ada: Any, body: dict[str, Any], key: str | None, status: int
) -> None:
    headers = ada.headers | ({"Idempotency-Key": key} if key else {})
    answer = await client.post("/api/orders", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_orders_are_their_customers(
    client: httpx.AsyncClient, ada: Any, admin: Any, sign_up: Any, add_item: Add, place: Place
) -> None:
    order = (await place(ada, (await add_item(), 1))).json()
    url, bob = f"/api/orders/{order['id']}", await sign_up()
    assert (await client.get(url, headers=ada.headers)).json() == order
    assert (await client.get(url, headers=admin.headers)).json() == order
    assert (await client.get(url, headers=bob.headers)).status_code == 404
    assert (await client.get(url)).status_code == 401
    assert (await client.get("/api/orders", headers=bob.headers)).json() == {"orders": [], "next": None}


async def test_the_list_of_orders_in_pages_the_newest_first(
    client: httpx.AsyncClient, ada: Any, add_item: Add, place: Place
) -> None:
    item = await add_item()
    placed = [(await place(ada, (item, 1))).json() for _ in range(5)]
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/orders", params=parameters, headers=ada.headers)).json()
        seen += page["orders"]
        if (cursor := page["next"]) is None:
            break
    assert seen == placed[::-1]


async def test_a_later_price_changes_no_order(
    client: httpx.AsyncClient, ada: Any, admin: Any, add_item: Add, place: Place
) -> None:
    item = await add_item(price_cents=100)
    order = (await place(ada, (item, 1))).json()
    await client.patch(
        f"/api/items/{item['id']}", json={"price_cents": 1, "name": "x"}, headers=admin.headers
    )
    assert (await client.get(f"/api/orders/{order['id']}", headers=ada.headers)).json() == order
