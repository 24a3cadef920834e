"""Runs a task once, through ECS's RunTask, and waits for its end; what it last said is in the error."""

import contextlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

POLL_SECONDS = 3.0
ATTEMPTS = 5
"""To start. A container that has not started has done nothing, so that starting it again is safe: IAM
takes a while to know a new role, and Fargate may lack capacity for a moment."""
PAUSE_SECONDS = 15.0
LOG_LINES = 25
LOG_SECONDS = 10.0
"""How long the last lines of a container may take to reach CloudWatch Logs."""
STARTED_BY = "causeway"


class RunFailedError(Exception):
    """Why a run did not come to a good end, with its last lines."""


@dataclass(frozen=True, kw_only=True)
class Run:
    request: Mapping[str, Any]
    """What RunTask takes: `Task.run_request`."""
    container: str
    """The one whose exit code counts; sidecars are stopped after it."""
    log_group: str
    timeout_seconds: float


@dataclass(frozen=True, kw_only=True)
class Account:
    """The two APIs that it takes, and a clock."""

    ecs: Any
    logs: Any
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def run_to_end(account: Account, run: Run) -> str:
    """Run it and give the task's ARN; raises RunFailedError unless its container exits with 0.

    An earlier run that still goes on, such as that of an interrupted `up`, is waited for: never do two run.
    """
    deadline = account.clock() + run.timeout_seconds
    _wait_for_others(account, run, deadline)
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            account.sleep(PAUSE_SECONDS)
        arn, reason = _start(account, run)
        if arn is None:
            continue
        task = _wait(account, run, arn, deadline)
        code = _exit_code(task, run.container)
        if code == 0:
            return arn
        reason = str(task.get("stoppedReason") or task.get("stopCode") or "no reason given")
        if code is None and task.get("stopCode") == "TaskFailedToStart":
            continue
        ended = f"exit code {code}" if code is not None else "no exit code"
        raise RunFailedError(_message(f"{run.container}: {ended} ({reason})", _last_lines(account, run, arn)))
    raise RunFailedError(f"{run.container}: not started in {ATTEMPTS} attempts: {reason}")


def _start(account: Account, run: Run) -> tuple[str | None, str]:
    """The task's ARN; or None, and why it may be worth another attempt."""
    try:
        answer = account.ecs.run_task(**run.request, startedBy=STARTED_BY, clientToken=str(uuid.uuid4()))
    except account.ecs.exceptions.ClientException as error:
        message = str(error)
        if "unable to assume" in message or "capacity" in message.lower():
            return None, message
        raise
    if answer["tasks"]:
        return str(answer["tasks"][0]["taskArn"]), ""
    reasons = [
        f"{failure.get('reason', '')} {failure.get('detail', '')}".strip() for failure in answer["failures"]
    ]
    return None, ", ".join(reasons) or "ECS started no task and gave no reason"


def _wait(account: Account, run: Run, arn: str, deadline: float) -> dict[str, Any]:
    """The task once it has stopped. One that is over its time is stopped, so that no other run meets it."""
    while True:
        answer = account.ecs.describe_tasks(cluster=run.request["cluster"], tasks=[arn])
        for task in answer["tasks"]:  # none yet, just after the start
            if task["lastStatus"] == "STOPPED":
                return task
        if account.clock() > deadline:
            account.ecs.stop_task(cluster=run.request["cluster"], task=arn, reason="Over its time")
            minutes = run.timeout_seconds / 60
            message = f"{run.container}: not at its end after {minutes:g} minutes, and stopped"
            raise RunFailedError(_message(message, _last_lines(account, run, arn)))
        account.sleep(POLL_SECONDS)


def _wait_for_others(account: Account, run: Run, deadline: float) -> None:
    family = str(run.request["taskDefinition"]).rsplit("/", 1)[-1].split(":")[0]
    while True:
        wanted = {"cluster": run.request["cluster"], "family": family, "desiredStatus": "RUNNING"}
        others = account.ecs.list_tasks(**wanted)["taskArns"]
        if not others:
            return
        if account.clock() > deadline:
            raise RunFailedError(
                f"{run.container}: an earlier run has not ended, {others[0]}; wait for it, or stop it"
            )
        account.sleep(POLL_SECONDS)


def _exit_code(task: Mapping[str, Any], name: str) -> int | None:
    containers: Sequence[Mapping[str, Any]] = task.get("containers") or []
    return next((container.get("exitCode") for container in containers if container["name"] == name), None)


def _last_lines(account: Account, run: Run, arn: str) -> list[str]:
    """What the container wrote last, as soon as CloudWatch Logs has it."""
    stream = f"{run.container}/{run.container}/{arn.rsplit('/', 1)[-1]}"
    deadline = account.clock() + LOG_SECONDS
    lines: list[str] = []
    while True:
        found: list[str] = []
        with contextlib.suppress(account.logs.exceptions.ResourceNotFoundException):
            answer = account.logs.get_log_events(
                logGroupName=run.log_group, logStreamName=stream, limit=LOG_LINES, startFromHead=False
            )
            found = [str(event["message"]) for event in answer["events"]]
        if (found and found == lines) or account.clock() > deadline:
            return found
        lines = found
        account.sleep(1)


def _message(what: str, lines: Sequence[str]) -> str:
    if not lines:
        return f"{what}; it wrote nothing"
    return "\n".join([f"{what}. Its last lines:", *(f"  {line}" for line in lines)])
