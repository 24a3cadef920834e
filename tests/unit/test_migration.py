"""The migration gate: what its run is told, what it waits for, what waits for it, what is kept of it."""

import base64
import sys
from collections.abc import Callable
from typing import Any

import dill
import pulumi
import pytest
from botocore.exceptions import ClientError
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config
from pulumi.dynamic.dynamic import serialize_provider

from components import migration_run
from components.fargate_service import FargateService, FargateServiceArgs
from components.link import Link, Port, SecretValue
from components.migration import Migration, MigrationArgs
from components.migration_run import MigrationFailedError, MigrationProvider
from components.run_to_end import Account, Run, RunFailedError
from operations import program
from operations.recording import ACCOUNT, REGION, record

RUN = "pulumi-python:dynamic/causeway:MigrationRun"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api@sha256:" + "0" * 64
COMMAND = ["python", "-m", "shop.migrate"]

Build = Callable[..., program.Run]


def database() -> Link:
    return Link(
        name="database",
        environment={"DATABASE_HOST": pulumi.Output.from_input("db.internal")},
        secrets={"DATABASE_PASSWORD": SecretValue(arn=SECRET)},
        ports=[Port(security_group_id="sg-database", port=5432)],
    )


@pytest.fixture
def build(foundation: Any) -> Build:
    def make(*, preview: bool = False, **arguments: Any) -> program.Run:
        def run() -> None:
            base = foundation()
            shared = {"cluster": base.cluster, "image": base.image, "links": [database()]}
            given = {"command": COMMAND, "after": [base.network], **shared, **arguments}
            migration = Migration("migrate", MigrationArgs(**given))
            FargateService("worker", FargateServiceArgs(after=[migration], **shared))

        return record(run, preview=preview)

    return make


def test_children(build: Build, within: Any) -> None:
    children = within(build(), "Migration")
    assert ("causeway:index:Task", "migrate") in children
    assert (RUN, "migrate-run") in children
    assert {type_ for type_, _ in children} == {
        "causeway:index:Task",
        RUN,
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:ecs/taskDefinition:TaskDefinition",
    }


def test_what_the_run_is_told(build: Build, one: Any) -> None:
    inputs = dict(one(build(timeout_minutes=5), RUN, "migrate-run").inputs)
    inputs.pop("__provider")
    assert inputs == {
        "image": IMAGE,
        "command": COMMAND,
        "environment": {"DATABASE_HOST": "db.internal"},
        "request": {
            "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop-cluster",
            "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:taskdefinition/migrate-task",
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": ["shop-private-a-id", "shop-private-b-id"],
                    "securityGroups": ["migrate-task-id"],
                    "assignPublicIp": "DISABLED",
                }
            },
            "enableECSManagedTags": True,
            "propagateTags": "TASK_DEFINITION",
        },
        "container": "migrate",
        "logs": "migrate-logs",
        "region": REGION,
        "minutes": 5,
    }


def test_it_waits_for_its_policies_and_doors_and_what_it_is_told_to(build: Build, one: Any) -> None:
    run = build()
    waits = set(one(run, RUN, "migrate-run").options.dependencies)
    needed = [
        ("aws:iam/rolePolicy:RolePolicy", "migrate-execution-role"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "migrate-database-5432-out"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "migrate-database-5432-in"),
        ("aws:ec2/vpc:Vpc", "shop-vpc"),
    ]
    assert {one(run, type_, name).urn for type_, name in needed} <= waits


def test_a_service_waits_for_the_run_and_its_task_definition_does_not(build: Build, one: Any) -> None:
    run = build()
    gate = one(run, RUN, "migrate-run").urn
    assert gate in one(run, "aws:ecs/service:Service", "worker-service").options.dependencies
    assert gate not in one(run, "aws:ecs/taskDefinition:TaskDefinition", "worker-task").options.dependencies


