"""The groups of settings, as they stand in a stack's file; what a single value may be is in `limits`."""

import ipaddress
from typing import Any, Self

import limits
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


def _plain(number: float) -> float:
    """As people write it: 8 rather than 8.0."""
    return int(number) if number.is_integer() else number


def refusal(path: str, value: Any, allowed: str) -> PydanticCustomError:
    """The error of a rule between values: `path` is that of the value to change, from the section on."""
    return PydanticCustomError("refusal", "{allowed}", {"path": path, "value": value, "allowed": allowed})


class Section(BaseModel):
    """A part of the configuration: camelCase in the file, frozen, no key but those named."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Network(Section):
    """The VPC: its block, its zones and its way out."""

    cidr: limits.VpcBlock
    zones: limits.Zones
    nat: limits.Nat = "single"
    reserved_cidrs: limits.Blocks = ()
    """Blocks of other stacks and offices, which this one must stay clear of to be peered with them."""

    def topology(self) -> dict[str, Any]:
        """What the component is made from, by its own names."""
        return self.model_dump(include={"cidr", "zones", "nat"})

    @model_validator(mode="after")
    def _stays_clear(self) -> Self:
        taken = limits.TAKEN | dict.fromkeys(self.reserved_cidrs, "reservedCidrs")
        for block, owner in taken.items():
            if ipaddress.IPv4Network(self.cidr).overlaps(ipaddress.IPv4Network(block)):
                raise refusal("cidr", self.cidr, f"a block that does not overlap {block} ({owner})")
        return self


class Images(Section):
    source: limits.ImageSource = "build"
    """`build` pushes to ECR, `local` stays in the Docker daemon, `release` runs pinned digests."""
    platforms: limits.Platforms = ("linux/amd64",)
    pull_account_ids: limits.AccountIds = ()
    """Accounts that run what this one builds."""


class Release(Section):
    """What was built once, elsewhere, and runs here by digest."""

    version: limits.ReleaseVersion
    commit: limits.Commit
    images: limits.ImageUris


class Service(Section):
    """Size and number of the tasks of an ECS service."""

    cpu: limits.Cpu = 256
    memory_mib: limits.MemoryMib = 512
    min_tasks: limits.TaskCount = 1
    max_tasks: limits.TaskCount = 4

    def size(self) -> dict[str, Any]:
        """What one task gets, by the component's own names."""
        return self.model_dump(include={"cpu", "memory_mib"})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        offered = limits.FARGATE_MEMORY_MIB[self.cpu]
        if self.memory_mib not in offered:
            allowed = (
                f"{', '.join(map(str, offered[:-1]))} or {offered[-1]}"
                if len(offered) <= 4  # noqa: PLR2004 what a line can list
                else f"{offered[0]} to {offered[-1]} in steps of {offered[1] - offered[0]}"
            )
            raise refusal("memoryMib", self.memory_mib, f"{allowed} MiB with cpu {self.cpu}")
        if self.min_tasks > self.max_tasks:
            raise refusal("minTasks", self.min_tasks, f"at most maxTasks, which is {self.max_tasks}")
        return self


class ApiService(Service):
    min_tasks: limits.TaskCount = 2
    """One in each of two zones, so that the loss of one is no outage."""


class Database(Section):
    min_capacity: limits.MinCapacity = 0.5
    """Aurora capacity units of 2 GiB; 0 pauses an idle database, which then takes seconds to wake."""
    max_capacity: limits.MaxCapacity = 4.0
    readers: limits.Readers = 0
    backup_retention_days: limits.BackupDays = 7

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_capacity > self.max_capacity:
            allowed = f"at most maxCapacity, which is {self.max_capacity:g}"
            raise refusal("minCapacity", _plain(self.min_capacity), allowed)
        return self


class Cache(Section):
    node_type: limits.NodeType = "cache.t4g.micro"
    nodes: limits.CacheNodes = 1
    eviction_policy: limits.EvictionPolicy = "allkeys-lru"
    snapshot_retention_days: limits.SnapshotDays = 1


class Site(Section):
    domain: limits.Domain | None = None
    """None: the distribution's own name."""
    hosted_zone_id: limits.HostedZoneId | None = None
    price_class: limits.PriceClass = "PriceClass_100"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.domain is None and self.hosted_zone_id is not None:
            raise refusal("domain", None, "the domain of hostedZoneId; give both or neither")
        if self.domain is not None and self.hosted_zone_id is None:
            raise refusal("hostedZoneId", None, f"the hosted zone of {self.domain}; give both or neither")
        return self


class Github(Section):
    """The one repository and environment that may deploy this stack."""

    repository: limits.Repository
    owner_id: limits.GithubId
    repository_id: limits.GithubId
    environment: limits.GithubEnvironment
    create_provider: limits.Flag = True
    """An account has one OIDC provider: false where another stack of the account owns it."""


class Logs(Section):
    retention_days: limits.LogDays = 90


class DefaultTags(Section):
    tags: limits.Tags = Field(default_factory=dict[str, str])
