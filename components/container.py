"""A container's definition in the one form that AWS gives back: non-root, read-only, secrets by reference.

What is written otherwise is a new revision, and a deployment, at every `up`: pulumi-aws #1985, #4576, #5256.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import pulumi

from components.link import SecretValue

SORTED_BY = {
    "environment": "name",
    "secrets": "name",
    "portMappings": "containerPort",
    "mountPoints": "containerPath",
    "tmpfs": "containerPath",
    "ulimits": "name",
    "systemControls": "namespace",
    "dependsOn": "containerName",
    "volumesFrom": "sourceContainer",
}
"""Lists whose order says nothing, by the member to sort them by."""
SORTED = {"drop", "add"}
INTEGERS = {
    "cpu", "memory", "memoryReservation", "containerPort", "hostPort", "interval", "timeout", "retries",
    "startPeriod", "startTimeout", "stopTimeout", "size", "softLimit", "hardLimit",
}  # fmt: skip
EXEC_PATHS = ("/var/lib/amazon", "/var/log/amazon")
"""What the agent of ECS Exec writes to, which a read-only root would forbid."""


@dataclass(frozen=True, kw_only=True)
class MountPoint:
    """Where a container sees a volume of its task."""

    volume: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a task."""

    name: str
    image: pulumi.Input[str]
    command: Sequence[str] | None = None
    port: int | None = None
    port_protocol: Literal["tcp", "udp"] = "tcp"
    port_name: str | None = None
    """What Service Connect calls the port; it then speaks HTTP."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    log_group_name: pulumi.Input[str]
    region: str
    user: str = "10001:10001"
    """Numeric, so that nothing of the image decides who it is."""
    tmp_mib: int = 64
    """Size of /tmp, in memory (and counted as such): all that can be written to."""
    stop_timeout_seconds: int = 30
    """From SIGTERM to SIGKILL."""
    health_command: Sequence[str] | None = None
    """Exit code 0 is healthy. It must not touch the database: an outage would become a restart storm."""
    enable_execute_command: bool = False
    essential: bool = True
    """Whether its end is the end of the task."""
    memory_mib: int | None = None
    """What it may use of the task's memory, and no more."""
    starts_after: Mapping[str, Literal["START", "HEALTHY"]] = field(
        default_factory=dict[str, Literal["START", "HEALTHY"]]
    )
    """Other containers of the task, and what they must be before it starts. They stop after it."""
    mounts: Sequence[MountPoint] = ()
    pull_secret: SecretValue | None = None
    """What ECS signs in to the image's registry with, where that is not ECR."""

    def definition(self) -> dict[str, Any]:
        """The member of `containerDefinitions`, canonical."""
        return canonical(
            {
                "name": self.name,
                "image": self.image,
                "repositoryCredentials": {"credentialsParameter": self.pull_secret.arn}
                if self.pull_secret
                else None,
                "essential": self.essential,
                "memory": self.memory_mib,
                "dependsOn": [
                    {"containerName": name, "condition": condition}
                    for name, condition in self.starts_after.items()
                ],
                "command": self.command,
                "environment": [{"name": name, "value": value} for name, value in self.environment.items()],
                "secrets": [
                    {"name": name, "valueFrom": secret.value_from()} for name, secret in self.secrets.items()
                ],
                "portMappings": [self._port_mapping()] if self.port else [],
                "user": self.user,
                "readonlyRootFilesystem": True,
                "linuxParameters": {
                    "initProcessEnabled": True,
                    "capabilities": {"drop": ["ALL"]},
                    # Fargate mounts tmpfs since January 2026; a volume would belong to root.
                    "tmpfs": [
                        {
                            "containerPath": "/tmp",  # noqa: S108 the container's own
                            "size": self.tmp_mib,
                            "mountOptions": ["nodev", "noexec", "nosuid"],
                        }
                    ],
                },
                "mountPoints": [
                    {"sourceVolume": mount.volume, "containerPath": mount.path, "readOnly": mount.read_only}
                    for mount in (*self._execute_command_mounts(), *self.mounts)
                ],
                "stopTimeout": self.stop_timeout_seconds,
                "healthCheck": {
                    "command": ["CMD", *self.health_command],
                    "interval": 15,
                    "timeout": 5,
                    "retries": 3,
                    "startPeriod": 60,
                }
                if self.health_command
                else None,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": self.log_group_name,
                        "awslogs-region": self.region,
                        "awslogs-stream-prefix": self.name,
                        # A slow CloudWatch must not stop the application: lines beyond the buffer are lost.
                        "mode": "non-blocking",
                        "max-buffer-size": "25m",
                    },
                },
            }
        )

    def volumes(self) -> list[str]:
        """Names of the task's empty volumes that the definition mounts."""
        return [mount.volume for mount in self._execute_command_mounts()]

    def _execute_command_mounts(self) -> list[MountPoint]:
        paths = EXEC_PATHS if self.enable_execute_command else ()
        return [MountPoint(volume=volume_name(path), path=path) for path in paths]

    def _port_mapping(self) -> dict[str, Any]:
        mapping: dict[str, Any] = {"containerPort": self.port, "protocol": self.port_protocol}
        return {**mapping, "name": self.port_name, "appProtocol": "http"} if self.port_name else mapping


def volume_name(path: str) -> str:
    """`/var/lib/amazon` is `var-lib-amazon`."""
    return path.strip("/").replace("/", "-")


def definitions(containers: Sequence[Mapping[str, Any]]) -> pulumi.Output[str]:
    """The JSON of `containerDefinitions`: canonical, by name, keys sorted."""
    ordered = sorted((canonical(container) for container in containers), key=lambda one: str(one["name"]))
    return pulumi.Output.json_dumps(ordered, sort_keys=True, separators=(",", ":"))


def canonical(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A container definition as ECS describes it back: no empty members, integers as such, lists without
    order sorted, the host's port told. Doing it twice changes nothing."""
    return cast("dict[str, Any]", _normal("", definition))


def _normal(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        normal = {name: _normal(name, members[name]) for name in sorted(members)}
        return {name: member for name, member in normal.items() if member not in (None, [], {})}
    if isinstance(value, (list, tuple)):
        items = [_normal("", item) for item in cast("Sequence[Any]", value)]
        if key == "portMappings":
            items = [_port_mapping(item) for item in items]
        return _sort(key, items)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if key in INTEGERS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _port_mapping(mapping: Any) -> Any:
    """Under awsvpc ECS answers with the container's port as the host's, and with the protocol."""
    if not isinstance(mapping, dict) or "containerPort" not in mapping:
        return cast("Any", mapping)
    told = cast("dict[str, Any]", mapping)
    return dict(sorted({"protocol": "tcp", **told, "hostPort": told["containerPort"]}.items()))


def _sort(key: str, items: list[Any]) -> list[Any]:
    member = SORTED_BY.get(key)
    if member is None:
        plain = key in SORTED and all(isinstance(item, str) for item in items)
        return sorted(items) if plain else items
    names = [_member(item, member) for item in items]
    if all(isinstance(name, str) for name in names) or all(type(name) is int for name in names):
        return sorted(items, key=lambda item: _member(item, member))
    return items


def _member(item: Any, name: str) -> Any:
    return cast("dict[str, Any]", item).get(name) if isinstance(item, dict) else None
