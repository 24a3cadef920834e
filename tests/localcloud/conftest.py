"""What the tests of the local cloud share: one emulator and one pair of servers for all of them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud import servers as real_servers
from localcloud.clients import Clients
from localcloud.emulator import Emulator
from localcloud.ports import free_port
from localcloud.processes import Processes

ACCOUNT, REGION = "000000000000", "eu-central-1"


@pytest.fixture(scope="session")
def local() -> Iterator[SimpleNamespace]:
    """A running emulator, PostgreSQL and Valkey, with the processes and folders they live in."""
    folder = Path(tempfile.mkdtemp(prefix="causeway-test-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user where the tests run as root
    logs = folder / "logs"
    logs.mkdir()
    with Processes(folders=[folder]) as processes:
        emulator = Emulator.start(
            processes, port=free_port(), account=ACCOUNT, region=REGION, folder=folder / "aws", logs=logs
        )
        servers = real_servers.start(processes, folder=folder, logs=logs)
        emulator.wait()
        yield SimpleNamespace(
            folder=folder,
            logs=logs,
            processes=processes,
            servers=servers,
            endpoint=emulator.endpoint,
            clients=Clients(emulator.endpoint),
            account=ACCOUNT,
            region=REGION,
        )


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """`eventually(condition, seconds, what)`: ask again and again until a condition holds."""

    def wait(condition: Callable[[], object], seconds: float = 20, what: str = "") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, what or "did not come about in time"
            time.sleep(0.02)

    return wait
