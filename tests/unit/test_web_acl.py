"""Web ACL: what AWS WAF asks in front of CloudFront, and the same as pulumi_aws.wafv2 would register."""

import json
import re
from typing import Any

import pulumi
import pytest
from pulumi_aws import wafv2

from components.web_acl import WebAcl, WebAclArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

ACL = "aws:wafv2/webAcl:WebAcl"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"


@pytest.fixture(scope="module")
def run() -> Run:
    def program() -> None:
        pulumi.export("web_acl", WebAcl("site", WebAclArgs(account_id=ACCOUNT)).arn)

    return record(program)


def one(run: Run, type_: str) -> Resource:
    (found,) = run.of_type(type_)
    return found


def test_its_children_stand_in_us_east_1(run: Run) -> None:
    assert {(r.type, r.name) for r in run.resources} == {
        ("causeway:index:WebAcl", "site"),
        (ACL, "site-acl"),
        ("aws:kms/key:Key", "site-log-key"),
        ("aws:cloudwatch/logGroup:LogGroup", "site-log-group"),
        (LOGGING, "site-logging"),
    }
    children = [resource for resource in run.resources if resource.options.custom]
    assert {resource.inputs["region"] for resource in children} == {"us-east-1"}
    assert all(resource.options.parent.endswith("causeway:index:WebAcl::site") for resource in children)
    assert one(run, ACL).inputs["scope"] == "CLOUDFRONT"


def test_a_load_balancers_stands_in_its_region() -> None:
    regional = record(lambda: WebAcl("shop", WebAclArgs(account_id=ACCOUNT, load_balancer_region=REGION)))
    children = [resource for resource in regional.resources if resource.options.custom]
    assert {resource.inputs["region"] for resource in children} == {REGION}
    assert one(regional, ACL).inputs["scope"] == "REGIONAL"
    key = json.loads(one(regional, "aws:kms/key:Key").inputs["policy"])
    (logs,) = [s for s in key["Statement"] if s["Sid"] == "LogGroups"]
    assert logs["Principal"] == {"Service": [f"logs.{REGION}.amazonaws.com"]}


def test_amazons_rules_follow_a_limit_per_address(run: Run) -> None:
    acl = one(run, ACL).inputs
    limit, *groups = acl["rules"]

    assert acl["defaultAction"] == {"allow": {}}
    assert [rule["priority"] for rule in acl["rules"]] == [0, 1, 2, 3]
    assert limit["statement"]["rateBasedStatement"] == {
        "limit": 2000,
        "evaluationWindowSec": 300,
        "aggregateKeyType": "IP",
    }
    assert limit["action"] == {"block": {"customResponse": {"responseCode": 429}}}
    assert [rule["statement"]["managedRuleGroupStatement"] for rule in groups] == [
        {"vendorName": "AWS", "name": "AWSManagedRulesAmazonIpReputationList"},
        {"vendorName": "AWS", "name": "AWSManagedRulesKnownBadInputsRuleSet"},
        {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"},
    ]
    assert all(rule["overrideAction"] == {"none": {}} for rule in groups)
    for visible in (acl, *acl["rules"]):
        assert visible["visibilityConfig"]["cloudwatchMetricsEnabled"] is True
        assert visible["visibilityConfig"]["sampledRequestsEnabled"] is True


def test_requests_are_logged_without_what_signs_in(run: Run) -> None:
    logging = one(run, LOGGING)

    assert logging.inputs["redactedFields"] == [
        {"singleHeader": {"name": "authorization"}},
        {"singleHeader": {"name": "cookie"}},
    ]
    assert logging.inputs["resourceArn"] == run.outputs["web_acl"]
    group = one(run, "aws:cloudwatch/logGroup:LogGroup").inputs
    assert group["namePrefix"] == "aws-waf-logs-site-"
    assert group["retentionInDays"] == 90
    assert group["kmsKeyId"].endswith("key/site-log-key")


def test_the_logs_key_lets_the_logs_of_us_east_1_in(run: Run) -> None:
    key = one(run, "aws:kms/key:Key").inputs

    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    (logs,) = [s for s in json.loads(key["policy"])["Statement"] if s["Sid"] == "LogGroups"]
    assert logs["Principal"] == {"Service": ["logs.us-east-1.amazonaws.com"]}


@pytest.mark.parametrize(("type_", "sdk"), [(ACL, wafv2.WebAcl), (LOGGING, wafv2.WebAclLoggingConfiguration)])
def test_the_sdk_would_register_the_same(run: Run, type_: str, sdk: Any) -> None:
    ours = one(run, type_)

    theirs = one(record(lambda: sdk(ours.name, **snake_case(ours.inputs))), type_)

    assert theirs.inputs == ours.inputs


@pytest.mark.parametrize("requests", [9, 2_000_000_001])
def test_a_limit_that_aws_refuses_is_refused(requests: int) -> None:
    with pytest.raises(pulumi.RunError, match=rf"requests_per_5_minutes is {requests}; AWS takes 10 to"):
        WebAclArgs(account_id=ACCOUNT, requests_per_5_minutes=requests)


def snake_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub("([A-Z])", r"_\1", key).lower(): snake_case(item) for key, item in value.items()}
    return [snake_case(item) for item in value] if isinstance(value, list) else value
