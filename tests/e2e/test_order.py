"""The shop over HTTP, from the edge to the worker: what a browser or another client sees."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

SignUp = Callable[[], Awaitable[dict[str, Any]]]

WEB = Path(__file__).parents[2] / "app" / "web"
SETTLED_SECONDS = 60
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def settled(client: httpx.AsyncClient, order_id: str, headers: dict[str, str]) -> dict[str, Any]:
    """Ask as the site does, ever less often, until the worker has had the order."""
    wait = 0.1
    async with asyncio.timeout(SETTLED_SECONDS):
        while True:
            answer = await client.get(f"/api/orders/{order_id}", headers=headers)
            assert answer.status_code == 200, answer.text
            if (order := answer.json())["status"] != "placed":
                return order
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, 2)


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert set(problem) >= {"type", "title", "status", "detail"}
    assert problem["detail"]


async def test_an_order_is_placed_once_and_fulfilled(client: httpx.AsyncClient, sign_up: SignUp) -> None:
    headers = bearer(await sign_up())
    catalogue = (await client.get("/api/items", params={"limit": 2})).json()["items"]
    first, second = catalogue
    body = {"lines": [{"item_id": first["id"], "quantity": 2}, {"item_id": second["id"], "quantity": 1}]}
    key = {"Idempotency-Key": uuid4().hex}

    placed = await client.post("/api/orders", json=body, headers=headers | key)
    assert placed.status_code == 201, placed.text
    order = placed.json()
    assert order["status"] == "placed"
    assert order["total_cents"] == 2 * first["price_cents"] + second["price_cents"]
    assert [(line["item_id"], line["quantity"]) for line in order["lines"]] == [
        (first["id"], 2),
        (second["id"], 1),
    ]

    done = await settled(client, order["id"], headers)
    assert done["status"] == "fulfilled"

    again = await client.post("/api/orders", json=body, headers=headers | key)
    assert again.status_code == 201, again.text
    assert again.json()["id"] == order["id"]
    listed = (await client.get("/api/orders", headers=headers)).json()["orders"]
    assert [one["id"] for one in listed] == [order["id"]]


async def test_an_order_of_more_than_there_is_is_rejected(client: httpx.AsyncClient, sign_up: SignUp) -> None:
    headers = bearer(await sign_up())
    items = (await client.get("/api/items", params={"limit": 100})).json()["items"]
    scarce = min(items, key=lambda item: item["stock"])
    assert scarce["stock"] < 1000, "the catalogue needs an item that an order can exhaust"
    body = {"lines": [{"item_id": scarce["id"], "quantity": scarce["stock"] + 1}]}
    placed = await client.post("/api/orders", json=body, headers=headers | {"Idempotency-Key": uuid4().hex})
    assert placed.status_code == 201, placed.text
    done = await settled(client, placed.json()["id"], headers)
    assert done["status"] == "rejected"
    assert done["reason"]


async def test_the_catalogue_pages_through_every_item_once(client: httpx.AsyncClient) -> None:
    everything = (await client.get("/api/items", params={"limit": 100})).json()["items"]
    seen: list[str] = []
    query = {"limit": "5", "sort": "-price_cents"}
    while True:
        page = (await client.get("/api/items", params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) > 5
    assert len(seen) == len(set(seen))
    assert set(seen) == {item["id"] for item in everything}


@pytest.mark.parametrize("path", ["/api/orders", f"/api/orders/{uuid4()}", "/api/auth/me"])
async def test_without_a_token_the_answer_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_refresh_token_serves_once(client: httpx.AsyncClient, sign_up: SignUp) -> None:
    first = await sign_up()
    spent = {"refresh_token": first["refresh_token"]}
    renewed = await client.post("/api/auth/refresh", json=spent)
    assert renewed.status_code == 200, renewed.text
    assert_problem(await client.post("/api/auth/refresh", json=spent), 401)
    # The second use looked like theft: what the first had given is worth nothing now.
    heir = {"refresh_token": renewed.json()["refresh_token"]}
    assert_problem(await client.post("/api/auth/refresh", json=heir), 401)


@pytest.mark.parametrize("path", ["/api/nothing", f"/api/items/{uuid4()}", "/api/items/not-a-uuid/deeper"])
async def test_the_api_answers_for_itself_where_the_site_falls_back(
    client: httpx.AsyncClient, path: str
) -> None:
    assert_problem(await client.get(path), 404)


@pytest.mark.parametrize("path", ["/", "/cart", "/orders", "/orders/8b6f", "/items/8b6f", "/nowhere"])
async def test_every_path_of_the_site_is_its_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content == (WEB / "index.html").read_bytes()


async def test_every_file_of_the_site_is_served_as_what_it_is(client: httpx.AsyncClient) -> None:
    files = [file for file in sorted(WEB.rglob("*")) if file.suffix in TYPES]
    assert len(files) > 20
    answers = await asyncio.gather(*(client.get(f"/{file.relative_to(WEB).as_posix()}") for file in files))
    for file, answer in zip(files, answers, strict=True):
        assert answer.status_code == 200, file
        assert answer.headers["content-type"].split(";")[0] == TYPES[file.suffix], file
        assert answer.content == file.read_bytes(), file


async def test_a_missing_file_is_not_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/missing.js")
    assert answer.status_code in {403, 404}
    assert "<!doctype html>" not in answer.text


@pytest.mark.parametrize("path", ["/", "/orders/8b6f", "/assets/main.js", "/api/items"])
async def test_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-" not in policy
    assert int(headers["strict-transport-security"].split("max-age=")[1].split(";")[0]) >= 31_536_000
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "referrer-policy" in headers
