"""Delivery by AWS instead of GitHub Actions: CodePipeline V2 tests, builds once, and promotes by digest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi_aws import codeconnections, codepipeline, iam

from components import deploy_boundary, deploy_role, pipeline_commands, pipeline_stages
from components.bucket import Bucket, BucketArgs
from components.build_project import BuildProject, BuildProjectArgs
from components.deploy_role import DeployScope
from components.deploy_statement import allow
from components.key import Key
from components.link import SecretValue
from components.names import refuse_bad_name
from components.topic import Topic

STAGES = ("test", "build", "staging", "production")
ARTIFACT_DAYS = 30
SECRET = {"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){0,2}")


@dataclass(frozen=True, kw_only=True)
class PipelineArgs:
    key: Key
    repository: str
    """As `organisation/repository`, on GitHub."""
    scope: DeployScope
    """What the build and the deployments reach; production's where it is in this account."""
    branch: str = "main"
    connection_arn: str | None = None
    """Of a connection of the account to GitHub; None makes one, which a person completes in the console."""
    staging_stack: str = "staging"
    production_stack: str = "prod"
    production_role_arn: str | None = None
    """The role of a `PipelineAccess` in production's account; None: production is in this account."""
    approval_topic: Topic | None = None
    """Told when production waits for approval."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the build and the deployments, such as PULUMI_BACKEND_URL."""
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    """Likewise, such as PULUMI_ACCESS_TOKEN or PULUMI_CONFIG_PASSPHRASE; the tests get none."""
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Of a stage (test, build, staging, production), instead of what `pipeline_commands` has."""
    architecture: Literal["X86_64", "ARM64"] = "X86_64"
    """What images are built on: that of the tasks."""
    access_logs: Bucket | None = None
    log_retention_days: int = 90
    protect: bool = True

    def __post_init__(self) -> None:
        for what, value, pattern, allowed in (
            ("repository", self.repository, _REPOSITORY, "'organisation/repository'"),
            ("staging_stack", self.staging_stack, _STACK, "the name of a stack"),
            ("production_stack", self.production_stack, _STACK, "the name of a stack"),
            ("production_role_arn", self.production_role_arn, _ROLE, "the ARN of one role"),
        ):
            if value is not None and not pattern.fullmatch(value):
                raise pulumi.RunError(f"pipeline: {what} is '{value}'; give {allowed}")
        if self.staging_stack == self.production_stack:
            raise pulumi.RunError(
                f"pipeline: staging_stack and production_stack are both '{self.staging_stack}'; give two"
            )
        for stage in self.commands:
            if stage not in STAGES:
                raise pulumi.RunError(
                    f"pipeline: commands are given for '{stage}'; stages are {', '.join(STAGES)}"
                )
        if "PULUMI_ACCESS_TOKEN" not in self.secrets and "PULUMI_BACKEND_URL" not in self.environment:
            raise pulumi.RunError(
                "pipeline: nothing says where the state is; give PULUMI_ACCESS_TOKEN in secrets or "
                "PULUMI_BACKEND_URL in environment"
            )
        open_ = sorted(set(self.environment) & ({*self.secrets} | SECRET))
        if open_:
            raise pulumi.RunError(f"pipeline: {', '.join(open_)} in environment; give it in secrets alone")


class Pipeline(pulumi.ComponentResource):
    """Source, tests, images, staging, a person's approval, production: one commit at a time, the newest.

    An administrator makes it, like the deploy roles: it deploys, so that what it deploys must not change it.
    A new connection waits in the console until a person completes it; until then the source stage fails.
    https://docs.aws.amazon.com/dtconsole/latest/userguide/connections-update.html
    """

    arn: pulumi.Output[str]
    connection_arn: pulumi.Output[str]
    production_build_role_arn: pulumi.Output[str]
    """What a `PipelineAccess` in production's account trusts."""

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a connection's name has 32, with '-github' and Pulumi's suffix"
        refuse_bad_name("pipeline", name, longest=17, because=because)
        super().__init__("causeway:index:Pipeline", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._artifacts = Bucket(
            f"{name}-artifacts",
            BucketArgs(
                key=args.key,
                expire_after_days=ARTIFACT_DAYS,
                access_logs=args.access_logs,
                force_destroy=not args.protect,
                protect=args.protect,
            ),
            self._child,
        )
        self.connection_arn = self._connect()
        projects = self._make_projects()
        self.production_build_role_arn = projects["production"].role_arn
        role, policy = self._make_role(projects)
        pipeline = codepipeline.Pipeline(
            f"{name}-pipeline",
            pipeline_type="V2",
            execution_mode="SUPERSEDED",
            role_arn=role.arn,
            artifact_stores=[
                {
                    "type": "S3",
                    "location": self._artifacts.name,
                    "encryption_key": {"id": args.key.arn, "type": "KMS"},
                }
            ],
            stages=pipeline_stages.stages(
                repository=args.repository,
                branch=args.branch,
                connection_arn=self.connection_arn,
                projects={stage: project.name for stage, project in projects.items()},
                production_stack=args.production_stack,
                approval_topic_arn=args.approval_topic.arn if args.approval_topic else None,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.arn = pipeline.arn
        self.register_outputs({"arn": self.arn, "connection_arn": self.connection_arn})

    def _connect(self) -> pulumi.Output[str]:
        if self._args.connection_arn is not None:
            return pulumi.Output.from_input(self._args.connection_arn)
        return codeconnections.Connection(
            f"{self._name}-github",
            provider_type="GitHub",
            # A new one would wait for a person again.
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        ).arn

    def _make_projects(self) -> dict[str, BuildProject]:
        args = self._args
        boundary = deploy_role.policy(
            f"{self._name}-boundary",
            deploy_boundary.boundary(args.scope.account_id, args.scope.region),
            self,
        )
        deploying = {
            purpose: deploy_role.policy(f"{self._name}-{purpose}", statements, self)
            for purpose, statements in args.scope.deploying().items()
        }
        signed_in: dict[str, Any] = {"environment": args.environment, "secrets": args.secrets}
        deploys: dict[str, Any] = {**signed_in, "policies": deploying, "boundary": boundary}
        elsewhere: dict[str, Any] = {
            **signed_in,  # no boundary: none that deploys may take another role
            "statements": [allow("sts", "AssumeRole", args.production_role_arn or "")],
        }
        rights: dict[str, dict[str, Any]] = {
            "test": {"boundary": boundary},
            "build": {
                **signed_in,
                "boundary": boundary,
                "privileged": True,
                "statements": args.scope.building(),
            },
            "staging": deploys,
            "production": elsewhere if args.production_role_arn else deploys,
        }
        return {
            stage: BuildProject(
                f"{self._name}-{stage}",
                BuildProjectArgs(
                    key=args.key,
                    artifacts=self._artifacts,
                    buildspec=self._buildspec(stage),
                    architecture=args.architecture,
                    log_retention_days=args.log_retention_days,
                    **rights[stage],
                ),
                self._child,
            )
            for stage in STAGES
        }

    def _buildspec(self, stage: str) -> str:
        args = self._args
        commands = {
            "test": pipeline_commands.test(),
            "build": pipeline_commands.build(args.staging_stack),
            "staging": pipeline_commands.staging(args.staging_stack),
            "production": pipeline_commands.production(args.production_stack, args.production_role_arn),
        } | dict(args.commands)
        artifact = pipeline_commands.RELEASE if stage == "staging" else None
        return pipeline_commands.buildspec(commands[stage], artifact=artifact)

    def _make_role(self, projects: Mapping[str, BuildProject]) -> tuple[iam.Role, iam.RolePolicy]:
        args = self._args
        role = deploy_role.role(
            f"{self._name}-role",
            f"CodePipeline runs {self._name}",
            trust=pipeline_stages.trust(args.key),
            boundary=None,
            policies={},
            parent=self,
        )
        statements = pipeline_stages.statements(
            key=args.key,
            artifacts=self._artifacts,
            connection_arn=self.connection_arn,
            projects=list(projects.values()),
            approval_topic=args.approval_topic,
        )
        policy = iam.RolePolicy(
            f"{self._name}-role",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )
        return role, policy
