"""The tasks of one service, and the rolling deployment that replaces them without a gap, as ECS does it."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from localcloud.task import Task

STEADY_SECONDS = 10.0
"""A task that was healthy for so long and then dies is no failure of its deployment."""
LONGEST_BACKOFF_SECONDS = 30.0
REPLACED = ("Deployment completed", "Task definition updated", "Deployment capacity limit", "Service scaling")
"""How the emulator's reason begins where a deployment replaces a task: it waits until others are healthy."""

State = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A task as the emulator keeps it: the wish that it should run."""

    arn: str
    task_definition: str


Starter = Callable[[Record, Mapping[str, Any]], Task]
"""Starts the task of a record of a service."""


class Rollout:
    """One service. `reconcile` compares the emulator's records with the tasks that run, and acts."""

    def __init__(self, service: Mapping[str, Any], label: str, start: Starter) -> None:
        self.arn = str(service["serviceArn"])
        self.label = label
        self.tasks: list[Task] = []
        self.state: State = "IN_PROGRESS"
        self.failures = 0
        self.last_reason = ""
        self.last_good: str | None = None
        """The task definition of the last deployment that became steady."""
        self._start = start
        self._deployment = _primary(service)["id"]
        self._not_before = 0.0

    def ended(self) -> list[Task]:
        """Take out the tasks that are over."""
        over = [task for task in self.tasks if not task.is_alive()]
        self.tasks = [task for task in self.tasks if task not in over]
        return over

    def failed(self, task: Task) -> None:
        """Count a task that ended by itself; the next one starts after a pause that doubles."""
        if task.healthy_seconds >= STEADY_SECONDS:
            self.failures = 0
        self.failures += 1
        self.last_reason = task.reason
        pause = min(LONGEST_BACKOFF_SECONDS, 0.5 * 2 ** min(self.failures - 1, 10))
        self._not_before = time.monotonic() + pause

    def reconcile(self, service: Mapping[str, Any], records: Sequence[Record]) -> None:
        """Start and stop tasks towards the records that the emulator wants, within the service's percents."""
        deployment = _primary(service)
        if deployment["id"] != self._deployment:
            self._deployment, self.state = deployment["id"], "IN_PROGRESS"
            self.failures, self._not_before = 0, 0.0
        wanted = {record.arn for record in records}
        present = {task.arn for task in self.tasks}
        running = [task for task in self.tasks if not task.stopping]
        stale = [task for task in running if task.arn not in wanted]
        desired = int(service["desiredCount"])
        configuration: dict[str, Any] = service.get("deploymentConfiguration") or {}
        most = max(1, math.floor(desired * int(configuration.get("maximumPercent") or 200) / 100))
        least = math.ceil(desired * int(configuration.get("minimumHealthyPercent", 100)) / 100)
        if self.state != "FAILED" and time.monotonic() >= self._not_before:
            missing = [record for record in records if record.arn not in present]
            for record in missing[: max(0, most - len(running))]:
                self.tasks.append(self._start(record, service))
        healthy = sum(task.healthy for task in running)
        for task in sorted(stale, key=lambda task: task.healthy):
            if not task.healthy:
                task.stop("Service was updated")
            elif healthy > least:
                healthy -= 1
                task.stop("Service was updated")
        steady = not stale and all(
            any(task.arn == arn and task.healthy for task in running) for arn in wanted
        )
        if steady and len(wanted) >= desired and self.state == "IN_PROGRESS":
            self.state, self.last_good = "COMPLETED", str(service["taskDefinition"])

    def broken(self, service: Mapping[str, Any]) -> bool:
        """Whether the circuit breaker opens: as many failures as ECS would take, in a deployment under way.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        """
        configuration: dict[str, Any] = service.get("deploymentConfiguration") or {}
        breaker: dict[str, Any] = configuration.get("deploymentCircuitBreaker") or {}
        threshold = min(200, max(3, math.ceil(int(service["desiredCount"]) / 2)))
        return bool(breaker.get("enable")) and self.state == "IN_PROGRESS" and self.failures >= threshold

    def rollback_target(self, service: Mapping[str, Any]) -> str | None:
        """The task definition to go back to, where the service wants that and there is one."""
        configuration: dict[str, Any] = service.get("deploymentConfiguration") or {}
        breaker: dict[str, Any] = configuration.get("deploymentCircuitBreaker") or {}
        back = breaker.get("rollback") and self.last_good != service["taskDefinition"]
        return self.last_good if back else None


def _primary(service: Mapping[str, Any]) -> dict[str, Any]:
    deployments: list[dict[str, Any]] = service["deployments"]
    return next(deployment for deployment in deployments if deployment["status"] == "PRIMARY")
