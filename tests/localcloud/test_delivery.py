"""Registry, pipeline and deploy roles: the local cloud takes what the emulator has, and checks the rest."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.deploy import Deployment, deploy
from operations.program import ROOT

REGION = "eu-west-1"
PROGRAM = """
import pulumi
from pulumi_aws import secretsmanager
from components.deploy_role import DeployScope
from components.external_repository import ExternalRepository
from components.github_oidc import GithubOidc, GithubOidcArgs
from components.image import Image, ImageArgs
from components.key import Key, KeyArgs
from components.link import SecretValue
from components.pipeline import Pipeline, PipelineArgs
from components.pipeline_access import PipelineAccess, PipelineAccessArgs
from components.registry import Registry, RegistryArgs, Replica
from components.role_boundary import RoleBoundary, RoleBoundaryArgs
from components.topic import Topic, TopicArgs

where = {"account_id": "000000000000", "region": "eu-west-1"}
boundary = RoleBoundary("shop", RoleBoundaryArgs(account_id="000000000000"))
key = Key("delivery", KeyArgs(**where))
Registry("account", RegistryArgs(
    **where, replicas=[Replica(region="eu-central-1")], replicated_prefixes=["api-"],
    replicating_account_ids=["222222222222"],
    docker_hub_secret_arn="arn:aws:secretsmanager:eu-west-1:000000000000:secret:ecr-pullthroughcache/hub-Ab"))
sign_in = secretsmanager.Secret("hub")
token = secretsmanager.SecretVersion("hub", secret_id=sign_in.id, secret_string='{"password": "token"}')

async def main():
    arn = await token.secret_arn.future()  # such as one that somebody has put there before
    image = Image("api", ImageArgs(context="app/api", source="build", key=key, protect=False,
        pull_account_ids=["222222222222"], external_repositories=[ExternalRepository(
            repository="docker.io/acme/api", username="acme", secret_arn=arn)]))
    scope = DeployScope(**where, state_bucket="state", role_boundary_arn=boundary.arn)
    pipeline = Pipeline("delivery", PipelineArgs(
        key=key, repository="acme/shop", scope=scope, protect=False,
        approval_topic=Topic("approvals", TopicArgs(key=key)),
        secrets={"PULUMI_ACCESS_TOKEN": SecretValue(arn=arn, json_key="password")}))
    PipelineAccess("delivery", PipelineAccessArgs(build_role_arn="arn:aws:iam::222222222222:role/build",
        scope=scope))
    github = GithubOidc("github", GithubOidcArgs(**where, repository="acme/shop", owner_id="1",
        repository_id="2", environment="staging", preview=True, role_boundary_arn=boundary.arn))
    return {"pipeline": pipeline.arn, "image": image.uri, "role": github.role_arn}

pulumi.run(main)
"""


@pytest.fixture(scope="module")
def delivery(local: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    root: Path = tmp_path_factory.mktemp("delivery")
    (root / "platform").mkdir()
    (root / "app").symlink_to(ROOT / "app")
    (root / "platform" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
    config = {"aws:region": REGION, "aws:defaultTags": json.dumps({"tags": {"project": "causeway"}})}
    return deploy("test", servers=local.servers, config=config, root=root, endpoint=local.endpoint)


def test_only_what_the_emulator_lacks_is_recorded(delivery: Deployment) -> None:
    assert sorted({call.operation for call in delivery.recorded}) == [
        "codeconnections.create_connection",
        "codepipeline.create_pipeline",
        "ecr.create_pull_through_cache_rule",
        "ecr.create_repository_creation_template",
        "ecr.put_registry_policy",
        "ecr.put_registry_scanning_configuration",
        "ecr.put_replication_configuration",
    ]


def test_builds_run_under_their_role_and_the_key(delivery: Deployment, local: SimpleNamespace) -> None:
    client: Any = local.clients.get("codebuild", REGION)
    names = [name for name in client.list_projects()["projects"] if name.startswith("delivery-")]
    projects = {project["name"]: project for project in client.batch_get_projects(names=names)["projects"]}

    assert sorted(name.split("-project")[0] for name in projects) == [
        "delivery-build",
        "delivery-production",
        "delivery-staging",
        "delivery-test",
    ]
    for project in projects.values():
        assert project["encryptionKey"].startswith("arn:aws:kms:")
        assert project["source"]["type"] == "CODEPIPELINE"
        assert project["environment"]["privilegedMode"] is project["name"].startswith("delivery-build")
        variables = {one["name"]: one["type"] for one in project["environment"]["environmentVariables"]}
        signed_in = not project["name"].startswith("delivery-test")
        assert variables == ({"PULUMI_ACCESS_TOKEN": "SECRETS_MANAGER"} if signed_in else {})


def test_no_role_that_deploys_is_without_a_boundary(delivery: Deployment, local: SimpleNamespace) -> None:
    client: Any = local.clients.get("iam", REGION)
    role = client.get_role(RoleName=str(delivery.outputs["role"]).rsplit("/", 1)[1])["Role"]

    assert ":policy/" in role["PermissionsBoundary"]["PermissionsBoundaryArn"]


def test_an_image_goes_to_both_registries(delivery: Deployment) -> None:
    [image] = [one for one in delivery.resources if one.type == "docker-build:index:Image"]

    tags = image.inputs["tags"]
    assert any(str(tag).startswith("docker.io/acme/api:") for tag in tags)
    assert delivery.images[str(delivery.outputs["image"])].endswith("app/api")
