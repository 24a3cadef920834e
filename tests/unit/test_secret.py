"""Generated secrets: drawn once, secret all the way, read by ARN."""

from typing import Any

import pulumi
import pytest

from components.key import Key, KeyArgs
from components.secret import GeneratedSecret, GeneratedSecretArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

SECRET = "4dabf18193072939515e22adb298388d"
"""The key under which Pulumi marks a value as secret on the wire."""


def build(**options: Any) -> Run:
    def program() -> GeneratedSecret:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        secret = GeneratedSecret("jwt-signing-key", GeneratedSecretArgs(key=key, **options))
        pulumi.export("the_value", secret.value)
        pulumi.export("the_arn", secret.value_from().value_from())
        pulumi.export("the_key", secret.value_from().kms_key_arn)
        return secret

    return record(program)


def test_it_is_a_secret_and_one_version() -> None:
    run = build()

    children = [r for r in run.resources if "causeway:index:GeneratedSecret$" in r.urn]
    assert [(r.type, r.name) for r in children] == [
        ("aws:secretsmanager/secret:Secret", "jwt-signing-key-secret"),
        ("aws:secretsmanager/secretVersion:SecretVersion", "jwt-signing-key-version"),
    ]
    secret = children[0].inputs
    assert secret["kmsKeyId"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
    assert secret["recoveryWindowInDays"] == 30
    assert "name" not in secret


def test_the_value_is_drawn_at_random_and_only_once() -> None:
    versions = [build().of_type("aws:secretsmanager/secretVersion:SecretVersion")[0] for _ in range(2)]

    first, second = (version.inputs["secretString"]["value"] for version in versions)
    assert first != second
    assert len(first) == 64
    assert all(version.options.ignore_changes == ("secretString",) for version in versions)


def test_the_value_is_a_secret_on_the_wire_and_no_output() -> None:
    run = build()

    drawn = run.of_type("aws:secretsmanager/secretVersion:SecretVersion")[0].inputs["secretString"]
    assert SECRET in drawn
    assert SECRET in run.outputs["the_value"]
    assert drawn["value"] not in repr({k: v for k, v in run.outputs.items() if k != "the_value"})


def test_tasks_read_it_by_arn_under_the_key() -> None:
    run = build()

    assert run.outputs["the_arn"] == (
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret/jwt-signing-key-secret"
    )
    assert run.outputs["the_key"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bytes_of_entropy": 16}, "bytes_of_entropy 16 is refused, use 32 to 96"),
        ({"bytes_of_entropy": 97}, "bytes_of_entropy 97 is refused, use 32 to 96"),
        ({"recovery_window_days": 0}, "recovery_window_days 0 is refused, use 7 to 30"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == f"generated secret: {message}"
