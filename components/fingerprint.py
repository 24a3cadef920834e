"""A tag for an image from the content it is built of, so that one content has one tag, on every machine."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

LENGTH = 16
"""Hexadecimal digits: 64 bits are plenty among one repository's images."""


def fingerprint(
    folder: Path, dockerfile: str, build_args: Mapping[str, str], platforms: Sequence[str] = ()
) -> str:
    """The tag for what `docker build` would see in `folder`.

    Files that `.dockerignore` names are left out; where the file's rules are beyond the simple ones, they
    count: a tag too many costs a build from the cache, one too few an upload that ECR refuses.
    """
    digest = hashlib.sha256()
    for part in (dockerfile, *sorted(platforms), *(f"{key}={build_args[key]}" for key in sorted(build_args))):
        digest.update(f"{len(part)}:{part}".encode())
    for path in _files(folder, _ignored(folder, dockerfile), keep={dockerfile}):
        name = path.relative_to(folder).as_posix()
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        executable = bool(path.lstat().st_mode & 0o100)
        digest.update(f"{len(name)}:{name}:{executable}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:LENGTH]


def _files(folder: Path, ignored: Sequence[str], keep: set[str], prefix: str = "") -> Iterator[Path]:
    for path in sorted((folder / prefix).iterdir()):
        name = prefix + path.name
        if name not in keep and any(_matches(name, pattern) for pattern in ignored):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(folder, ignored, keep, f"{name}/")
        elif path.is_file() or path.is_symlink():
            yield path


def _ignored(folder: Path, dockerfile: str) -> list[str]:
    """The patterns of `.dockerignore`; none where one of them takes files back in."""
    for file in (folder / f"{dockerfile}.dockerignore", folder / ".dockerignore"):
        if file.is_file():
            lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
            patterns = [line.strip("/") for line in lines if line and not line.startswith("#")]
            return [] if any(pattern.startswith("!") for pattern in patterns) else patterns
    return []


def _matches(name: str, pattern: str) -> bool:
    """Docker's rules for `*` within a folder and a leading `**/` for any folder; others match nothing."""
    anywhere = pattern.startswith("**/")
    wanted = (pattern[3:] if anywhere else pattern).split("/")
    parts = name.split("/")
    if anywhere:
        parts = parts[-len(wanted) :]
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
