"""The stages of the pipeline in CodePipeline's terms, and what its own role may do."""

import json
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import codepipeline

from components.bucket import Bucket
from components.build_project import KEY_ACTIONS, BuildProject
from components.deploy_statement import Statement
from components.key import Key
from components.topic import Topic

Action = codepipeline.PipelineStageActionArgsDict

USE_CONNECTION = ("codeconnections:UseConnection", "codestar-connections:UseConnection")
"""The service bears two names: which one counts follows from when the connection was made."""


def stages(
    *,
    repository: str,
    branch: str,
    connection_arn: pulumi.Input[str],
    projects: Mapping[str, pulumi.Input[str]],
    production_stack: str,
    approval_topic_arn: pulumi.Input[str] | None,
) -> list[codepipeline.PipelineStageArgsDict]:
    """Source, test, build, staging, approval, production; what fails stops the commit there."""
    source: Action = {
        "name": "Source",
        "category": "Source",
        "owner": "AWS",
        "provider": "CodeStarSourceConnection",
        "version": "1",
        "namespace": "Source",
        "output_artifacts": ["Source"],
        "configuration": {
            "ConnectionArn": connection_arn,
            "FullRepositoryId": repository,
            "BranchName": branch,
            "OutputArtifactFormat": "CODE_ZIP",
            "DetectChanges": "true",
        },
    }
    approval: Action = {
        "name": "Approve",
        "category": "Approval",
        "owner": "AWS",
        "provider": "Manual",
        "version": "1",
        "configuration": {
            "CustomData": f"Staging runs #{{Source.CommitId}}: shall {production_stack} run its images?",
            "ExternalEntityLink": f"https://github.com/{repository}/commit/#{{Source.CommitId}}",
            **({"NotificationArn": approval_topic_arn} if approval_topic_arn is not None else {}),
        },
    }
    release = ["Release"]
    return [
        {"name": "Source", "actions": [source]},
        {"name": "Test", "actions": [_run("Test", projects["test"], category="Test")]},
        {"name": "Build", "actions": [_run("Build", projects["build"])]},
        {"name": "Staging", "actions": [_run("Deploy", projects["staging"], gives=release)]},
        {"name": "Approval", "actions": [approval]},
        {"name": "Production", "actions": [_run("Deploy", projects["production"], takes=release)]},
    ]


def _run(
    name: str,
    project: pulumi.Input[str],
    *,
    category: str = "Build",
    takes: Sequence[str] = (),
    gives: Sequence[str] = (),
) -> Action:
    """An action of CodeBuild, in the source; other artifacts stand in `$CODEBUILD_SRC_DIR_<name>`."""
    commit = [{"name": "COMMIT", "value": "#{Source.CommitId}", "type": "PLAINTEXT"}]
    action: Action = {
        "name": name,
        "category": category,
        "owner": "AWS",
        "provider": "CodeBuild",
        "version": "1",
        "input_artifacts": ["Source", *takes],
        "configuration": {
            "ProjectName": project,
            "PrimarySource": "Source",
            "EnvironmentVariables": json.dumps(commit),
        },
    }
    if gives:
        action["output_artifacts"] = list(gives)
    return action


def statements(
    *,
    key: Key,
    artifacts: Bucket,
    connection_arn: pulumi.Input[str],
    projects: Sequence[BuildProject],
    approval_topic: Topic | None,
) -> list[Statement]:
    """Keep artifacts, fetch the source, start the projects, tell of the approval.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
    """
    objects = pulumi.Output.concat(artifacts.arn, "/*")
    told = approval_topic.publish().permissions if approval_topic else ()
    return [
        _allow(("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"), [artifacts.arn]),
        # The source action puts objects with the ACL `bucket-owner-full-control`.
        _allow(("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"), [objects]),
        _allow(KEY_ACTIONS, [key.arn]),
        _allow(USE_CONNECTION, [connection_arn]),
        _allow(
            ("codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"),
            [project.arn for project in projects],
        ),
        *(permission.statement() for permission in told),
    ]


def trust(key: Key) -> Statement:
    """Pipelines of this account and region only.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    return {
        "Effect": "Allow",
        "Principal": {"Service": "codepipeline.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": key.account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:codepipeline:{key.region}:{key.account_id}:*"},
        },
    }


def _allow(actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
