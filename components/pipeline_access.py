"""The role by which a pipeline of another account deploys into this one."""

import re
from dataclasses import dataclass

import pulumi

from components import deploy_boundary, deploy_role
from components.deploy_role import DeployScope

_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")


@dataclass(frozen=True, kw_only=True)
class PipelineAccessArgs:
    build_role_arn: str
    """The pipeline's `production_build_role_arn`: that one role, and no other of its account."""
    scope: DeployScope

    def __post_init__(self) -> None:
        if not _ROLE.fullmatch(self.build_role_arn):
            raise pulumi.RunError(
                f"pipeline access: build_role_arn is '{self.build_role_arn}'; give the ARN of one role"
            )


class PipelineAccess(pulumi.ComponentResource):
    """A deploy role, of the same rights and boundary as GitHub's, that trusts one role of CodeBuild."""

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PipelineAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("causeway:index:PipelineAccess", name, None, opts)
        scope = args.scope
        self.role_arn = deploy_role.role(
            f"{name}-deploy",
            "A pipeline of another account deploys",
            trust={
                "Effect": "Allow",
                "Principal": {"AWS": args.build_role_arn},
                "Action": "sts:AssumeRole",
            },
            boundary=deploy_role.policy(
                f"{name}-boundary", deploy_boundary.boundary(scope.account_id, scope.region), self
            ),
            policies={
                f"{name}-{purpose}": deploy_role.policy(f"{name}-{purpose}", statements, self)
                for purpose, statements in scope.deploying().items()
            },
            parent=self,
        ).arn
        self.register_outputs({"role_arn": self.role_arn})
