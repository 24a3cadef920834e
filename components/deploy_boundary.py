"""What a deploy role may do with IAM, and what no policy may ever give it."""

from collections.abc import Mapping, Sequence

import pulumi

from components.deploy_statement import EDGE_REGION, Statements, allow

PATH = "/deploy/"
"""Of deploy roles and their policies: no deploy role may change what stands there, its own rights least."""

PASSED_ROLES: Mapping[str, Sequence[str]] = {
    "backup.amazonaws.com": ("*-backup-*",),
    "ec2.amazonaws.com": ("*-instance-role-*",),
    "ecs-tasks.amazonaws.com": ("*-task-role-*", "*-execution-role-*"),
    "ecs.amazonaws.com": ("*-infrastructure-*",),
    "lambda.amazonaws.com": ("*-function-role-*",),
    "monitoring.rds.amazonaws.com": ("*-database-monitoring-*",),
    "rds.amazonaws.com": ("*-proxy-*",),
    "scheduler.amazonaws.com": ("*-schedule-*",),
    "sns.amazonaws.com": ("*-feedback-*",),
    "vpc-flow-logs.amazonaws.com": ("*-flow-logs-*",),
}
"""The platform's own roles: the service that takes them, and their names as Pulumi completes them.

A component with a role of another name adds it here; a test compares.
"""

ATTACHED_POLICIES = (
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
)
"""Managed policies that the platform attaches to its roles; no other may be."""

LINKED_SERVICES = (
    "autoscaling.amazonaws.com",
    "backup.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticfilesystem.amazonaws.com",
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
    "vpcorigin.cloudfront.amazonaws.com",
    "wafv2.amazonaws.com",
)
"""Services that make a role of their own at their first use in an account."""


def identity(account_id: str, role_boundary_arn: pulumi.Input[str] | None = None) -> Statements:
    """Makes the platform's roles, and passes each to its own service only.

    With the ARN of a boundary: no role that lacks it, so that no role can be made that may do more.
    """
    iam = f"arn:aws:iam::{account_id}"
    roles = [f"{iam}:role/{pattern}" for patterns in PASSED_ROLES.values() for pattern in patterns]
    profiles = [f"{iam}:instance-profile/{pattern}" for pattern in PASSED_ROLES["ec2.amazonaws.com"]]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": role_boundary_arn}} if role_boundary_arn else {}
    return [
        allow("iam", "CreateRole DeleteRolePolicy PutRolePolicy", *roles, condition=bounded),
        *([allow("iam", "PutRolePermissionsBoundary", *roles, condition=bounded)] if bounded else []),
        allow(
            "iam",
            """DeleteRole GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole
            ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription""",
            *roles,
        ),
        allow(
            "iam",
            "AttachRolePolicy DetachRolePolicy",
            *roles,
            condition={"ArnEquals": {"iam:PolicyARN": list(ATTACHED_POLICIES)}, **bounded},
        ),
        allow(
            "iam",
            """AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile
            RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile""",
            *profiles,
        ),
        *[
            allow(
                "iam",
                "PassRole",
                *[f"{iam}:role/{pattern}" for pattern in patterns],
                condition={"StringEquals": {"iam:PassedToService": service}},
            )
            for service, patterns in PASSED_ROLES.items()
        ],
        allow(
            "iam",
            "CreateServiceLinkedRole",
            f"{iam}:role/aws-service-role/*",
            condition={"StringEquals": {"iam:AWSServiceName": list(LINKED_SERVICES)}},
        ),
        # To see that the deploy role and its policies are as they were, and nothing more.
        allow(
            "iam",
            "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies",
            f"{iam}:role{PATH}*",
        ),
        allow("iam", "GetPolicy GetPolicyVersion ListPolicyVersions", f"{iam}:policy{PATH}*"),
        allow("iam", "GetOpenIDConnectProvider", f"{iam}:oidc-provider/*"),
    ]


def boundary(account_id: str, region: str) -> Statements:
    """The most that a deploy role can have, whatever policies it is ever given.

    A boundary grants nothing: what it lets through must also be in a policy.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    iam = f"arn:aws:iam::{account_id}"
    return [
        {
            "Sid": "NoPeopleNoKeysNoOtherAccounts",
            "Effect": "Allow",
            "NotAction": [
                "account:*",
                "iam:*AccessKey*",
                "iam:*Group*",
                "iam:*LoginProfile*",
                "iam:*MFADevice*",
                "iam:*SAMLProvider*",
                "iam:*User*",
                "organizations:*",
                "sts:AssumeRole",
            ],
            "Resource": "*",
            # IAM, Route 53 and CloudFront count as us-east-1.
            "Condition": {"StringEquals": {"aws:RequestedRegion": sorted({region, EDGE_REGION})}},
        },
        {
            "Sid": "NotItsOwnRights",
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": [f"{iam}:role{PATH}*", f"{iam}:policy{PATH}*", f"{iam}:oidc-provider/*"],
        },
        {
            "Sid": "NotTheDatabasesMasterPassword",
            "Effect": "Deny",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": f"arn:aws:secretsmanager:*:{account_id}:secret:rds!*",
        },
    ]


def role_boundary(account_id: str) -> Statements:
    """The most that a role of the platform can have: no rights over rights, no other role.

    Whoever deploys writes those roles' policies; without a boundary, one could be given all of the account.
    """
    return [
        {
            "Sid": "NoRightsOverRightsNoOtherRoles",
            "Effect": "Allow",
            "NotAction": ["account:*", "iam:*", "organizations:*", "sts:AssumeRole"],
            "Resource": "*",
        },
        {
            "Sid": "PassesThePlatformsRolesToTheirServices",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": [
                f"arn:aws:iam::{account_id}:role/{pattern}"
                for patterns in PASSED_ROLES.values()
                for pattern in patterns
            ],
            "Condition": {"StringEquals": {"iam:PassedToService": list(PASSED_ROLES)}},
        },
    ]
