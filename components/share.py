"""One route shared between services by weight: a target group for each, and the rule's action over them."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import lb

from components.names import refuse_bad_name
from components.route import Route
from components.target_group import LONGEST_STICKY_SECONDS, http_target_group

HIGHEST_WEIGHT = 999
FEWEST, MOST = 2, 5
"""Services of one route: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""


def refuse_bad_weights(route: Route, weights: Mapping[str, int], sticky_seconds: int | None) -> None:
    """Refuse what AWS would not take as a weighted rule, or as a target group's name."""
    for service, weight in weights.items():
        because = "a target group's name has 32, with '-share' and Pulumi's suffix"
        refuse_bad_name("service", service, longest=18, because=because)
        if not 0 <= weight <= HIGHEST_WEIGHT:
            raise pulumi.RunError(
                f"load balancer: weight {weight} of '{service}' in {route}; give 0 to {HIGHEST_WEIGHT}"
            )
    if not FEWEST <= len(weights) <= MOST:
        raise pulumi.RunError(
            f"load balancer: {route} is split between {len(weights)} services; AWS takes {FEWEST} to {MOST}"
        )
    if sticky_seconds is not None and not 1 <= sticky_seconds <= LONGEST_STICKY_SECONDS:
        raise pulumi.RunError(
            f"load balancer: sticky_seconds is {sticky_seconds}; give 1 to {LONGEST_STICKY_SECONDS}"
        )


def make_groups(
    route: Route, weights: Mapping[str, int], vpc_id: pulumi.Input[str], parent: pulumi.Resource
) -> dict[str, lb.TargetGroup]:
    """A target group for each service, in one order whatever the order of the weights."""
    return {
        service: http_target_group(
            f"{service}-share",
            vpc_id=vpc_id,
            health_check_path=route.health_check_path,
            sticky=route.sticky,
            parent=parent,
        )
        for service in sorted(weights)
    }


def forward(
    groups: Mapping[str, lb.TargetGroup], weights: Mapping[str, int], sticky_seconds: int | None
) -> lb.ListenerRuleActionArgsDict:
    """The action of the rule over all of them."""
    shared: lb.ListenerRuleActionForwardArgsDict = {
        "target_groups": [{"arn": group.arn, "weight": weights[name]} for name, group in groups.items()]
    }
    if sticky_seconds is not None:
        shared["stickiness"] = {"enabled": True, "duration": sticky_seconds}
    return {"type": "forward", "forward": shared}
