"""What ECS makes of a container definition before it runs: command, environment, secrets, credentials."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud import dockerfile
from localcloud.clients import Clients
from localcloud.errors import LocalCloudError
from localcloud.ports import LOOPBACK
from localcloud.servers import Servers

SECRET_ARN_PARTS = 7
"""`arn:aws:secretsmanager:region:account:secret:name`; JSON key, stage and version may follow."""


class TaskFailedError(Exception):
    """A task cannot run or must end, in the words of ECS's stopped reasons."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What every container of the run has around it."""

    clients: Clients
    region: str
    images: Mapping[str, str]
    """URI of an image to the folder that it is built from."""
    servers: Servers
    home: Path


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that is ready to run as a process."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: dict[str, str] = field(repr=False)
    essential: bool
    stop_signal: int
    stop_timeout_seconds: int
    health_check: Mapping[str, Any] | None
    log_options: Mapping[str, str] | None
    """Of the `awslogs` driver; None where the container has another driver or none."""


def prepare(
    host: Host, task_definition: Mapping[str, Any], definition: Mapping[str, Any], port: int
) -> Container:
    """Resolve one container definition, to listen on a local port. Raises TaskFailedError."""
    image = str(definition["image"])
    if image not in host.images:
        raise TaskFailedError(
            f"CannotPullContainerError: the local cloud knows no folder of image {image}; "
            "an image of the program comes from an Image component"
        )
    folder = Path(host.images[image])
    try:
        config = dockerfile.read(folder)
    except LocalCloudError as error:
        raise TaskFailedError(f"CannotPullContainerError: {error}") from None
    entry_point = tuple(definition.get("entryPoint") or ())
    # As Docker: an entry point of one's own drops the command that the image has for its own.
    command = tuple(definition.get("command") or ()) or (() if entry_point else config.command)
    full = (entry_point or config.entry_point) + command
    if not full:
        raise TaskFailedError(
            f"CannotStartContainerError: image {image} has no command, nor has its container"
        )
    logs: dict[str, Any] = definition.get("logConfiguration") or {}
    return Container(
        name=str(definition["name"]),
        command=full,
        folder=folder,
        environment={
            **_surroundings(host),
            **config.environment,
            **_credentials(host, task_definition),
            **_localised(host.servers, _own(host, task_definition, definition)),
            "AWS_ENDPOINT_URL": host.clients.endpoint,
            # On Fargate only the load balancer reaches the task; here only this machine shall.
            **({"HOST": LOOPBACK, "PORT": str(port)} if definition.get("portMappings") else {}),
        },
        essential=bool(definition.get("essential", True)),
        stop_signal=signal.Signals[config.stop_signal].value,
        stop_timeout_seconds=int(definition.get("stopTimeout") or 30),  # Fargate's own default
        health_check=definition.get("healthCheck"),
        log_options=logs.get("options", {}) if logs.get("logDriver") == "awslogs" else None,
    )


def _surroundings(host: Host) -> dict[str, str]:
    """What a process needs of this machine. Nothing else of it is passed on, least of all its AWS profile."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": programs,
        "HOME": str(host.home),
        "TMPDIR": str(host.home),
        "LANG": "C.UTF-8",
        "AWS_REGION": host.region,
        "AWS_DEFAULT_REGION": host.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _credentials(host: Host, task_definition: Mapping[str, Any]) -> dict[str, str]:
    """Those of the task role; without one a task has none, as on Fargate."""
    role = task_definition.get("taskRoleArn")
    if not role:
        return {}
    try:
        answer = host.clients.get("sts", host.region).assume_role(
            RoleArn=role, RoleSessionName=str(task_definition["family"])[:64], DurationSeconds=43200
        )
    except (ClientError, BotoCoreError) as error:
        raise TaskFailedError(f"ECS was unable to assume the role '{role}': {error}") from None
    credentials = answer["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _own(host: Host, task_definition: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, str]:
    """The container's own variables and secrets."""
    environment: list[dict[str, str]] = definition.get("environment") or []
    secrets: list[dict[str, str]] = definition.get("secrets") or []
    own = {item["name"]: item.get("value", "") for item in environment}
    for secret in secrets:
        if not task_definition.get("executionRoleArn"):
            raise TaskFailedError(
                "ResourceInitializationError: unable to pull secrets: the task has no execution role"
            )
        try:
            own[secret["name"]] = _secret(host, secret["valueFrom"])
        except (ClientError, BotoCoreError, ValueError, KeyError) as error:
            raise TaskFailedError(
                f"ResourceInitializationError: unable to pull secret {secret['name']} "
                f"from {secret['valueFrom']}: {error}"
            ) from None
    return own


def _secret(host: Host, value_from: str) -> str:
    """Secrets Manager's `ARN[:json-key:stage:version]`, or a parameter of SSM by ARN or name.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """
    parts = value_from.split(":")
    if parts[2:3] != ["secretsmanager"]:
        name = value_from.split(":parameter", 1)[1] if value_from.startswith("arn:") else value_from
        region = parts[3] if value_from.startswith("arn:") else host.region
        answer = host.clients.get("ssm", region).get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])
    arn, rest = ":".join(parts[:SECRET_ARN_PARTS]), [*parts[SECRET_ARN_PARTS:], "", "", ""]
    key, stage, version = rest[:3]
    wanted = {"VersionStage": stage, "VersionId": version}
    client = host.clients.get("secretsmanager", parts[3])
    answer = client.get_secret_value(SecretId=arn, **{name: value for name, value in wanted.items() if value})
    text = str(answer["SecretString"])
    return str(json.loads(text)[key]) if key else text


def _localised(servers: Servers, environment: dict[str, str]) -> dict[str, str]:
    """The same variables without TLS towards the local servers, which speak none."""
    valkey = f"@{servers.valkey.host}:{servers.valkey.port}"
    local = {
        name: value.replace("rediss://", "redis://", 1) if valkey in value else value
        for name, value in environment.items()
    }
    if local.get("DATABASE_PORT") == str(servers.postgres.port):
        local["DATABASE_SSL_MODE"] = "disable"
    return local
