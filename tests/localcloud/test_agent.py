"""The agent that plays Fargate, against services that boto3 makes in the emulator."""

import http.client
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from localcloud.agent import Agent
from localcloud.container import Host
from localcloud.log_streams import LogStreams
from localcloud.task import Platform

Eventually = Callable[..., None]

DOCKERFILE = """
ARG VERSION=1
FROM python:3.13 AS base
ENV GREETING=hello PATH=/opt/bin:$PATH
FROM base
ENV FROM_IMAGE="${GREETING} world"
CMD ["python", "server.py"]
"""
SERVER = """
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status = int(os.environ.get("HEALTH", "200")) if self.path == "/healthz" else 200
        if self.path == "/die":
            print("dying as asked", flush=True)
            os._exit(3)
        if self.path == "/slow":
            time.sleep(0.5)
        body = json.dumps({"environment": dict(os.environ), "pid": os.getpid()}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

if os.environ.get("REFUSE"):
    sys.exit("refused: " + os.environ["REFUSE"])
time.sleep(float(os.environ.get("BOOT_SECONDS", "0")))
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving", os.environ.get("VERSION"), flush=True)
server.serve_forever()
server.server_close()
print("ended in order", flush=True)
"""


class Shop:
    """A cluster with a load balancer, and services of the small server in it."""

    def __init__(self, local: SimpleNamespace, folder: Path) -> None:
        self.local, self.id = local, uuid.uuid4().hex[:8]
        get = local.clients.get
        self.ecs, self.elbv2 = get("ecs", local.region), get("elbv2", local.region)
        self.logs, self.iam = get("logs", local.region), get("iam", local.region)
        self.secrets, self.ssm = get("secretsmanager", local.region), get("ssm", local.region)
        self.image = f"repository/{self.id}"
        self.folder = folder
        (folder / "Dockerfile").write_text(DOCKERFILE)
        (folder / "server.py").write_text(SERVER)
        self.cluster = f"cluster-{self.id}"
        self.ecs.create_cluster(clusterName=self.cluster)
        self.group = f"/group/{self.id}"
        self.logs.create_log_group(logGroupName=self.group)
        self.role = self.iam.create_role(RoleName=f"role-{self.id}", AssumeRolePolicyDocument="{}")["Role"][
            "Arn"
        ]
        balancer = self.elbv2.create_load_balancer(Name=f"lb-{self.id}", Type="application")["LoadBalancers"][
            0
        ]
        self.host = balancer["DNSName"]
        self.targets = self.elbv2.create_target_group(
            Name=f"tg-{self.id}", Protocol="HTTP", Port=80, TargetType="ip", VpcId="vpc-1",
            HealthCheckPath="/healthz", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2, UnhealthyThresholdCount=2, Matcher={"HttpCode": "200"},
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.elbv2.modify_target_group_attributes(
            TargetGroupArn=self.targets,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}],
        )
        self.elbv2.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}],
        )  # fmt: skip

    def define(self, *, port: bool = True, container: dict[str, Any] | None = None, **variables: str) -> str:
        answer = self.ecs.register_task_definition(
            family=f"family-{self.id}", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256",
            memory="512", taskRoleArn=self.role, executionRoleArn=self.role,
            containerDefinitions=[{
                "name": f"web-{self.id}", "image": self.image, "essential": True, "stopTimeout": 5,
                "environment": [{"name": name, "value": value} for name, value in variables.items()],
                "portMappings": [{"containerPort": 8000}] if port else [],
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": self.group, "awslogs-stream-prefix": "web",
                    "awslogs-region": self.local.region}},
                **(container or {}),
            }],
        )  # fmt: skip
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def serve(self, definition: str, count: int = 1, **more: Any) -> None:
        self.ecs.create_service(
            cluster=self.cluster, serviceName="web", taskDefinition=definition, desiredCount=count,
            launchType="FARGATE", deploymentConfiguration={
                "minimumHealthyPercent": 100, "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            loadBalancers=[{"targetGroupArn": self.targets, "containerName": f"web-{self.id}",
                            "containerPort": 8000}],
            **more,
        )  # fmt: skip

    def update(self, **changes: Any) -> None:
        self.ecs.update_service(cluster=self.cluster, service="web", **changes)

    @property
    def service(self) -> dict[str, Any]:
        return self.ecs.describe_services(cluster=self.cluster, services=["web"])["services"][0]

    def registered(self) -> list[int]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=self.targets)
        return [entry["Target"]["Port"] for entry in answer["TargetHealthDescriptions"]]

    def get(self, path: str = "/") -> tuple[int, Any]:
        """A request through the load balancer."""
        connection = http.client.HTTPConnection(urlsplit(self.local.endpoint).netloc, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": self.host})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        finally:
            connection.close()

    def environment(self) -> dict[str, str]:
        return self.get()[1]["environment"]

    def messages(self) -> list[str]:
        streams = self.logs.describe_log_streams(logGroupName=self.group)["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in self.logs.get_log_events(
                logGroupName=self.group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def stopped_reasons(self) -> list[str]:
        arns = self.ecs.list_tasks(cluster=self.cluster, desiredStatus="STOPPED")["taskArns"]
        tasks = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        return [task["stoppedReason"] for task in tasks]


def up(agent: Agent) -> Callable[[], bool]:
    """The agent has seen the service, and it is steady."""

    def steady() -> bool:
        assert agent.crash is None
        return bool(agent.rollouts) and agent.steady()

    return steady


@pytest.fixture
def shop(local: SimpleNamespace, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(local, tmp_path)
    yield shop
    services = shop.ecs.list_services(cluster=shop.cluster)["serviceArns"]
    for service in services:  # the next test's agent sees every cluster of the emulator
        shop.ecs.delete_service(cluster=shop.cluster, service=service, force=True)
    for task in shop.ecs.list_tasks(cluster=shop.cluster)["taskArns"]:
        shop.ecs.stop_task(cluster=shop.cluster, task=task)


@pytest.fixture
def lines() -> list[str]:
    """What the agent reported."""
    return []


@pytest.fixture
def agent(shop: Shop, local: SimpleNamespace, tmp_path: Path, lines: list[str]) -> Iterator[Agent]:
    host = Host(
        clients=local.clients, region=local.region, images={shop.image: str(shop.folder)},
        servers=local.servers, home=tmp_path,
    )  # fmt: skip
    (tmp_path / "logs").mkdir()
    streams = LogStreams(local.clients, local.region, tmp_path / "logs")
    agent = Agent(
        Platform(host=host, processes=local.processes, streams=streams, logs=tmp_path / "logs"), lines.append
    )
    agent.start()
    yield agent
    started = time.monotonic()
    agent.close()
    assert not any(task.is_alive() for task in agent.tasks())
    assert agent.crash is None
    assert time.monotonic() - started < 5, "the end of a run must be quick"


def test_task_gets_what_ecs_would_give_it(
    shop: Shop, agent: Agent, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-the-developer")
    monkeypatch.setenv("SOMETHING_OF_THE_DEVELOPER", "private")
    secret = shop.secrets.create_secret(Name=f"s-{shop.id}", SecretString='{"password": "p:1", "n": 7}')[
        "ARN"
    ]
    shop.ssm.put_parameter(Name=f"/p/{shop.id}", Value="from-ssm", Type="SecureString")
    parameter = f"arn:aws:ssm:{shop.local.region}:{shop.local.account}:parameter/p/{shop.id}"
    valkey, postgres = shop.local.servers.valkey, shop.local.servers.postgres
    definition = shop.define(
        VERSION="1", CACHE=f"rediss://app@127.0.0.1:{valkey.port}/0", ELSEWHERE="rediss://app@cache.example:6379/0",
        DATABASE_PORT=str(postgres.port), DATABASE_SSL_MODE="require",
        container={"secrets": [
            {"name": "WHOLE", "valueFrom": secret},
            {"name": "PASSWORD", "valueFrom": f"{secret}:password::"},
            {"name": "PARAMETER", "valueFrom": parameter},
        ]},
    )  # fmt: skip
    shop.serve(definition)
    eventually(up(agent), 30)
    environment = shop.environment()
    assert environment["WHOLE"] == '{"password": "p:1", "n": 7}'
    assert (environment["PASSWORD"], environment["PARAMETER"]) == ("p:1", "from-ssm")
    assert environment["FROM_IMAGE"] == "hello world"
    assert "/opt/bin" not in environment["PATH"], "the image's paths are not this machine's"
    assert environment["CACHE"] == f"redis://app@127.0.0.1:{valkey.port}/0"
    assert environment["ELSEWHERE"] == "rediss://app@cache.example:6379/0"
    assert environment["DATABASE_SSL_MODE"] == "disable"
    assert environment["AWS_ENDPOINT_URL"] == shop.local.endpoint
    assert environment["AWS_REGION"] == shop.local.region
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA"), "those of an assumed role are temporary"
    assert int(environment["PORT"]) == shop.registered()[0]
    assert environment["AWS_SESSION_TOKEN"] != "of-the-developer"
    assert "SOMETHING_OF_THE_DEVELOPER" not in environment
    eventually(lambda: "serving 1" in shop.messages(), 10)
    assert "serving 1" in (tmp_path / "logs" / f"web-{shop.id}.log").read_text()


def test_target_is_registered_only_when_healthy(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    shop.serve(shop.define(BOOT_SECONDS="1.5"))
    eventually(lambda: agent.tasks() and agent.tasks()[0].problem.startswith("GET /healthz"), 10)
    assert shop.registered() == []
    assert shop.get()[0] == 503
    eventually(up(agent), 20)
    assert shop.get()[0] == 200


def test_rolling_deployment_fails_no_request(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    shop.serve(shop.define(VERSION="1"), count=2)
    eventually(up(agent), 30)
    assert len(set(shop.registered())) == 2
    answers: list[tuple[int, str]] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            status, body = shop.get("/slow")
            answers.append((status, (body or {}).get("environment", {}).get("VERSION", "")))

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        eventually(lambda: answers, 10)
        shop.update(taskDefinition=shop.define(VERSION="2", BOOT_SECONDS="1"))
        eventually(lambda: len(agent.tasks()) > 2, 10, "the new tasks must start beside the old")
        eventually(lambda: len(agent.tasks()) == 2 and agent.steady(), 40)
        first = len(answers)
        eventually(lambda: len(answers) > first + 5, 10)
    finally:
        enough.set()
        for client in clients:
            client.join()
    assert [status for status, _ in answers if status != 200] == []
    assert {version for _, version in answers} == {"1", "2"}
    assert {version for _, version in answers[first + 3 :]} == {"2"}
    eventually(lambda: shop.messages().count("ended in order") == 2, 10, "old tasks get a SIGTERM")


@pytest.mark.parametrize("fault", [{"REFUSE": "no such thing"}, {"HEALTH": "500"}])
def test_circuit_breaker_goes_back_to_the_last_good_definition(
    shop: Shop, agent: Agent, eventually: Eventually, lines: list[str], fault: dict[str, str]
) -> None:
    good = shop.define(VERSION="good")
    shop.serve(good)
    eventually(up(agent), 30)
    pid = shop.get()[1]["pid"]
    shop.update(taskDefinition=shop.define(VERSION="bad", **fault))
    eventually(lambda: shop.service["taskDefinition"] == good, 60, "no rollback")
    assert shop.get()[1]["pid"] == pid, "the good task must have served all the time"
    eventually(lambda: agent.steady() and len(agent.tasks()) == 1, 30)
    assert shop.environment()["VERSION"] == "good"
    assert any("circuit breaker opened, back to family-" in line for line in lines)
    word = "exit code 1" if "REFUSE" in fault else "GET /healthz answered 500"
    assert sum(word in reason for reason in shop.stopped_reasons()) == 3


def test_dead_task_is_replaced(shop: Shop, agent: Agent, eventually: Eventually, lines: list[str]) -> None:
    shop.serve(shop.define())
    eventually(up(agent), 30)
    pid = shop.get()[1]["pid"]
    with pytest.raises((http.client.HTTPException, OSError, ValueError, KeyError)):
        assert shop.get("/die")[1]["pid"]
    eventually(lambda: (shop.get()[1] or {}).get("pid", pid) != pid, 20)
    assert len(shop.registered()) == 1
    assert f"Essential container in task exited: web-{shop.id}, exit code 3" in shop.stopped_reasons()
    assert any("exit code 3" in line for line in lines)
    assert len(shop.ecs.list_tasks(cluster=shop.cluster)["taskArns"]) == 1


def test_scaling_registers_and_removes_tasks(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    shop.serve(shop.define())
    eventually(up(agent), 30)
    shop.update(desiredCount=3)
    eventually(lambda: len(set(shop.registered())) == 3, 20)
    shop.update(desiredCount=1)
    eventually(lambda: len(shop.registered()) == 1 and len(agent.tasks()) == 1, 20)
    assert shop.get()[0] == 200
    shop.ecs.delete_service(cluster=shop.cluster, service="web", force=True)
    eventually(lambda: not agent.tasks() and not shop.registered(), 20)


def test_force_new_deployment_replaces_the_tasks(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    shop.serve(shop.define())
    eventually(up(agent), 30)
    pid = shop.get()[1]["pid"]
    shop.update(forceNewDeployment=True)
    eventually(lambda: shop.get()[1]["pid"] != pid, 20)
    eventually(lambda: len(agent.tasks()) == 1, 20)


def test_task_that_is_stopped_by_hand_stops_at_once(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    shop.serve(shop.define())
    eventually(up(agent), 30)
    task = agent.tasks()[0]
    shop.ecs.stop_task(cluster=shop.cluster, task=task.arn, reason="a person wants it")
    eventually(lambda: not task.is_alive(), 10)
    assert task.reason == "a person wants it"


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"secrets": [{"name": "X", "valueFrom": "arn:aws:secretsmanager:eu-central-1:0:secret:no"}]},
         "ResourceInitializationError: unable to pull secret X from arn:aws:secretsmanager"),
        ({"image": "unknown/image"}, "CannotPullContainerError: the local cloud knows no folder of image"),
        ({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/none"}}},
         "ResourceInitializationError: failed to create log stream"),
        ({"command": ["no-such-program"]}, "Essential container in task exited: web-"),
    ],
)  # fmt: skip
def test_task_that_cannot_run_says_why(
    shop: Shop, agent: Agent, eventually: Eventually, container: dict[str, Any], reason: str
) -> None:
    shop.serve(shop.define(container=container))
    eventually(agent.problems, 30)
    (rollout, why) = agent.problems()[0]
    assert why.startswith(reason)
    eventually(lambda: rollout.state == "FAILED", 5, "there is nothing to roll back to")
    assert shop.registered() == []


def test_sidecar_of_others_is_left_out_and_one_of_ours_runs(
    shop: Shop, agent: Agent, eventually: Eventually
) -> None:
    sleeper = ["python", "-c", "import time; print('beside', flush=True); time.sleep(600)"]
    logs = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": shop.group,
            "awslogs-stream-prefix": "beside",
            "awslogs-region": shop.local.region,
        },
    }
    own = shop.ecs.describe_task_definition(taskDefinition=shop.define())["taskDefinition"]
    definition = shop.ecs.register_task_definition(
        family=f"family-{shop.id}",
        containerDefinitions=[
            {"name": "a-collector", "image": "public.ecr.aws/collector:v1", "essential": False},
            {
                "name": "b-beside",
                "image": shop.image,
                "essential": False,
                "command": sleeper,
                "logConfiguration": logs,
            },
            *own["containerDefinitions"],
        ],
    )["taskDefinition"]["taskDefinitionArn"]

    shop.serve(definition)
    eventually(up(agent), 20)

    [task] = agent.tasks()
    assert task.label == f"web-{shop.id}", "the task goes by what it is for, not by what comes first"
    assert [container.name for container, _, _ in task._containers] == ["b-beside", f"web-{shop.id}"]
    eventually(lambda: "beside" in shop.messages(), 10)


def test_run_task_runs_once_with_its_overrides(shop: Shop, agent: Agent, eventually: Eventually) -> None:
    command = ["python", "-c", "import os; print('said', os.environ['WORD']); raise SystemExit(4)"]
    shop.ecs.run_task(
        cluster=shop.cluster, taskDefinition=shop.define(), launchType="FARGATE",
        overrides={"containerOverrides": [{
            "name": f"web-{shop.id}", "command": command,
            "environment": [{"name": "WORD", "value": "this"}]}]},
    )  # fmt: skip
    eventually(shop.stopped_reasons, 20)
    assert shop.stopped_reasons() == [f"Essential container in task exited: web-{shop.id}, exit code 4"]
    eventually(lambda: "said this" in shop.messages(), 10)
    assert shop.messages().count("said this") == 1


def test_health_command_of_a_container_decides_for_a_worker(
    shop: Shop, agent: Agent, eventually: Eventually
) -> None:
    check = {"command": ["CMD-SHELL", "test -e ready"], "interval": 5, "timeout": 2, "retries": 2}
    sleeper = ["python", "-c", "import time; time.sleep(600)"]
    definition = shop.define(port=False, container={"command": sleeper, "healthCheck": check})
    shop.ecs.create_service(
        cluster=shop.cluster, serviceName="web", taskDefinition=definition, desiredCount=1
    )
    eventually(lambda: agent.tasks() and "exit code 1" in agent.tasks()[0].problem, 10)
    assert not agent.steady()
    (shop.folder / "ready").touch()
    eventually(up(agent), 10)
    assert os.getpgid(agent.tasks()[0]._containers[0][1].pid) != os.getpgid(0)
