"""What is wrong with a configuration, in one line: the file, the key, the value and what is allowed."""

import difflib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from sections import Section

AWS_FIELDS = ("region", "allowedAccountIds", "defaultTags")
"""Keys of the namespace `aws` that become settings; the rest are the provider's business."""
SHOWN = 120
"""Characters of a key or value that an error shows."""


def malformed(root: type[Section], problem: ErrorDetails) -> pulumi.RunError:
    """The error for what pydantic found: the key by its path, and what is allowed there."""
    value, path, allowed = problem["input"], list(problem["loc"]), ""
    section: type[Section] | None = root
    field: FieldInfo | None = None
    for depth, part in enumerate(path):
        if section and isinstance(part, int):  # one of a list of sections
            allowed = _mapping_of(section)
        elif section:
            field = fields(section).get(str(part))
            if field is None:
                return unknown(key([*path[:depth], ""]), str(part), fields(section))
            section, allowed = section_of(field), allowed_values(field)
        elif field:  # the item of a list, or the key or value of a mapping
            items = get_args(field.annotation)
            allowed = _described(items if path[-1] == "[key]" else items[::-1])
    if problem["type"] == "refusal":
        refused = problem.get("ctx", {})
        value, allowed = refused["value"], refused["allowed"]
        path.append(refused["path"])
    if value is None or problem["type"] == "missing":
        return error(key(path), f"is missing, must be {allowed}")
    return error(key(path), f"is {show(key(path), value)}, must be {allowed}")


def unknown(prefix: str, name: str, known: Collection[str]) -> pulumi.RunError:
    """The error for a key that is none: the one that was meant, or all there are."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {prefix}{near[0]}?" if near else f", must be one of {', '.join(sorted(known))}"
    return error(prefix + name, f"is no key{hint}")


def error(key: str, problem: str) -> pulumi.RunError:
    """One line: the file, the key, and what is wrong with it."""
    return pulumi.RunError(f"Pulumi.{pulumi.get_stack()}.yaml: {_printable(key)} {problem}")


def key(path: Sequence[str | int]) -> str:
    """`causeway:network.zones[0]` from the path of pydantic's error."""
    namespace = "aws" if path[0] in AWS_FIELDS else pulumi.get_project()
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]"]
    return f"{namespace}:{''.join(parts)[1:]}"


def show(key: str, value: Any) -> str:
    """A value as one short line; one that the stack's file keeps as a secret is not shown."""
    top = key.partition(".")[0].partition("[")[0]
    if runtime_config.is_config_secret(top) or top in runtime_config.get_config_secret_keys_env():
        return "[secret]"
    if isinstance(value, str):
        return _printable(repr(value))
    try:
        return _printable(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__} that is too large to show"


def _printable(text: str) -> str:
    escaped = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:SHOWN])
    return escaped if len(text) <= SHOWN else escaped + "..."


def fields(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section by their keys in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _types(field: FieldInfo) -> tuple[Any, ...]:
    return field.annotation, *get_args(field.annotation)


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, one or a list of them; None for a value."""
    return next((t for t in _types(field) if isinstance(t, type) and issubclass(t, Section)), None)


def _described(types: Iterable[Any]) -> str:
    """What the first of some types that says so allows: its description, or the values of a literal."""
    for type_ in types:
        if get_origin(type_) is Literal:
            *others, last = get_args(type_)
            return f"{', '.join(others)} or {last}"
        for info in getattr(type_, "__metadata__", ()):
            if isinstance(info, FieldInfo) and info.description:
                return info.description
    return ""


def is_list(field: FieldInfo) -> bool:
    """Whether it has a list of what `section_of` says, rather than one."""
    return any(get_origin(type_) is tuple for type_ in _types(field))


def allowed_values(field: FieldInfo) -> str:
    """What a field takes, in the words of the errors."""
    section = section_of(field)
    if section and not is_list(field):
        return _mapping_of(section)
    return field.description or _described(_types(field))


def _mapping_of(section: type[Section]) -> str:
    return f"a mapping of {', '.join(fields(section))}"
