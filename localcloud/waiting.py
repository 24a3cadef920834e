"""Waits for what another process will do: asked again and again, until a deadline."""

import time
from collections.abc import Callable

from localcloud.errors import LocalCloudError
from localcloud.processes import Process

POLL_SECONDS = 0.02


def until(condition: Callable[[], bool], process: Process, timeout_seconds: float = 30.0) -> None:
    """Wait until the condition holds; the end of the process that should bring it about ends the wait."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        code = process.exit_code()
        if code is not None:
            raise LocalCloudError(
                f"{process.name} ended at its start, {ending(code)}", log=process.log_tail()
            )
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"{process.name} was not ready within {timeout_seconds:.0f} s",
                log=process.log_tail(),
            )
        time.sleep(POLL_SECONDS)


def ending(code: int) -> str:
    """An exit code in words; negative numbers are signals."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
