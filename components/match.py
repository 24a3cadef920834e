"""Which requests a listener rule takes: by host, path, header, query, method and source address."""

import ipaddress
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import lb

VALUES = 5
"""Condition values of one rule: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""
PATH = re.compile(r"/[A-Za-z0-9_\-.$/~\"'@:+&*?]{0,127}")
HOST = re.compile(r"[A-Za-z0-9\-.*?]{1,128}")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
METHOD = re.compile(r"[A-Z_-]{1,40}")
LONGEST_VALUE = 128


@dataclass(frozen=True, kw_only=True)
class Match:
    """All conditions must hold; of the values of one, any. `*` and `?` are wildcards in hosts, paths, header
    and query values; no value at all means any request."""

    paths: Sequence[str] = ()
    hosts: Sequence[str] = ()
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    queries: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters and their values; one of them is enough."""
    methods: Sequence[str] = ()
    source_cidrs: Sequence[str] = ()
    """Addresses that the load balancer itself sees: behind CloudFront those are CloudFront's."""

    def __post_init__(self) -> None:
        if not self.paths and not self.hosts:
            raise pulumi.RunError("load balancer: a route needs a path such as '/api/*', or a host")
        if self.values > VALUES:
            raise pulumi.RunError(
                f"load balancer: {self} has {self.values} paths, hosts and other values, "
                f"AWS takes {VALUES} in one rule; make two routes of it"
            )
        for path in self.paths:
            refuse_bad_path(path)
        for host in self.hosts:
            if not HOST.fullmatch(host):
                raise pulumi.RunError(
                    f"load balancer: host '{host}' must be a name such as api.example.com, no URL"
                )
        self._refuse_bad_headers()
        for method in self.methods:
            if not METHOD.fullmatch(method):
                raise pulumi.RunError(f"load balancer: method '{method}' must be in capitals, such as GET")
        for cidr in self.source_cidrs:
            refuse_bad_cidr(cidr)

    def _refuse_bad_headers(self) -> None:
        for name, values in self.headers.items():
            if not HEADER.fullmatch(name) or name.lower() == "host":
                raise pulumi.RunError(
                    f"load balancer: header '{name}' must be a header's name of at most 40 characters, "
                    "and for Host give hosts"
                )
            if not values or not all(0 < len(value) <= LONGEST_VALUE for value in values):
                raise pulumi.RunError(
                    f"load balancer: header '{name}' needs values of 1 to {LONGEST_VALUE} characters"
                )
        for key, value in self.queries.items():
            if not 0 < len(key) <= LONGEST_VALUE or not 0 < len(value) <= LONGEST_VALUE:
                raise pulumi.RunError(
                    f"load balancer: query '{key}={value}' needs 1 to {LONGEST_VALUE} characters each side"
                )

    def __str__(self) -> str:
        words = [", ".join(self.paths) or "*"]
        words += [f"of {', '.join(self.hosts)}"] if self.hosts else []
        words += [f"with {name}: {' or '.join(values)}" for name, values in sorted(self.headers.items())]
        words += [f"with ?{key}={value}" for key, value in sorted(self.queries.items())]
        words += [f"by {', '.join(self.methods)}"] if self.methods else []
        words += [f"from {', '.join(self.source_cidrs)}"] if self.source_cidrs else []
        return " ".join(words)

    @property
    def values(self) -> int:
        """What AWS counts against its limit of one rule."""
        others = (self.paths, self.hosts, self.queries, self.methods, self.source_cidrs)
        return sum(map(len, others)) + sum(map(len, self.headers.values()))

    @property
    def narrowed(self) -> bool:
        """Whether it asks for more than hosts and paths."""
        return bool(self.headers or self.queries or self.methods or self.source_cidrs)

    def conditions(self) -> list[lb.ListenerRuleConditionArgsDict]:
        """As a listener rule takes them, in one order whatever the order of the arguments."""
        conditions: list[lb.ListenerRuleConditionArgsDict] = []
        if self.hosts:
            conditions.append({"host_header": {"values": sorted(self.hosts)}})
        if self.paths:
            conditions.append({"path_pattern": {"values": sorted(self.paths)}})
        for name, values in sorted(self.headers.items()):
            conditions.append({"http_header": {"http_header_name": name, "values": sorted(values)}})
        if self.queries:
            pairs = sorted(self.queries.items())
            conditions.append({"query_strings": [{"key": key, "value": value} for key, value in pairs]})
        if self.methods:
            conditions.append({"http_request_method": {"values": sorted(self.methods)}})
        if self.source_cidrs:
            conditions.append({"source_ip": {"values": sorted(self.source_cidrs)}})
        return conditions

    def pairs(self) -> list[tuple[str, str]]:
        """Every host with every path."""
        hosts = [host.lower() for host in self.hosts] or ["*"]
        return list(itertools.product(hosts, list(self.paths) or ["*"]))

    def shared(self, other: "Match") -> str:
        """A host and path that both take under the same further conditions; else nothing."""
        if self._others() != other._others():
            return ""
        same = sorted(set(self.pairs()) & set(other.pairs()))
        return f"{'' if same[0][0] == '*' else same[0][0]}{same[0][1]}" if same else ""

    def hides(self, other: "Match") -> str:
        """A path of `other` of which nothing is left for it where this one comes first; else nothing."""
        mine, theirs = self._others(), other._others()
        if not all(name in theirs and theirs[name] <= values for name, values in mine.items()):
            return ""
        for host, path in other.pairs():
            if any(_covers(h, host) and _covers(p, path) for h, p in self.pairs()):
                return path
        return ""

    def _others(self) -> dict[str, frozenset[str]]:
        """The conditions beside hosts and paths, by name."""
        others = {f"header {name.lower()}": frozenset(values) for name, values in self.headers.items()}
        others["query"] = frozenset(f"{key}={value}" for key, value in self.queries.items())
        others["method"], others["source"] = frozenset(self.methods), frozenset(self.source_cidrs)
        return {name: values for name, values in others.items() if values}


def refuse_bad_path(path: str) -> None:
    """Refuse what AWS would not take as a path pattern."""
    if not PATH.fullmatch(path):
        raise pulumi.RunError(
            f"load balancer: path '{path}' must start with '/' and have at most 128 of the "
            "characters A-Z a-z 0-9 _-.$/~\"'@:+& * ?"
        )


def refuse_bad_cidr(cidr: str) -> None:
    """Refuse what is no block of addresses."""
    try:
        ipaddress.ip_network(cidr)
    except ValueError:
        raise pulumi.RunError(
            f"load balancer: '{cidr}' is no block of addresses; give one such as 203.0.113.0/24"
        ) from None


def _covers(pattern: str, other: str) -> bool:
    """Whether all that `other` matches, `pattern` matches; a wildcard of `other` is taken as it stands."""
    regex = "".join({"*": ".*", "?": "[^*]"}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(regex, other, re.DOTALL) is not None
