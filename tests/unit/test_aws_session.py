"""The session of what the engine runs: the stack's own words for credentials, or a refusal."""

import json
from typing import Any, ClassVar

import boto3.session
import pytest

from components.aws_session import CredentialsError, client

Made = list[dict[str, Any]]


class Session:
    """Stands in for boto3's, and remembers."""

    made: ClassVar[Made] = []
    assumed: ClassVar[Made] = []

    def __init__(self, **arguments: Any) -> None:
        self.made.append(arguments)

    def client(self, service: str, **arguments: Any) -> Any:
        self.made.append({"client": service, "endpoint_url": arguments["endpoint_url"]})
        return self

    def assume_role(self, **wanted: str) -> dict[str, Any]:
        self.assumed.append(wanted)
        number = len(self.assumed)
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": {name: f"{name}{number}" for name in names}}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setattr(boto3.session, "Session", Session)
    Session.made, Session.assumed = [], []
    return Session.made


def test_the_environment_unless_the_stack_says_otherwise(made: Made) -> None:
    client("ecs", "eu-west-1", {}.get)
    session, ecs = made
    assert session.pop("region_name") == "eu-west-1"
    assert set(session.values()) == {None}
    assert ecs == {"client": "ecs", "endpoint_url": None}


def test_profile_keys_and_endpoints(made: Made) -> None:
    config = {
        "aws:profile": "staging",
        "aws:accessKey": "key",
        "aws:secretKey": "secret",
        "aws:token": "token",
        "aws:endpoints": json.dumps([{"sts": "http://sts", "ecs": "http://ecs"}]),
    }
    client("ecs", "eu-west-1", config.get)
    assert made == [
        {
            "profile_name": "staging",
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "aws_session_token": "token",
            "region_name": "eu-west-1",
        },
        {"client": "ecs", "endpoint_url": "http://ecs"},
    ]


def test_roles_one_after_the_other(made: Made) -> None:
    roles = [{"roleArn": "arn:one", "externalId": "x"}, {"roleArn": "arn:two", "sessionName": "named"}]
    client("ecs", "eu-west-1", {"aws:assumeRoles": json.dumps(roles)}.get)
    assert Session.assumed == [
        {"RoleArn": "arn:one", "RoleSessionName": "causeway", "ExternalId": "x"},
        {"RoleArn": "arn:two", "RoleSessionName": "named"},
    ]
    assert made[-2]["aws_access_key_id"] == "AccessKeyId2"
    assert made[-1]["client"] == "ecs"


@pytest.mark.parametrize("key", ["assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles"])
def test_refuses_what_it_cannot_follow(key: str, made: Made) -> None:
    with pytest.raises(CredentialsError, match=f"aws:{key} is set .* in the environment"):
        client("ecs", "eu-west-1", {f"aws:{key}": "{}"}.get)
    assert made == []
