"""One run through ECS: its end, its failures, what is tried again and what never is."""

from collections.abc import Sequence
from typing import Any

import pytest

from components import run_to_end as module
from components.run_to_end import Account, Run, RunFailedError, run_to_end

ARN = "arn:aws:ecs:eu-west-1:111111111111:task/shop/0123"
RUN = Run(
    request={"cluster": "shop", "taskDefinition": "arn:aws:ecs:x:1:task-definition/shop-migrate:7"},
    container="migrate",
    log_group="logs",
    timeout_seconds=600,
)


class ClientError(Exception):
    """As botocore's."""


class NotFoundError(Exception):
    """As botocore's."""


def stopped(code: int | None = 0, stop_code: str = "EssentialContainerExited") -> dict[str, Any]:
    beside = {"name": "otel-collector", "exitCode": 137}
    own = {"name": "migrate", **({} if code is None else {"exitCode": code})}
    return {
        "lastStatus": "STOPPED",
        "stopCode": stop_code,
        "stoppedReason": "why",
        "containers": [beside, own],
    }


class Aws:
    """ECS, CloudWatch Logs and a clock, with prepared answers; `tasks` are what each start comes to."""

    class exceptions:  # noqa: N801 as boto3's clients have it
        ClientException = ClientError
        ResourceNotFoundException = NotFoundError

    def __init__(
        self,
        tasks: Sequence[Any] = (),
        *,
        others: Sequence[list[str]] = (),
        logs: Sequence[list[str] | None] = (),
    ) -> None:
        self.tasks, self.others, self.logs = list(tasks), list(others), list(logs)
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.now = 0.0

    @property
    def account(self) -> Account:
        return Account(ecs=self, logs=self, sleep=self.sleep, clock=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def list_tasks(self, **wanted: str) -> dict[str, Any]:
        assert wanted == {"cluster": "shop", "family": "shop-migrate", "desiredStatus": "RUNNING"}
        return {"taskArns": self.others.pop(0) if self.others else []}

    def run_task(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        first = self.tasks[0]
        if isinstance(first, Exception):
            raise self.tasks.pop(0)
        if isinstance(first, str):
            self.tasks.pop(0)
            return {"tasks": [], "failures": [{"arn": "a", "reason": first}]}
        return {"tasks": [{"taskArn": ARN}], "failures": []}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert (cluster, tasks) == ("shop", [ARN])
        first = self.tasks[0]
        if isinstance(first, list):  # what it is on the way, one description after the other
            if len(first) > 1:
                return {"tasks": first.pop(0)}
            return {"tasks": first[0]}
        return {"tasks": [self.tasks.pop(0)]}

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        self.stopped.append(task)

    def get_log_events(self, **wanted: Any) -> dict[str, Any]:
        assert wanted == {
            "logGroupName": "logs",
            "logStreamName": "migrate/migrate/0123",
            "limit": 25,
            "startFromHead": False,
        }
        lines = self.logs.pop(0) if len(self.logs) > 1 else (self.logs or [[]])[0]
        if lines is None:
            raise NotFoundError
        return {"events": [{"message": line} for line in lines]}


def test_a_good_end() -> None:
    aws = Aws([[[], [{"lastStatus": "PENDING"}], [{"lastStatus": "RUNNING"}], [stopped()]]])
    assert run_to_end(aws.account, RUN) == ARN
    (request,) = aws.started
    token = request.pop("clientToken")
    assert len(token) <= 64
    assert request == {**RUN.request, "startedBy": "causeway"}
    assert aws.stopped == []


def test_a_bad_end_is_told_with_its_last_lines_and_not_tried_again() -> None:
    aws = Aws([stopped(3)], logs=[None, ["one"], ["one", "two"], ["one", "two"]])
    with pytest.raises(RunFailedError) as failure:
        run_to_end(aws.account, RUN)
    assert str(failure.value) == "migrate: exit code 3 (why). Its last lines:\n  one\n  two"
    assert len(aws.started) == 1


def test_one_that_wrote_nothing() -> None:
    aws = Aws([stopped(137)])
    with pytest.raises(RunFailedError, match=r"^migrate: exit code 137 \(why\); it wrote nothing$"):
        run_to_end(aws.account, RUN)
    assert aws.now >= module.LOG_SECONDS, "lines may be late"


@pytest.mark.parametrize(
    "first",
    [
        stopped(None, "TaskFailedToStart"),
        "Capacity is unavailable at this time",
        ClientError("ECS was unable to assume the role 'x'"),
    ],
)
def test_what_has_not_started_is_tried_again(first: Any) -> None:
    aws = Aws([first, stopped()])
    assert run_to_end(aws.account, RUN) == ARN
    first_, second = (request["clientToken"] for request in aws.started)
    assert first_ != second, "ECS would answer with the task that failed"


def test_what_does_not_start_in_several_attempts() -> None:
    aws = Aws([stopped(None, "TaskFailedToStart")] * 9)
    with pytest.raises(RunFailedError, match=r"^migrate: not started in 5 attempts: why$"):
        run_to_end(aws.account, RUN)
    assert len(aws.started) == 5


@pytest.mark.parametrize("task", [stopped(None, "UserInitiated"), stopped(None, "SpotInterruption")])
def test_what_was_stopped_half_way_is_not_run_again_unasked(task: Any) -> None:
    aws = Aws([task], logs=[["half"]])
    with pytest.raises(RunFailedError, match="no exit code"):
        run_to_end(aws.account, RUN)
    assert len(aws.started) == 1


def test_what_aws_refuses_is_told_at_once() -> None:
    aws = Aws([ClientError("no such task definition")])
    with pytest.raises(ClientError, match="no such task definition"):
        run_to_end(aws.account, RUN)
    assert len(aws.started) == 1


def test_over_its_time() -> None:
    aws = Aws([[[{"lastStatus": "RUNNING"}]]], logs=[["still at it"]])
    with pytest.raises(RunFailedError, match="not at its end after 10 minutes, and stopped") as failure:
        run_to_end(aws.account, RUN)
    assert "still at it" in str(failure.value)
    assert aws.stopped == [ARN]


def test_an_earlier_run_is_waited_for() -> None:
    aws = Aws([stopped()], others=[["earlier"], ["earlier"]])
    assert run_to_end(aws.account, RUN) == ARN
    assert aws.now >= 2 * module.POLL_SECONDS


def test_an_earlier_run_that_does_not_end() -> None:
    aws = Aws(others=[["earlier"]] * 999)
    with pytest.raises(RunFailedError, match="an earlier run has not ended, earlier; wait for it"):
        run_to_end(aws.account, RUN)
    assert aws.started == []
