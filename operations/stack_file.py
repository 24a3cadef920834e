"""Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as the engine does; refuses in one line what it cannot."""

import json
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).resolve().parent.parent
"""The checkout that this package stands in: where `Pulumi.yaml` is."""
LARGEST_BYTES = 1_000_000


class ProgramError(Exception):
    """The program cannot be run, or ended in an error that its user can mend: one line."""


def stacks(root: Path = ROOT) -> list[str]:
    """The names of the stacks that have a configuration file."""
    return sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in root.glob("Pulumi.*.yaml"))


def project_name(root: Path = ROOT) -> str:
    """The name of the project, which is also the namespace of its configuration."""
    return str(_read(root / "Pulumi.yaml").get("name"))


def load_config(stack: str, root: Path = ROOT) -> dict[str, str]:
    """The configuration of a stack as the engine hands it to the program: `namespace:key` to text.

    Objects and lists become JSON, defaults of `Pulumi.yaml` are filled in. Raises ProgramError.
    """
    path = root / f"Pulumi.{stack}.yaml"
    if stack not in stacks(root):
        raise ProgramError(
            f"stack '{stack}' has no file {path.name}; the stacks are {', '.join(stacks(root))}"
        )
    namespace = project_name(root)
    values: dict[str, Any] = {}
    for key, declaration in _config(root / "Pulumi.yaml").items():
        default = declaration
        if isinstance(declaration, dict):
            declared = cast("dict[str, Any]", declaration)
            default = declared.get("default", declared.get("value"))
        if default is not None:
            values[_full(namespace, key)] = default
    for key, value in _config(path).items():
        values[_full(namespace, key)] = value
    return {key: _text(value) for key, value in values.items()}


class _Loader(yaml.SafeLoader):
    """YAML as the engine reads it: no dates, `no` is text, and nothing that a reader could misread."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 PyYAML's way

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = cast("Any", self).peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="an alias; write the value out", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key that is not text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' a second time", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]{1,18}|0x[0-9a-fA-F]{1,15}", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]{1,3})?|[-+]?[0-9]+[eE][-+]?[0-9]{1,2}", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))  # pyright: ignore[reportUnknownMemberType]


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ProgramError(f"{path.name} is larger than {LARGEST_BYTES} bytes")
        content: object = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 a SafeLoader
    except OSError as error:
        raise ProgramError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ProgramError(f"{path.name} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ProgramError(f"{path.name} is not valid YAML: {line}{_one_line(error.problem)}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProgramError(f"{path.name} is not valid YAML: {_one_line(error)}") from None
    if not isinstance(content, dict):
        raise ProgramError(f"{path.name} must be a mapping at its top level, with 'config' in it")
    return cast("dict[str, Any]", content)


def _config(path: Path) -> dict[str, Any]:
    config: object = _read(path).get("config") or {}
    if not isinstance(config, dict):
        raise ProgramError(f"{path.name}: 'config' must be a mapping of keys to values")
    return {str(key): value for key, value in cast("Mapping[Any, Any]", config).items()}


def _full(namespace: str, key: str) -> str:
    return key if ":" in key else f"{namespace}:{key}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _one_line(problem: object) -> str:
    text = " ".join(str(problem).split())
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)[:200]
