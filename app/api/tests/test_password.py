"""A rotated password: who is refused with the old one reads the new one."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from shop.database import Database
from shop.settings import ApiSettings


@pytest.fixture
async def role(postgres: str) -> Any:
    """A role that must give its password, unlike the others of the tests' server."""
    owner = await asyncpg.connect(host=postgres, user="postgres", database="postgres")
    rules = Path(await owner.fetchval("SHOW hba_file"))
    before = rules.read_text(encoding="utf-8")
    await owner.execute("CREATE ROLE rotated LOGIN PASSWORD 'first'")
    rules.write_text(f"local all rotated scram-sha-256\n{before}", encoding="utf-8")
    await owner.execute("SELECT pg_reload_conf()")
    yield owner
    rules.write_text(before, encoding="utf-8")
    await owner.execute("SELECT pg_reload_conf()")
    await owner.execute("DROP ROLE rotated")
    await owner.close()


async def test_new_connections_follow_a_rotation(
    role: Any, environment: dict[str, str], emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = emulator.client("secretsmanager")
    secret = secrets.create_secret(Name="rotated", SecretString=json.dumps({"password": "first"}))
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    database = Database(
        ApiSettings.model_validate(
            {name.lower(): value for name, value in environment.items()}
            | {
                "database_user": "rotated",
                "database_password": "first",
                "database_secret_arn": secret["ARN"],
            }
        ),
        "test",
    )
    await database.ping()

    await role.execute("ALTER ROLE rotated PASSWORD 'second'")
    secrets.put_secret_value(SecretId=secret["ARN"], SecretString=json.dumps({"password": "second"}))
    await database.engine.dispose()  # what a pool does when its connections grow old

    await database.ping()
    async with database.transaction() as session:
        assert (await session.execute(text("SELECT current_user"))).scalar_one() == "rotated"
    await database.close()
