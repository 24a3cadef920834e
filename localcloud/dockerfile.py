"""What an image would say of itself, read from its Dockerfile: environment, entry point, command."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from localcloud.errors import LocalCloudError

CONTAINER_PATHS = {"PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME"}
"""Variables that describe the container's own file system, and mean nothing to a process outside of it."""


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """The part of an image's configuration that a process can have too."""

    environment: dict[str, str] = field(default_factory=dict[str, str])
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"


def read(folder: Path) -> ImageConfig:
    """The configuration of the last stage of a folder's Dockerfile. Raises LocalCloudError."""
    path = folder / "Dockerfile"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalCloudError(
            f"{path} cannot be read: {error}; an image's folder needs a Dockerfile"
        ) from None
    stages: dict[str, ImageConfig] = {}
    stage, name = ImageConfig(), ""
    arguments: dict[str, str] = {}
    for instruction, rest in _instructions(text):
        if instruction == "FROM":
            words = _words(rest, arguments)
            stage = stages.get(words[0].lower(), ImageConfig())
            name = words[2].lower() if len(words) > 2 and words[1].upper() == "AS" else str(len(stages))  # noqa: PLR2004
        elif instruction == "ARG":
            arguments.update(_assignments(rest, arguments))
        elif instruction == "ENV":
            known = {**arguments, **stage.environment}
            stage = replace(stage, environment={**stage.environment, **_assignments(rest, known)})
        elif instruction == "ENTRYPOINT":
            stage = replace(stage, entry_point=_form(rest), command=())  # as Docker: it resets the command
        elif instruction == "CMD":
            stage = replace(stage, command=_form(rest))
        elif instruction == "STOPSIGNAL":
            stage = replace(stage, stop_signal=rest)
        stages[name] = stage
    outside = {key: value for key, value in stage.environment.items() if key not in CONTAINER_PATHS}
    return replace(stage, environment=outside)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\s*\n", " ", "\n".join(lines)).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction:
            yield instruction.upper(), rest.strip()


def _form(rest: str) -> tuple[str, ...]:
    """The exec form, a JSON list, as it is; the shell form through a shell, as Docker does."""
    try:
        words = json.loads(rest)
    except json.JSONDecodeError:
        words = ["/bin/sh", "-c", rest]
    return tuple(str(word) for word in words)


def _assignments(rest: str, known: dict[str, str]) -> dict[str, str]:
    words = _words(rest, known)
    if words and "=" not in words[0]:  # the old `ENV NAME value of several words`; `ARG NAME` has no value
        return {words[0]: " ".join(words[1:])} if len(words) > 1 else {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def _words(rest: str, known: dict[str, str]) -> list[str]:
    def value(match: re.Match[str]) -> str:
        return known.get(match[1] or match[2], match[3] or "")

    # First the words, then the variables, as Docker does: a value with a space remains one word.
    return [re.sub(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})", value, word) for word in shlex.split(rest)]
