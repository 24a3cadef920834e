"""Migrations in the local cloud: real processes, before what depends on them; and the real engine's way."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.migration_run import MigrationProvider
from localcloud import one_off
from localcloud.agent import Agent
from localcloud.container import Host
from localcloud.deploy import Deployment, deploy
from localcloud.errors import LocalCloudError
from localcloud.log_streams import LogStreams
from localcloud.task import Platform
from operations.stack_file import ROOT

REGION = "eu-west-1"
FOUNDATION = """
    from components.cluster import Cluster, ClusterArgs
    from components.database import Database, DatabaseArgs
    from components.fargate_service import FargateService, FargateServiceArgs
    from components.image import Image, ImageArgs
    from components.key import Key, KeyArgs
    from components.migration import Migration, MigrationArgs
    from components.network import Network, NetworkArgs
    from components.scaling import Scaling

    key = Key("shop", KeyArgs(account_id="000000000000", region="eu-west-1"))
    zones = ["eu-west-1a", "eu-west-1b"]
    network = Network("shop", NetworkArgs(cidr="10.0.0.0/16", zones=zones, region="eu-west-1", key=key))
    cluster = Cluster("shop", ClusterArgs(network=network, key=key))
"""
GATE = """
    image = Image("api", ImageArgs(context="code", source="local", key=key))
    shared = {"cluster": cluster, "image": image}
    migration = Migration(
        "migrate",
        MigrationArgs(command=["python", "migrate.py"], environment={"MARK": "a mark"}, **shared),
    )
    FargateService(
        "api", FargateServiceArgs(after=[migration], scaling=Scaling(minimum=1, maximum=1), **shared)
    )
"""
SHOP = """
    image = Image("api", ImageArgs(context="app", source="local", key=key))
    database = Database("shop", DatabaseArgs(network=network, key=key, protect=False))
    Migration(
        "migrate",
        MigrationArgs(
            cluster=cluster,
            image=image,
            command=["python", "-m", "shop.migrate"],
            environment={"ENVIRONMENT": "test"},
            links=[database.link()],
            after=[database],
        ),
    )
