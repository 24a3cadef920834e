"""Migrations: one head, up and down, equal to the models, applied once however many start together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from shop import migrate
from shop.catalogue import CATALOGUE
from shop.database import Database
from shop.models import Base
from shop.settings import Settings

TABLES = set(Base.metadata.tables)


@pytest.fixture
def settings(empty_environment: dict[str, str]) -> Settings:
    return Settings.model_validate({name.lower(): value for name, value in empty_environment.items()})


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Any]:
    database = Database(settings, "test")
    async with database.engine.connect() as connection:
        yield connection
    await database.close()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(migrate.config()).get_heads()) == 1


async def test_migrations_make_what_the_models_say(settings: Settings) -> None:
    await migrate.upgrade(settings)
    async with connected(settings) as connection:
        difference = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_server_default": True}), Base.metadata
            )
        )
    assert difference == []


async def test_down_and_up_again(settings: Settings) -> None:
    await migrate.upgrade(settings)

    def run(connection: Connection, step: Callable[..., None], revision: str) -> set[str]:
        config = migrate.config()
        config.attributes["connection"] = connection
        step(config, revision)
        connection.commit()
        return tables(connection)

    async with connected(settings) as connection:
        revisions = [
            script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()
        ]
        for _ in revisions:
            left = await connection.run_sync(run, command.downgrade, "-1")
        assert left == set()
        assert await connection.run_sync(run, command.upgrade, "head") == TABLES


async def test_processes_that_start_together_migrate_and_seed_once(settings: Settings) -> None:
    await asyncio.gather(*(migrate.upgrade(settings, seed_catalogue=True) for _ in range(5)))
    async with connected(settings) as connection:
        assert await connection.run_sync(tables) == TABLES
        assert await connection.scalar(text("SELECT count(*) FROM items")) == len(CATALOGUE)
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert await connection.scalar(text(locks)) == 0


async def test_a_catalogue_that_someone_filled_is_left_alone(settings: Settings) -> None:
    await migrate.upgrade(settings)
    async with connected(settings) as connection:
        await connection.execute(
            text(
                "INSERT INTO items (id, name, description, price_cents, stock) "
                "VALUES (gen_random_uuid(), 'x', '', 1, 1)"
            )
        )
        await connection.commit()
        await migrate.upgrade(settings, seed_catalogue=True)
        assert await connection.scalar(text("SELECT count(*) FROM items")) == 1


async def test_without_being_asked_nothing_is_seeded(settings: Settings) -> None:
    await migrate.upgrade(settings)
    async with connected(settings) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM items")) == 0


async def test_an_earlier_release_runs_on_a_later_schema(settings: Settings) -> None:
    await migrate.upgrade(settings)
    async with connected(settings) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of a later release'"))
        await connection.commit()
        await migrate.upgrade(settings)
        left = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert left == "of a later release"
