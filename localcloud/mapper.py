"""Turns a resource's inputs, as Pulumi names them, into the parameters of an AWS operation.

Driven by botocore's shapes, so that a resource type needs words only where Pulumi's and AWS's names
differ. What has no place in the operation's shape is an error: an input that reaches no operation
would be a setting that the local cloud silently drops.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape


class MappingError(Exception):
    """An input has no place in the operation, or a value does not fit its shape: one line."""


NUMBERS: Mapping[str, type[int] | type[float]] = {
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}


def parameters(
    shape: StructureShape, inputs: Mapping[str, Any], renames: Mapping[str, str]
) -> tuple[dict[str, Any], set[str]]:
    """The parameters that a shape takes of the inputs, and the names of the inputs that it took.

    `renames` maps an input, or an input within inputs (`rules.expiration`), to the member it becomes;
    a dotted member (`VpcConfig.SubnetIds`) is one within members. Inputs that are not of this
    shape are left to the caller; a nested one that no member takes raises MappingError.
    """
    fitting = _Fitting(renames)
    result: dict[str, Any] = {}
    taken: set[str] = set()
    for name, value in inputs.items():
        path = fitting.path(shape, name, name)
        if path is None:
            continue
        taken.add(name)
        if value is not None:
            fitting.place(result, shape, path, value, name)
    return result, taken


@dataclass(frozen=True)
class _Fitting:
    """Gives values the form of shapes: numbers by type, wrappings and lists put on or taken off.

    `where` is always the input's path, by which renames and messages know it.
    """

    renames: Mapping[str, str]

    def path(self, shape: StructureShape, name: str, where: str) -> list[str] | None:
        renamed = self.renames.get(where)
        if renamed is not None:
            return renamed.split(".")
        member = find_member(shape, name)
        return None if member is None else [member]

    def place(
        self, into: dict[str, Any], shape: StructureShape, path: Sequence[str], value: Any, where: str
    ) -> None:
        for member in path[:-1]:
            into = into.setdefault(member, {})
            shape = cast("StructureShape", shape.members[member])
        into[path[-1]] = self.fit(shape.members[path[-1]], value, where)

    def fit(self, shape: Shape, value: Any, where: str) -> Any:
        if isinstance(shape, StructureShape):
            if isinstance(value, dict):
                return self._structure(shape, cast("dict[str, Any]", value), where)
            return self._wrap(shape, value, where)
        if isinstance(shape, ListShape):
            return self._list(shape, value, where)
        if isinstance(shape, MapShape):
            if not isinstance(value, dict):
                raise MappingError(f"input '{where}' is {_kind(value)} where a mapping is wanted")
            items = cast("dict[str, Any]", value).items()
            return {name: self.fit(shape.value, item, where) for name, item in items if item is not None}
        return _scalar(shape, value, where)

    def _structure(self, shape: StructureShape, value: dict[str, Any], where: str) -> dict[str, Any]:
        members = shape.members
        if list(members) == ["Items"] and "items" not in value:  # CloudFront's tags
            return {"Items": self.fit(members["Items"], value, where)}
        result: dict[str, Any] = {}
        for name, item in value.items():
            if item is None:
                continue
            inner = f"{where}.{name}"
            path = self.path(shape, name, inner)
            if path is None:
                raise MappingError(f"input '{inner}' has no place in {shape.name}")
            self.place(result, shape, path, item, inner)
        if "Items" in result and "Quantity" in members:
            result["Quantity"] = len(result["Items"])
        return result

    def _wrap(self, shape: StructureShape, value: Any, where: str) -> dict[str, Any]:
        """A structure from what is none: a list of one, a list that it counts, its only member."""
        members = shape.members
        if isinstance(value, list):
            items = cast("list[Any]", value)
            if "Items" in members and "Quantity" in members:  # CloudFront's lists
                content = {"Items": self.fit(members["Items"], items, where)} if items else {}
                return {"Quantity": len(items), **content}
            if len(items) == 1:
                return self.fit(shape, items[0], where)
        if len(members) == 1:  # such as AttributeBooleanValue
            member, inner = next(iter(members.items()))
            return {member: self.fit(inner, value, where)}
        raise MappingError(f"input '{where}' is {_kind(value)} where {shape.name} is wanted")

    def _list(self, shape: ListShape, value: Any, where: str) -> list[Any]:
        inner = shape.member
        if isinstance(value, dict) and isinstance(inner, StructureShape):
            names = {member.lower(): member for member in inner.members}
            key = names.get("key") or names.get("tagkey") or names.get("name")
            content = names.get("value") or names.get("tagvalue")
            if len(names) == 2 and key and content:  # noqa: PLR2004 tags, dimensions and the like
                pairs = cast("dict[str, Any]", value).items()
                return [{key: name, content: text(item)} for name, item in pairs]
        items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
        return [self.fit(inner, item, where) for item in items if item is not None]


def plain(value: Any) -> Any:
    """A value with the whole floats that Pulumi's wire makes of integers turned back."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("dict[str, Any]", value).items()}
    return value


def text(value: Any) -> str:
    """A scalar as AWS writes it in a string: `true`, `5`, `0.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(plain(value))


def camel(member: str) -> str:
    """An AWS member's name as Pulumi would have it: `VpcId` -> `vpcId`, `DBName` -> `dbName`."""
    leading = re.match(r"[A-Z]+(?=[A-Z][a-z]|$)|[A-Z]", member)
    return leading.group().lower() + member[leading.end() :] if leading else member


def find_member(shape: StructureShape, name: str) -> str | None:
    """The member that an input is by name; letter case, and then singular or plural, do not matter."""
    members = _members(shape)
    return members.get(name.lower()) or members.get(_singular(name))


def _scalar(shape: Shape, value: Any, where: str) -> Any:
    if isinstance(value, (dict, list)):
        raise MappingError(
            f"input '{where}' is {_kind(cast('Any', value))} where {shape.type_name} is wanted"
        )
    if not isinstance(value, (str, bool, int, float, bytes)):
        raise MappingError(f"input '{where}' is a {type(value).__name__} where {shape.type_name} is wanted")
    if shape.type_name == "string":
        return text(value)
    if shape.type_name == "boolean":
        return value if isinstance(value, bool) else text(value).lower() == "true"
    if shape.type_name == "blob":
        return value if isinstance(value, bytes) else str(value).encode()
    wanted = NUMBERS.get(shape.type_name)
    if wanted is None:
        return value
    try:
        number = float(value)
    except ValueError:
        raise MappingError(f"input '{where}' is not a number") from None
    if wanted is int and not number.is_integer():
        raise MappingError(f"input '{where}' is {number} where a whole number is wanted")
    return wanted(number)


def _kind(value: Any) -> str:
    kinds = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean"}
    return kinds.get(cast("type[Any]", type(value)), "a number")


@cache
def _members(shape: StructureShape) -> dict[str, str]:
    """Members by lower-case name and by singular; the exact name wins (`SubnetId` and `SubnetIds`)."""
    singular = {_singular(member): member for member in shape.members}
    return {**singular, **{member.lower(): member for member in shape.members}}


def _singular(name: str) -> str:
    lower = name.lower()
    if lower.endswith("ies"):
        return f"{lower[:-3]}y"
    if lower.endswith("sses"):
        return lower[:-2]
    return lower[:-1] if lower.endswith("s") and not lower.endswith("ss") else lower
