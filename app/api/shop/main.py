"""The API's process: the application, its server, and how it comes and goes behind a load balancer."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shop import docs, logs, migrate, problems
from shop.cache import Cache
from shop.database import Database
from shop.middleware import RequestContext
from shop.routers import auth, health, items, orders, users
from shop.security import AccessTokens, Passwords
from shop.settings import ApiSettings, load
from shop.state import State

log = logging.getLogger(__name__)

PREPARE_SECONDS = 10
"""How long the start waits for the database before it serves, unready, without."""
KEEP_ALIVE_SECONDS = 75
"""Longer than the load balancer's idle timeout (60 s): whoever closes first must not be this side."""


def create_app(settings: ApiSettings) -> FastAPI:
    state = State(
        settings=settings,
        database=Database(settings, "api"),
        cache=Cache(settings.redis_url, settings.redis_password),
        passwords=Passwords(),
        access_tokens=AccessTokens(settings),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        preparing = asyncio.create_task(_prepare(state))
        await asyncio.wait([preparing], timeout=PREPARE_SECONDS)
        if preparing.done():
            preparing.result()  # a migration that fails ends the process here
        yield
        preparing.cancel()
        await state.cache.close()
        await state.database.close()

    app = FastAPI(
        title="Shop",
        responses=problems.answers(HTTPStatus.UNPROCESSABLE_ENTITY),
        version="0.1.0",
        lifespan=lifespan,
        docs_url=None,  # see docs.py
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,  # behind two proxies a redirect would name the wrong scheme
    )
    app.state.shop = state
    problems.install(app)
    app.add_middleware(RequestContext, state=state)
    for router in (auth.router, users.router, items.router, orders.router):
        app.include_router(router, prefix="/api")
    app.include_router(health.router)
    docs.install(app)
    return app


async def _prepare(state: State) -> None:
    if state.settings.migrate_on_start:
        await migrate.upgrade_when_possible(state.settings, seed_catalogue=state.settings.seed_catalogue)
    state.prepared = True


class Server(uvicorn.Server):
    """At SIGTERM first unready, serving all the same, for the load balancer learns of it late; then it
    finishes what is in flight and leaves. Ctrl-C, and a second SIGTERM, skip the wait."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state
        self._leave_at = float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not self._state.draining:
            self._state.draining = True
            self._leave_at = time.monotonic() + self._state.settings.drain_seconds
        elif self.should_exit:
            self.force_exit = True
        else:
            self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


def main() -> None:
    settings = load(ApiSettings)
    logs.configure(settings.log_level)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Two seconds before SIGKILL, to close the pools.
        timeout_graceful_shutdown=max(1, int(settings.stop_timeout_seconds - settings.drain_seconds - 2)),
    )
    Server(config, app.state.shop).run()


if __name__ == "__main__":
    main()
