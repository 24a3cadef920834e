"""A task by itself: what else is in it, how it is run by hand, what it waits for, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.container import MountPoint
from components.file_system import FileSystem, FileSystemArgs
from components.image import Image, ImageArgs
from components.link import SecretValue
from components.sidecar import Sidecar
from components.task import Task, TaskArgs
from components.tracing import COLLECTOR
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
POLICY = "aws:iam/rolePolicy:RolePolicy"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:beside"
CACHED = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ecr-public/aws-observability/aws-otel-collector:v1.2.3"

Build = Callable[..., Run]


@pytest.fixture
def build(foundation: Any) -> Build:
    def make(name: str = "export", *, nat: str = "single", preview: bool = False, **arguments: Any) -> Run:
        def program() -> Task:
            base = foundation(nat)
            given = {key: value(base) if callable(value) else value for key, value in arguments.items()}
            return Task(name, TaskArgs(cluster=base.cluster, image=base.image, **given))

        return record(program, preview=preview)

    return make


def containers(run: Run, one: Any) -> dict[str, dict[str, Any]]:
    found = json.loads(one(run, TASK, "export-task").inputs["containerDefinitions"])
    return {container["name"]: container for container in found}


def statements(run: Run, one: Any, name: str) -> list[dict[str, Any]]:
    return json.loads(one(run, POLICY, name).inputs["policy"])["Statement"]


def files(base: Any) -> FileSystem:
    return FileSystem("files", FileSystemArgs(network=base.network, key=base.key))


def test_children(build: Build, within: Any) -> None:
    assert within(build(), "Task") == sorted(
        [
            ("aws:cloudwatch/logGroup:LogGroup", "export-logs"),
            ("aws:iam/role:Role", "export-execution-role"),
            (POLICY, "export-execution-role"),
            ("aws:iam/role:Role", "export-task-role"),
            ("aws:ec2/securityGroup:SecurityGroup", "export-task"),
            (EGRESS, "export-aws-apis-out"),
            (EGRESS, "export-s3-out"),
            (TASK, "export-task"),
        ]
    )


def test_the_request_to_run_it_by_hand(foundation: Any) -> None:
    def program() -> Any:
        base = foundation()
        task = Task("export", TaskArgs(cluster=base.cluster, image=base.image))
        pulumi.export("export", task.run_request)
        return task

    run = record(program)
    assert run.outputs["export"] == {
        "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop-cluster",
        "taskDefinition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:taskdefinition/export-task",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": ["shop-private-a-id", "shop-private-b-id"],
                "securityGroups": ["export-task-id"],
                "assignPublicIp": "DISABLED",
            }
        },
        "enableECSManagedTags": True,
        "propagateTags": "TASK_DEFINITION",
    }
    assert run.value.family_arn == f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/causeway-test-export:*"


def test_a_sidecar(build: Build, one: Any) -> None:
    sidecar = Sidecar(
        name="proxy",
        image=CACHED,
        command=["--listen", "127.0.0.1"],
        environment={"B": "b", "A": "a"},
        secrets={"KEY": SecretValue(arn=SECRET)},
        health_command=["/healthcheck"],
        ready="HEALTHY",
        memory_mib=64,
    )
    run = build(sidecars=[sidecar])
    own, beside = containers(run, one)["export"], containers(run, one)["proxy"]
    assert own["essential"] is True
    assert own["dependsOn"] == [{"containerName": "proxy", "condition": "HEALTHY"}]
    assert beside["logConfiguration"]["options"]["awslogs-stream-prefix"] == "proxy"
    assert {
        key: value for key, value in beside.items() if key not in ("logConfiguration", "healthCheck")
    } == {
        "name": "proxy",
        "image": CACHED,
        "essential": False,
        "memory": 64,
        "command": ["--listen", "127.0.0.1"],
        "environment": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}],
        "secrets": [{"name": "KEY", "valueFrom": SECRET}],
        "user": "10001:10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {
            "capabilities": {"drop": ["ALL"]},
            "initProcessEnabled": True,
            "tmpfs": [{"containerPath": "/tmp", "mountOptions": ["nodev", "noexec", "nosuid"], "size": 64}],  # noqa: S108
        },
        "stopTimeout": 30,
    }
    _, _, own_image, its_image, secret = statements(run, one, "export-execution-role")
    assert own_image["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api"]
    cached = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/ecr-public/aws-observability/aws-otel-collector"
    assert its_image["Resource"] == [cached]
    assert {"ecr:BatchImportUpstreamImage", "ecr:CreateRepository"} <= set(its_image["Action"])
    assert secret["Resource"] == [SECRET]


def test_one_repository_is_granted_once(build: Build, one: Any) -> None:
    run = build(sidecars=lambda base: [Sidecar(name="beside", image=base.image)])
    pulls = [s for s in statements(run, one, "export-execution-role") if "ecr:BatchGetImage" in s["Action"]]
    assert len(pulls) == 1


def test_a_file_system(build: Build, one: Any) -> None:
    run = build(mounts=lambda base: [files(base).mount("/data")])
    assert one(run, TASK, "export-task").inputs["volumes"] == [
        {
            "name": "files-data",
            "efsVolumeConfiguration": {
                "fileSystemId": "files-file-system-id",
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": "files-access-point-id", "iam": "ENABLED"},
            },
        }
    ]
    assert containers(run, one)["export"]["mountPoints"] == [
        {"sourceVolume": "files-data", "containerPath": "/data", "readOnly": False}
    ]
    assert statements(run, one, "export-task-role") == [
        {
            "Effect": "Allow",
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Resource": [f"arn:aws:efs:{REGION}:{ACCOUNT}:filesystem/files-file-system"],
        }
    ]
    out = one(run, EGRESS, "export-files-write-2049-out").inputs
    assert (out["referencedSecurityGroupId"], out["fromPort"]) == ("files-file-system-id", 2049)


def test_a_file_system_twice_has_one_door(build: Build, one: Any) -> None:
    def mounts(base: Any) -> list[Any]:
        shared = files(base)
        return [shared.mount("/in", read_only=True), shared.mount("/out")]

    run = build(mounts=mounts)
    points = containers(run, one)["export"]["mountPoints"]
    assert [(point["containerPath"], point.get("readOnly")) for point in points] == [
        ("/in", True),
        ("/out", False),
    ]
    assert len([rule for rule in run.of_type(EGRESS) if "2049" in rule.name]) == 1


def test_tracing(build: Build, one: Any) -> None:
    run = build(tracing=True, internet_access=True)
    own, collector = containers(run, one)["export"], containers(run, one)["otel-collector"]
    assert own["environment"] == [
        {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://127.0.0.1:4318"},
        {"name": "OTEL_EXPORTER_OTLP_PROTOCOL", "value": "http/protobuf"},
        {"name": "OTEL_SERVICE_NAME", "value": "export"},
    ]
    assert collector["image"] == COLLECTOR
    assert collector["essential"] is False
    (configuration,) = [json.loads(item["value"]) for item in collector["environment"]]
    assert configuration["exporters"] == {"awsxray": {"region": REGION}}
    listens = configuration["receivers"]["otlp"]["protocols"]
    assert {listen["endpoint"] for listen in listens.values()} == {"127.0.0.1:4317", "127.0.0.1:4318"}
    assert statements(run, one, "export-task-role") == [
        {
            "Effect": "Allow",
            "Action": [
                "xray:GetSamplingRules",
                "xray:GetSamplingStatisticSummaries",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            "Resource": "*",
        }
    ]


def test_nothing_beside_it_unless_asked_for(build: Build, one: Any) -> None:
    run = build()
    assert list(containers(run, one)) == ["export"]
    assert "dependsOn" not in containers(run, one)["export"]


def test_preview_with_nothing_known(build: Build, unknown: None, within: Any) -> None:
    run = build(
        tracing=True, internet_access=True, mounts=lambda base: [files(base).mount("/data")], preview=True
    )
    assert (TASK, "export-task") in within(run, "Task")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sidecars": [Sidecar(name="export", image=CACHED)]}, "task export: a sidecar has its name"),
        (
            {"sidecars": [Sidecar(name="a", image=CACHED), Sidecar(name="a", image=CACHED)]},
            "two sidecars have the name 'a'; change one",
        ),
        (
            {"sidecars": [Sidecar(name="a", image="docker.io/library/nginx:1.27")]},
            "sidecar a has its image outside ECR, 'docker.io/library/nginx:1.27'; give internet_access",
        ),
        ({"tracing": True}, "sidecar otel-collector has its image outside ECR"),
        (
            {"tracing": True, "collector_image": CACHED},
            "tracing reaches X-Ray by the internet or by an endpoint; give internet_access, or add 'xray'",
        ),
        (
            {"mounts": lambda base: [files(base).mount("/data")] * 2},
            "two mounts have the path '/data'; change one",
        ),
        (
            {"environment": {"OTEL_EXPORTER_OTLP_ENDPOINT": "x"}, "tracing": True, "internet_access": True},
            "OTEL_EXPORTER_OTLP_ENDPOINT is given by the task itself and by link 'tracing'",
        ),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "A_b"}, "sidecar 'A_b': a name has a-z, 0-9 and single hyphens"),
        ({"image": "nginx"}, "image is 'nginx', which may be another tomorrow; give a version or a digest"),
        ({"image": "nginx:latest"}, "image is 'nginx:latest', which may be another tomorrow"),
        ({"image": "host:5000/nginx"}, "image is 'host:5000/nginx', which may be another tomorrow"),
        ({"ready": "HEALTHY"}, "ready is HEALTHY and nothing checks it; give health_command"),
        ({"user": "0"}, "user is '0'; give a number that is not root's"),
        ({"environment": {"API_TOKEN": "x"}}, "API_TOKEN of the task itself is in environment"),
    ],
)
def test_refuses_a_sidecar_that_cannot_work(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        Sidecar(**{"name": "beside", "image": CACHED, **arguments})


def test_a_sidecar_of_another_platform(foundation: Any, source: Any) -> None:
    def program() -> None:
        base = foundation()
        image = Image("beside", ImageArgs(context=str(source), source="build", key=base.key))
        sidecars = [Sidecar(name="beside", image=image, mounts=[MountPoint(volume="v", path="/v")])]
        TaskArgs(cluster=base.cluster, image=base.image, sidecars=sidecars, architecture="ARM64")

    with pytest.raises(pulumi.RunError, match="architecture ARM64 runs linux/arm64, the image is built for"):
        record(program)
