"""One run at a time in a checkout: a lock that the kernel frees when its holders are gone."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import LocalCloudError

ENDING_SECONDS = 6.0
"""How long to wait for the reaper of a run that was killed, which holds the lock until it is done."""


@dataclass(frozen=True)
class Claim:
    """The right to use a folder, held by a descriptor that the reaper shares."""

    descriptor: int
    folder: Path

    def announce(self, site: str) -> None:
        """Say where this run is, for a second one to tell."""
        write_atomically(self.folder / "run.json", json.dumps({"pid": os.getpid(), "site": site}))


@contextlib.contextmanager
def claim(folder: Path) -> Generator[Claim]:
    """Hold the folder, or raise LocalCloudError with the run that does.

    The lock is on the parent folder: a lock file inside would go with the folder at the end of each run.
    """
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        deadline = time.monotonic() + ENDING_SECONDS
        while not _lock(descriptor):
            pid, site = _holder(folder)
            if _alive(pid) or time.monotonic() > deadline:
                raise LocalCloudError(
                    f"the local cloud runs already, at {site} with pid {pid}; "
                    f"stop it by Ctrl-C in its terminal, or by `kill {pid}`"
                )
            time.sleep(0.05)
        yield Claim(descriptor, folder)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Write a file that a reader sees whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(folder: Path) -> tuple[int, str]:
    with contextlib.suppress(OSError, ValueError, KeyError):
        said = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return int(said["pid"]), str(said["site"])
    return 0, "an address not yet known"


def _alive(pid: int) -> bool:
    if pid == 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
