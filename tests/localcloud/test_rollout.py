"""A rolling deployment keeps to its percents whatever its tasks do; Dockerfiles and matchers read well."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud import dockerfile, health
from localcloud.errors import LocalCloudError
from localcloud.rollout import Record, Rollout


@dataclass
class FakeTask:
    arn: str
    healthy: bool = False
    stopping: bool = False
    over: bool = False
    replaced: bool = False
    healthy_seconds: float = 0.0
    reason: str = ""

    def stop(self, reason: str) -> None:
        self.stopping, self.reason = True, reason

    def is_alive(self) -> bool:
        return not self.over


class Cluster:
    """An API with one service, whose records a deployment replaces, and a rollout that follows it."""

    def __init__(self, desired: int, least: int, most: int) -> None:
        self.number = 0
        self.records: list[Record] = []
        self.service: dict[str, Any] = {
            "serviceArn": "arn", "desiredCount": desired, "taskDefinition": "", "deployments": [],
            "deploymentConfiguration": {"minimumHealthyPercent": least, "maximumPercent": most},
        }  # fmt: skip
        self.deploy()
        self.rollout = Rollout(self.service, "web", self.start)  # pyright: ignore[reportArgumentType]

    def start(self, record: Record, _: Mapping[str, Any]) -> FakeTask:
        return FakeTask(record.arn)

    def deploy(self) -> None:
        self.number += 1
        self.service["taskDefinition"] = f"web:{self.number}"
        self.service["deployments"] = [{"id": f"d{self.number}", "status": "PRIMARY"}]
        self.records = [
            Record(arn=f"{self.number}.{index}", task_definition=f"web:{self.number}")
            for index in range(self.service["desiredCount"])
        ]

    def round(self) -> None:
        self.rollout.reconcile(self.service, self.records)
        for task in self.tasks:
            task.over = task.stopping
        self.rollout.ended()

    @property
    def tasks(self) -> list[FakeTask]:
        return self.rollout.tasks  # pyright: ignore[reportReturnType]


@given(
    desired=st.integers(1, 6), least=st.sampled_from([0, 50, 100]), most=st.sampled_from([100, 150, 200]),
    healthy=st.lists(st.integers(0, 11), max_size=30),
)  # fmt: skip
def test_rolling_deployment_keeps_to_its_percents(
    desired: int, least: int, most: int, healthy: list[int]
) -> None:
    cluster = Cluster(desired, least, most)
    cluster.round()
    for task in cluster.tasks:
        task.healthy = True
    cluster.round()
    assert (cluster.rollout.state, cluster.rollout.last_good) == ("COMPLETED", "web:1")
    cluster.deploy()
    for index in healthy:  # in any order, one after the other becomes healthy
        cluster.round()
        assert len(cluster.tasks) <= max(1, floor(desired * most / 100))
        assert sum(task.healthy for task in cluster.tasks) >= min(desired, ceil(desired * least / 100))
        if index < len(cluster.tasks):
            cluster.tasks[index].healthy = True
    # Where no task may be missing and none be too many, ECS too can replace nothing.
    stuck = ceil(desired * least / 100) >= desired and floor(desired * most / 100) <= desired
    for _ in range(3 * desired):
        cluster.round()
        for task in cluster.tasks:
            task.healthy = True
    cluster.round()
    assert (cluster.rollout.state == "COMPLETED") is not stuck
    if not stuck:
        assert {task.arn for task in cluster.tasks} == {record.arn for record in cluster.records}


def test_failures_back_off_and_open_the_breaker() -> None:
    cluster = Cluster(1, 100, 200)
    cluster.service["deploymentConfiguration"]["deploymentCircuitBreaker"] = {
        "enable": True,
        "rollback": True,
    }
    for failures in range(1, 4):
        cluster.rollout.failed(FakeTask("1.0", reason="exit code 1"))  # pyright: ignore[reportArgumentType]
        assert cluster.rollout.broken(cluster.service) is (failures == 3)
        cluster.round()
        assert cluster.tasks == [], "no task starts before the pause is over"
    assert cluster.rollout.rollback_target(cluster.service) is None
    cluster.deploy()
    cluster.round()
    assert len(cluster.tasks) == 1, "a new deployment does not wait"


@pytest.mark.parametrize(
    ("matcher", "good", "bad"),
    [("200", [200], [201, 404]), ("200,204", [200, 204], [202]), ("200-299", [200, 250, 299], [199, 300]),
     ("200-202,302", [201, 302], [203, 301])],
)  # fmt: skip
def test_matcher_of_a_target_group(matcher: str, good: list[int], bad: list[int]) -> None:
    assert all(health.matches(matcher, status) for status in good)
    assert not any(health.matches(matcher, status) for status in bad)


def test_dockerfile_is_read_as_docker_reads_it(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "# syntax=docker/dockerfile:1\n"
        "ARG PYTHON=3.13\n"
        "FROM python:${PYTHON}-slim AS base\n"
        "ENV A=1 \\\n    # a comment within\n    B='two words' PATH=/opt/bin:$PATH\n"
        'CMD ["of", "base"]\n'
        "FROM other AS build\n"
        "ENV LOST=1\n"
        "FROM base\n"
        "ARG MODE\nARG LEVEL=info\n"
        "ENV C=$A-${B} LEVEL=${LEVEL} MODE=${MODE:-fallback}\n"
        "ENV OLD several words\n"
        "STOPSIGNAL SIGINT\n"
        'ENTRYPOINT ["python", "-m"]\n'
        'CMD ["shop.main", "--flag"]\n'
    )
    config = dockerfile.read(tmp_path)
    assert config.environment == {
        "A": "1", "B": "two words", "C": "1-two words", "LEVEL": "info", "MODE": "fallback",
        "OLD": "several words",
    }  # fmt: skip
    assert (config.entry_point, config.command) == (("python", "-m"), ("shop.main", "--flag"))
    assert config.stop_signal == "SIGINT"


def test_dockerfile_in_shell_form_runs_in_a_shell(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\nCMD exec python -m shop\n")
    assert dockerfile.read(tmp_path).command == ("/bin/sh", "-c", "exec python -m shop")


def test_folder_without_a_dockerfile_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="an image's folder needs a Dockerfile"):
        dockerfile.read(tmp_path)
