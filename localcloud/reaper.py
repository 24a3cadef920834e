"""Kills what a dead `make up` left: run as a script by `processes`, in a session of its own, stdlib only.

Standard input is a pipe whose other end only the parent holds (and, until it executes its program, each
child that the parent starts: a child writes its own number first, so none can be missed). The end of that
pipe is therefore the end of the parent, whatever killed it.
"""

import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 1.0
"""Between the signal that each asked for and SIGKILL: PostgreSQL frees its shared memory in it."""


def main(folders: list[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("ready", flush=True)
    groups: dict[int, int] = {}
    for line in sys.stdin.buffer:
        word, _, rest = line.decode().strip().partition(" ")
        if word == "started":
            group, number = rest.split()
            groups[int(group)] = int(number)
        elif word == "ended":
            groups.pop(int(rest), None)
        elif word == "keep" and rest in folders:
            folders.remove(rest)
    end(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def end(groups: dict[int, int]) -> None:
    """Signal every group with its own signal, then kill what remains of it."""
    left = {group for group, number in groups.items() if send(group, number)}
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = {group for group in left if send(group, 0)}
    for group in left:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Signal a process group; False when nobody of it is there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS refuses to signal a group of zombies
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
