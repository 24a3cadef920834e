"""The connections to PostgreSQL, and what counts as its absence (503, retry), not as a defect (500)."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from shop.password import follow_rotation
from shop.settings import Settings

# Classes of SQLSTATE that pass by themselves: connection, resources, operator intervention (shutdown,
# start-up, a cancelled statement), deadlock and serialization.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_PASSING = ("08", "53", "57", "40")


class Database:
    def __init__(self, settings: Settings, application_name: str, *, patient: bool = False) -> None:
        """`patient` is for migrations: their statements, and their wait for a lock, have no time limit."""
        self.engine = create_async_engine(
            settings.database_location,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,  # a failover leaves dead connections in the pool
            pool_recycle=1800,
            connect_args={
                "ssl": _tls(settings),
                "timeout": 5,
                "command_timeout": None if patient else 15,
                "server_settings": {
                    "application_name": application_name,
                    "statement_timeout": "0" if patient else "10000",  # milliseconds
                    "idle_in_transaction_session_timeout": "60000",
                },
            },
        )
        if settings.database_secret_arn is not None:
            follow_rotation(self.engine, settings.database_secret_arn)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, rolls back at an error. What is read before a commit stays usable after it."""
        async with self.sessions() as session:
            yield session
            await session.commit()

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def is_unavailable(error: BaseException) -> bool:
    """Whether the database is away or busy, so that the same call may succeed later."""
    if isinstance(error, DBAPIError):
        state: Any = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or (isinstance(state, str) and state.startswith(_PASSING))
    if isinstance(error, (ConnectionError, TimeoutError, PoolTimeoutError, socket.gaierror)):
        return True
    state = getattr(error, "sqlstate", None)  # asyncpg's own, raised while it connects
    return isinstance(state, str) and state.startswith(_PASSING)


def _tls(settings: Settings) -> ssl.SSLContext | bool:
    if settings.database_ssl_mode == "disable":
        return False
    context = ssl.create_default_context(cafile=settings.database_ca_file)
    if settings.database_ssl_mode == "require":
        # Encrypted, the server's name unchecked: libpq's meaning of the word.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
