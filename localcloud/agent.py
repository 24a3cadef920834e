"""Plays Fargate: runs the tasks that the emulator has on record as processes, and keeps the two alike.

One loop: what services and tasks does the API want, which run, what follows. The emulator without Docker
says that a task runs the moment it is recorded; whether it truly does is known here (`problems`).
"""

import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.health import TargetGroup
from localcloud.rollout import REPLACED, Record, Rollout
from localcloud.task import Platform, Task

TICK_SECONDS = 0.3


class Agent(threading.Thread):
    """`start` it after the first deployment, `close` it before the emulator stops."""

    def __init__(self, platform: Platform, report: Callable[[str], None] = lambda _: None) -> None:
        """`report` gets a line for what a person who watches wants to know."""
        super().__init__(name="agent", daemon=True)
        self.rollouts: dict[str, Rollout] = {}
        self.crash: Exception | None = None
        """What ended the loop, should that ever happen."""
        self._platform = platform
        self._report = report
        self._ecs: Any = platform.host.clients.get("ecs", platform.host.region)
        self._records: dict[str, dict[str, Any]] = {}
        self._definitions: dict[str, dict[str, Any]] = {}
        self._lone: dict[str, Task] = {}
        self._seen = threading.Event()

    def run(self) -> None:
        while not self._platform.closing.wait(TICK_SECONDS if self._seen.is_set() else 0):
            try:
                self.reconcile()
                self._seen.set()
            except (ClientError, BotoCoreError) as error:
                if not self._platform.closing.is_set():  # the emulator is away, or a resource just went
                    self._report(f"agent: {error}")
                    self._platform.closing.wait(1)
            except Exception as error:
                self.crash = error
                return

    def close(self, timeout_seconds: float = 3.0) -> None:
        """Stop all tasks, hurriedly, and the loop."""
        self._platform.closing.set()
        if self.ident is not None:
            self.join(timeout_seconds)
        tasks = self.tasks()
        for task in tasks:
            task.stop("The local cloud is ending")
        deadline = time.monotonic() + timeout_seconds
        for task in tasks:
            task.join(max(0.0, deadline - time.monotonic()))
        self._platform.streams.close()

    def tasks(self) -> list[Task]:
        return [*self._lone.values(), *(task for rollout in self.rollouts.values() for task in rollout.tasks)]

    def steady(self) -> bool:
        """Whether all services run what they should."""
        return self._seen.is_set() and all(
            rollout.state == "COMPLETED" for rollout in list(self.rollouts.values())
        )

    def problems(self, failures: int = 3) -> list[tuple[Rollout, str]]:
        """The services that failed, or whose tasks failed so often in a row, and why."""
        return [
            (rollout, rollout.last_reason)
            for rollout in list(self.rollouts.values())
            if rollout.state == "FAILED" or (rollout.state == "IN_PROGRESS" and rollout.failures >= failures)
        ]

    def reconcile(self) -> None:
        """One round of the loop."""
        for cluster in self._ecs.list_clusters()["clusterArns"]:
            records = self._read_records(cluster)
            services = {service["serviceArn"]: service for service in self._services(cluster)}
            for service in services.values():
                group = f"service:{service['serviceName']}"
                own = [record for record in records if self._records[record.arn].get("group") == group]
                self._reconcile_service(cluster, service, own)
            self._remove_services(cluster, services)
            self._run_lone_tasks(cluster, records)

    def _services(self, cluster: str) -> Iterator[dict[str, Any]]:
        arns = self._ecs.list_services(cluster=cluster)["serviceArns"]
        for first in range(0, len(arns), 10):  # as many as the API describes at once
            answer = self._ecs.describe_services(cluster=cluster, services=arns[first : first + 10])
            yield from (service for service in answer["services"] if service["status"] == "ACTIVE")

    def _read_records(self, cluster: str) -> list[Record]:
        pages = self._ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING")
        arns = [str(arn) for page in pages for arn in page["taskArns"]]
        unknown = [arn for arn in arns if arn not in self._records]
        for first in range(0, len(unknown), 100):
            answer = self._ecs.describe_tasks(cluster=cluster, tasks=unknown[first : first + 100])
            self._records.update({task["taskArn"]: task for task in answer["tasks"]})
        return [
            Record(arn=arn, task_definition=self._records[arn]["taskDefinitionArn"])
            for arn in arns
            if arn in self._records
        ]

    def _reconcile_service(self, cluster: str, service: dict[str, Any], records: list[Record]) -> None:
        rollout = self.rollouts.get(service["serviceArn"])
        if rollout is None:
            label = _principal(self._definition(service["taskDefinition"]))
            rollout = self.rollouts[service["serviceArn"]] = Rollout(service, label, self._start)
        name = service["serviceName"]
        for task in rollout.ended():
            if task.stopping:
                continue
            rollout.failed(task)
            self._report(f"{task.label}: task {task.task_id[:8]} ended: {task.reason}")
            task.report_end(cluster)
            records = [record for record in records if record.arn != task.arn]
            if rollout.broken(service):
                self._break(cluster, service, rollout)
            # An update that changes nothing has the emulator record a task in the place of the dead one.
            self._ecs.update_service(cluster=cluster, service=name)
        self._stop_on_request(cluster, rollout, records)
        before = rollout.state
        rollout.reconcile(service, records)
        if before == "IN_PROGRESS" and rollout.state == "COMPLETED":
            self._report(f"{rollout.label}: {len(records)} healthy ({_name(service['taskDefinition'])})")

    def _break(self, cluster: str, service: dict[str, Any], rollout: Rollout) -> None:
        rollout.state = "FAILED"
        what = f"{rollout.label}: deployment of {_name(service['taskDefinition'])} failed"
        target = rollout.rollback_target(service)
        if target is None:
            self._report(f"{what}: the circuit breaker opened, and there is nothing to go back to")
            return
        self._report(f"{what}: the circuit breaker opened, back to {_name(target)}")
        self._ecs.update_service(cluster=cluster, service=service["serviceName"], taskDefinition=target)

    def _stop_on_request(self, cluster: str, rollout: Rollout, records: list[Record]) -> None:
        """Stop at once what somebody stopped; what a deployment replaces goes when the rollout lets it."""
        wanted = {record.arn for record in records}
        gone = [task for task in rollout.tasks if task.arn not in wanted and not task.replaced]
        if not gone:
            return
        answer = self._ecs.describe_tasks(cluster=cluster, tasks=[task.arn for task in gone[:100]])
        reasons = {task["taskArn"]: str(task.get("stoppedReason", "")) for task in answer["tasks"]}
        for task in gone:
            reason = reasons.get(task.arn, "")
            if reason.startswith(REPLACED):
                task.replaced = True
            else:
                task.stop(reason)

    def _remove_services(self, cluster: str, services: Container[str]) -> None:
        part = f"/{_name(cluster)}/"
        for arn in [arn for arn in self.rollouts if part in arn and arn not in services]:
            rollout = self.rollouts[arn]
            rollout.ended()
            for task in rollout.tasks:
                task.stop("Service deleted")
            if not rollout.tasks:
                del self.rollouts[arn]

    def _run_lone_tasks(self, cluster: str, records: list[Record]) -> None:
        """The tasks of `run_task`: they run once."""
        wanted = {record.arn for record in records}
        for record in records:
            group = str(self._records[record.arn].get("group", ""))
            task = self._lone.get(record.arn)
            if task is None and not group.startswith("service:"):
                self._lone[record.arn] = self._start(record, {})
            elif task is not None and not task.is_alive():
                self._report(f"{task.label}: task {task.task_id[:8]} ended: {task.reason}")
                task.report_end(cluster)
                del self._lone[record.arn]
        part = f"/{_name(cluster)}/"
        for arn in [arn for arn in self._lone if part in arn and arn not in wanted]:
            self._lone[arn].stop("Task stopped by user")
            if not self._lone[arn].is_alive():
                del self._lone[arn]

    def _start(self, record: Record, service: Mapping[str, Any]) -> Task:
        definition = overridden(self._definition(record.task_definition), self._records[record.arn])
        client = self._platform.host.clients.get("elbv2", self._platform.host.region)
        attached: list[dict[str, Any]] = service.get("loadBalancers") or []
        return Task(
            self._platform,
            record.arn,
            definition,
            name=_principal(definition),
            target_groups=[TargetGroup.describe(client, entry["targetGroupArn"]) for entry in attached],
            grace_seconds=float(service.get("healthCheckGracePeriodSeconds") or 0),
        )

    def _definition(self, arn: str) -> dict[str, Any]:
        if arn not in self._definitions:
            answer = self._ecs.describe_task_definition(taskDefinition=arn)
            self._definitions[arn] = answer["taskDefinition"]
        return self._definitions[arn]


def overridden(definition: dict[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """The task definition with what `run_task` was asked to do otherwise: commands and variables."""
    overrides: dict[str, list[dict[str, Any]]] = record.get("overrides") or {}
    by_name = {str(override.get("name")): override for override in overrides.get("containerOverrides") or []}
    containers: list[dict[str, Any]] = definition["containerDefinitions"]
    merged: list[dict[str, Any]] = []
    for container in containers:
        override = by_name.get(container["name"], {})
        variables: list[dict[str, str]] = list(container.get("environment") or [])
        variables += override.get("environment") or []
        command: list[str] | None = override.get("command") or container.get("command")
        merged.append({**container, "environment": variables, "command": command})
    return {**definition, "containerDefinitions": merged}


def _principal(definition: Mapping[str, Any]) -> str:
    """The name of the container that the task is for: the first without which it ends."""
    containers: list[dict[str, Any]] = definition["containerDefinitions"]
    return str(next((one for one in containers if one.get("essential", True)), containers[0])["name"])


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