"""

Program = Callable[..., Deployment]


@pytest.fixture
def program(local: SimpleNamespace, tmp_path: Path) -> Program:
    """Deploy a program, beside a folder `code` with the migration in it; each call has a stack of its own."""

    def run(
        source: str, *, migration: str = "", report: Callable[[Any], None] = lambda _: None
    ) -> Deployment:
        for folder in ("platform", "code"):
            (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / "platform" / "__main__.py").write_text(textwrap.dedent(source), encoding="utf-8")
        (tmp_path / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
        (tmp_path / "code" / "Dockerfile").write_text('FROM python:3.13\nCMD ["python", "server.py"]\n')
        (tmp_path / "code" / "migrate.py").write_text(textwrap.dedent(migration), encoding="utf-8")
        return deploy(
            f"test-{uuid.uuid4().hex[:6]}",
            endpoint=local.endpoint,
            servers=local.servers,
            config={"aws:region": REGION},
            root=tmp_path,
            report=report,
        )

    return run


def client(local: SimpleNamespace, service: str) -> Any:
    return local.clients.get(service, REGION)


def run_inputs(deployment: Deployment) -> dict[str, Any]:
    (run,) = [r for r in deployment.resources if r.type.endswith(":MigrationRun")]
    return dict(run.inputs)


def test_a_migration_runs_to_its_end_before_the_service(
    program: Program, local: SimpleNamespace, tmp_path: Path
) -> None:
    made: list[tuple[str, bool]] = []
    done = tmp_path / "code" / "done"
    deployment = program(
        FOUNDATION + GATE,
        migration="""
            import os, pathlib, time
            time.sleep(0.3)  # long enough for the service to come first, if it could
            pathlib.Path("done").write_text(os.environ["MARK"])
            print("moved", 3, "rows")
        """,
        report=lambda event: made.append((event.name, done.exists())),
    )
    names = [name for name, _ in made]
    assert names.index("migrate-run") < names.index("api-service")
    assert ("api-service", True) in made
    assert done.read_text() == "a mark"
    ecs, inputs = client(local, "ecs"), run_inputs(deployment)
    family = inputs["request"]["taskDefinition"].rsplit("/", 1)[-1].split(":")[0]
    cluster = inputs["request"]["cluster"]
    (arn,) = ecs.list_tasks(cluster=cluster, family=family, desiredStatus="STOPPED")["taskArns"]
    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
    assert [container["exitCode"] for container in task["containers"]] == [0]
    stream = f"migrate/migrate/{arn.rsplit('/', 1)[-1]}"
    events = client(local, "logs").get_log_events(logGroupName=inputs["logs"], logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["moved 3 rows"]


def test_a_failed_migration_keeps_the_service_from_being_made(
    program: Program, local: SimpleNamespace
) -> None:
    made: list[str] = []
    failing = "import sys; print('one'); print('relation orders is missing'); sys.exit(7)"
    with pytest.raises(LocalCloudError, match=r"^migrate-run .*: migrate: exit code 7$") as failure:
        program(FOUNDATION + GATE, migration=failing, report=lambda event: made.append(event.name))
    assert failure.value.log == ("one", "relation orders is missing")
    assert "migrate-task" in made
    assert "api-service" not in made
    # What was wrong is mended, and it goes on.
    program(FOUNDATION + GATE, migration="print('mended')", report=lambda event: made.append(event.name))
    assert "api-service" in made


def test_the_shops_own_migration(program: Program, local: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "app").symlink_to(ROOT / "app" / "api")
    deployment = program(FOUNDATION + SHOP)
    (definition,) = [r for r in deployment.resources if r.name == "migrate-task" and "TaskDef" in r.type]
    (container,) = json.loads(definition.inputs["containerDefinitions"])
    secret = container["secrets"][0]["valueFrom"].removesuffix(":password::")
    value = client(local, "secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    environment = {item["name"]: item["value"] for item in container["environment"]}

    async def versions() -> int:
        connection = await asyncpg.connect(
            host=environment["DATABASE_HOST"],
            port=int(environment["DATABASE_PORT"]),
            user=environment["DATABASE_USER"],
            database=environment["DATABASE_NAME"],
            password=json.loads(value)["password"],
        )
        try:
            return await connection.fetchval("select count(*) from alembic_version")
        finally:
            await connection.close()

    assert asyncio.run(versions()) == 1


@pytest.fixture
def platform(local: SimpleNamespace) -> Iterator[Platform]:
    """What tasks run on, for an image `code` in a folder of its own."""
    folder = local.folder / f"code-{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    (folder / "Dockerfile").write_text('FROM python:3.13\nCMD ["python", "-c", ""]\n')
    images = {"code": str(folder)}
    host = Host(clients=local.clients, region=REGION, images=images, servers=local.servers, home=local.folder)
    streams = LogStreams(local.clients, REGION, local.logs)
    yield Platform(host=host, processes=local.processes, streams=streams, logs=local.logs)
    streams.close()


@pytest.fixture
def request_of(local: SimpleNamespace) -> Callable[[str], dict[str, Any]]:
    """Make a cluster, a log group and a task of a Python program; gives a migration's inputs for it."""

    def make(source: str) -> dict[str, Any]:
        name = f"once-{uuid.uuid4().hex[:6]}"
        client(local, "ecs").create_cluster(clusterName=name)
        client(local, "logs").create_log_group(logGroupName=name)
        logs = {"awslogs-group": name, "awslogs-region": REGION, "awslogs-stream-prefix": name}
        container = {
            "name": name,
            "image": "code",
            "command": ["python", "-c", source],
            "logConfiguration": {"logDriver": "awslogs", "options": logs},
        }
        client(local, "ecs").register_task_definition(family=name, containerDefinitions=[container])
        return {
            "image": "code",
            "command": ["python"],
            "environment": {},
            "request": {"cluster": name, "taskDefinition": name, "count": 1},
            "container": name,
            "logs": name,
            "region": REGION,
            "minutes": 1,
        }

    return make


def test_a_run_over_its_time_is_stopped(
    local: SimpleNamespace, platform: Platform, request_of: Callable[[str], dict[str, Any]]
) -> None:
    inputs = request_of("import time; print('waiting', flush=True); time.sleep(60)")
    (record,) = client(local, "ecs").run_task(**inputs["request"])["tasks"]
    with pytest.raises(LocalCloudError, match=r"not at its end after 0\.02 minutes, and stopped") as failure:
        one_off.run_to_end(platform, record, container=inputs["container"], minutes=0.02)
    assert failure.value.log == ("waiting",)
    (task,) = client(local, "ecs").describe_tasks(cluster=inputs["container"], tasks=[record["taskArn"]])[
        "tasks"
    ]
    assert task["lastStatus"] == "STOPPED"


