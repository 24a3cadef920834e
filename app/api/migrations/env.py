"""Runs the migrations on the connection of `shop.migrate`, or on one of its own from the command line."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from shop.database import Database
from shop.models import Base
from shop.settings import Settings, load


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_migrate() -> None:
    database = Database(load(Settings), "alembic")
    async with database.engine.begin() as connection:
        await connection.run_sync(migrate)
    await database.close()


if (given := context.config.attributes.get("connection")) is not None:
    migrate(given)
else:
    asyncio.run(connect_and_migrate())
