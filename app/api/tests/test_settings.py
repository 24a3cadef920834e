"""A variable that is missing or malformed: one line that names it, never its value, and exit 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop.settings import ApiSettings, Settings, WorkerSettings, load

API = Path(__file__).parents[1]

COMPLETE = {
    "ENVIRONMENT": "test",
    "DATABASE_HOST": "db.internal",
    "DATABASE_NAME": "shop",
    "DATABASE_USER": "shop",
    "DATABASE_PASSWORD": "p@ss/word",
    "REDIS_URL": "rediss://app@cache.internal:6379/0",
    "JWT_SIGNING_KEY": "k" * 32,
    "JWT_ISSUER": "https://shop.test",
    "ORDERS_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:orders.fifo",
    "FULFILMENT_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/fulfilment.fifo",
}


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PORT", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def refusal(kind: type[Settings], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        load(kind)
    assert stopped.value.code == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.parametrize("missing", [name for name in COMPLETE if name[:3] not in ("ORD", "FUL")])
def test_api_names_what_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(missing)
    assert missing in refusal(ApiSettings, capsys)


@pytest.mark.parametrize("missing", ["ORDERS_TOPIC_ARN", "FULFILMENT_QUEUE_URL", "DATABASE_PASSWORD"])
def test_worker_names_what_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(missing, "")
    assert missing in refusal(WorkerSettings, capsys)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ENVIRONMENT", "Staging!"),
        ("REDIS_URL", "cache.internal:6379"),
        ("JWT_SIGNING_KEY", "too-short-a-secret"),
        ("DATABASE_PORT", "0"),
        ("DATABASE_SSL_MODE", "prefer"),
        ("DATABASE_URL", "mysql://shop:hunter2@db/shop"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_CA_FILE", "/no/such/file.pem"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_names_what_is_malformed_and_keeps_its_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    line = refusal(ApiSettings, capsys)
    assert f"{name} malformed" in line
    if name in ("JWT_SIGNING_KEY", "DATABASE_URL"):
        assert value not in line
        assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [("ORDERS_TOPIC_ARN", "orders"), ("FULFILMENT_QUEUE_URL", "fulfilment"), ("VISIBILITY_SECONDS", "1")],
)
def test_worker_names_what_is_malformed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert f"{name} malformed" in refusal(WorkerSettings, capsys)


def test_everything_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name)
    line = refusal(ApiSettings, capsys)
    for name in ("ENVIRONMENT", "REDIS_URL", "JWT_SIGNING_KEY", "JWT_ISSUER"):
        assert name in line


def test_database_url_or_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = load(Settings).database_location
    assert (parts.host, parts.database, parts.password) == ("db.internal", "shop", "p@ss/word")
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b%2Fc@other:6543/else?sslmode=disable")
    whole = load(Settings).database_location
    assert whole.drivername == "postgresql+asyncpg"
    assert (whole.host, whole.port, whole.database, whole.password) == ("other", 6543, "else", "b/c")
    assert whole.query == {}


def test_the_topic_tells_the_region_that_ecs_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(WorkerSettings).region == "eu-central-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert load(WorkerSettings).region == "eu-west-1"


@pytest.mark.parametrize("module", ["shop.main", "shop.worker"])
def test_a_process_without_configuration_ends_with_one_line(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", module, "ada@example.com"],
        cwd=API,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("configuration: ")
    assert ended.stderr.count("\n") == 1
