"""Users: who may register, read and change whom."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

NEW = {"password": "correct horse battery", "name": "Grace Hopper"}


async def test_register(client: httpx.AsyncClient) -> None:
    email = f"{uuid4().hex}@Example.COM"
    answer = await client.post("/api/users", json={"email": email, **NEW})
    assert answer.status_code == 201
    user = answer.json()
    assert set(user) == {"id", "email", "name", "created_at"}
    assert (user["email"], user["name"]) == (email.lower(), "Grace Hopper")
    again = await client.post("/api/users", json={"email": email.upper(), **NEW})
    assert again.status_code == 409
    assert again.json()["type"] == "urn:shop:problem:email-taken"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ada"),
        ("email", "ada@"),
        ("email", "a\x00da@example.com"),
        ("email", f"{'a' * 250}@example.com"),
        ("password", "short"),
        ("password", "x" * 129),
        ("password", "half a pair \ud800"),
        ("name", "   "),
        ("name", "Ada\x00"),
        ("name", "x" * 201),
        ("is_admin", True),
    ],
)
async def test_what_registration_refuses(client: httpx.AsyncClient, field: str, value: object) -> None:
    body = {"email": f"{uuid4().hex}@example.com", **NEW, field: value}
    content = json.dumps(body)  # escapes, where httpx would have to encode
    answer = await client.post("/api/users", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) >= {"type", "title", "status", "detail"}
    assert [error["field"] for error in problem["errors"]] == [f"body.{field}"]
    assert "horse battery" not in answer.text
    assert "x" * 129 not in answer.text


@pytest.mark.parametrize("email", ["ada@shop.test", "ada@localhost", "ada@shop.local", "ada+1@example.com"])
async def test_addresses_of_test_domains_will_do(client: httpx.AsyncClient, email: str) -> None:
    unique = f"{uuid4().hex}-{email}"
    assert (await client.post("/api/users", json={"email": unique, **NEW})).status_code == 201


async def test_a_user_reads_itself_and_an_admin_all(client: httpx.AsyncClient, ada: Any, admin: Any) -> None:
    own = await client.get(f"/api/users/{ada.id}", headers=ada.headers)
    assert own.json()["email"] == ada.email
    assert (await client.get(f"/api/users/{admin.id}", headers=ada.headers)).status_code == 404
    assert (await client.get(f"/api/users/{uuid4()}", headers=ada.headers)).status_code == 404
    assert (await client.get(f"/api/users/{ada.id}", headers=admin.headers)).json() == own.json()
    assert (await client.get(f"/api/users/{ada.id}")).status_code == 401
    assert (await client.get("/api/users", headers=ada.headers)).status_code == 403


async def test_the_list_of_users_in_pages(client: httpx.AsyncClient, ada: Any, admin: Any) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/users", params=parameters, headers=admin.headers)).json()
        seen += [user["email"] for user in page["users"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen))
    assert {ada.email, admin.email} <= set(seen)


async def test_change_of_name(client: httpx.AsyncClient, ada: Any, admin: Any) -> None:
    changed = await client.patch(f"/api/users/{ada.id}", json={"name": "Ada King"}, headers=ada.headers)
    assert changed.json()["name"] == "Ada King"
    other = await client.patch(f"/api/users/{ada.id}", json={"name": "Eve"}, headers=admin.headers)
    assert other.status_code == 404


async def test_change_of_password_ends_the_other_sign_ins(client: httpx.AsyncClient, ada: Any) -> None:
    form = {"username": ada.email, "password": ada.password}
    other = (await client.post("/api/auth/token", data=form)).json()
    url = f"/api/users/{ada.id}"
    for wrong in ({}, {"current_password": "not this one"}):
        refused = await client.patch(url, json={"password": "a new password"} | wrong, headers=ada.headers)
        assert refused.status_code == 403
    body = {"password": "a new password", "current_password": ada.password}
    assert (await client.patch(url, json=body, headers=ada.headers)).status_code == 200
    assert (await client.post("/api/auth/token", data=form)).status_code == 401
    assert (await client.get("/api/auth/me", headers=ada.headers)).status_code == 200
    gone = await client.post("/api/auth/refresh", json={"refresh_token": other["refresh_token"]})
    assert gone.status_code == 401
