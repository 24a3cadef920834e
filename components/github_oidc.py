"""Roles that GitHub Actions deploys and previews with, by OIDC: no stored key, one repository, one stack."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import iam

from components import deploy_boundary, deploy_role

ISSUER = "token.actions.githubusercontent.com"

_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, kw_only=True)
class GithubOidcArgs:
    repository: str
    """As `organisation/repository`."""
    owner_id: str
    """Number of the organisation or user: `gh api repos/ORG/REPO --jq .owner.id`."""
    repository_id: str
    """Number of the repository, which outlives a rename: `gh api repos/ORG/REPO --jq .id`."""
    environment: str
    """GitHub environment of the deploying job; its protection rules decide who may deploy."""
    account_id: str
    region: str
    create_provider: bool = True
    """An account holds one provider for GitHub: of several stacks in it, one makes it."""
    hosted_zone_id: str | None = None
    """Zone in which the deployment may write the site's records."""
    state_bucket: str | None = None
    """Name of the bucket with Pulumi's state, where that is in S3."""
    session_seconds: int = 3600
    preview: bool = False
    """Also makes a role for pull requests: `pulumi preview` of this stack, and nothing that changes it."""
    state_key_arn: str | None = None
    """KMS key of the stack's secrets. Whoever may preview can then decrypt the secrets in its state."""
    role_boundary_arn: pulumi.Input[str] | None = None
    """Of a `RoleBoundary`: the deploy role then makes no role without it."""

    def __post_init__(self) -> None:
        for field, value, pattern, allowed in (
            ("repository", self.repository, _REPOSITORY, "'organisation/repository'"),
            ("owner_id", self.owner_id, _NUMBER, "the number from `gh api repos/ORG/REPO --jq .owner.id`"),
            (
                "repository_id",
                self.repository_id,
                _NUMBER,
                "the number from `gh api repos/ORG/REPO --jq .id`",
            ),
            ("environment", self.environment, _ENVIRONMENT, "one name of letters, digits and '_.-'"),
            ("account_id", self.account_id, _ACCOUNT, "12 digits"),
        ):
            if not pattern.fullmatch(value):
                raise pulumi.RunError(f"github: {field} is '{value}'; give {allowed}")

    @property
    def scope(self) -> deploy_role.DeployScope:
        return deploy_role.DeployScope(
            account_id=self.account_id,
            region=self.region,
            hosted_zone_id=self.hosted_zone_id,
            state_bucket=self.state_bucket,
            state_key_arn=self.state_key_arn,
            role_boundary_arn=self.role_boundary_arn,
        )


class GithubOidc(pulumi.ComponentResource):
    """A deploy role can do what `pulumi up` of this platform needs, but not change itself.

    So the first `up`, and any that changes this component, is an administrator's.
    """

    role_arn: pulumi.Output[str]
    preview_role_arn: pulumi.Output[str] | None
    """Of the role for pull requests; None without `preview`."""
    provider_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GithubOidcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:GithubOidc", name, None, opts)
        self._name = name
        self.provider_arn = self._make_provider(args)
        limit = deploy_role.policy(
            f"{name}-boundary", deploy_boundary.boundary(args.account_id, args.region), self
        )
        self.role_arn = deploy_role.role(
            f"{name}-deploy",
            f"GitHub Actions of {args.repository} deploys to environment {args.environment}",
            trust=trust(args, self.provider_arn),
            boundary=limit,
            policies=self._make_policies(name, args.scope.deploying()),
            parent=self,
            session_seconds=args.session_seconds,
        ).arn
        self.preview_role_arn = None
        if args.preview:
            self.preview_role_arn = deploy_role.role(
                f"{name}-preview",
                f"Pull requests of {args.repository} preview environment {args.environment}",
                trust=trust(args, self.provider_arn, claim="pull_request"),
                boundary=limit,
                policies=self._make_policies(f"{name}-preview", args.scope.previewing()),
                parent=self,
                session_seconds=args.session_seconds,
            ).arn
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "preview_role_arn": self.preview_role_arn,
                "provider_arn": self.provider_arn,
            }
        )

    def _make_policies(
        self, prefix: str, statements: Mapping[str, deploy_role.Statements]
    ) -> dict[str, iam.Policy]:
        names = {f"{prefix}-{purpose}": each for purpose, each in statements.items()}
        return {name: deploy_role.policy(name, each, self) for name, each in names.items()}

    def _make_provider(self, args: GithubOidcArgs) -> pulumi.Output[str]:
        if not args.create_provider:
            return pulumi.Output.from_input(f"arn:aws:iam::{args.account_id}:oidc-provider/{ISSUER}")
        return iam.OpenIdConnectProvider(
            f"{self._name}-provider",
            url=f"https://{ISSUER}",
            client_id_lists=["sts.amazonaws.com"],
            # AWS trusts GitHub's certificate authority by itself: no thumbprints to go stale. Other
            # stacks of the account may lean on the provider: it is not deleted by accident.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        ).arn


def trust(
    args: GithubOidcArgs, provider_arn: pulumi.Input[str], claim: Literal["pull_request"] | None = None
) -> dict[str, object]:
    """The statement that lets in the jobs of one environment, or pull requests, by whole values only.

    GitHub's subject bears numbers in repositories made or renamed since July 2026; both forms are the
    same repository, for its number and its owner's are asked for beside it. A pull request from a fork
    gets no token: https://docs.github.com/en/actions/reference/security/oidc
    """
    owner, repository = args.repository.split("/")
    ending = claim or f"environment:{args.environment}"
    return {
        "Sid": "GithubPullRequests" if claim else "GithubEnvironment",
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": [
                    f"repo:{args.repository}:{ending}",
                    f"repo:{owner}@{args.owner_id}/{repository}@{args.repository_id}:{ending}",
                ],
                f"{ISSUER}:repository_id": args.repository_id,
                f"{ISSUER}:repository_owner_id": args.owner_id,
            }
        },
    }
