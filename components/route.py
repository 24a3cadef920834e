"""Which requests of a shared load balancer go to a service, and before which others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

import pulumi
from pulumi_aws import lb

from components.match import Match, refuse_bad_path
from components.target_group import Sticky

LENGTHS = 49
"""Literal lengths of a path that are told apart: 0 to 48 and longer."""
SLOTS, NARROWED_SLOTS = 510, 170
"""Priorities of one length; the first of them are for routes that ask for more than hosts and paths."""
BAND = LENGTHS * SLOTS
"""Priorities for routes with a host; those without come after. Two bands fill AWS's 1 to 50,000."""
HIGHEST = 50_000
LONGEST_REWRITE = 1024


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """Changes the URL, or the Host header, before the service sees it.

    `Rewrite(regex="^/api/(.*)$", replace="/$1")` takes a prefix away. Of a URL the regex sees path and query.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
    """

    regex: str
    replace: str
    of: Literal["url", "host"] = "url"

    def __post_init__(self) -> None:
        if not 0 < len(self.regex) <= LONGEST_REWRITE or len(self.replace) > LONGEST_REWRITE:
            raise pulumi.RunError(
                f"load balancer: rewrite of '{self.regex}' must have 1 to {LONGEST_REWRITE} characters "
                f"of regex and at most {LONGEST_REWRITE} of replace"
            )

    def transform(self) -> lb.ListenerRuleTransformArgsDict:
        """As a listener rule takes it."""
        rewrite: lb.ListenerRuleTransformUrlRewriteConfigRewriteArgsDict = {
            "regex": self.regex,
            "replace": self.replace,
        }
        if self.of == "url":
            return {"type": "url-rewrite", "url_rewrite_config": {"rewrite": rewrite}}
        return {
            "type": "host-header-rewrite",
            "host_header_rewrite_config": {
                "rewrite": {"regex": self.regex, "replace": self.replace},
            },
        }


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """What a route needs of its load balancer."""

    listener_arn: pulumi.Input[str]
    test_listener_arn: pulumi.Input[str]
    """Where a new version answers before anybody else meets it."""
    security_group_id: pulumi.Input[str]
    """The load balancer's, which the service lets in."""
    arn_suffix: pulumi.Input[str]
    """The load balancer in CloudWatch's dimensions."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Route:
    """Requests for one service. Made by `LoadBalancer.route`, which keeps its routes apart."""

    match: Match
    entrance: Entrance
    priority: int
    health_check_path: str = "/healthz"
    sticky: Sticky | None = None
    rewrites: Sequence[Rewrite] = ()
    taken: list[str] = field(default_factory=list[str], init=False, repr=False)

    def __post_init__(self) -> None:
        refuse_bad_path(self.health_check_path)
        if not 1 <= self.priority <= HIGHEST:
            raise pulumi.RunError(
                f"load balancer: priority {self.priority} of {self} must be from 1 to {HIGHEST}"
            )
        kinds = [rewrite.of for rewrite in self.rewrites]
        if len(set(kinds)) < len(kinds):
            raise pulumi.RunError(
                f"load balancer: {self} has {len(kinds)} rewrites, AWS takes one of the url and one of the "
                "host; make one regex of them"
            )

    def __str__(self) -> str:
        return f"route {self.match}"

    def take(self, service: str) -> None:
        """Give the route to a service, the only one: a second listener rule of one priority fails late."""
        take(self.taken, str(self), service)

    def transforms(self) -> list[lb.ListenerRuleTransformArgsDict] | None:
        """The rewrites as a listener rule takes them; None without, which AWS keeps apart from empty."""
        return [rewrite.transform() for rewrite in self.rewrites] or None


@dataclass(frozen=True, kw_only=True, eq=False)
class Attachment:
    """A target group that a load balancer already sends requests to: a share of a route, or a listener of
    a network load balancer. The service only joins it, so its deployments are rolling ones."""

    title: str
    """For messages, such as `share of route /api/*`."""
    target_group_arn: pulumi.Input[str]
    target_group_arn_suffix: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    """The load balancer's, which the service lets in."""
    load_balancer_arn_suffix: pulumi.Input[str] | None = None
    """An Application Load Balancer in CloudWatch's dimensions: it counts the errors of its services."""
    protocol: Literal["tcp", "udp"] = "tcp"
    health_check_port: int | None = None
    """Where health checks go, if not to the service's own port."""
    needs: Sequence[pulumi.Resource] = ()
    """ECS refuses a target group that no load balancer uses yet."""
    taken: list[str] = field(default_factory=list[str], init=False, repr=False)

    def __str__(self) -> str:
        return self.title

    def take(self, service: str) -> None:
        """Give the target group to a service, the only one."""
        take(self.taken, self.title, service)


def take(taken: list[str], what: str, service: str) -> None:
    """Note who has it; refuse a second."""
    if taken:
        raise pulumi.RunError(
            f"service '{service}': {what} already goes to service '{taken[0]}'; "
            "give each service a route of its own"
        )
    taken.append(service)


def priority_of(match: Match) -> int:
    """A rule's priority from the route itself, whatever other routes there are: those with a host first, then
    the longer literal path (of several, the shortest counts), then those that ask for more, such as a header,
    then a slot by checksum."""
    literal = min((len(re.split(r"[*?]", path)[0]) for path in match.paths), default=0)
    longest_first = LENGTHS - 1 - min(literal, LENGTHS - 1)
    text = [*sorted(match.hosts), "", *sorted(match.paths)]
    if match.narrowed:
        slot = crc32("\n".join([*text, str(match)]).encode()) % NARROWED_SLOTS
    else:
        slot = NARROWED_SLOTS + crc32("\n".join(text).encode()) % (SLOTS - NARROWED_SLOTS)
    return 1 + (0 if match.hosts else BAND) + longest_first * SLOTS + slot


def refuse_collision(new: Route, old: Route) -> None:
    """Refuse two routes for the same requests, or with one priority, or of which one is never reached."""
    shared = new.match.shared(old.match)
    if new.priority == old.priority and not shared:
        raise pulumi.RunError(
            f"load balancer: {new} and {old} both have priority {new.priority}; "
            f"give one of them another, such as priority={_next_free(new.priority)}"
        )
    if shared:
        raise pulumi.RunError(
            f"load balancer: {new} and {old} both take {shared}; give one service another path or host"
        )
    first, last = (new, old) if new.priority < old.priority else (old, new)
    hidden = first.match.hides(last.match)
    if hidden:
        raise pulumi.RunError(
            f"load balancer: {hidden} never reaches {last} (priority {last.priority}), for {first} "
            f"(priority {first.priority}) takes it first; give the former the lower priority"
        )


def _next_free(priority: int) -> int:
    return priority + 1 if priority < HIGHEST else priority - 1
