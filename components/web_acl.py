"""A web ACL of AWS WAF, for CloudFront or a public load balancer: Amazon's own rule groups, a limit per
address, everything logged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

import pulumi
from pulumi_aws import cloudwatch, kms

from components.key import KeyArgs, statements

if TYPE_CHECKING:
    from pulumi_aws.wafv2 import (
        WebAclLoggingConfigurationRedactedFieldArgsDict,
        WebAclRuleArgsDict,
        WebAclRuleVisibilityConfigArgsDict,
    )

REGION = "us-east-1"
"""Where AWS wants whatever belongs to CloudFront, whichever region the stack is in."""

RULE_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
"""In the order of their evaluation, cheapest refusal first: 25 + 200 + 700 of 1,500 capacity units."""


@dataclass(frozen=True, kw_only=True)
class WebAclArgs:
    account_id: str
    load_balancer_region: str | None = None
    """The region of a load balancer, which takes a regional web ACL; None is for CloudFront."""
    requests_per_5_minutes: int = 2_000
    """Per client address; more are answered 429 until the rate falls. AWS counts from 10 up."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        if not 10 <= self.requests_per_5_minutes <= 2_000_000_000:  # noqa: PLR2004 AWS's limits
            raise pulumi.RunError(
                f"web ACL: requests_per_5_minutes is {self.requests_per_5_minutes}; "
                "AWS takes 10 to 2,000,000,000"
            )


class WebAcl(pulumi.ComponentResource):
    """About 9 $ a month: 5 for the web ACL and 1 for each of its four rules; 1 more for the log's key."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:WebAcl", name, None, opts)
        self._region = args.load_balancer_region or REGION
        groups = [_rule_group(priority, group) for priority, group in enumerate(RULE_GROUPS, start=1)]
        acl = _Waf(
            "webAcl:WebAcl",
            f"{name}-acl",
            {
                "description": f"In front of {name}",
                "scope": "CLOUDFRONT" if args.load_balancer_region is None else "REGIONAL",
                "default_action": {"allow": {}},
                "rules": [_rate_limit(args.requests_per_5_minutes), *groups],
                "visibility_config": _visibility(f"{name}-acl"),
            },
            region=self._region,
            parent=self,
        )
        self._log(name, args, acl)
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})

    def _log(self, name: str, args: WebAclArgs, acl: "_Waf") -> None:
        """Logs every request, without what would let a reader of the log sign in as somebody."""
        key = kms.Key(
            f"{name}-log-key",
            description=f"Encrypts the log of the web ACL of {name}",
            region=self._region,  # a log group takes a key of its own region only
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": statements(KeyArgs(account_id=args.account_id, region=self._region)),
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        log_group = cloudwatch.LogGroup(
            f"{name}-log-group",
            name_prefix=f"aws-waf-logs-{name}-",  # WAF takes no other name
            region=self._region,
            retention_in_days=args.log_retention_days,
            kms_key_id=key.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        redacted: Sequence[WebAclLoggingConfigurationRedactedFieldArgsDict] = [
            {"single_header": {"name": "authorization"}},
            {"single_header": {"name": "cookie"}},
        ]
        _Waf(
            "webAclLoggingConfiguration:WebAclLoggingConfiguration",
            f"{name}-logging",
            {
                "resource_arn": acl.arn,
                "log_destination_configs": [log_group.arn],
                "redacted_fields": redacted,
            },
            region=self._region,
            parent=self,
        )


class _Waf(pulumi.CustomResource):
    """What a class of `pulumi_aws.wafv2` registers, without its import: that takes 0.9 s of every run.

    A test holds the two to be the same.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, kind: str, name: str, inputs: Mapping[str, object], *, region: str, parent: pulumi.Resource
    ) -> None:
        properties = cast("dict[str, Any]", _camel_case({**inputs, "region": region}))
        # The version sends it to the same provider as every other resource of pulumi_aws.
        opts = pulumi.ResourceOptions(parent=parent, version=metadata.version("pulumi-aws"))
        super().__init__(f"aws:wafv2/{kind}", name, {**properties, "arn": None}, opts)


def _camel_case(value: object) -> object:
    """The keys of arguments as the SDK spells them, as the provider does."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {re.sub("_([a-z])", lambda m: m[1].upper(), k): _camel_case(v) for k, v in fields.items()}
    if isinstance(value, list):
        return [_camel_case(item) for item in cast("list[object]", value)]
    return value


def _rule_group(priority: int, group: str) -> "WebAclRuleArgsDict":
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {"managed_rule_group_statement": {"vendor_name": "AWS", "name": group}},
        "visibility_config": _visibility(group),
    }


def _rate_limit(requests: int) -> "WebAclRuleArgsDict":
    return {
        "name": "RateLimit",
        "priority": 0,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {
            "rate_based_statement": {
                "limit": requests,
                "evaluation_window_sec": 300,
                "aggregate_key_type": "IP",
            }
        },
        "visibility_config": _visibility("RateLimit"),
    }


def _visibility(metric_name: str) -> "WebAclRuleVisibilityConfigArgsDict":
    return {
        "metric_name": metric_name,
        "cloudwatch_metrics_enabled": True,
        "sampled_requests_enabled": True,
    }
