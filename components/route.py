"""Which requests of a shared load balancer go to a service, and before which others."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

import pulumi

LENGTHS = 49
"""Literal lengths of a path that are told apart: 0 to 48 and longer."""
SLOTS = 510
BAND = LENGTHS * SLOTS
"""Priorities for routes with a host; those without come after. Two bands fill AWS's 1 to 50,000."""
HIGHEST = 50_000
VALUES = 5
"""Condition values of one rule: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""
PATH = re.compile(r"/[A-Za-z0-9_\-.$/~\"'@:+&*?]{0,127}")
HOST = re.compile(r"[A-Za-z0-9\-.*?]{1,128}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Route:
    """Hosts and paths as a listener rule takes them (`*` and `?` are wildcards); no host means any.

    Made by `LoadBalancer.route`, which keeps the routes of a load balancer apart.
    """

    paths: Sequence[str]
    hosts: Sequence[str] = ()
    priority: int
    health_check_path: str = "/healthz"
    listener_arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    """The load balancer's, which the service lets in."""
    load_balancer_arn_suffix: pulumi.Input[str]
    """The load balancer in CloudWatch's dimensions."""
    services: list[str] = field(default_factory=list[str], init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.paths and not self.hosts:
            raise pulumi.RunError("load balancer: a route needs a path such as '/api/*', or a host")
        if len(self.paths) + len(self.hosts) > VALUES:
            raise pulumi.RunError(
                f"load balancer: {self} has {len(self.paths) + len(self.hosts)} paths and hosts, "
                f"AWS takes {VALUES} in one rule; make two routes of it"
            )
        for path in (*self.paths, self.health_check_path):
            if not PATH.fullmatch(path):
                raise pulumi.RunError(
                    f"load balancer: path '{path}' must start with '/' and have at most 128 of the "
                    "characters A-Z a-z 0-9 _-.$/~\"'@:+& * ?"
                )
        for host in self.hosts:
            if not HOST.fullmatch(host):
                raise pulumi.RunError(
                    f"load balancer: host '{host}' must be a name such as api.example.com, no URL"
                )
        if not 1 <= self.priority <= HIGHEST:
            raise pulumi.RunError(
                f"load balancer: priority {self.priority} of {self} must be from 1 to {HIGHEST}"
            )

    def __str__(self) -> str:
        return f"route {', '.join(self.paths) or '*'}" + (
            f" of {', '.join(self.hosts)}" if self.hosts else ""
        )

    def take(self, service: str) -> None:
        """Give the route to a service, the only one: a second listener rule of one priority fails late."""
        if self.services:
            raise pulumi.RunError(
                f"service '{service}': {self} already goes to service '{self.services[0]}'; "
                "give each service a route of its own"
            )
        self.services.append(service)


def priority_of(paths: Sequence[str], hosts: Sequence[str]) -> int:
    """A rule's priority from the route itself, whatever other routes there are: those with a host first, then
    the longer literal path (of several, the shortest counts), then a slot by checksum."""
    literal = min((len(re.split(r"[*?]", path)[0]) for path in paths), default=0)
    longest_first = LENGTHS - 1 - min(literal, LENGTHS - 1)
    slot = crc32("\n".join([*sorted(hosts), "", *sorted(paths)]).encode()) % SLOTS
    return 1 + (0 if hosts else BAND) + longest_first * SLOTS + slot


def refuse_collision(new: Route, old: Route) -> None:
    """Refuse two routes for the same requests, or with one priority, or of which one is never reached."""
    if new.priority == old.priority and not _shared(new, old):
        raise pulumi.RunError(
            f"load balancer: {new} and {old} both have priority {new.priority}; "
            f"give one of them another, such as priority={_next_free(new.priority)}"
        )
    shared = _shared(new, old)
    if shared:
        raise pulumi.RunError(
            f"load balancer: {new} and {old} both take {shared}; give one service another path or host"
        )
    first, last = (new, old) if new.priority < old.priority else (old, new)
    for host, path in _pairs(last):
        if any(_covers(h, host) and _covers(p, path) for h, p in _pairs(first)):
            raise pulumi.RunError(
                f"load balancer: {path} never reaches {last} (priority {last.priority}), for {first} "
                f"(priority {first.priority}) takes it first; give the former the lower priority"
            )


def _pairs(route: Route) -> list[tuple[str, str]]:
    hosts = [host.lower() for host in route.hosts] or ["*"]
    return list(itertools.product(hosts, list(route.paths) or ["*"]))


def _shared(one: Route, other: Route) -> str:
    same = sorted(set(_pairs(one)) & set(_pairs(other)))
    return f"{'' if same[0][0] == '*' else same[0][0]}{same[0][1]}" if same else ""


def _covers(pattern: str, other: str) -> bool:
    """Whether all that `other` matches, `pattern` matches; a wildcard of `other` is taken as it stands."""
    regex = "".join({"*": ".*", "?": "[^*]"}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(regex, other, re.DOTALL) is not None


def _next_free(priority: int) -> int:
    return priority + 1 if priority < HIGHEST else priority - 1
