"""What a stack chooses is what it gets: a change of its settings, and what it adds, changes or takes away."""

import json
from collections import Counter
from typing import Any

import pytest

from operations.program import Run, run
from operations.recording import RecordingMocks
from operations.stack_file import load_config

SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:"
HUB = {"repository": "docker.io/acme/shop", "username": "acme", "secretArn": f"{SECRET}hub-a1b2c3"}


def chosen(**changes: Any) -> Run:
    """Staging with changes; a section's are added to its own, and an empty one takes it away."""
    config = load_config("staging")
    for name, change in changes.items():
        key = f"causeway:{name}"
        given = {**json.loads(config[key]), **change} if isinstance(change, dict) and change else change
        config[key] = json.dumps(given)
    return run("staging", RecordingMocks(), config=config)


@pytest.fixture(scope="module")
def plain() -> Counter[str]:
    return Counter(resource.type for resource in chosen().resources)


@pytest.mark.parametrize(
    ("changes", "added", "gone"),
    [
        (
            {"cache": {"serverless": {"maxDataGb": 2}}},
            {"causeway:index:ServerlessCache", "aws:elasticache/serverlessCache:ServerlessCache"},
            {"causeway:index:Redis", "aws:elasticache/replicationGroup:ReplicationGroup"},
        ),
        (
            {"database": {"proxy": True, "minCapacity": 1}},
            {"causeway:index:DatabaseProxy", "aws:rds/proxy:Proxy"},
            set(),
        ),
        (
            {"capacity": {"spotWeight": 0, "ec2": {"instanceType": "m7i.large"}}},
            {"causeway:index:Capacity", "aws:ecs/capacityProvider:CapacityProvider"},
            set(),
        ),
        ({"notifications": {}}, set(), {"causeway:index:Function", "aws:lambda/function:Function"}),
        (
            {"alarms": {}, "budget": {}},
            set(),
            {"causeway:index:Alarms", "causeway:index:Dashboard", "causeway:index:Budget"},
        ),
        ({"alarms": {"dashboard": False}}, set(), {"aws:cloudwatch/dashboard:Dashboard"}),
        ({"budget": {}}, set(), {"aws:budgets/budget:Budget"}),
        ({"backup": {}}, set(), {"causeway:index:Backup", "aws:backup/plan:Plan"}),
        ({"registry": {}}, set(), {"causeway:index:Registry"}),
        (
            {"registry": {"replicas": [{"region": "us-east-1"}]}},
            {"aws:ecr/replicationConfiguration:ReplicationConfiguration"},
            set(),
        ),
        ({"github": {}}, set(), {"causeway:index:GithubOidc"}),
        (
            {"pipeline": {"repository": "acme/shop"}, "state": {"bucket": "acme-state"}},
            {"causeway:index:Pipeline", "aws:codepipeline/pipeline:Pipeline"},
            set(),
        ),
        (
            {"pipelineAccess": {"buildRoleArn": "arn:aws:iam::333333333333:role/build"}},
            {"causeway:index:PipelineAccess"},
            set(),
        ),
        (
            {"images": {"pullAccountIds": [], "ownRepository": False, "externalRepositories": [HUB]}},
            set(),
            {"aws:ecr/lifecyclePolicy:LifecyclePolicy"},
        ),
    ],
)
def test_a_choice_adds_and_takes_away(
    plain: Counter[str], changes: dict[str, Any], added: set[str], gone: set[str]
) -> None:
    types = Counter(resource.type for resource in chosen(**changes).resources)
    assert added <= types.keys() - plain.keys()
    assert gone <= plain.keys() - types.keys()


def test_choices_reach_the_services() -> None:
    ran = chosen(
        api={
            "deployment": {"strategy": "canary", "canaryPercent": 5, "pause": True},
            "scaling": {"requestsPerTarget": 900, "memoryPercent": 70},
        },
        tracing=True,
    )
    services = {resource.name: resource.inputs for resource in ran.of_type("aws:ecs/service:Service")}
    api = services["api-service"]["deploymentConfiguration"]
    assert (api["strategy"], api["canaryConfiguration"]["canaryPercent"]) == ("CANARY", 5)
    assert api["lifecycleHooks"][0]["targetType"] == "PAUSE"
    assert services["worker-service"]["deploymentConfiguration"] == {"strategy": "ROLLING"}
    policies = {resource.name for resource in ran.of_type("aws:appautoscaling/policy:Policy")}
    assert policies == {"api-cpu", "api-memory", "api-requests", "worker-cpu", "worker-backlog"}
    tasks = ran.of_type("aws:ecs/taskDefinition:TaskDefinition")
    traced = {task.name for task in tasks if "otel-collector" in str(task.inputs["containerDefinitions"])}
    assert len(traced) == 2, "the services, not the migration"


def test_nights_without_tasks() -> None:
    schedules = chosen().of_type("aws:appautoscaling/scheduledAction:ScheduledAction")
    limits = {
        schedule.name: schedule.inputs["scalableTargetAction"] | {"at": schedule.inputs["schedule"]}
        for schedule in schedules
    }
    assert {name: (limit["minCapacity"], limit["maxCapacity"]) for name, limit in limits.items()} == {
        "api-evening": (0, 0),
        "api-morning": (2, 4),
        "worker-evening": (0, 0),
        "worker-morning": (1, 4),
    }
    assert limits["api-evening"]["at"] == "cron(0 20 * * ? *)"


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
@pytest.mark.parametrize("preview", [False, True])
def test_services_wait_for_the_migration(stack: str, preview: bool) -> None:
    ran = run(stack, RecordingMocks(), preview=preview)
    (migration,) = [r for r in ran.resources if r.name == "migration-run"]
    for service in ran.of_type("aws:ecs/service:Service"):
        assert migration.urn in service.options.dependencies
