"""Items: pages that neither skip nor repeat, a search that is no pattern, and admins who write."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shop.catalogue import CATALOGUE, item_id

Add = Callable[..., Awaitable[dict[str, Any]]]


async def test_a_fresh_shop_has_a_catalogue_with_known_ids(client: httpx.AsyncClient) -> None:
    name = CATALOGUE[0][0]
    item = (await client.get(f"/api/items/{item_id(name)}")).json()
    assert set(item) == {"id", "name", "description", "price_cents", "stock"}
    assert item["name"] == name


async def test_reading_what_is_not_there(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/api/items/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"
    assert (await client.get("/api/items/not-an-id")).status_code == 422


@pytest.mark.parametrize(
    "sort", ["name", "-name", "price_cents", "-price_cents", "created_at", "-created_at"]
)
async def test_pages_neither_skip_nor_repeat(client: httpx.AsyncClient, add_item: Add, sort: str) -> None:
    mark = uuid4().hex
    # Equal prices: the ids must break the ties.
    added = [
        await add_item(name=f"{letter} {mark}", price_cents=100 * (n % 2)) for n, letter in enumerate("cabed")
    ]
    key = sort.removeprefix("-")
    by_time = [item["id"] for item in added]
    expected = sorted(
        added,
        key=lambda item: (by_time.index(item["id"]) if key == "created_at" else item[key], item["id"]),
        reverse=sort.startswith("-"),
    )
    seen: list[str] = []
    parameters = {"q": mark, "sort": sort, "limit": 2}
    while True:
        page = (await client.get("/api/items", params=parameters)).json()
        assert set(page) == {"items", "next"}
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert seen == [item["id"] for item in expected]


async def test_a_page_that_ends_exactly_has_no_next(client: httpx.AsyncClient, add_item: Add) -> None:
    mark = uuid4().hex
    for _ in range(2):
        await add_item(name=mark)
    page = (await client.get("/api/items", params={"q": mark, "limit": 2})).json()
    assert len(page["items"]) == 2
    assert page["next"] is None


async def test_search_takes_its_words_literally(client: httpx.AsyncClient, add_item: Add) -> None:
    mark = uuid4().hex
    item = await add_item(name="Rug", description=f"100%_{mark}, WOOL")
    for q in (f"100%_{mark}", f"_{mark}, wool"):
        assert [
            found["id"] for found in (await client.get("/api/items", params={"q": q})).json()["items"]
        ] == [item["id"]]
    for q in (f"1%{mark}", f"0%__{mark[1:]}"):
        assert (await client.get("/api/items", params={"q": q})).json()["items"] == []


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"limit": 0}, 422),
        ({"limit": 101}, 422),
        ({"sort": "stock; drop table items"}, 422),
        ({"q": "\x00"}, 422),
        ({"cursor": "nonsense"}, 400),
        ({"cursor": "é"}, 400),
        ({"cursor": "WzFd"}, 400),
    ],
)
async def test_what_the_list_refuses(
    client: httpx.AsyncClient, parameters: dict[str, Any], status: int
) -> None:
    answer = await client.get("/api/items", params=parameters)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("name", "\x00"),
        ("name", "\ud800"),
        ("name", 1),
        ("name", None),
        ("price_cents", 2**31),
        ("price_cents", "cheap"),
        ("created_at", "yesterday"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("created_at", "9999-12-31T23:59:59-14:00"),
        ("created_at", 10**15),
    ],
)
async def test_a_forged_cursor_is_refused(client: httpx.AsyncClient, sort: str, value: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([sort, value, str(uuid4())]).encode()).decode()
    answer = await client.get("/api/items", params={"sort": sort, "cursor": cursor})
    assert answer.status_code == 400, answer.text


async def test_a_cursor_of_another_sort_is_refused(client: httpx.AsyncClient) -> None:
    cursor = (await client.get("/api/items", params={"limit": 1, "sort": "name"})).json()["next"]
    answer = await client.get("/api/items", params={"cursor": cursor, "sort": "-name"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:shop:problem:invalid-cursor"


async def test_only_admins_write(client: httpx.AsyncClient, ada: Any, add_item: Add) -> None:
    item = await add_item()
    body = {"name": "x", "price_cents": 1, "stock": 1}
    for headers, status in (({}, 401), (ada.headers, 403)):
        assert (await client.post("/api/items", json=body, headers=headers)).status_code == status
        patched = await client.patch(f"/api/items/{item['id']}", json={"stock": 0}, headers=headers)
        assert patched.status_code == status
        assert (await client.delete(f"/api/items/{item['id']}", headers=headers)).status_code == status


@pytest.mark.parametrize(
    "wrong", [{"price_cents": -1}, {"price_cents": 2**40}, {"stock": -1}, {"name": ""}, {"colour": "red"}]
)
async def test_what_an_item_cannot_be(client: httpx.AsyncClient, admin: Any, wrong: dict[str, Any]) -> None:
    body = {"name": "x", "price_cents": 1, "stock": 1} | wrong
    assert (await client.post("/api/items", json=body, headers=admin.headers)).status_code == 422


async def test_what_an_admin_saves_is_seen_at_once(
    client: httpx.AsyncClient, admin: Any, add_item: Add
) -> None:
    mark = uuid4().hex
    listed = {"q": mark}
    assert (await client.get("/api/items", params=listed)).json()["items"] == []
    item = await add_item(name=mark, stock=3)
    url = f"/api/items/{item['id']}"
    assert (await client.get(url)).json() == item
    assert (await client.get("/api/items", params=listed)).json()["items"] == [item]
    changed = (await client.patch(url, json={"price_cents": 999}, headers=admin.headers)).json()
    assert changed == item | {"price_cents": 999}
    assert (await client.get(url)).json() == changed
    assert (await client.get("/api/items", params=listed)).json()["items"] == [changed]
    assert (await client.delete(url, headers=admin.headers)).status_code == 204
    assert (await client.get(url)).status_code == 404
    assert (await client.get("/api/items", params=listed)).json()["items"] == []
    assert (await client.patch(url, json={"stock": 1}, headers=admin.headers)).status_code == 404
