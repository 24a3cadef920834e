"""Ports of this machine's loopback address."""

import errno
import socket
from dataclasses import dataclass

from localcloud.errors import LocalCloudError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """The port that a part of the local cloud should listen on."""

    part: str
    port: int
    asked_for: str | None = None
    """The option or variable that named it: a wish that must be met. None for a default."""


def listen(port: int) -> socket.socket:
    """A socket that listens on a port, 0 for any free one. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As servers do: a port is free although connections of its last user still fade out.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def free_port() -> int:
    """A port that nobody uses now."""
    with listen(0) as listener:
        return int(listener.getsockname()[1])


def grant(wish: Wish) -> tuple[socket.socket, str | None]:
    """Listen where wished, or elsewhere with a line that says so if it was only a default."""
    try:
        return listen(wish.port), None
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        reason = "is in use" if busy else f"cannot be had ({error.strerror})"
        if wish.asked_for:
            raise LocalCloudError(
                f"port {wish.port} for {wish.part} ({wish.asked_for}) {reason} on {LOOPBACK}; "
                f"name a free one, or leave {wish.asked_for} out to be given one"
            ) from None
        listener = listen(0)
        return listener, f"port {wish.port} {reason}: {wish.part} takes {listener.getsockname()[1]} instead"
