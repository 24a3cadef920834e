"""What a task is made of, and what of it AWS would refuse late, refused at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components import tracing
from components.cluster import Cluster
from components.fargate_size import refuse_bad_size
from components.image import Image
from components.link import Link, Permission, SecretValue
from components.mount import Mount
from components.sidecar import Sidecar
from components.task_environment import Variables, variables
from components.tracing import COLLECTOR

SHORTEST_STOP_SECONDS, LONGEST_STOP_SECONDS = 2, 120
FIRST_PORT, LAST_PORT = 1024, 65535


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    cluster: Cluster
    image: Image
    command: Sequence[str] | None = None
    """Instead of the image's CMD."""
    port: int | None = None
    """Where it listens, told to it as PORT."""
    port_protocol: Literal["tcp", "udp"] = "tcp"
    cpu: int = 256
    """CPU units, 1024 a vCPU."""
    memory_mib: int = 512
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    links: Sequence[Link] = ()
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    stop_timeout_seconds: int = 30
    """From SIGTERM to SIGKILL."""
    health_command: Sequence[str] | None = None
    """Run in the container; it must not touch the database, whose outage would restart every task."""
    enable_execute_command: bool = False
    internet_access: bool = False
    """HTTPS to anywhere, through the network's NAT. AWS's own APIs have endpoints in the VPC."""
    user: str = "10001:10001"
    sidecars: Sequence[Sidecar] = ()
    mounts: Sequence[Mount] = ()
    """File systems, by `FileSystem.mount`."""
    tracing: bool = False
    """The OpenTelemetry collector beside it, from OTLP on localhost to X-Ray: some 5 $ a million traces."""
    collector_image: str = COLLECTOR
    """Of `tracing`; one in ECR, such as by a pull-through cache, needs no internet access."""
    after: Sequence[pulumi.Resource] = ()
    """What must be done before it runs, such as a `Migration`, or a database that has still to start."""

    def __post_init__(self) -> None:
        refuse_bad_size(self.cpu, self.memory_mib)
        if not SHORTEST_STOP_SECONDS <= self.stop_timeout_seconds <= LONGEST_STOP_SECONDS:
            raise pulumi.RunError(
                f"task: stop_timeout_seconds is {self.stop_timeout_seconds}; "
                f"Fargate takes {SHORTEST_STOP_SECONDS} to {LONGEST_STOP_SECONDS}"
            )
        if self.port is not None and not FIRST_PORT <= self.port <= LAST_PORT:
            raise pulumi.RunError(
                f"task: port is {self.port}; it is not root and may have {FIRST_PORT} to {LAST_PORT}"
            )
        if not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", self.user):
            raise pulumi.RunError(
                f"task: user is '{self.user}'; give a number that is not root's: 10001:10001"
            )
        self._refuse_another_platform()
        self._refuse_what_has_no_way_out()
        self._refuse_equal_names()
        self.variables()

    def variables(self) -> Variables:
        """The plain variables and the secrets of the container, those of the links among them."""
        return variables(self.port, self.environment, self.secrets, self.all_links())

    def all_links(self) -> list[Link]:
        """The links, those of mounts and of tracing too."""
        mounts = {mount.link.name: mount.link for mount in self.mounts}
        return [*self.links, *mounts.values(), *([tracing.link()] if self.tracing else [])]

    def all_sidecars(self) -> list[Sidecar]:
        """The sidecars, and the collector of traces."""
        region = self.cluster.network.region
        collector = [tracing.collector(self.collector_image, region)] if self.tracing else []
        return [*self.sidecars, *collector]

    def pulls(self) -> list[Permission]:
        """What must be pulled from ECR, each repository once."""
        pulls = [self.image.pull(), *(sidecar.pull() for sidecar in self.all_sidecars())]
        found: list[Permission] = []
        for pull in pulls:
            if pull is not None and all(not _same(pull, other) for other in found):
                found.append(pull)
        return found

    def pull_secrets(self) -> list[SecretValue]:
        """What ECS signs in with to registries that are not ECR."""
        images = [self.image, *(sidecar.image for sidecar in self.sidecars)]
        secrets = [image.pull_secret for image in images if isinstance(image, Image)]
        return [secret for secret in secrets if secret is not None]

    @property
    def port_name(self) -> str | None:
        """What Service Connect calls the port; only a service has such a name."""
        return None

    def _refuse_another_platform(self) -> None:
        platform = f"linux/{'arm64' if self.architecture == 'ARM64' else 'amd64'}"
        own = [sidecar.image for sidecar in self.sidecars if isinstance(sidecar.image, Image)]
        for image in (self.image, *own):
            if image.platforms and platform not in image.platforms:
                raise pulumi.RunError(
                    f"task: architecture {self.architecture} runs {platform}, the image is built for "
                    f"{', '.join(image.platforms)}; add it to the image's platforms"
                )
        machines = self.cluster.capacity.architecture if self.cluster.capacity else self.architecture
        if machines != self.architecture:
            raise pulumi.RunError(
                f"task: architecture is {self.architecture}, and the cluster's instances are {machines}; "
                "make them the same"
            )

    def _refuse_what_has_no_way_out(self) -> None:
        network = self.cluster.network
        if self.internet_access and network.nat == "none":
            raise pulumi.RunError(
                "task: internet_access needs a NAT gateway, and nat is none; set nat to single"
            )
        if self.image.pull_secret is not None and not self.internet_access:
            raise pulumi.RunError(
                "task: the image comes from an external repository; give internet_access, or leave "
                "own_repository of the image True"
            )
        for sidecar in self.all_sidecars():
            if sidecar.from_internet and not self.internet_access:
                raise pulumi.RunError(
                    f"task: sidecar {sidecar.name} has its image outside ECR, '{sidecar.image}'; "
                    "give internet_access, or an image in ECR, such as by a pull-through cache"
                )
        if self.tracing and not self.internet_access and "xray" not in network.interface_endpoints:
            raise pulumi.RunError(
                "task: tracing reaches X-Ray by the internet or by an endpoint; give internet_access, "
                "or add 'xray' to the network's interface_endpoints"
            )

    def _refuse_equal_names(self) -> None:
        for kind, names in {
            "sidecars have the name": [sidecar.name for sidecar in self.all_sidecars()],
            "mounts have the path": [mount.path for mount in self.mounts],
        }.items():
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise pulumi.RunError(f"task: two {kind} '{twice[0]}'; change one")


def _same(one: Permission, other: Permission) -> bool:
    """Whether two images come from one repository, that is of one component."""
    return len(one.resources) == len(other.resources) and all(
        a is b or (isinstance(a, str) and a == b) for a, b in zip(one.resources, other.resources, strict=True)
    )
