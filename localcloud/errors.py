"""The one error that the local cloud shows its user."""

from collections.abc import Sequence


class LocalCloudError(Exception):
    """What went wrong, the value, what is allowed and where to change it, in one line."""

    def __init__(self, message: str, *, log: Sequence[str] = ()) -> None:
        """`log` are the last lines that the part in question wrote, shown below the message."""
        super().__init__(message)
        self.log = tuple(log)
