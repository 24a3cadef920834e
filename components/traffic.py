"""What brings a service its requests, and takes a bad version back: the pair of target groups, the rules of
the production and the test listener, the role by which ECS shifts between them, the alarm on errors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, ecs, iam, lb

from components.cluster import Cluster
from components.key import Key
from components.route import Attachment, Route
from components.target_group import http_target_group

ERROR_PERCENT, ERROR_REQUESTS = 5, 20
"""A minute is bad when so many percent of at least so many requests are answered 5xx."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What the service is made with."""

    load_balancers: list[ecs.ServiceLoadBalancerArgsDict] = field(
        default_factory=list[ecs.ServiceLoadBalancerArgsDict]
    )
    target_group_arn_suffixes: Sequence[pulumi.Output[str]] = ()
    """One or two, in CloudWatch's dimensions: whichever has the requests."""
    load_balancer_arn_suffix: pulumi.Output[str] | None = None
    alarm_names: Sequence[pulumi.Output[str]] = ()
    needs: Sequence[pulumi.Resource] = ()
    """Without these ECS cannot make the service, or shift its requests."""


def routed(name: str, route: Route, port: int, cluster: Cluster, parent: pulumi.Resource) -> Traffic:
    """The traffic of a service of its own route. All of it exists under every strategy, so that changing the
    strategy changes one property of the service and replaces nothing."""
    blue, green = (
        http_target_group(
            f"{name}-{colour}",
            vpc_id=cluster.network.vpc_id,
            health_check_path=route.health_check_path,
            sticky=route.sticky,
            parent=parent,
        )
        for colour in ("blue", "green")
    )
    # ECS refuses a target group that no load balancer uses yet: each rule holds one of the two.
    rule = _rule(f"{name}-rule", route, route.entrance.listener_arn, blue, parent)
    test_rule = _rule(f"{name}-test-rule", route, route.entrance.test_listener_arn, green, parent)
    role, policy = _infrastructure_role(name, cluster.key, [blue, green], [rule, test_rule], parent)
    suffixes = [blue.arn_suffix, green.arn_suffix]
    balancer = pulumi.Output.from_input(route.entrance.arn_suffix)
    alarm = _error_alarm(name, balancer, dict(zip(("blue", "green"), suffixes, strict=True)), parent)
    return Traffic(
        load_balancers=[
            {
                "target_group_arn": blue.arn,
                "container_name": name,
                "container_port": port,
                "advanced_configuration": {
                    "alternate_target_group_arn": green.arn,
                    "production_listener_rule": rule.arn,
                    "test_listener_rule": test_rule.arn,
                    "role_arn": role.arn,
                },
            }
        ],
        target_group_arn_suffixes=suffixes,
        load_balancer_arn_suffix=balancer,
        alarm_names=[alarm.name],
        needs=[rule, test_rule, policy],
    )


def attached(name: str, attachment: Attachment, port: int, parent: pulumi.Resource) -> Traffic:
    """The traffic of a service that joins a target group; an Application Load Balancer counts its errors."""
    suffix = pulumi.Output.from_input(attachment.target_group_arn_suffix)
    balancer: pulumi.Output[str] | None = None
    alarms: list[pulumi.Output[str]] = []
    if attachment.load_balancer_arn_suffix is not None:
        balancer = pulumi.Output.from_input(attachment.load_balancer_arn_suffix)
        alarms = [_error_alarm(name, balancer, {"share": suffix}, parent).name]
    return Traffic(
        load_balancers=[
            {
                "target_group_arn": attachment.target_group_arn,
                "container_name": name,
                "container_port": port,
            }
        ],
        target_group_arn_suffixes=[suffix],
        load_balancer_arn_suffix=balancer,
        alarm_names=alarms,
        needs=attachment.needs,
    )


def _rule(
    name: str,
    route: Route,
    listener_arn: pulumi.Input[str],
    targets: lb.TargetGroup,
    parent: pulumi.Resource,
) -> lb.ListenerRule:
    return lb.ListenerRule(
        name,
        listener_arn=listener_arn,
        priority=route.priority,
        conditions=route.match.conditions(),
        transforms=route.transforms(),
        actions=[{"type": "forward", "target_group_arn": targets.arn}],
        # ECS owns whither: at its first shift it writes both groups into the rule, with weights.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["actions"]),
    )


def _infrastructure_role(
    name: str,
    key: Key,
    targets: Sequence[lb.TargetGroup],
    rules: Sequence[lb.ListenerRule],
    parent: pulumi.Resource,
) -> tuple[iam.Role, iam.RolePolicy]:
    """What AWS's own AmazonECSInfrastructureRolePolicyForLoadBalancers allows, for this service's groups and
    rules instead of the account's."""
    child = pulumi.ResourceOptions(parent=parent)
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        # Not all of ECS's calls carry the account; one that does may carry no other.
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": key.account_id}},
    }
    role = iam.Role(
        f"{name}-infrastructure",
        description=f"ECS shifts the requests of {name} from one version to the next",
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        opts=child,
    )
    reads = ["DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth"]
    statements: list[dict[str, object]] = [
        # AWS takes no resource for these.
        {
            "Effect": "Allow",
            "Action": [f"elasticloadbalancing:{action}" for action in reads],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            "Resource": [group.arn for group in targets],
        },
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:ModifyRule"],
            "Resource": [rule.arn for rule in rules],
        },
    ]
    policy = iam.RolePolicy(
        f"{name}-infrastructure",
        role=role.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=child,
    )
    return role, policy


def _error_alarm(
    name: str,
    load_balancer_arn_suffix: pulumi.Output[str],
    targets: dict[str, pulumi.Output[str]],
    parent: pulumi.Resource,
) -> cloudwatch.MetricAlarm:
    """Fires when new tasks answer with errors; a deployment that is under way is then rolled back. Each group
    counts for itself, so that few requests of a canary weigh as much as the many of the old version."""
    queries: list[cloudwatch.MetricAlarmMetricQueryArgsDict] = []
    for colour, suffix in targets.items():
        requests, errors = f"{colour}_requests", f"{colour}_errors"
        for id_, metric in ((requests, "RequestCount"), (errors, "HTTPCode_Target_5XX_Count")):
            queries.append(
                {
                    "id": id_,
                    "metric": {
                        "namespace": "AWS/ApplicationELB",
                        "metric_name": metric,
                        "dimensions": {"LoadBalancer": load_balancer_arn_suffix, "TargetGroup": suffix},
                        "period": 60,
                        "stat": "Sum",
                    },
                }
            )
        percent = f"100 * FILL({errors}, 0) / FILL({requests}, 1)"
        queries.append(
            {
                "id": colour,
                "expression": f"IF(FILL({requests}, 0) >= {ERROR_REQUESTS}, {percent}, 0)",
            }
        )
    queries.append(
        {
            "id": "percent",
            "label": "Percent of requests answered 5xx",
            "expression": f"MAX([{', '.join(targets)}])",
            "return_data": True,
        }
    )
    return cloudwatch.MetricAlarm(
        f"{name}-errors",
        alarm_description=f"{name} answers {ERROR_PERCENT} % of its requests, or more, with 5xx",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=ERROR_PERCENT,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data="notBreaching",
        metric_queries=queries,
        opts=pulumi.ResourceOptions(parent=parent),
    )