# As the real engine does it: the SDK's own server for dynamic resources, in a process of its own.


class Engine:
    """Calls the server as Pulumi's engine does, with the provider as the program pickles it."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self._provider = serialize_provider(MigrationProvider())

    def _properties(self, inputs: dict[str, Any]) -> struct_pb2.Struct:
        properties = struct_pb2.Struct()
        properties.update({**inputs, "__provider": self._provider})
        return properties

    def create(self, inputs: dict[str, Any]) -> Any:
        return self._stub.Create(provider_pb2.CreateRequest(properties=self._properties(inputs)))

    def update(self, olds: dict[str, Any], news: dict[str, Any]) -> Any:
        olds_, news_ = self._properties(olds), self._properties(news)
        return self._stub.Update(provider_pb2.UpdateRequest(id="id", olds=olds_, news=news_))

    def changes(self, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        olds_, news_ = self._properties(olds), self._properties(news)
        answer = self._stub.Diff(provider_pb2.DiffRequest(id="id", olds=olds_, news=news_))
        assert not answer.replaces
        return answer.changes == provider_pb2.DiffResponse.DIFF_SOME


@pytest.fixture
def engine(local: SimpleNamespace, platform: Platform) -> Iterator[Engine]:
    """The server, and the agent that runs the tasks which it asks for."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic"],
        stdout=subprocess.PIPE,
        cwd=ROOT / "platform",  # where the engine starts it
        env={**environment, "PYTHONPATH": str(ROOT), "PULUMI_PROJECT": "causeway"},
    )
    agent = Agent(platform)
    try:
        agent.start()
        port = int(cast("Any", server.stdout).readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            services = [{"ecs": local.endpoint, "logs": local.endpoint}]
            arguments = struct_pb2.Struct()
            arguments.update(
                {"aws:accessKey": "test", "aws:secretKey": "test", "aws:endpoints": json.dumps(services)}
            )
            stub.Configure(provider_pb2.ConfigureRequest(args=arguments))
            yield Engine(stub)
    finally:
        server.kill()
        server.wait()
        cast("Any", server.stdout).close()
        agent.close()


def test_the_engine_runs_it_and_keeps_the_task(
    engine: Engine, local: SimpleNamespace, request_of: Callable[[str], dict[str, Any]]
) -> None:
    inputs = request_of("print('done')")
    answer = engine.create(inputs)
    assert answer.id.startswith(f"arn:aws:ecs:{REGION}:")
    assert answer.properties["ran"] == answer.id
    (task,) = client(local, "ecs").describe_tasks(cluster=inputs["container"], tasks=[answer.id])["tasks"]
    assert (task["lastStatus"], task["startedBy"]) == ("STOPPED", "causeway")


def test_the_engine_gets_the_last_lines_of_one_that_fails_and_may_run_it_again(
    engine: Engine, request_of: Callable[[str], dict[str, Any]]
) -> None:
    inputs = request_of("import sys; print('no such column'); sys.exit(4)")
    for run in (lambda: engine.create(inputs), lambda: engine.update({**inputs, "image": "old"}, inputs)):
        with pytest.raises(grpc.RpcError) as failure:
            run()
        details = cast("Any", failure.value).details()
        assert "exit code 4" in details
        assert "  no such column" in details
        assert "File " not in details, "frames of our own code are no news to the user"


def test_the_engine_sees_a_change_of_image_command_or_environment_and_no_other(
    engine: Engine, request_of: Callable[[str], dict[str, Any]]
) -> None:
    inputs = request_of("")
    assert not engine.changes(inputs, {**inputs, "minutes": 5, "request": {"cluster": "other"}})
    assert engine.changes(inputs, {**inputs, "image": "code@sha256:1"})
    assert engine.changes(inputs, {**inputs, "command": ["other"]})
    assert engine.changes(inputs, {**inputs, "environment": {"DATABASE_HOST": "restored"}})
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert engine.changes(inputs, {**inputs, "image": unknown}), "a preview shows the run that may come"
