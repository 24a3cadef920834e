"""A boundary on every role of the platform: set by itself, and more than no role needs."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pytest
from pulumi_aws import iam

from components import deploy_boundary
from components.role_boundary import RoleBoundary, RoleBoundaryArgs
from operations.program import Run
from operations.recording import ACCOUNT, record

ROLE = "aws:iam/role:Role"


@pytest.fixture(scope="module")
def run() -> Run:
    def program() -> RoleBoundary:
        iam.Role("before", assume_role_policy="{}")
        boundary = RoleBoundary("shop", RoleBoundaryArgs(account_id=ACCOUNT))
        component = pulumi.ComponentResource("causeway:index:Any", "any")
        iam.Role("api-task-role", assume_role_policy="{}", opts=pulumi.ResourceOptions(parent=component))
        iam.Role("own", assume_role_policy="{}", permissions_boundary="own")
        iam.Role("deploy", assume_role_policy="{}", path=deploy_boundary.PATH)
        iam.Policy("other", policy="{}")
        return boundary

    return record(program)


def test_children(run: Run, within: Any, one: Any) -> None:
    assert within(run, "RoleBoundary") == [("aws:iam/policy:Policy", "shop-role-boundary")]
    policy = one(run, "aws:iam/policy:Policy", "shop-role-boundary")
    assert policy.inputs["path"] == "/deploy/", "where no deploy role may change it"


def test_every_later_role_gets_it(run: Run, one: Any) -> None:
    bounded = {role.name: role.inputs.get("permissionsBoundary") for role in run.of_type(ROLE)}
    policy = f"arn:aws:iam:eu-west-1:{ACCOUNT}:policy/shop-role-boundary"
    assert bounded == {"before": None, "api-task-role": policy, "own": "own", "deploy": None}
    assert one(run, "aws:iam/policy:Policy", "other").inputs == {"policy": "{}"}


def test_one_run_does_not_bound_the_next() -> None:
    later = record(lambda: iam.Role("role", assume_role_policy="{}"))
    assert "permissionsBoundary" not in later.of_type(ROLE)[0].inputs


def test_the_most_that_a_role_can_have(run: Run, one: Any) -> None:
    policy = json.loads(one(run, "aws:iam/policy:Policy", "shop-role-boundary").inputs["policy"])
    limit, passing = policy["Statement"]
    for action in (
        "iam:CreateUser",
        "iam:PutRolePolicy",
        "sts:AssumeRole",
        "organizations:LeaveOrganization",
    ):
        assert any(fnmatchcase(action, pattern) for pattern in limit["NotAction"]), action
    for action in ("sqs:SendMessage", "kms:Decrypt", "rds-db:connect", "ecs:RunTask"):
        assert not any(fnmatchcase(action, pattern) for pattern in limit["NotAction"]), action
    assert passing["Action"] == "iam:PassRole"
    assert all(resource.startswith(f"arn:aws:iam::{ACCOUNT}:role/*-") for resource in passing["Resource"])
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": list(deploy_boundary.PASSED_ROLES)}
    }
