"""Brings the schema to this release's head, once, however many processes start together."""

import asyncio
import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shop import logs
from shop.catalogue import seed
from shop.database import Database, is_unavailable
from shop.settings import Settings, load

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_LOCK = 0x73686F70  # "shop": the key of the advisory lock

log = logging.getLogger(__name__)


def config() -> Config:
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS))
    return alembic


async def upgrade(settings: Settings, *, seed_catalogue: bool = False) -> None:
    """Apply what is missing; fill an empty catalogue if asked. Waits for another process that does so."""
    database = Database(settings, "migrate", patient=True)
    try:
        async with database.engine.connect() as connection:
            # Of the session, so that a migration may commit in between; closing the connection frees it.
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
            if seed_catalogue:
                await seed(connection)
                await connection.commit()
    finally:
        await database.close()


async def upgrade_when_possible(settings: Settings, *, seed_catalogue: bool = False) -> None:
    """As `upgrade`, but waits for a database that is away. A migration that fails is an error."""
    pause = 0.2
    while True:
        try:
            return await upgrade(settings, seed_catalogue=seed_catalogue)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("database unavailable, waiting", extra={"error": str(error), "seconds": pause})
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5)


def _upgrade(connection: Connection) -> None:
    alembic = config()
    known = {script.revision for script in ScriptDirectory.from_config(alembic).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    connection.commit()
    if current - known:
        # Migrations only expand before a release and contract after it: an earlier release runs on this.
        log.warning("schema is newer than this release", extra={"revisions": sorted(current)})
        return
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")


async def main() -> None:
    settings = load(Settings)
    logs.configure(settings.log_level)
    await upgrade(settings, seed_catalogue=settings.seed_catalogue)


if __name__ == "__main__":
    asyncio.run(main())