def test_preview_with_nothing_known(build: Build, unknown: None, one: Any) -> None:
    one(build(preview=True), RUN, "migrate-run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"command": None}, r'command is not given; give what migrates, such as \["python", "-m"'),
        ({"command": []}, "command is not given"),
        ({"port": 8000}, "port is 8000; a migration ends, and serves nobody"),
        ({"timeout_minutes": 0}, "timeout_minutes is 0; give 1 to 720"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


# What the engine keeps and calls. How its own server does so, tests/localcloud/test_migration.py shows.

PROPS: dict[str, Any] = {
    "image": IMAGE,
    "command": COMMAND,
    "environment": {},
    "request": {"cluster": "shop", "capacityProviderStrategy": [{"weight": 1.0}]},
    "container": "migrate",
    "logs": "logs",
    "region": REGION,
    "minutes": 30.0,
}


@pytest.fixture
def provider() -> MigrationProvider:
    made = MigrationProvider()
    made.configure(ConfigureRequest(Config({"aws:profile": None, "aws:accessKey": "test"}, "causeway")))
    return made


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that were asked for; none is made."""
    asked: list[Run] = []

    def run(_: Account, run: Run) -> str:
        asked.append(run)
        if run.container == "refused":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "RunTask")
        if run.container == "failing":
            raise RunFailedError("failing: exit code 1. Its last lines:\n  boom")
        return "arn:task"

    monkeypatch.setattr(migration_run, "run_to_end", run)
    monkeypatch.setattr(migration_run, "client", lambda service, *_: service)
    return asked


def test_the_state_holds_the_providers_name_and_none_of_its_code() -> None:
    kept = serialize_provider(MigrationProvider())
    assert len(kept) < 200
    assert b"components.migration_run" in base64.b64decode(kept)
    assert isinstance(dill.loads(base64.b64decode(kept)), MigrationProvider)  # noqa: S301 our own
    assert MigrationProvider.serialize_as_secret_always is False


def test_create_and_update_run_it(provider: MigrationProvider, runs: list[Run]) -> None:
    created = provider.create(dict(PROPS))
    assert (created.id, (created.outs or {})["ran"]) == ("arn:task", "arn:task")
    updated = provider.update("id", {**PROPS, "image": "old"}, dict(PROPS))
    assert (updated.outs or {})["ran"] == "arn:task"
    assert [run.container for run in runs] == ["migrate", "migrate"]
    assert runs[0].timeout_seconds == 30 * 60
    weight = runs[0].request["capacityProviderStrategy"][0]["weight"]
    assert (weight, type(weight)) == (1, int), "boto3 takes no float for it"


def test_a_refusal_by_aws_is_its_message(
    provider: MigrationProvider, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    with pytest.raises(MigrationFailedError, match=r"AccessDenied.* RunTask operation: no$"):
        provider.create({**PROPS, "container": "refused"})


def test_a_failure_is_its_message(
    provider: MigrationProvider, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    with pytest.raises(MigrationFailedError, match=r"^failing: exit code 1\. Its last lines:\n  boom$"):
        provider.create({**PROPS, "container": "failing"})
    assert sys.tracebacklimit == 0


@pytest.mark.parametrize(
    ("news", "changes"),
    [
        ({}, False),
        ({"minutes": 5, "request": {"cluster": "other"}, "logs": "other"}, False),
        ({"image": IMAGE[:-1] + "1"}, True),
        ({"command": ["other"]}, True),
        ({"environment": {"DATABASE_HOST": "restored"}}, True),
    ],
)
def test_what_makes_it_run_again(news: Any, changes: bool, provider: MigrationProvider) -> None:
    diff = provider.diff("id", PROPS, {**PROPS, **news})
    assert diff.changes is changes
    assert not diff.replaces


def test_refreshing_and_deleting_run_nothing(provider: MigrationProvider, runs: list[Run]) -> None:
    assert provider.read("id", dict(PROPS)).outs == PROPS
    provider.delete("id", dict(PROPS))
    assert runs == []
