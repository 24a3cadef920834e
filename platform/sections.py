"""The groups of settings that every stack has, as they stand in its file; see `limits` for single values.

Those of compute stand in `services`, of data in `stores`, of delivery in `delivery`, of people in `watching`.
"""

import ipaddress
from typing import Any, Self

import limits
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


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


class Site(Section):
    domain: limits.Domain | None = None
    """None: the distribution's own name."""
    hosted_zone_id: limits.HostedZoneId | None = None
    price_class: limits.PriceClass = "PriceClass_100"
    requests_per_5_minutes: limits.WebRequests = 2_000
    """Of one address; the web ACL answers more with 429."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.domain is None and self.hosted_zone_id is not None:
            raise refusal("domain", None, "the domain of hostedZoneId; give both or neither")
        if self.domain is not None and self.hosted_zone_id is None:
            raise refusal("hostedZoneId", None, f"the hosted zone of {self.domain}; give both or neither")
        return self


class Logs(Section):
    retention_days: limits.LogDays = 90


class DefaultTags(Section):
    tags: limits.Tags = Field(default_factory=dict[str, str])
