"""GitHub's deploy role: who may take it, what it may do, and what it never may."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import botocore.session
import pulumi
import pytest

from components import deploy_boundary
from components.github_oidc import GithubOidc, GithubOidcArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record
from operations.stack_file import ROOT

GIVEN: dict[str, Any] = {
    "repository": "acme/shop",
    "owner_id": "1234",
    "repository_id": "567890",
    "environment": "staging",
    "account_id": ACCOUNT,
    "region": REGION,
}
POLICIES = {
    "compute",
    "data",
    "edge",
    "functions",
    "identity",
    "images",
    "network",
    "operations",
    "storage",
}
ISSUER = "token.actions.githubusercontent.com"

WITHOUT_ARN = {
    "backup-storage:MountCapsule",
    "ecs:DeregisterTaskDefinition",
    "kms:CreateKey",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:PutResourcePolicy",
    "servicediscovery:CreateHttpNamespace",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}
"""Actions that change something, of which AWS knows no resource."""

OF_AWS = {f"arn:aws:ec2:{REGION}::image/*", f"arn:aws:ssm:{REGION}::parameter/aws/service/ecs/*"}
"""Images of instances, and the parameters that name them."""

API_OF_ACTION = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
}
NO_API_OPERATION = {
    "backup-storage:MountCapsule",
    "budgets:ModifyBudget",
    "budgets:ViewBudget",
    "cloudfront:AllowVendedLogDeliveryForResource",
    "ecr:BatchImportUpstreamImage",
    "elasticloadbalancing:SetWebAcl",
    "iam:PassRole",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "s3:DeleteObjectVersion",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketCORS",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListTagsForResource",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",
    "s3:UntagResource",
}
"""Actions that IAM names otherwise than the API does."""


def build(**args: Any) -> Run:
    def program() -> GithubOidc:
        github = GithubOidc("github", GithubOidcArgs(**{**GIVEN, **args}))
        pulumi.export("role", github.role_arn)
        pulumi.export("provider", github.provider_arn)
        return github

    return record(program)


@pytest.fixture(scope="module")
def run() -> Run:
    return build(hosted_zone_id="Z1", state_bucket="acme-pulumi-state")


def role_of(run: Run) -> Resource:
    (role,) = run.of_type("aws:iam/role:Role")
    return role


def policy(run: Run, purpose: str) -> list[dict[str, Any]]:
    (found,) = [r for r in run.of_type("aws:iam/policy:Policy") if r.name == f"github-{purpose}"]
    return json.loads(found.inputs["policy"])["Statement"]


def allowed(run: Run) -> list[dict[str, Any]]:
    return [statement for purpose in sorted(POLICIES) for statement in policy(run, purpose)]


def test_children(run: Run) -> None:
    assert {(r.type, r.name) for r in run.resources} == {
        ("causeway:index:GithubOidc", "github"),
        ("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github-provider"),
        ("aws:iam/role:Role", "github-deploy"),
        ("aws:iam/policy:Policy", "github-boundary"),
        *(("aws:iam/policy:Policy", f"github-{purpose}") for purpose in POLICIES),
        *(("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"github-{purpose}") for purpose in POLICIES),
    }
    for attachment in run.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        assert attachment.inputs["role"] == "github-deploy"
        assert attachment.inputs["policyArn"].endswith(f"policy/{attachment.name}")


def test_only_jobs_of_one_environment_are_let_in(run: Run) -> None:
    role = role_of(run)

    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Sid": "GithubEnvironment",
        "Effect": "Allow",
        "Principal": {"Federated": run.outputs["provider"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": [
                    "repo:acme/shop:environment:staging",
                    "repo:acme@1234/shop@567890:environment:staging",
                ],
                f"{ISSUER}:repository_id": "567890",
                f"{ISSUER}:repository_owner_id": "1234",
            }
        },
    }
    assert role.inputs["maxSessionDuration"] == 3600


def test_an_account_has_one_provider(run: Run) -> None:
    (provider,) = run.of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs == {"url": f"https://{ISSUER}", "clientIdLists": ["sts.amazonaws.com"]}
    assert provider.options.protect

    second = build(create_provider=False)
    assert second.of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    assert second.outputs["provider"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    (statement,) = json.loads(role_of(second).inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Federated": second.outputs["provider"]}


def test_its_rights_fit_into_iam(run: Run) -> None:
    for found in run.of_type("aws:iam/policy:Policy"):
        assert len(re.sub(r"\s", "", found.inputs["policy"])) <= 6144
    assert len(POLICIES) <= 10


def test_actions_are_exact_and_resources_this_accounts(run: Run) -> None:
    for statement in allowed(run):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
        assert len(set(statement["Action"])) == len(statement["Action"])
        for resource in statement["Resource"]:
            if resource == "*":
                changing = {
                    a for a in statement["Action"] if not re.match(r"\w[\w-]*:(Describe|Get|List)", a)
                }
                assert changing <= WITHOUT_ARN
                continue
            _, _, service, region, account, _ = resource.split(":", 5)
            assert region in {"", REGION, "us-east-1"}
            assert account in {ACCOUNT, ""} or resource.startswith(f"arn:aws:ec2:{REGION}:aws:prefix-list/")
            if not account:
                assert service in {"s3", "route53"} or resource in OF_AWS


def test_every_action_exists(run: Run) -> None:
    session = botocore.session.get_session()
    actions = {action for statement in allowed(run) for action in statement["Action"]}
    assert actions > NO_API_OPERATION

    by_service: dict[str, set[str]] = {}
    for action in actions - NO_API_OPERATION:
        service, operation = action.split(":")
        by_service.setdefault(service, set()).add(operation)
    for service, operations in by_service.items():
        model = session.get_service_model(API_OF_ACTION.get(service, service))
        assert operations <= set(model.operation_names), service


def test_roles_are_passed_to_their_own_service_only(run: Run) -> None:
    passing = [s for s in policy(run, "identity") if s["Action"] == ["iam:PassRole"]]

    role = f"arn:aws:iam::{ACCOUNT}:role/"
    assert {s["Condition"]["StringEquals"]["iam:PassedToService"]: s["Resource"] for s in passing} == {
        "backup.amazonaws.com": [f"{role}*-backup-*"],
        "ec2.amazonaws.com": [f"{role}*-instance-role-*"],
        "ecs-tasks.amazonaws.com": [f"{role}*-task-role-*", f"{role}*-execution-role-*"],
        "ecs.amazonaws.com": [f"{role}*-infrastructure-*"],
        "lambda.amazonaws.com": [f"{role}*-function-role-*"],
        "monitoring.rds.amazonaws.com": [f"{role}*-database-monitoring-*"],
        "rds.amazonaws.com": [f"{role}*-proxy-*"],
        "scheduler.amazonaws.com": [f"{role}*-schedule-*"],
        "sns.amazonaws.com": [f"{role}*-feedback-*"],
        "vpc-flow-logs.amazonaws.com": [f"{role}*-flow-logs-*"],
    }
    conditions = {
        action: statement.get("Condition")
        for statement in policy(run, "identity")
        for action in statement["Action"]
    }
    managed = "arn:aws:iam::aws:policy/service-role"
    assert conditions["iam:AttachRolePolicy"] == {
        "ArnEquals": {
            "iam:PolicyARN": [
                f"{managed}/AWSBackupServiceRolePolicyForBackup",
                f"{managed}/AWSBackupServiceRolePolicyForRestores",
                f"{managed}/AmazonRDSEnhancedMonitoringRole",
            ]
        }
    }
    assert "iam:AWSServiceName" in conditions["iam:CreateServiceLinkedRole"]["StringEquals"]


def test_every_role_of_the_platform_is_one_that_may_be_passed() -> None:
    patterns = [p for patterns in deploy_boundary.PASSED_ROLES.values() for p in patterns]
    named = re.compile(r'(?<!deploy_)(?:iam\.Role|task_role\.role)\(\s*f"\{[\w.]+\}([\w-]+)"')
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "components").glob("*.py")]
    suffixes = {
        suffix
        for source in sources
        if "path=deploy_boundary.PATH" not in source  # of no deploy role's making
        for suffix in named.findall(source)
    }

    assert suffixes
    for suffix in suffixes:
        assert any(fnmatchcase(f"shop{suffix}-0a1b2c3", pattern) for pattern in patterns), suffix


def test_managed_policies_of_the_platform_are_those_that_may_be_attached() -> None:
    used = {
        policy
        for path in (ROOT / "components").glob("*.py")
        if not path.name.startswith("deploy_")
        for policy in re.findall(r"arn:aws:iam::aws:policy/[\w/-]+", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= set(deploy_boundary.ATTACHED_POLICIES) | {"arn:aws:iam::aws:policy/service-role/"}


SERVICE_OF_PACKAGE = {
    "appautoscaling": "application-autoscaling",
    "cfg": "config",
    "costexplorer": "ce",
    "efs": "elasticfilesystem",
    "lambda_": "lambda",
    "lb": "elasticloadbalancing",
    "vpc": "ec2",
}
ADMINISTRATORS = {"codebuild", "codepipeline", "codeconnections"}
"""Packages whose resources no deploy role makes."""


def test_a_deploy_role_reaches_every_service_that_a_component_uses(run: Run) -> None:
    changing = {
        action.split(":")[0]
        for statement in allowed(run)
        for action in statement["Action"]
        if re.match(r"\w[\w-]*:(Change|Create|Put|Register|Request|Modify)", action)
    }
    packages = {
        package.strip()
        for path in (ROOT / "components").glob("*.py")
        for names in re.findall(r"from pulumi_aws import ([\w, ]+)", path.read_text(encoding="utf-8"))
        for package in names.split(",")
    }
    used = {SERVICE_OF_PACKAGE.get(package, package) for package in packages - ADMINISTRATORS}
    assert used - changing == set()


def test_roles_without_the_boundary_cannot_be_made() -> None:
    bounded = build(role_boundary_arn="arn:boundary")
    expected = {"iam:PermissionsBoundary": "arn:boundary"}
    for statement in policy(bounded, "identity"):
        escalating = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy"}
        if escalating & set(statement["Action"]):
            assert statement["Condition"]["StringEquals"] == expected
    actions = {action for statement in policy(bounded, "identity") for action in statement["Action"]}
    assert "iam:PutRolePermissionsBoundary" in actions
    assert "iam:DeleteRolePermissionsBoundary" not in actions


@pytest.fixture(scope="module")
def previewing() -> Run:
    return build(preview=True, state_bucket="acme-pulumi-state", state_key_arn="arn:aws:kms:::key/state")


def preview_statements(run: Run) -> list[dict[str, Any]]:
    return [
        statement
        for found in run.of_type("aws:iam/policy:Policy")
        if found.name.startswith("github-preview-")
        for statement in json.loads(found.inputs["policy"])["Statement"]
    ]


def test_pull_requests_may_preview(previewing: Run) -> None:
    (role,) = [r for r in previewing.of_type("aws:iam/role:Role") if r.name == "github-preview"]
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Sid"] == "GithubPullRequests"
    assert statement["Condition"]["StringEquals"] == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:sub": ["repo:acme/shop:pull_request", "repo:acme@1234/shop@567890:pull_request"],
        f"{ISSUER}:repository_id": "567890",
        f"{ISSUER}:repository_owner_id": "1234",
    }
    assert role.inputs["permissionsBoundary"].endswith("policy/github-boundary")
    assert role.inputs["path"] == "/deploy/"
    attached = [
        r.name
        for r in previewing.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if r.inputs["role"] == "github-preview"
    ]
    assert set(attached) == {f"github-preview-{purpose}" for purpose in POLICIES | {"state"}}
    assert len(attached) <= 10
    assert role.name not in str([r.inputs for r in build().of_type("aws:iam/role:Role")])


def test_a_preview_changes_nothing_and_reads_no_content(previewing: Run) -> None:
    statements = preview_statements(previewing)
    deploying = {action for statement in allowed(previewing) for action in statement["Action"]}
    for statement in statements:
        for action in statement["Action"]:
            if statement["Resource"] == ["arn:aws:kms:::key/state"]:
                assert action == "kms:Decrypt"
                continue
            assert action in deploying
            assert re.match(r"[\w-]+:(BatchGet|Describe|Get|List|View)", action), action
            assert action not in {"secretsmanager:GetSecretValue", "logs:GetLogEvents"}
            if action == "s3:GetObject":
                assert all(":acme-pulumi-state" in resource for resource in statement["Resource"])
    assert [s["Resource"] for s in statements if "kms:Decrypt" in s["Action"]] == [
        ["arn:aws:kms:::key/state"]
    ]
    for found in previewing.of_type("aws:iam/policy:Policy"):
        assert len(re.sub(r"\s", "", found.inputs["policy"])) <= 6144


def test_no_preview_role_unless_asked_for() -> None:
    run = build()
    assert [role.name for role in run.of_type("aws:iam/role:Role")] == ["github-deploy"]
    assert run.value.preview_role_arn is None


def test_a_deploy_role_cannot_change_itself(run: Run) -> None:
    assert role_of(run).inputs["path"] == "/deploy/"
    assert role_of(run).inputs["permissionsBoundary"].endswith("policy/github-boundary")
    assert {r.inputs["path"] for r in run.of_type("aws:iam/policy:Policy")} == {"/deploy/"}
    itself = f"arn:aws:iam::{ACCOUNT}:role/deploy/github-deploy-0a1b2c3"
    for statement in policy(run, "identity"):
        changing = [a for a in statement["Action"] if not re.match(r"iam:(Get|List)", a)]
        assert not changing or not any(fnmatchcase(itself, pattern) for pattern in statement["Resource"])


def test_the_boundary(run: Run) -> None:
    limit, not_itself, not_the_password = policy(run, "boundary")

    assert limit["Condition"] == {"StringEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}}
    for action in ("iam:CreateAccessKey", "iam:CreateUser", "iam:UpdateLoginProfile", "sts:AssumeRole"):
        assert any(fnmatchcase(action, pattern) for pattern in limit["NotAction"]), action
    needed = {action for statement in allowed(run) for action in statement["Action"]}
    assert not [a for a in needed if any(fnmatchcase(a, pattern) for pattern in limit["NotAction"])]
    assert not_itself["Effect"] == "Deny"
    assert not_itself["NotAction"] == ["iam:Get*", "iam:List*"]
    assert not_itself["Resource"] == [
        f"arn:aws:iam::{ACCOUNT}:role/deploy/*",
        f"arn:aws:iam::{ACCOUNT}:policy/deploy/*",
        f"arn:aws:iam::{ACCOUNT}:oidc-provider/*",
    ]
    assert not_the_password["Effect"] == "Deny"
    assert not_the_password["Action"] == "secretsmanager:GetSecretValue"
    assert not_the_password["Resource"].endswith(":secret:rds!*")


def test_the_domain_and_the_state_are_reached_only_when_there_are_any(run: Run) -> None:
    resources = {resource for statement in allowed(run) for resource in statement["Resource"]}
    assert {"arn:aws:route53:::hostedzone/Z1", "arn:aws:s3:::acme-pulumi-state/*"} <= resources

    bare = {resource for statement in allowed(build()) for resource in statement["Resource"]}
    assert {r for r in resources - bare if not r.startswith("arn:aws:acm:")} == {
        "arn:aws:route53:::hostedzone/Z1",
        "arn:aws:route53:::change/*",
        "arn:aws:s3:::acme-pulumi-state",
        "arn:aws:s3:::acme-pulumi-state/*",
    }


def test_us_east_1_is_named_once_where_the_stack_is_there() -> None:
    for statement in allowed(build(region="us-east-1", hosted_zone_id="Z1")):
        assert len(set(statement["Resource"])) == len(statement["Resource"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("repository", "shop"),
        ("repository", "*/shop"),
        ("repository", "acme/*"),
        ("repository", "acme/shop:ref"),
        ("owner_id", "acme"),
        ("repository_id", "*"),
        ("environment", "*"),
        ("environment", ""),
        ("environment", "prod:job"),
        ("account_id", "12345"),
    ],
)
def test_what_would_trust_too_much_is_refused(field: str, value: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        GithubOidcArgs(**{**GIVEN, field: value})
    assert str(refusal.value).startswith(f"github: {field} is '{value}'; give ")
    assert "\n" not in str(refusal.value)
