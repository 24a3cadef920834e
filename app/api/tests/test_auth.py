"""Sign-in: tokens that rotate, families that end, and access tokens that cannot be forged."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from sqlalchemy import select

from shop.models import RefreshToken
from shop.state import State


async def sign_in(client: httpx.AsyncClient, person: Any, **more: str) -> httpx.Response:
    form = {"username": person.email, "password": person.password} | more
    return await client.post("/api/auth/token", data=form)


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/refresh", json={"refresh_token": token})


async def me(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


async def test_sign_in_gives_a_pair_of_tokens(client: httpx.AsyncClient, ada: Any) -> None:
    answer = await sign_in(client, ada)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 600
    assert tokens["scope"] == "user"
    shown = await me(client, tokens["access_token"])
    assert shown.json()["id"] == ada.id
    assert shown.json()["email"] == ada.email
    assert shown.json()["scopes"] == ["user"]


async def test_sign_in_does_not_mind_the_case_of_the_address(client: httpx.AsyncClient, ada: Any) -> None:
    assert (await sign_in(client, ada, username=ada.email.upper())).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong password"}, {"username": "nobody@example.com"}, {"username": "a\x00"}]
)
async def test_sign_in_with_what_is_wrong(client: httpx.AsyncClient, ada: Any, wrong: dict[str, str]) -> None:
    answer = await sign_in(client, ada, **wrong)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "urn:shop:problem:invalid-credentials"


async def test_scopes_are_what_the_user_may_have(client: httpx.AsyncClient, ada: Any, admin: Any) -> None:
    assert (await sign_in(client, ada, scope="admin")).status_code == 400
    assert (await sign_in(client, admin)).json()["scope"] == "admin user"
    less = (await sign_in(client, admin, scope="user")).json()
    headers = {"Authorization": f"Bearer {less['access_token']}"}
    refused = await client.get("/api/users", headers=headers)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    # Refreshing does not widen what was asked for.
    assert (await refresh(client, less["refresh_token"])).json()["scope"] == "user"


async def test_a_refresh_token_is_used_once(client: httpx.AsyncClient, ada: Any) -> None:
    second = (await refresh(client, ada.refresh_token)).json()
    third = (await refresh(client, second["refresh_token"])).json()
    assert (await me(client, third["access_token"])).status_code == 200
    assert len({ada.refresh_token, second["refresh_token"], third["refresh_token"]}) == 3


async def test_reuse_ends_the_family_and_no_other(client: httpx.AsyncClient, ada: Any) -> None:
    other = (await sign_in(client, ada)).json()
    second = (await refresh(client, ada.refresh_token)).json()
    reused = await refresh(client, ada.refresh_token)
    assert reused.status_code == 401
    assert reused.json()["type"] == "urn:shop:problem:invalid-refresh-token"
    assert (await refresh(client, second["refresh_token"])).status_code == 401
    assert (await me(client, second["access_token"])).status_code == 401
    assert (await me(client, other["access_token"])).status_code == 200
    assert (await refresh(client, other["refresh_token"])).status_code == 200


async def test_of_many_refreshes_at_once_one_succeeds(client: httpx.AsyncClient, ada: Any) -> None:
    answers = await asyncio.gather(*(refresh(client, ada.refresh_token) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await refresh(client, winner["refresh_token"])).status_code == 401


async def test_sign_out_ends_the_sign_in(client: httpx.AsyncClient, ada: Any) -> None:
    for _ in range(2):
        gone = await client.post("/api/auth/logout", json={"refresh_token": ada.refresh_token})
        assert gone.status_code == 204
    assert (await refresh(client, ada.refresh_token)).status_code == 401
    assert (await client.get("/api/auth/me", headers=ada.headers)).status_code == 401
    unknown = await client.post("/api/auth/logout", json={"refresh_token": "unknown"})
    assert unknown.status_code == 204


async def test_refresh_tokens_are_kept_as_hashes(ada: Any, state: State) -> None:
    async with state.database.transaction() as session:
        hashes = set(await session.scalars(select(RefreshToken.token_hash)))
    assert hashlib.sha256(ada.refresh_token.encode()).digest() in hashes
    assert ada.refresh_token.encode() not in hashes


def encoded(part: dict[str, Any] | bytes) -> str:
    plain = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


@pytest.fixture
def forge(state: State, ada: Any) -> Callable[..., str]:
    """Ada's own good token with something changed."""
    good = ada.headers["Authorization"].removeprefix("Bearer ")
    header = jwt.get_unverified_header(good)
    claims = jwt.decode(good, options={"verify_signature": False})
    key = state.settings.jwt_signing_key.get_secret_value()

    def make(change: dict[str, Any], head: dict[str, Any], key: str = key, digest: str = "sha256") -> str:
        kept = {name: value for name, value in (claims | change).items() if value is not None}
        heads = {name: value for name, value in (header | head).items() if value is not None}
        signed = f"{encoded(heads)}.{encoded(kept)}"
        return f"{signed}.{encoded(hmac.new(key.encode(), signed.encode(), digest).digest())}"

    return make


