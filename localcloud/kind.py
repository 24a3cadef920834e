"""What the local cloud knows of one resource type: the calls that make it, and what it gives back."""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from localcloud.cloud import Making

Inputs = dict[str, Any]
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One AWS operation. Its parameters are the resource's inputs by name, `renames`, and `fixed`."""

    operation: str
    """Service and operation in boto3's words, such as `ec2.create_vpc`."""
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Members (dotted within members) by value or template: `{id}`, an input, a part of the answer."""
    renames: Texts = field(default_factory=dict[str, str])
    """Inputs whose member has another name; see `mapper.parameters`."""
    inputs: Sequence[str] = ()
    """The inputs that a call after the first takes; it is made only where one of them is set."""
    when: str = ""
    """A boolean input that no operation has, but that asks for this call."""
    under: str = ""
    """Member that holds all parameters, such as `DistributionConfig` (dotted within members)."""
    attributes: Texts = field(default_factory=dict[str, str])
    """Inputs that go as key and value into `attributes_member`."""
    attributes_member: str = "Attributes"
    each: bool = False
    """The operation takes one input at a time."""
    recorded: str = ""
    """Why the emulator cannot take it: the call is checked against AWS's shape, and not sent."""


@dataclass(frozen=True)
class Name:
    """How the provider names a resource that was given no physical name: logical name, `-`, 7 hex."""

    input: str = "name"
    limit: int = 255
    """AWS's limit, in characters."""
    lower: bool = False
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type."""

    create: Call
    id: str
    """Template of the id that Pulumi would give it."""
    then: Sequence[Call] = ()
    result: str = ""
    """Part of the answer whose members become outputs, such as `Vpc` or `LoadBalancers.0`."""
    outputs: Texts = field(default_factory=dict[str, str])
    name: Name | None = None
    tag_as: str = ""
    """EC2's word for the type in its tag specifications."""
    ignored: Sequence[str] = ()
    """Inputs that only steer the provider (how to delete, what to wait for): no operation has them."""
    instead: "Variant | None" = None
    """Another kind for one value of an input, such as one that the emulator does not take."""
    prepare: Callable[[Inputs, "Making"], Inputs] | None = None
    """Gives irregular inputs the form of the operation."""
    after: Callable[[Inputs, "Making"], Inputs] | None = None
    """What remains to be done when the calls are made; gives outputs to add."""


@dataclass(frozen=True)
class Variant:
    """What a type is when an input has a value."""

    input: str
    value: Any
    kind: Kind


def mapping(value: Any) -> Inputs:
    """An input that is a mapping, or none, as one of its own."""
    return dict(cast("Inputs", value or {}))


def mappings(value: Any) -> list[Inputs]:
    """An input that is a list of mappings, or none, as a list."""
    return list(cast("list[Inputs]", value or []))


def expand(template: Any, scope: Mapping[str, Any]) -> Any:
    """Fill a template; one that is a single field gives the value itself, and what is no text stays.

    Raises KeyError or IndexError where the scope has no such value.
    """
    if isinstance(template, list):
        return [expand(item, scope) for item in cast("list[Any]", template)]
    if not isinstance(template, str):
        return template
    parts = list(string.Formatter().parse(template))
    if len(parts) == 1 and not parts[0][0] and parts[0][1]:
        return dig(scope, parts[0][1])
    return "".join(literal + (str(dig(scope, name)) if name else "") for literal, name, _, _ in parts)


def fields(template: Any) -> set[str]:
    """The names that a template reads from its scope."""
    if not isinstance(template, str):
        return set()
    return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def dig(value: Any, path: str) -> Any:
    """The part of an answer at a dotted path; numbers index lists; the empty path is the whole."""
    for step in filter(None, path.split(".")):
        value = value[int(step)] if step.isdigit() else value[step]
    return value
