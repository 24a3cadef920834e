"""The pipeline: its stages in order, who may do what, and that its scripts do what they say."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.deploy_role import DeployScope
from components.key import Key, KeyArgs
from components.link import SecretValue
from components.pipeline import Pipeline, PipelineArgs
from components.pipeline_access import PipelineAccess, PipelineAccessArgs
from components.topic import Topic, TopicArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

OTHER_ROLE = "arn:aws:iam::222222222222:role/deploy/pipeline-deploy-0a1b2c3"
TOKEN = SecretValue(arn=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:pulumi", json_key="token")
SCOPE = DeployScope(account_id=ACCOUNT, region=REGION, state_bucket="acme-pulumi-state")
GIVEN: dict[str, Any] = {"repository": "acme/shop", "scope": SCOPE, "secrets": {"PULUMI_ACCESS_TOKEN": TOKEN}}
STAGES = ("test", "build", "staging", "production")
PURPOSES = ("compute", "data", "edge", "functions", "identity", "images", "network", "operations", "storage")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"


def build(*, topic: bool = False, **arguments: Any) -> Run:
    def program() -> Pipeline:
        made = key()
        approvals = {"approval_topic": Topic("approvals", TopicArgs(key=made))} if topic else {}
        pipeline = Pipeline("shop", PipelineArgs(**{"key": made, **GIVEN, **approvals, **arguments}))
        pulumi.export("trusted", pipeline.production_build_role_arn)
        return pipeline

    return record(program)


def key() -> Key:
    return Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))


@pytest.fixture(scope="module")
def run() -> Run:
    return build()


def statements(run: Run, name: str) -> list[dict[str, Any]]:
    (policy,) = [r for r in run.of_type("aws:iam/rolePolicy:RolePolicy") if r.name == name]
    return json.loads(policy.inputs["policy"])["Statement"]


def pipeline_of(run: Run) -> Resource:
    (pipeline,) = run.of_type("aws:codepipeline/pipeline:Pipeline")
    return pipeline


def role_of(run: Run, name: str) -> Resource:
    (role,) = [r for r in run.of_type("aws:iam/role:Role") if r.name == name]
    return role


def project_of(run: Run, stage: str) -> Resource:
    (project,) = [
        r for r in run.of_type("aws:codebuild/project:Project") if r.name == f"shop-{stage}-project"
    ]
    return project


def test_children(run: Run, within: Any) -> None:
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    made = within(run, "Pipeline")
    artifacts = [child for child in made if child[1].startswith("shop-artifacts")]
    assert sorted(set(made) - set(artifacts)) == sorted(
        [
            ("aws:codepipeline/pipeline:Pipeline", "shop-pipeline"),
            ("aws:codeconnections/connection:Connection", "shop-github"),
            ("aws:iam/role:Role", "shop-role"),
            ("aws:iam/rolePolicy:RolePolicy", "shop-role"),
            ("aws:iam/policy:Policy", "shop-boundary"),
            *(("aws:iam/policy:Policy", f"shop-{purpose}") for purpose in PURPOSES),
            *(
                (attachment, f"shop-{stage}-{purpose}")
                for stage in ("staging", "production")
                for purpose in PURPOSES
            ),
            *(
                (type_, f"shop-{stage}{suffix}")
                for stage in STAGES
                for type_, suffix in (
                    ("causeway:index:BuildProject", ""),
                    ("aws:cloudwatch/logGroup:LogGroup", "-logs"),
                    ("aws:codebuild/project:Project", "-project"),
                    ("aws:iam/role:Role", "-role"),
                    ("aws:iam/rolePolicy:RolePolicy", "-role"),
                )
            ),
        ]
    )
    assert ("causeway:index:Bucket", "shop-artifacts") in artifacts


def test_the_stages(run: Run) -> None:
    inputs = pipeline_of(run).inputs
    assert (inputs["pipelineType"], inputs["executionMode"]) == ("V2", "SUPERSEDED")
    assert [stage["name"] for stage in inputs["stages"]] == [
        "Source",
        "Test",
        "Build",
        "Staging",
        "Approval",
        "Production",
    ]
    actions = {stage["name"]: stage["actions"][0] for stage in inputs["stages"]}
    assert all(len(stage["actions"]) == 1 for stage in inputs["stages"])
    assert {name: (action["category"], action["provider"]) for name, action in actions.items()} == {
        "Source": ("Source", "CodeStarSourceConnection"),
        "Test": ("Test", "CodeBuild"),
        "Build": ("Build", "CodeBuild"),
        "Staging": ("Build", "CodeBuild"),
        "Approval": ("Approval", "Manual"),
        "Production": ("Build", "CodeBuild"),
    }
    assert actions["Source"]["configuration"] == {
        "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/shop-github",
        "FullRepositoryId": "acme/shop",
        "BranchName": "main",
        "OutputArtifactFormat": "CODE_ZIP",
        "DetectChanges": "true",
    }
    for stage in STAGES:
        action = actions[stage.capitalize()]
        assert action["configuration"]["ProjectName"] == f"shop-{stage}-project"
        assert json.loads(action["configuration"]["EnvironmentVariables"]) == [
            {"name": "COMMIT", "value": "#{Source.CommitId}", "type": "PLAINTEXT"}
        ]
    assert actions["Staging"]["outputArtifacts"] == ["Release"]
    assert actions["Production"]["inputArtifacts"] == ["Source", "Release"]
    assert actions["Approval"]["configuration"] == {
        "CustomData": "Staging runs #{Source.CommitId}: shall prod run its images?",
        "ExternalEntityLink": "https://github.com/acme/shop/commit/#{Source.CommitId}",
    }


def test_artifacts_and_logs_are_under_the_key(run: Run, one: Any) -> None:
    (store,) = pipeline_of(run).inputs["artifactStores"]
    assert store["encryptionKey"] == {"id": KEY, "type": "KMS"}
    encryption = one(
        run,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "shop-artifacts-encryption",
    )
    assert encryption.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY
    for stage in STAGES:
        assert project_of(run, stage).inputs["encryptionKey"] == KEY
        logs = one(run, "aws:cloudwatch/logGroup:LogGroup", f"shop-{stage}-logs").inputs
        assert (logs["kmsKeyId"], logs["retentionInDays"]) == (KEY, 90)
        assert project_of(run, stage).inputs["logsConfig"] == {
            "cloudwatchLogs": {"groupName": f"shop-{stage}-logs", "status": "ENABLED"}
        }


def test_only_the_build_is_privileged(run: Run) -> None:
    privileged = {stage: project_of(run, stage).inputs["environment"]["privilegedMode"] for stage in STAGES}
    assert privileged == {"test": False, "build": True, "staging": False, "production": False}


def test_secrets_come_by_reference_and_not_to_the_tests(run: Run) -> None:
    for stage in ("build", "staging", "production"):
        assert project_of(run, stage).inputs["environment"]["environmentVariables"] == [
            {"name": "PULUMI_ACCESS_TOKEN", "value": f"{TOKEN.arn}:token", "type": "SECRETS_MANAGER"}
        ]
        reading = [s for s in statements(run, f"shop-{stage}-role") if "secretsmanager" in str(s["Action"])]
        assert reading == [
            {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [TOKEN.arn]}
        ]
    assert not project_of(run, "test").inputs["environment"].get("environmentVariables")
    tests = statements(run, "shop-test-role")
    assert {action.split(":")[0] for s in tests for action in s["Action"]} == {"logs", "s3", "kms"}

    under_a_key = build(secrets={"PULUMI_ACCESS_TOKEN": SecretValue(arn="arn", kms_key_arn="arn:key")})
    decrypting = [s for s in statements(under_a_key, "shop-build-role") if s["Resource"] == ["arn:key"]]
    assert decrypting == [{"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": ["arn:key"]}]


def test_who_deploys_is_bounded_and_out_of_its_own_reach(run: Run) -> None:
    boundary = {
        role.name: role.inputs.get("permissionsBoundary") for role in run.of_type("aws:iam/role:Role")
    }
    limit = f"arn:aws:iam:{REGION}:{ACCOUNT}:policy/shop-boundary"
    assert boundary == {"shop-role": None, **{f"shop-{stage}-role": limit for stage in STAGES}}
    assert {role.inputs["path"] for role in run.of_type("aws:iam/role:Role")} == {"/deploy/"}
    attached = {
        (r.inputs["role"], r.inputs["policyArn"].rsplit("/", 1)[1])
        for r in run.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    }
    assert attached == {
        (f"shop-{stage}-role", f"shop-{purpose}")
        for stage in ("staging", "production")
        for purpose in PURPOSES
    }


def test_the_build_may_push_images_and_no_more(run: Run) -> None:
    building = statements(run, "shop-build-role")
    services = {action.split(":")[0] for s in building for action in s["Action"]}
    assert services == {"ecr", "kms", "logs", "s3", "secretsmanager"}
    state = [s for s in building if "arn:aws:s3:::acme-pulumi-state" in s["Resource"]]
    assert [s["Action"] for s in state] == [
        ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
    ]


def test_trust(run: Run) -> None:
    def condition(service: str, source: str) -> dict[str, Any]:
        return {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{source}"},
            },
        }

    def trusted(name: str) -> Any:
        return json.loads(role_of(run, name).inputs["assumeRolePolicy"])["Statement"]

    assert trusted("shop-role") == [condition("codepipeline", "*")]
    for stage in STAGES:
        assert trusted(f"shop-{stage}-role") == [condition("codebuild", "project/*")]


def test_the_pipelines_own_role() -> None:
    run = build(topic=True, connection_arn="arn:connection")
    assert run.of_type("aws:codeconnections/connection:Connection") == []
    bucket = f"arn:aws:s3:{REGION}:{ACCOUNT}:bucket/shop-artifacts-bucket"
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/approvals-topic"
    project = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/shop"
    assert {tuple(s["Action"]): s["Resource"] for s in statements(run, "shop-role")} == {
        ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"): [bucket],
        ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"): [f"{bucket}/*"],
        ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"): [KEY],
        ("codeconnections:UseConnection", "codestar-connections:UseConnection"): ["arn:connection"],
        ("codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"): [
            f"{project}-{stage}-project" for stage in STAGES
        ],
        ("sns:Publish",): [topic],
        ("kms:Decrypt", "kms:GenerateDataKey"): [KEY],
    }
    approval = pipeline_of(run).inputs["stages"][4]["actions"][0]
    assert approval["configuration"]["NotificationArn"] == topic


def test_production_in_another_account() -> None:
    run = build(production_role_arn=OTHER_ROLE)
    role = role_of(run, "shop-production-role")
    assert role.inputs.get("permissionsBoundary") is None
    assert [s["Resource"] for s in statements(run, role.name) if s["Action"] == ["sts:AssumeRole"]] == [
        [OTHER_ROLE]
    ]
    attached = run.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {r.inputs["role"] for r in attached} == {"shop-staging-role"}
    assert run.outputs["trusted"] == f"arn:aws:iam:{REGION}:{ACCOUNT}:role/shop-production-role"


def test_access_of_a_pipeline_of_another_account(within: Any) -> None:
    trusted = f"arn:aws:iam::{ACCOUNT}:role/deploy/shop-production-role-0a1b2c3"
    args = PipelineAccessArgs(build_role_arn=trusted, scope=SCOPE)
    run = record(lambda: PipelineAccess("pipeline", args))
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert within(run, "PipelineAccess") == sorted(
        [
            ("aws:iam/role:Role", "pipeline-deploy"),
            ("aws:iam/policy:Policy", "pipeline-boundary"),
            *(("aws:iam/policy:Policy", f"pipeline-{purpose}") for purpose in PURPOSES),
            *((attachment, f"pipeline-{purpose}") for purpose in PURPOSES),
        ]
    )
    role = role_of(run, "pipeline-deploy")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    ]
    assert role.inputs["permissionsBoundary"].endswith("policy/pipeline-boundary")
    with pytest.raises(pulumi.RunError, match="give the ARN of one role"):
        PipelineAccessArgs(build_role_arn="arn:aws:iam::222222222222:root", scope=SCOPE)


def script(run: Run, stage: str) -> str:
    spec = json.loads(project_of(run, stage).inputs["source"]["buildspec"])
    (commands,) = spec["phases"]["build"]["commands"]
    return commands


def play(commands: str, folder: Path, **environment: str) -> tuple[int, list[str]]:
    """Run a stage's script with stand-ins for what it calls; gives its exit code and the calls in order."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("pulumi", "make", "curl", "tar"):
        tool = tools / name
        tool.write_text(
            f'#!/bin/sh\necho "{name} $* profile=${{AWS_PROFILE:-}}" >> "$CALLS"\n'
            f'case "{name} $*" in *"$FAILS"*) exit 1 ;; "pulumi stack output"*) cat "$OUTPUT" ;; esac\n'
        )
        tool.chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    done = subprocess.run(  # the script under test
        ["/bin/bash", "-c", commands],
        cwd=folder,
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "CALLS": str(calls),
            "FAILS": "never",
            **environment,
        },
        capture_output=True,
        check=False,
    )
    return done.returncode, calls.read_text().splitlines()