async def test_the_forge_makes_good_tokens_when_nothing_is_changed(
    client: httpx.AsyncClient, forge: Callable[..., str]
) -> None:
    assert (await me(client, forge({}, {}))).status_code == 200


NOW = int(time.time())
OTHER = str(uuid4())


@pytest.mark.parametrize(
    ("change", "head", "signing"),
    [
        pytest.param({}, {}, {"key": "another key, as long as the other one"}, id="another key"),
        pytest.param({}, {}, {"key": ""}, id="empty key"),
        pytest.param({}, {"alg": "none"}, {}, id="alg none, signed"),
        pytest.param({}, {"alg": "HS512"}, {"digest": "sha512"}, id="another HMAC"),
        pytest.param({}, {"alg": "RS256"}, {}, id="RS256, signed by HMAC"),
        pytest.param({}, {"alg": "hs256"}, {}, id="alg in lower case"),
        pytest.param({}, {"alg": None}, {}, id="no alg"),
        pytest.param({}, {"typ": "JWT"}, {}, id="typ of any JWT"),
        pytest.param({}, {"typ": "refresh"}, {}, id="typ of another use"),
        pytest.param({}, {"typ": None}, {}, id="no typ"),
        pytest.param({}, {"kid": "0" * 16}, {}, id="another kid"),
        pytest.param({}, {"kid": "../../dev/null"}, {}, id="kid as a path"),
        pytest.param({}, {"kid": None}, {}, id="no kid"),
        pytest.param({}, {"crit": ["b64"], "b64": False}, {}, id="critical extension"),
        pytest.param({"aud": "shop-prod"}, {}, {}, id="another environment"),
        pytest.param({"aud": ["shop-test", "shop-prod"]}, {}, {}, id="several audiences"),
        pytest.param({"aud": None}, {}, {}, id="no audience"),
        pytest.param({"iss": "https://evil.test"}, {}, {}, id="another issuer"),
        pytest.param({"iss": "https://shop.test/"}, {}, {}, id="nearly the issuer"),
        pytest.param({"iss": None}, {}, {}, id="no issuer"),
        pytest.param({"exp": NOW - 1}, {}, {}, id="ended"),
        pytest.param({"exp": None}, {}, {}, id="without end"),
        pytest.param({"exp": "never"}, {}, {}, id="end is no number"),
        pytest.param({"iat": NOW + 3600}, {}, {}, id="of the future"),
        pytest.param({"iat": None}, {}, {}, id="of no time"),
        pytest.param({"sub": OTHER}, {}, {}, id="another user"),
        pytest.param({"sub": "' OR 1=1 --"}, {}, {}, id="user is no id"),
        pytest.param({"sub": None}, {}, {}, id="no user"),
        pytest.param({"sid": OTHER}, {}, {}, id="another sign-in"),
        pytest.param({"sid": None}, {}, {}, id="no sign-in"),
        pytest.param({"jti": None}, {}, {}, id="no jti"),
        pytest.param({"scope": None}, {}, {}, id="no scope"),
        pytest.param({"scope": ["user"]}, {}, {}, id="scope is a list"),
    ],
)
async def test_forged_access_tokens(
    change: dict[str, Any],
    head: dict[str, Any],
    signing: dict[str, Any],
    client: httpx.AsyncClient,
    forge: Callable[..., str],
) -> None:
    answer = await me(client, forge(change, head, **signing))
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_malformed_access_tokens(
    client: httpx.AsyncClient, forge: Callable[..., str], ada: Any
) -> None:
    head, claims, signature = forge({}, {}).split(".")
    unsigned = f"{encoded({'alg': 'none', 'typ': 'at+jwt'})}.{claims}."
    for token in (
        "",
        "x",
        "..",
        unsigned,
        f"{head}.{claims}.",
        f"{head}.{claims}",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{head}.{encoded(b'[]')}.{signature}",
        ada.refresh_token,
    ):
        assert (await me(client, token)).status_code == 401, token


async def test_an_access_token_does_not_refresh(client: httpx.AsyncClient, forge: Callable[..., str]) -> None:
    assert (await refresh(client, forge({}, {}))).status_code in (401, 422)


async def test_a_scope_that_the_user_lost_is_lost_at_once(
    client: httpx.AsyncClient, forge: Callable[..., str]
) -> None:
    token = forge({"scope": "admin user"}, {})
    answer = await client.get("/api/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
