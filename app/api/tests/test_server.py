"""The API's process as a load balancer sees it: health, readiness, and how it leaves."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

Environment = dict[str, str]


async def test_the_answers_of_health_and_readiness(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "database": "ok", "cache": "ok"}
    assert 'shop_cache_total{result="hits"}' in (await client.get("/metrics")).text


async def test_the_description_is_whole_and_knows_problems_only(client: httpx.AsyncClient) -> None:
    description = (await client.get("/api/openapi.json")).json()
    assert set(description["paths"]) == {
        "/api/auth/token",
        "/api/auth/refresh",
        "/api/auth/logout",
        "/api/auth/me",
        "/api/users",
        "/api/users/{user_id}",
        "/api/items",
        "/api/items/{item_id}",
        "/api/orders",
        "/api/orders/{order_id}",
    }
    [flow] = description["components"]["securitySchemes"].values()
    assert flow["flows"]["password"]["tokenUrl"] == "/api/auth/token"
    for operations in description["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert set(answer["content"]) == {"application/problem+json"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("DELETE", "/api/items", 405), ("GET", "/api/items/", 404)],
)
async def test_what_is_not_there_is_a_problem_too(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail"}


async def test_a_body_that_is_no_json(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b'{"email": "\\ud800"}', b"\xff", b"[" * 20000):
        answer = await client.post("/api/users", content=content, headers=headers)
        assert answer.status_code in (400, 422), content[:20]
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "{}"])
async def test_a_request_id_that_could_spoil_the_logs_is_replaced(
    client: httpx.AsyncClient, given: str
) -> None:
    answer = await client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 36


async def test_a_defect_tells_the_client_its_request_id_and_nothing_else(
    client: httpx.AsyncClient, state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> bytes:
        raise RuntimeError("a secret of the implementation")

    monkeypatch.setattr(state.cache, "read", fail, raising=False)
    answer = await client.get(f"/api/items/{uuid4()}", headers={"X-Request-Id": "the-incident"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "the-incident"
    assert "secret" not in answer.text


class Gate:
    """A TCP door to the database that can be shut, with whoever is in it."""

    def __init__(self, socket_folder: str) -> None:
        self._socket = Path(socket_folder) / ".s.PGSQL.5432"
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._socket))
        self._writers |= {writer, inner_writer}
        await asyncio.gather(self._copy(reader, inner_writer), self._copy(inner_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@pytest.fixture
async def gate(postgres: str) -> AsyncIterator[Gate]:
    gate = Gate(postgres)
    await gate.open()
    yield gate
    await gate.shut()


async def test_an_outage_of_the_database(
    empty_environment: Environment,
    gate: Gate,
    start_app: Any,
    eventually: Callable[..., Any],
) -> None:
    environment = empty_environment | {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(gate.port),
        "SEED_CATALOGUE": "true",
    }

    async def ready() -> bool:
        return (await client.get("/readyz")).status_code == 200

    async with start_app(environment) as (_, client):
        [item] = (await client.get("/api/items", params={"limit": 1})).json()["items"]
        await client.get(f"/api/items/{item['id']}")
        await gate.shut()
        for _ in range(2):
            assert (await client.get("/healthz")).status_code == 200
            unready = await client.get("/readyz")
            assert unready.status_code == 503
            assert unready.json() == {"status": "unready", "database": "unavailable", "cache": "ok"}
            answer = await client.get(f"/api/items/{uuid4()}")
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "2"
            form = {"username": "ada@example.com", "password": "correct horse"}
            assert (await client.post("/api/auth/token", data=form)).status_code == 503
        # What is in the cache is served all the same.
        assert (await client.get(f"/api/items/{item['id']}")).json() == item
        await gate.open()
        await eventually(ready, seconds=10)
        assert (await client.get(f"/api/items/{uuid4()}")).status_code == 404


async def test_a_start_without_the_database_serves_unready_until_it_comes(
    empty_environment: Environment,
    gate: Gate,
    start_app: Any,
    eventually: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shop.main.PREPARE_SECONDS", 0.2)
    environment = empty_environment | {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(gate.port),
        "SEED_CATALOGUE": "true",
    }
    await gate.shut()

    async def ready() -> bool:
        return (await client.get("/readyz")).status_code == 200

    async with start_app(environment) as (_, client):
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).json()["database"] == "preparing"
        assert (await client.get("/api/items")).status_code == 503
        await gate.open()
        await eventually(ready, seconds=10)
        assert (await client.get("/api/items")).status_code == 200


async def test_without_valkey_the_shop_is_ready_and_serves(environment: Environment, start_app: Any) -> None:
    async with start_app(environment | {"REDIS_URL": "redis://127.0.0.1:1/0"}) as (_, client):
        assert (await client.get("/readyz")).json() == {
            "status": "ready",
            "database": "ok",
            "cache": "unavailable",
        }
        assert len((await client.get("/api/items")).json()["items"]) >= 12


@asynccontextmanager
async def begun(url: str, body: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A request under way: its last byte is not sent yet."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = (
        "POST /api/users HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:-1])
    await writer.drain()
    yield reader, writer
    writer.close()


async def test_at_sigterm_it_is_unready_serves_on_and_finishes_what_is_in_flight(
    environment: Environment, run_module: Any, eventually: Callable[..., Any]
) -> None:
    started = run_module("shop.main", environment | {"DRAIN_SECONDS": "1"}, ready="/readyz")
    body = json.dumps(
        {"email": f"{uuid4().hex}@example.com", "password": "long enough", "name": "Ada"}
    ).encode()
    async with (
        begun(started.url, body) as (reader, writer),
        httpx.AsyncClient(base_url=started.url) as client,
    ):
        assert "connection" not in (await client.get("/api/items")).headers
        started.process.send_signal(signal.SIGTERM)

        async def draining() -> bool:
            answer = await client.get("/readyz")
            return answer.status_code == 503 and answer.json()["status"] == "draining"

        await eventually(draining)
        served = await client.get("/api/items")
        assert served.status_code == 200
        assert served.headers["connection"] == "close"

        async def closed() -> bool:
            try:
                await client.get("/healthz")
            except httpx.TransportError:
                return True
            return False

        await eventually(closed)
        assert started.process.poll() is None
        writer.write(body[-1:])
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 201")
    output, _ = await asyncio.to_thread(started.process.communicate, timeout=20)
    assert started.process.returncode == 0
    for line in output.splitlines():
        json.loads(line)


async def test_a_second_sigterm_skips_the_wait(environment: Environment, run_module: Any) -> None:
    started = run_module("shop.main", environment | {"DRAIN_SECONDS": "60"}, ready="/healthz")
    async with httpx.AsyncClient(base_url=started.url) as client:
        started.process.send_signal(signal.SIGTERM)
        while (await client.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.05)
    started.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(started.process.communicate, timeout=20)
    assert started.process.returncode == 0


async def test_the_health_check_of_the_container(environment: Environment, run_module: Any) -> None:
    started = run_module("shop.main", environment, ready="/healthz")
    port = started.url.rsplit(":", 1)[1]
    check = run_module("shop.healthcheck", {"PORT": port}).process
    assert await asyncio.to_thread(check.wait, 20) == 0
    started.process.send_signal(signal.SIGINT)
    await asyncio.to_thread(started.process.communicate, timeout=20)
    check = run_module("shop.healthcheck", {"PORT": port}).process
    assert await asyncio.to_thread(check.wait, 20) == 1


async def test_a_migration_that_fails_ends_the_process(
    empty_environment: Environment, run_module: Any
) -> None:
    environment = empty_environment | {"DATABASE_USER": "nobody"}
    started = run_module("shop.main", environment)
    output, _ = await asyncio.to_thread(started.process.communicate, timeout=30)
    assert started.process.returncode != 0
    assert 'role \\"nobody\\" does not exist' in output
