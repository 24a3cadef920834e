"""One task: its containers as processes, its health, its place in the target groups, and its orderly end."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.container import Container, Host, TaskFailedError, prepare
from localcloud.health import Check, TargetGroup, container_check
from localcloud.log_streams import LogStream, LogStreams
from localcloud.ports import LOOPBACK, free_port
from localcloud.processes import Process, Processes
from localcloud.waiting import ending

POLL_SECONDS = 0.05
START_INTERVAL_SECONDS = 0.25
"""Between the first probes of a task; its target group's interval holds once it is healthy."""
STABLE_SECONDS = 3.0
"""A task that nothing checks counts as healthy when it has run so long."""
LONGEST_DRAIN_SECONDS = 2.0
"""Locally there are no idle connections to wait for, and what is in flight has until the stop timeout."""
HURRIED_STOP_SECONDS = 1.0
"""What a task has to end in when the whole run ends."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What tasks run on."""

    host: Host
    processes: Processes
    streams: LogStreams
    logs: Path
    closing: threading.Event = field(default_factory=threading.Event)


class Task:
    """Runs in a thread of its own from start to end; the agent looks at it and asks it to stop."""

    def __init__(
        self,
        platform: Platform,
        arn: str,
        definition: Mapping[str, Any],
        *,
        name: str,
        target_groups: Sequence[TargetGroup] = (),
        grace_seconds: float = 0,
    ) -> None:
        """`name` is for people: the file of the log, and messages."""
        self.arn = arn
        self.task_id = arn.rsplit("/", 1)[-1]
        self.definition = definition
        self.label = name
        self.healthy_since: float | None = None
        self.healthy_seconds = 0.0
        """How long it had been healthy when it ended."""
        self.reason = ""
        """Why it ended, in the words of ECS's stopped reasons."""
        self.replaced = False
        """A deployment replaces it: it goes as soon as enough others are healthy."""
        self.exit_codes: dict[str, int] = {}
        """Of the containers that ended by themselves."""
        self.log = platform.logs / f"{name}.log"
        self.port = free_port()
        self._platform = platform
        self._target_groups = target_groups
        self._grace_seconds = grace_seconds
        self._checks: list[Check] = []
        self._containers: list[tuple[Container, Process, LogStream]] = []
        self._registered = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"task-{self.task_id[:8]}", daemon=True)
        self._thread.start()

    @property
    def healthy(self) -> bool:
        return self.healthy_since is not None

    @property
    def problem(self) -> str:
        """Why it is not healthy."""
        return (
            self.reason or next((check.problem for check in self._checks if check.problem), "") or "starting"
        )

    def stop(self, reason: str) -> None:
        """Ask it to end: out of the target groups, then SIGTERM, then SIGKILL."""
        if not self._stopping.is_set():
            self.reason = self.reason or reason
            self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def is_alive(self) -> bool:
        """Whether any of it still runs."""
        return self._thread.is_alive()

    def join(self, timeout_seconds: float) -> None:
        self._thread.join(timeout_seconds)

    def report_end(self, cluster: str) -> None:
        """Record in the emulator that it has ended, why, and with which exit codes."""
        ecs = self._platform.host.clients.get("ecs", self._platform.host.region)
        for container, code in self.exit_codes.items():
            ecs.submit_container_state_change(
                cluster=cluster, task=self.arn, containerName=container, status="STOPPED", exitCode=code
            )
        ecs.stop_task(cluster=cluster, task=self.arn, reason=self.reason[:255])

    def _run(self) -> None:
        try:
            self._start_containers()
            self._watch()
        except TaskFailedError as error:
            self.reason = str(error)
        except Exception as error:
            self.reason = f"{type(error).__name__}: {error}"
        finally:
            if self.healthy_since is not None:
                self.healthy_seconds, self.healthy_since = time.monotonic() - self.healthy_since, None
            self._end()

    def _start_containers(self) -> None:
        definitions: list[dict[str, Any]] = self.definition["containerDefinitions"]
        for definition in definitions:
            essential = bool(definition.get("essential", True))
            if not essential and str(definition["image"]) not in self._platform.host.images:
                continue  # an image of others, such as a collector of traces: its task does without it
            container = prepare(self._platform.host, self.definition, definition, self.port)
            stream = self._platform.streams.open(
                container.log_options, container=container.name, task_id=self.task_id, file=self.label
            )
            process = self._platform.processes.start(
                f"{self.label} {self.task_id[:8]}",
                container.command,
                env=container.environment,
                cwd=container.folder,
                end_signal=container.stop_signal,
            )
            if process.popen.stdout is not None:
                stream.follow(process.popen.stdout)
            self._containers.append((container, process, stream))
            if container.health_check is not None:
                self._checks.append(container_check(container.health_check, self._runner(container)))
        for group in self._target_groups:
            self._checks.append(
                Check(
                    lambda group=group: group.probe(self.port),
                    interval_seconds=group.interval_seconds,
                    start_interval_seconds=START_INTERVAL_SECONDS,
                    healthy_threshold=group.healthy_threshold,
                    unhealthy_threshold=group.unhealthy_threshold,
                    grace_seconds=self._grace_seconds,
                )
            )

    def _runner(self, container: Container) -> Callable[[list[str], float], int | None]:
        def run(command: list[str], timeout_seconds: float) -> int | None:
            process = self._platform.processes.start(
                f"health check of {self.label}",
                command,
                env=container.environment,
                cwd=container.folder,
                log=self.log.with_suffix(".health.log"),
            )
            try:
                return process.popen.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                process.stop(timeout_seconds=0)

        return run

    def _watch(self) -> None:
        stable_at = time.monotonic() + STABLE_SECONDS
        while not self._stopping.wait(POLL_SECONDS):
            for container, process, _ in self._containers:
                code = process.exit_code()
                if code is not None:
                    self.exit_codes[container.name] = code
                if code is not None and container.essential:
                    raise TaskFailedError(
                        f"Essential container in task exited: {container.name}, {ending(code)}"
                    )
            for check in self._checks:
                check.run_when_due()
                if check.failed:
                    raise TaskFailedError(f"Task failed health checks: {check.problem}")
            checked = all(check.healthy for check in self._checks)
            if not self.healthy and checked and (self._checks or time.monotonic() >= stable_at):
                self._register()
                self.healthy_since = time.monotonic()

    def _register(self) -> None:
        for group in self._target_groups:
            self._elbv2.register_targets(TargetGroupArn=group.arn, Targets=[self._target])
            self._registered = True

    def _end(self) -> None:
        if self._registered and not self._platform.closing.is_set():
            with contextlib.suppress(ClientError, BotoCoreError):  # the group may be gone with its service
                for group in self._target_groups:
                    self._elbv2.deregister_targets(TargetGroupArn=group.arn, Targets=[self._target])
            delay = max(group.deregistration_delay_seconds for group in self._target_groups)
            if self._stopping.is_set():  # else a container is dead, and nothing left to wait for
                self._platform.closing.wait(min(delay, LONGEST_DRAIN_SECONDS))
        for container, process, stream in reversed(self._containers):
            hurried = self._platform.closing.is_set()
            process.stop(HURRIED_STOP_SECONDS if hurried else container.stop_timeout_seconds)
            self._platform.streams.finish(stream)

    @property
    def _target(self) -> dict[str, Any]:
        return {"Id": LOOPBACK, "Port": self.port}

    @property
    def _elbv2(self) -> Any:
        return self._platform.host.clients.get("elbv2", self._platform.host.region)
