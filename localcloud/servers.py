"""The real PostgreSQL and Valkey that stand in for Aurora and ElastiCache: on loopback, with passwords."""

from dataclasses import dataclass
from pathlib import Path

from localcloud.postgres import Postgres
from localcloud.processes import Processes
from localcloud.valkey import Valkey


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Both servers of one run."""

    postgres: Postgres
    valkey: Valkey


def start(processes: Processes, *, folder: Path, logs: Path) -> Servers:
    """Start both, with their data in `folder`, and wait until they answer. Raises LocalCloudError."""
    valkey = Valkey.start(processes, folder=folder / "valkey", logs=logs)
    postgres = Postgres.start(processes, folder=folder / "postgres", logs=logs)
    valkey.wait()
    postgres.wait()
    return Servers(postgres=postgres, valkey=valkey)
