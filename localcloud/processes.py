"""Starts the processes of a run, each in a session of its own, and sees to it that none outlives the run."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud import reaper
from localcloud.errors import LocalCloudError

# The child tells the reaper of itself through its standard input before it becomes its program: no moment
# in which it runs unknown. The parent starts it in a new session, so its number is that of its group.
_ANNOUNCE = 'echo "started $$ $1" >&0 || exit 126; shift; exec "$@" </dev/null'

TAIL_LINES = 15


class Process:
    """A child that runs, with everything that it starts itself."""

    def __init__(
        self, name: str, popen: subprocess.Popen[bytes], log: Path | None, end_signal: int, owner: "Processes"
    ) -> None:
        self.name = name
        self.popen = popen
        self.log = log
        self.end_signal = end_signal
        self._owner = owner

    @property
    def pid(self) -> int:
        return self.popen.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.popen.poll()

    def stop(self, timeout_seconds: float = 2.0) -> int:
        """Ask the whole group to end, kill what is left of it after the time, and give the exit code."""
        if self.popen.poll() is None:
            reaper.send(self.pid, self.end_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout_seconds)
        reaper.send(self.pid, signal.SIGKILL)
        code = self.popen.wait()
        self._owner.ended(self)
        return code

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""
        return tail(self.log) if self.log else []


class Processes:
    """The children of this run, and the reaper that ends them when this process cannot."""

    def __init__(self, *, folders: Sequence[Path] = (), hold: Sequence[int] = ()) -> None:
        """`folders` are removed at the end of the run; `hold` are descriptors kept open until then."""
        self._lock = threading.Lock()
        self._running: set[Process] = set()
        self._closed = False
        read, self._pipe = os.pipe()
        try:
            self._reaper = subprocess.Popen(  # noqa: S603 our own script
                [sys.executable, "-I", "-S", reaper.__file__, *map(str, folders)],
                stdin=read,
                stdout=subprocess.PIPE,
                cwd="/",
                pass_fds=hold,
                start_new_session=True,
            )
        finally:
            os.close(read)
        with self._reaper.stdout or contextlib.nullcontext() as output:
            if output is None or output.readline() != b"ready\n":
                raise LocalCloudError(
                    "the reaper, which ends the processes of this run, could not be started"
                )

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path | None = None,
        end_signal: int = signal.SIGTERM,
        user: int | None = None,
        group: int | None = None,
    ) -> Process:
        """Start a command. Its output goes to `log`, or to a pipe (`popen.stdout`) where there is none.

        `end_signal` is what asks it to end. `user` and `group` are numbers.
        """
        announced = ["/bin/sh", "-c", _ANNOUNCE, "sh", str(int(end_signal)), *map(str, command)]
        with self._lock, contextlib.ExitStack() as stack:
            if self._closed:
                raise LocalCloudError(f"{name} is not started: the run is ending")
            output = stack.enter_context(log.open("ab")) if log else subprocess.PIPE
            try:
                popen = subprocess.Popen(  # noqa: S603 the command is the local cloud's own or a container's
                    announced,
                    stdin=self._pipe,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=cwd,
                    env=dict(env),
                    start_new_session=True,
                    user=user,
                    group=group,
                    extra_groups=None if user is None else [],
                )
            except OSError as error:
                raise LocalCloudError(f"{name} cannot be started: {error}") from None
            process = Process(name, popen, log, end_signal, self)
            self._running.add(process)
        return process

    def ended(self, process: Process) -> None:
        """Forget a process that was stopped, for its number may be another's soon."""
        with self._lock:
            if process in self._running:
                self._running.discard(process)
                self._tell(f"ended {process.pid}")

    def reaper_lives(self) -> bool:
        return self._reaper.poll() is None

    def keep(self, folder: Path) -> None:
        """Leave a folder at the end of the run after all."""
        self._tell(f"keep {folder}")

    def close(self, timeout_seconds: float = 4.0) -> None:
        """Stop all that still runs, remove the folders, and end the reaper."""
        with self._lock:
            self._closed = True
            left = list(self._running)
        for process in left:
            reaper.send(process.pid, process.end_signal)
        deadline = time.monotonic() + timeout_seconds / 2
        for process in left:
            process.stop(timeout_seconds=max(0.0, deadline - time.monotonic()))
        os.close(self._pipe)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._reaper.wait(timeout_seconds)

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead reaper ends the run: see `reaper_lives`
            os.write(self._pipe, f"{line}\n".encode())

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def tail(path: Path, lines: int = TAIL_LINES) -> list[str]:
    """The last lines of a text file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []
