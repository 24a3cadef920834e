"""A role that GitHub Actions deploys with, by OIDC: no stored key, one environment of one repository."""

import re
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components import deploy_boundary, deploy_permissions

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


class GithubOidc(pulumi.ComponentResource):
    """A deploy role can do what `pulumi up` of this platform needs, but not change itself.

    So the first `up`, and any that changes this component, is an administrator's.
    """

    role_arn: pulumi.Output[str]
    provider_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GithubOidcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:GithubOidc", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.provider_arn = self._make_provider(args)
        limit = self._make_policy("boundary", deploy_boundary.boundary(args.account_id, args.region))
        role = iam.Role(
            f"{name}-deploy",
            path=deploy_boundary.PATH,
            description=f"GitHub Actions of {args.repository} deploys to environment {args.environment}",
            assume_role_policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": [trust(args, self.provider_arn)]}
            ),
            permissions_boundary=limit.arn,
            max_session_duration=args.session_seconds,
            opts=self._child,
        )
        permissions = {
            **deploy_permissions.policies(
                args.account_id,
                args.region,
                hosted_zone_id=args.hosted_zone_id,
                state_bucket=args.state_bucket,
            ),
            "identity": deploy_boundary.identity(args.account_id),
        }
        for purpose, statements in permissions.items():
            iam.RolePolicyAttachment(
                f"{name}-{purpose}",
                role=role.name,
                policy_arn=self._make_policy(purpose, statements).arn,
                opts=self._child,
            )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn, "provider_arn": self.provider_arn})

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

    def _make_policy(self, purpose: str, statements: deploy_permissions.Statements) -> iam.Policy:
        return iam.Policy(
            f"{self._name}-{purpose}",
            path=deploy_boundary.PATH,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )


def trust(args: GithubOidcArgs, provider_arn: pulumi.Input[str]) -> dict[str, object]:
    """The statement that lets in the jobs of one environment, by whole values only.

    GitHub's subject bears numbers in repositories made or renamed since July 2026; both forms are the
    same repository, for its number and its owner's are asked for beside it.
    https://docs.github.com/en/actions/reference/security/oidc
    """
    owner, repository = args.repository.split("/")
    return {
        "Sid": "GithubEnvironment",
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": [
                    f"repo:{args.repository}:environment:{args.environment}",
                    f"repo:{owner}@{args.owner_id}/{repository}@{args.repository_id}"
                    f":environment:{args.environment}",
                ],
                f"{ISSUER}:repository_id": args.repository_id,
                f"{ISSUER}:repository_owner_id": args.owner_id,
            }
        },
    }
