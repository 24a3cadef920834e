"""Reads through Valkey: values with a jittered lifetime, one loader a key; without it slower, never down."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import SecretStr
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.5
"""Of one command. Much longer than a healthy server takes, for it also counts the pauses of a busy process;
an unhealthy one costs it once a second, in one request."""
BREAK_SECONDS = 1.0
LEASE_MILLISECONDS = 2000
JITTER = 0.1

Load = Callable[[], Awaitable[bytes | None]]


@dataclass(slots=True)
class Counters:
    """Of this process, since it started."""

    hits: int = 0
    shared: int = 0
    """Reads that waited for another of the same key, and took what it got."""
    loads: int = 0
    errors: int = 0


class Cache:
    """Cache-aside over bytes. Commands used: GET, SET, DEL, INCR, PING (and AUTH, SELECT to connect)."""

    def __init__(self, url: str, password: SecretStr | None) -> None:
        self.counters = Counters()
        self._redis = _connect(url, password)
        self._loading: dict[str, asyncio.Task[bytes | None]] = {}
        self._broken_until = 0.0

    async def read(self, key: str, seconds: float, load: Load) -> bytes | None:
        """The value of `key`, from `load` if it is not there. `load` must not rely on the caller's session:
        it serves everyone who asks for the key meanwhile, and outlives the one who asked first."""
        task = self._loading.get(key)
        if task is None:
            task = asyncio.create_task(self._read(key, seconds, load))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        else:
            self.counters.shared += 1
        return await asyncio.shield(task)

    async def write(self, key: str, seconds: float, value: bytes) -> None:
        """Write-through, after the commit. A read under way must not bring the old value back."""
        self._loading.pop(key, None)
        await self._ask("SET", key, value, "PX", _jittered_milliseconds(seconds))

    async def generation(self, name: str) -> int:
        """A number that is part of other keys: raising it forgets them all at once."""
        return int(await self._ask("GET", name) or 0)

    async def next_generation(self, name: str) -> None:
        await self._ask("INCR", name)

    async def is_available(self) -> bool:
        return await self._ask("PING") is not None

    async def close(self) -> None:
        log.info("cache", extra=asdict(self.counters))
        await self._redis.aclose()

    async def _read(self, key: str, seconds: float, load: Load) -> bytes | None:
        value = await self._get(key)
        if value is not None:
            return value
        lease = f"{key}:lease"
        if not await self._take(lease):
            value = await self._await_other_loader(key, lease)
            return await self._load(key, seconds, load) if value is None else value
        try:
            value = await self._get(key)  # another may have loaded it since, and given the lease back
            return await self._load(key, seconds, load) if value is None else value
        finally:
            await self._ask("DEL", lease)

    async def _get(self, key: str) -> bytes | None:
        value = await self._ask("GET", key)
        if value is not None:
            self.counters.hits += 1
        return value

    async def _load(self, key: str, seconds: float, load: Load) -> bytes | None:
        self.counters.loads += 1
        value = await load()
        if value is not None:
            # NX: what a writer put there since is newer than what was loaded.
            await self._ask("SET", key, value, "NX", "PX", _jittered_milliseconds(seconds))
        return value

    async def _take(self, lease: str) -> bool:
        """Whether this process is the one to load; so it is when there is no telling."""
        taken = await self._ask("SET", lease, "1", "NX", "PX", LEASE_MILLISECONDS)
        return taken is not None or self._is_broken

    async def _await_other_loader(self, key: str, lease: str) -> bytes | None:
        """The value that another process loads; None if it took too long, or there is none."""
        deadline = time.monotonic() + LEASE_MILLISECONDS / 1000
        while time.monotonic() < deadline and not self._is_broken:
            await asyncio.sleep(random.uniform(0.01, 0.03))  # noqa: S311 - to spread them
            # In this order: the loader writes the value before it gives the lease back.
            is_over = await self._ask("GET", lease) is None
            value = await self._get(key)
            if value is not None or is_over:
                return value
        return None

    def _forget(self, key: str, task: asyncio.Task[bytes | None]) -> None:
        if self._loading.get(key) is task:
            del self._loading[key]

    @property
    def _is_broken(self) -> bool:
        return time.monotonic() < self._broken_until

    async def _ask(self, *command: str | bytes | int) -> Any:
        """The answer, or None while the server is away: then it is asked again once a second, by one."""
        if self._is_broken:
            return None
        if self._broken_until:
            self._broken_until = time.monotonic() + BREAK_SECONDS
        try:
            answer = await self._redis.execute_command(*command)
        except (RedisError, OSError) as error:
            self.counters.errors += 1
            if not self._broken_until:
                log.warning("cache unavailable", extra={"error": f"{type(error).__name__}: {error}"})
            self._broken_until = time.monotonic() + BREAK_SECONDS
            return None
        if self._broken_until:
            log.info("cache available again")
            self._broken_until = 0.0
        return answer


def _jittered_milliseconds(seconds: float) -> int:
    """At most `seconds`, a little less for each key, so that what was cached together ends apart."""
    return max(1, int(seconds * 1000 * random.uniform(1 - JITTER, 1)))  # noqa: S311


def _connect(url: str, password: SecretStr | None) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        **({"password": password.get_secret_value()} if password else {}),
        max_connections=32,
        timeout=1,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS * 2,  # TLS takes two more round trips
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )
    return Redis(connection_pool=pool)
