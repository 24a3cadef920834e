"""A CodeBuild project of a pipeline: its own role and log, everything under the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch, codebuild, iam

from components import deploy_role
from components.bucket import Bucket
from components.deploy_statement import Statement
from components.key import Key
from components.link import SecretValue

HOSTS = {
    "X86_64": ("LINUX_CONTAINER", "aws/codebuild/standard:7.0"),
    "ARM64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
}
KEY_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, kw_only=True)
class BuildProjectArgs:
    key: Key
    artifacts: Bucket
    buildspec: str
    privileged: bool = False
    """Runs a Docker daemon: for what builds images, and nothing else."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Never a secret: CodeBuild shows them."""
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    statements: Sequence[Statement] = ()
    """What the commands may do, beside reading their source and writing their log."""
    policies: Mapping[str, iam.Policy] = field(default_factory=dict[str, iam.Policy])
    boundary: iam.Policy | None = None
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    compute_type: str = "BUILD_GENERAL1_MEDIUM"
    """4 vCPU and 8 GiB: https://aws.amazon.com/codebuild/pricing/."""
    timeout_minutes: int = 60
    log_retention_days: int = 90


class BuildProject(pulumi.ComponentResource):
    """What one stage of a pipeline runs.

    https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BuildProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:BuildProject", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-logs", kms_key_id=args.key.arn, retention_in_days=args.log_retention_days, opts=child
        )
        role = deploy_role.role(
            f"{name}-role",
            f"CodeBuild runs {name}",
            trust=_trust(args.key),
            boundary=args.boundary,
            policies={f"{name}-{purpose}": policy for purpose, policy in args.policies.items()},
            parent=self,
        )
        policy = iam.RolePolicy(
            f"{name}-role",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": _statements(args, logs)}),
            opts=child,
        )
        host, image = HOSTS[args.architecture]
        project = codebuild.Project(
            f"{name}-project",
            description=f"{name}, run by its pipeline",
            service_role=role.arn,
            encryption_key=args.key.arn,
            source={"type": "CODEPIPELINE", "buildspec": args.buildspec},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": host,
                "image": image,
                "compute_type": args.compute_type,
                "privileged_mode": args.privileged,
                "environment_variables": [
                    *(
                        {"name": variable, "value": args.environment[variable], "type": "PLAINTEXT"}
                        for variable in sorted(args.environment)
                    ),
                    *(
                        {"name": variable, "value": _reference(secret), "type": "SECRETS_MANAGER"}
                        for variable, secret in sorted(args.secrets.items())
                    ),
                ],
            },
            logs_config={"cloudwatch_logs": {"group_name": logs.name, "status": "ENABLED"}},
            build_timeout=args.timeout_minutes,
            queued_timeout=60,
            # CodeBuild tries the role at once.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.name, self.arn, self.role_arn = project.name, project.arn, role.arn
        self.register_outputs({"name": self.name, "arn": self.arn, "role_arn": self.role_arn})


def _reference(secret: SecretValue) -> pulumi.Output[str]:
    return pulumi.Output.concat(secret.arn, f":{secret.json_key}" if secret.json_key else "")


def _statements(args: BuildProjectArgs, logs: cloudwatch.LogGroup) -> list[Statement]:
    objects = pulumi.Output.concat(args.artifacts.arn, "/*")
    keys = [secret.kms_key_arn for secret in args.secrets.values() if secret.kms_key_arn is not None]
    statements: list[Statement] = [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(logs.arn, ":*")]),
        _allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], [objects]),
        _allow(KEY_ACTIONS, [args.key.arn]),
        *args.statements,
    ]
    if args.secrets:
        arns = [secret.arn for _, secret in sorted(args.secrets.items())]
        statements.append(_allow(["secretsmanager:GetSecretValue"], arns))
    if keys:
        statements.append(_allow(["kms:Decrypt"], keys))
    return statements


def _allow(actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _trust(key: Key) -> Statement:
    """Projects of this account and region only.

    https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    return {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": key.account_id},
            "ArnLike": {"aws:SourceArn": f"arn:aws:codebuild:{key.region}:{key.account_id}:project/*"},
        },
    }
