"""A tag for an image from the content it is built of, so that one content has one tag, on every machine."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

LENGTH = 16
"""Hexadecimal digits: 64 bits are plenty among one repository's images."""


def fingerprint(
    folder: Path, dockerfile: str, build_args: Mapping[str, str], platforms: Sequence[str] = ()
) -> str:
    """The tag for what `docker build` sees in `folder`: names, contents, the executable bit, no times.

    A repository with immutable tags refuses another content under the tag of an earlier one, so that what
    `.dockerignore` leaves in counts, and the Dockerfile always.
    """
    digest = hashlib.sha256()
    for part in (dockerfile, *sorted(platforms), *(f"{key}={build_args[key]}" for key in sorted(build_args))):
        digest.update(f"{len(part)}:{part}".encode())
    rules = _rules(folder, dockerfile)
    for name in (dockerfile, *_files(folder, rules)):
        path = folder / name
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        executable = bool(path.lstat().st_mode & 0o100)
        digest.update(f"{len(name)}:{name}:{executable}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:LENGTH]


def _files(folder: Path, rules: Sequence[tuple[bool, str]], prefix: str = "") -> Iterator[str]:
    for path in sorted((folder / prefix).iterdir()):
        name = prefix + path.name
        ignored = _ignored(name, rules)
        if path.is_dir() and not path.is_symlink():
            if not (ignored and all(ignore or not _may_be_below(pattern, name) for ignore, pattern in rules)):
                yield from _files(folder, rules, f"{name}/")
        elif not ignored and (path.is_file() or path.is_symlink()):
            yield name


def _rules(folder: Path, dockerfile: str) -> list[tuple[bool, str]]:
    """The lines of `.dockerignore`: whether one ignores or takes back in, and its pattern.

    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    for file in (folder / f"{dockerfile}.dockerignore", folder / ".dockerignore"):
        if file.is_file():
            lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
            return [
                (not line.startswith("!"), line.removeprefix("!").strip().strip("/"))
                for line in lines
                if line and not line.startswith("#")
            ]
    return []


def _ignored(name: str, rules: Sequence[tuple[bool, str]]) -> bool:
    """Whether the last rule that matches a file, or a folder it is in, ignores it."""
    parts = name.split("/")
    paths = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    ignored = False
    for ignore, pattern in rules:
        if ignore != ignored and any(_regex(pattern).fullmatch(path) for path in paths):
            ignored = ignore
    return ignored


def _may_be_below(pattern: str, folder: str) -> bool:
    return pattern.startswith(f"{folder}/") or any(wildcard in pattern for wildcard in "*?[")


def _regex(pattern: str) -> re.Pattern[str]:
    tokens = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(special.get(token, token if token[:1] == "[" else re.escape(token)) for token in tokens)
    )
