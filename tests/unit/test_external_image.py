"""A task whose image is in another registry: ECS signs in by the secret, and may read that one."""

import json
from typing import Any

import pulumi
import pytest

from components.external_repository import ExternalRepository
from components.image import Image, ImageArgs
from components.sidecar import Sidecar
from components.task import Task, TaskArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:docker-hub-AbCdEf"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/hub"
URI = "docker.io/acme/api@sha256:" + "ab" * 32
HUB = ExternalRepository(
    repository="docker.io/acme/api", username="acme", secret_arn=SECRET, secret_key_arn=KEY
)


def build(foundation: Any, *, beside: bool = False, **arguments: Any) -> Run:
    def program() -> None:
        base = foundation()
        args = ImageArgs(
            context="app/api", source="release", uri=URI, key=base.key, external_repositories=[HUB]
        )
        external = Image("hub", args)
        image, sidecars = (base.image, [Sidecar(name="beside", image=external)]) if beside else (external, [])
        Task("job", TaskArgs(**{"cluster": base.cluster, "image": image, "sidecars": sidecars, **arguments}))

    return record(program)


@pytest.mark.parametrize("beside", [False, True])
def test_ecs_signs_in(foundation: Any, one: Any, beside: bool) -> None:
    run = build(foundation, beside=beside, internet_access=True)
    definition = one(run, "aws:ecs/taskDefinition:TaskDefinition", "job-task").inputs
    containers = {
        container["name"]: container for container in json.loads(definition["containerDefinitions"])
    }
    external = containers["beside" if beside else "job"]
    assert external["image"] == URI
    assert external["repositoryCredentials"] == {"credentialsParameter": SECRET}
    assert sum("repositoryCredentials" in container for container in containers.values()) == 1

    policy = one(run, "aws:iam/rolePolicy:RolePolicy", "job-execution-role").inputs["policy"]
    statements = json.loads(policy)["Statement"]
    assert {
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": [SECRET],
    } in statements
    (decrypting,) = [statement for statement in statements if statement["Action"] == ["kms:Decrypt"]]
    assert decrypting["Resource"] == [KEY]
    assert bool([s for s in statements if "ecr:BatchGetImage" in s["Action"]]) == beside


@pytest.mark.parametrize(
    ("beside", "message"), [(False, "the image comes from an external repository"), (True, "sidecar beside")]
)
def test_it_needs_a_way_out(foundation: Any, beside: bool, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(foundation, beside=beside)
    assert "\n" not in str(refusal.value)
