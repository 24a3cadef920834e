"""The real servers take what the program's resources ask of them, and nobody without a password."""

import asyncio
import os
import pwd
import tempfile
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localcloud import postgres
from localcloud.errors import LocalCloudError
from localcloud.processes import Processes


def query(local: SimpleNamespace, statement: str, **connection: str) -> list[tuple[object, ...]]:
    async def run() -> list[tuple[object, ...]]:
        host, port = local.servers.postgres.host, local.servers.postgres.port
        client = await asyncpg.connect(host=host, port=port, ssl=False, **connection)
        try:
            return [tuple(row) for row in await client.fetch(statement)]
        finally:
            await client.close()

    return asyncio.run(run())


def test_database_belongs_to_its_user(local: SimpleNamespace) -> None:
    password = 'it\'s "odd" $1 \\ %s'
    local.servers.postgres.create_database("owned", "owner", password)
    signed_in = {"user": "owner", "password": password, "database": "owned"}
    query(local, "CREATE TABLE items (id int)", **signed_in)
    assert query(local, "SELECT current_user, current_setting('fsync')", **signed_in) == [("owner", "off")]
    assert query(local, "SELECT rolsuper FROM pg_roles WHERE rolname = 'owner'", **signed_in) == [(False,)]


def test_database_made_twice_keeps_its_data_and_takes_the_new_password(local: SimpleNamespace) -> None:
    local.servers.postgres.create_database("twice", "twice", "first")
    query(local, "CREATE TABLE kept (id int)", user="twice", password="first", database="twice")
    local.servers.postgres.create_database("twice", "twice", "second")
    assert query(local, "SELECT count(*) FROM kept", user="twice", password="second", database="twice") == [
        (0,)
    ]
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(local, "SELECT 1", user="twice", password="first", database="twice")


def test_database_that_cannot_be_made_is_one_line_without_the_password(local: SimpleNamespace) -> None:
    with pytest.raises(LocalCloudError) as error:
        local.servers.postgres.create_database("", "nobody-in-particular", "very-secret")
    assert "did not make database ''" in str(error.value)
    assert "very-secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_postgres_of_root_runs_as_nobody(local: SimpleNamespace) -> None:
    assert os.stat(f"/proc/{local.servers.postgres.process.pid}").st_uid == pwd.getpwnam("nobody").pw_uid


def client(local: SimpleNamespace, **user: str) -> redis.Redis:
    once = Retry(NoBackoff(), 0)
    return redis.Redis(host=local.servers.valkey.host, port=local.servers.valkey.port, retry=once, **user)


def test_user_of_valkey_has_its_access_string_and_no_more(local: SimpleNamespace) -> None:
    local.servers.valkey.create_user("app", "sixteen-or-longer", "on ~shop:* +@read +@write")
    app = client(local, username="app", password="sixteen-or-longer")
    app.set("shop:1", "x")
    with pytest.raises(redis.exceptions.NoPermissionError):
        app.set("other", "x")
    with pytest.raises(redis.exceptions.NoPermissionError):
        app.config_get("maxmemory")
    local.servers.valkey.create_user("app", "another-password-now", "on ~* +@read")
    with pytest.raises(redis.exceptions.AuthenticationError):
        client(local, username="app", password="sixteen-or-longer").ping()


@pytest.mark.parametrize("user", [{}, {"username": "default", "password": "x"}])
def test_valkey_lets_nobody_in_without_a_password(local: SimpleNamespace, user: dict[str, str]) -> None:
    local.servers.valkey.create_user("default", None, "off ~keys* -@all")
    with pytest.raises(redis.exceptions.AuthenticationError):
        client(local, **user).ping()


def test_valkey_takes_parameters_and_refuses_unknown_ones_in_one_line(local: SimpleNamespace) -> None:
    local.servers.valkey.configure({"maxmemory-policy": "allkeys-lfu"})
    admin = client(local, username="causeway", password=local.servers.valkey.password)
    assert "allkeys-lfu" in str(admin.config_get("maxmemory-policy"))
    with pytest.raises(LocalCloudError, match="CONFIG SET no-such-parameter"):
        local.servers.valkey.configure({"no-such-parameter": "1"})


def test_passwords_are_in_no_representation(local: SimpleNamespace) -> None:
    for server in (local.servers.postgres, local.servers.valkey):
        assert server.password not in repr(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_postgres_of_root_is_copied_out_of_an_environment_closed_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_to_all, closed = postgres._others_may_enter, postgres._installation()
    monkeypatch.setattr(
        postgres, "_others_may_enter", lambda path: closed not in path.parents and open_to_all(path)
    )
    with tempfile.TemporaryDirectory() as name, Processes() as processes:
        folder = Path(name)
        folder.chmod(0o711)
        server = postgres.Postgres.start(processes, folder=folder / "postgres", logs=folder)
        server.wait()
        assert server.binaries.is_relative_to(folder)
        server.create_database("copied", "copied", "password")