UP = "pulumi up --yes --skip-preview --stack"


def test_the_build_pushes_images_and_deploys_nothing(run: Run, tmp_path: Path) -> None:
    code, calls = play(script(run, "build"), tmp_path)
    assert code == 0
    assert calls[-1] == (
        f"{UP} staging --target **causeway:index:Key** --target **causeway:index:Image** profile="
    )
    assert any(call.startswith("make setup") for call in calls)


def test_staging_hands_on_what_it_runs(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text('{"api": "repository@sha256:1"}')
    code, calls = play(script(run, "staging"), tmp_path, OUTPUT=str(output))
    assert code == 0
    assert calls[-2:] == [
        f"{UP} staging profile=",
        "pulumi stack output images --json --stack staging profile=",
    ]
    assert (tmp_path / "release.json").read_text() == output.read_text()
    spec = json.loads(project_of(run, "staging").inputs["source"]["buildspec"])
    assert spec["artifacts"] == {"files": ["release.json"]}


def test_a_failed_staging_hands_on_nothing(run: Run, tmp_path: Path) -> None:
    code, calls = play(script(run, "staging"), tmp_path, FAILS="pulumi up")
    assert code != 0
    assert calls[-1].startswith(f"{UP} staging")
    assert not (tmp_path / "release.json").exists()


def test_production_runs_the_very_digests(tmp_path: Path) -> None:
    run = build(production_role_arn=OTHER_ROLE)
    (tmp_path / "release.json").write_text('{"api": "repository@sha256:1", "web": "other@sha256:2"}')
    environment = {
        "CODEBUILD_SRC_DIR_Release": str(tmp_path),
        "CODEBUILD_BUILD_NUMBER": "7",
        "COMMIT": "abc",
    }
    code, calls = play(script(run, "production"), tmp_path, **environment)
    assert code == 0
    pin = "pulumi config set --stack prod --path causeway:release"
    assert calls[-5:-3] == [
        f"{pin}.images.api repository@sha256:1 profile=deploy",
        f"{pin}.images.web other@sha256:2 profile=deploy",
    ]
    assert calls[-3].startswith(f"{pin}.version 20")
    assert calls[-3].endswith("-7 profile=deploy")
    assert calls[-2:] == [f"{pin}.commit abc profile=deploy", f"{UP} prod profile=deploy"]
    assert (tmp_path / ".aws" / "config").read_text() == (
        f"[profile deploy]\nrole_arn = {OTHER_ROLE}\ncredential_source = EcsContainer\n"
    )


@pytest.mark.parametrize("release", ["", "null", "no json"])
def test_production_deploys_nothing_without_a_release(run: Run, tmp_path: Path, release: str) -> None:
    (tmp_path / "release.json").write_text(release)
    environment = {"CODEBUILD_SRC_DIR_Release": str(tmp_path), "CODEBUILD_BUILD_NUMBER": "7", "COMMIT": "abc"}
    code, calls = play(script(run, "production"), tmp_path, **environment)
    assert code != 0
    assert not [call for call in calls if call.startswith("pulumi")]


def test_a_stage_with_commands_of_its_own() -> None:
    run = build(commands={"test": ["make check", "make test"]})
    assert script(run, "test") == "set -euo pipefail\nmake check\nmake test"


def test_arm() -> None:
    environment = project_of(build(architecture="ARM64"), "build").inputs["environment"]
    assert environment["type"] == "ARM_CONTAINER"
    assert environment["image"] == "aws/codebuild/amazonlinux-aarch64-standard:3.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"repository": "shop"}, "repository is 'shop'; give 'organisation/repository'"),
        ({"production_role_arn": "arn:aws:iam::222222222222:role/*"}, "give the ARN of one role"),
        ({"staging_stack": "a b"}, "staging_stack is 'a b'; give the name of a stack"),
        ({"production_stack": "staging"}, "are both 'staging'; give two"),
        ({"commands": {"deploy": []}}, "'deploy'; stages are test, build, staging, production"),
        ({"secrets": {}}, "nothing says where the state is; give PULUMI_ACCESS_TOKEN in secrets or"),
        ({"environment": {"PULUMI_CONFIG_PASSPHRASE": "x"}}, "PULUMI_CONFIG_PASSPHRASE in environment; give"),
        ({"environment": {"PULUMI_ACCESS_TOKEN": "x"}}, "PULUMI_ACCESS_TOKEN in environment; give it"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(message)) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


def test_refuses_a_name_that_a_connection_cannot_have() -> None:
    with pytest.raises(pulumi.RunError, match="at most 17 fit"):
        record(lambda: Pipeline("a-very-long-pipeline", PipelineArgs(key=key(), **GIVEN)))
