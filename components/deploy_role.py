"""Roles that deploy the platform: out of their own reach, within a boundary, by exact permissions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi_aws import iam

from components import deploy_boundary, deploy_permissions
from components.deploy_statement import Statement, Statements, allow

_READING = re.compile(r"[a-z0-9-]+:(BatchGet|Describe|Get|List|View)\w+")
_CONTENT = {
    "ecr:GetDownloadUrlForLayer",
    "logs:GetLogEvents",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameters",
}


@dataclass(frozen=True, kw_only=True)
class DeployScope:
    """What a deployment reaches: one account, one region, perhaps a domain and the state in S3."""

    account_id: str
    region: str
    hosted_zone_id: str | None = None
    state_bucket: str | None = None
    state_key_arn: str | None = None
    """KMS key of the stack's secrets (`pulumi stack init --secrets-provider awskms://...`)."""
    role_boundary_arn: pulumi.Input[str] | None = None
    """That every role made must bear."""

    def deploying(self) -> Mapping[str, Statements]:
        """The statements that `pulumi up` needs, by policy."""
        return {
            **deploy_permissions.policies(
                self.account_id,
                self.region,
                hosted_zone_id=self.hosted_zone_id,
                state_bucket=self.state_bucket,
            ),
            "identity": deploy_boundary.identity(self.account_id, self.role_boundary_arn),
        }

    def previewing(self) -> Mapping[str, Statements]:
        """The statements that `pulumi preview` needs: it changes nothing and reads no secret of AWS.

        It does read the stack's state. With `state_key_arn` it decrypts the secrets in there too, for
        without them there is no preview: keep it to stacks whose secrets the pull requests' authors may see.
        """
        return {
            purpose: reading
            for purpose, statements in self.deploying().items()
            if (reading := _read_only(statements))
        } | ({"state": self._state()} if self.state_bucket or self.state_key_arn else {})

    def building(self) -> Statements:
        """The statements that `pulumi up` of the images alone needs."""
        keys = f"arn:aws:kms:{self.region}:{self.account_id}:key/*"
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        state = allow("s3", "DeleteObject GetObject ListBucket PutObject", bucket, f"{bucket}/*")
        return [
            *deploy_permissions.images(f"{self.region}:{self.account_id}"),
            allow("kms", "Decrypt DescribeKey Encrypt GenerateDataKey", keys),
            allow("kms", "CreateGrant", keys, condition={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
            *([state] if self.state_bucket else []),
        ]

    def _state(self) -> Statements:
        bucket = f"arn:aws:s3:::{self.state_bucket}"
        return [
            *([allow("s3", "GetObject ListBucket", bucket, f"{bucket}/*")] if self.state_bucket else []),
            *([allow("kms", "Decrypt", self.state_key_arn)] if self.state_key_arn else []),
        ]


def policy(name: str, statements: Statements, parent: pulumi.Resource) -> iam.Policy:
    """A policy where no deploy role may change it."""
    return iam.Policy(
        name,
        path=deploy_boundary.PATH,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def role(
    name: str,
    description: str,
    *,
    trust: Statement,
    boundary: iam.Policy | None,
    policies: Mapping[str, iam.Policy],
    parent: pulumi.Resource,
    session_seconds: int | None = None,
) -> iam.Role:
    """A role out of deploys' reach, within the boundary; `policies` by the names of their attachments."""
    child = pulumi.ResourceOptions(parent=parent)
    made = iam.Role(
        name,
        path=deploy_boundary.PATH,
        description=description,
        assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]}),
        permissions_boundary=boundary.arn if boundary else None,
        max_session_duration=session_seconds,
        opts=child,
    )
    for attachment, attached in policies.items():
        iam.RolePolicyAttachment(attachment, role=made.name, policy_arn=attached.arn, opts=child)
    return made


def _read_only(statements: Statements) -> Statements:
    """What of these statements only looks, at what is no content: no object, no secret, no image's layers."""
    found: list[Statement] = []
    for statement in statements:
        actions = [str(action) for action in cast("list[str]", statement["Action"])]
        reading = [action for action in actions if _READING.fullmatch(action) and action not in _CONTENT]
        if reading:
            found.append({**statement, "Action": reading})
    return found
