"""A second container beside a task's own: it shares the task's network, roles, log group and life."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.container import Container, MountPoint
from components.image import ECR, PULL_ACTIONS, Image
from components.link import Permission, SecretValue
from components.names import PATTERN
from components.task_environment import variables

PINNED = re.compile(r"[^@\s]+(@sha256:[0-9a-f]{64}|:(?!latest$)[\w][\w.-]{0,127})")
"""An image by digest or by a tag that names a version."""
NUMERIC_USER = re.compile(r"[1-9]\d*(:[1-9]\d*)?")


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The task's own container reaches it, and it reaches that, on localhost."""

    name: str
    image: Image | str
    """An `Image`, or a URI by digest or version; one outside ECR is pulled through the NAT gateway."""
    command: Sequence[str] | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    mounts: Sequence[MountPoint] = ()
    """Volumes of the task, by `Mount.point()`."""
    essential: bool = False
    """Whether its end ends the task."""
    ready: Literal["START", "HEALTHY"] = "START"
    """What it must be before the task's own container starts; it also stops after that one."""
    health_command: Sequence[str] | None = None
    memory_mib: int | None = None
    """Its share of the task's memory, at most."""
    stop_timeout_seconds: int = 30
    user: str = "10001:10001"

    def __post_init__(self) -> None:
        if not PATTERN.fullmatch(self.name):
            raise pulumi.RunError(
                f"sidecar '{self.name}': a name has a-z, 0-9 and single hyphens between; change it"
            )
        if isinstance(self.image, str) and not PINNED.fullmatch(self.image):
            raise pulumi.RunError(
                f"sidecar {self.name}: image is '{self.image}', which may be another tomorrow; "
                "give a version or a digest, such as REPOSITORY:v1.2.3 or REPOSITORY@sha256:..."
            )
        if self.ready == "HEALTHY" and self.health_command is None:
            raise pulumi.RunError(
                f"sidecar {self.name}: ready is HEALTHY and nothing checks it; give health_command"
            )
        if not NUMERIC_USER.fullmatch(self.user):
            raise pulumi.RunError(
                f"sidecar {self.name}: user is '{self.user}'; give a number that is not root's: 10001:10001"
            )
        variables(None, self.environment, self.secrets, ())

    def pull(self) -> Permission | None:
        """Permission to pull its image; None for one that is not in ECR."""
        if isinstance(self.image, Image):
            return self.image.pull()
        found = ECR.fullmatch(self.image.split("@")[0])
        if found is None:
            return None
        arn = f"arn:aws:ecr:{found['region']}:{found['account']}:repository/{found['name']}"
        # What a pull-through cache has not got yet, it fetches in the name of who pulls.
        fetch = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
        return Permission(actions=[*PULL_ACTIONS, *fetch], resources=[arn])

    @property
    def from_internet(self) -> bool:
        """Whether its image comes from a registry that has no door in the VPC."""
        if isinstance(self.image, Image):
            return self.image.pull_secret is not None
        return ECR.fullmatch(self.image.split("@")[0]) is None

    def container(self, log_group_name: pulumi.Input[str], region: str) -> Container:
        return Container(
            name=self.name,
            image=self.image.uri if isinstance(self.image, Image) else self.image,
            pull_secret=self.image.pull_secret if isinstance(self.image, Image) else None,
            command=self.command,
            environment=self.environment,
            secrets=self.secrets,
            mounts=self.mounts,
            essential=self.essential,
            memory_mib=self.memory_mib,
            health_command=self.health_command,
            stop_timeout_seconds=self.stop_timeout_seconds,
            user=self.user,
            log_group_name=log_group_name,
            region=region,
        )
