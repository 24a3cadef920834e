"""Deployments: what ECS is told by each strategy, and that changing it replaces nothing."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from components.deployment import Deployment
from components.fargate_service import FargateService, FargateServiceArgs
from components.load_balancer import LoadBalancer
from components.route import Attachment, Route
from components.scaling import Scaling
from components.target_group import Sticky
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

SERVICE = "aws:ecs/service:Service"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ELB = f"arn:aws:lb:{REGION}:{ACCOUNT}"

Routing = Callable[[LoadBalancer], Mapping[str, Route | Attachment | None]]


def to_api(balancer: LoadBalancer) -> Mapping[str, Route | Attachment | None]:
    return {"api": balancer.route("/api/*")}


@pytest.fixture
def build(foundation: Any) -> Callable[..., Run]:
    """Makes the services of a routing, each on port 8000."""

    def make(routing: Routing = to_api, **arguments: Any) -> Run:
        def program() -> list[FargateService]:
            base = foundation()
            shared = {"cluster": base.cluster, "image": base.image, "port": 8000, **arguments}
            return [
                FargateService(name, FargateServiceArgs(route=route, **shared))
                for name, route in routing(base.load_balancer()).items()
            ]

        return record(program)

    return make


def service(run: Run, name: str = "api") -> Resource:
    (found,) = [resource for resource in run.of_type(SERVICE) if resource.name == f"{name}-service"]
    return found


@pytest.mark.parametrize(
    ("deployment", "configuration", "minutes"),
    [
        (Deployment(), {"strategy": "ROLLING"}, 20),
        (
            Deployment(strategy="blue-green"),
            {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "5"},
            25,
        ),
        (
            Deployment(strategy="linear", step_percent=25, step_minutes=3, bake_minutes=10),
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "10",
                "linearConfiguration": {"stepPercent": 25, "stepBakeTimeInMinutes": "3"},
            },
            20 + 10 + 3 * 3,
        ),
        (
            Deployment(strategy="canary", canary_percent=5, canary_minutes=15, bake_minutes=0),
            {
                "strategy": "CANARY",
                "bakeTimeInMinutes": "0",
                "canaryConfiguration": {"canaryPercent": 5, "canaryBakeTimeInMinutes": "15"},
            },
            20 + 15,
        ),
        (
            Deployment(strategy="blue-green", pause=True, pause_minutes=120),
            {
                "strategy": "BLUE_GREEN",
                "bakeTimeInMinutes": "5",
                "lifecycleHooks": [
                    {
                        "targetType": "PAUSE",
                        "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                        "timeoutConfiguration": {"timeoutInMinutes": "120", "action": "ROLLBACK"},
                    }
                ],
            },
            20 + 5 + 120,
        ),
    ],
)
def test_what_ecs_is_told(
    deployment: Deployment, configuration: Any, minutes: int, build: Callable[..., Run]
) -> None:
    told = service(build(deployment=deployment)).inputs
    assert told["deploymentConfiguration"] == configuration
    assert told["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert told["waitForSteadyState"] is True
    assert deployment.timeout_minutes == minutes


def test_another_strategy_changes_one_property_of_the_service(build: Callable[..., Run]) -> None:
    def graph(deployment: Deployment) -> dict[str, Any]:
        run = build(deployment=deployment)
        service(run).inputs.pop("deploymentConfiguration")
        return {
            resource.urn: (resource.inputs, resource.options.ignore_changes) for resource in run.resources
        }

    rolling = graph(Deployment())
    for strategy in ("blue-green", "linear", "canary"):
        assert graph(Deployment(strategy=strategy)) == rolling
    assert graph(Deployment(strategy="canary", pause=True)) == rolling


def test_alarms_that_roll_back(build: Callable[..., Run]) -> None:
    told = service(build(deployment=Deployment(rollback_alarms=["latency"]))).inputs["alarms"]
    assert told == {"alarmNames": ["api-errors", "latency"], "enable": True, "rollback": True}


def test_a_worker_is_rolled_back_by_alarms_of_its_own(build: Callable[..., Run]) -> None:
    run = build(lambda _: {"worker": None}, deployment=Deployment(rollback_alarms=["age"]))
    assert service(run, "worker").inputs["alarms"]["alarmNames"] == ["age"]
    assert "loadBalancers" not in service(run, "worker").inputs


def test_the_alarm_weighs_each_target_group_for_itself(build: Callable[..., Run]) -> None:
    (alarm,) = build().of_type(ALARM)
    queries = alarm.inputs["metricQueries"]
    metrics = {q["id"]: q["metric"] for q in queries if "metric" in q}
    assert sorted(metrics) == ["blue_errors", "blue_requests", "green_errors", "green_requests"]
    for id_, metric in metrics.items():
        colour, what = id_.split("_")
        name = {"requests": "RequestCount", "errors": "HTTPCode_Target_5XX_Count"}[what]
        assert (metric["metricName"], metric["period"], metric["stat"]) == (name, 60, "Sum")
        assert metric["dimensions"] == {
            "LoadBalancer": "loadbalancer/shop-alb/0123456789abcdef",
            "TargetGroup": f"targetgroup/api-{colour}/0123456789abcdef",
        }
    expressions = {q["id"]: q["expression"] for q in queries if "expression" in q}
    blue = "IF(FILL(blue_requests, 0) >= 20, 100 * FILL(blue_errors, 0) / FILL(blue_requests, 1), 0)"
    assert expressions == {
        "blue": blue,
        "green": blue.replace("blue", "green"),
        "percent": "MAX([blue, green])",
    }
    assert [q["id"] for q in queries if q.get("returnData")] == ["percent"]
    assert (alarm.inputs["threshold"], alarm.inputs["treatMissingData"]) == (5, "notBreaching")


def test_ecs_may_shift_this_service_and_no_other(build: Callable[..., Run], one: Any) -> None:
    run = build()
    role = one(run, ROLE, "api-infrastructure").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert trust["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    reads, targets, rules = json.loads(one(run, POLICY, "api-infrastructure").inputs["policy"])["Statement"]
    assert all(action.startswith("elasticloadbalancing:Describe") for action in reads["Action"])
    assert targets == {
        "Effect": "Allow",
        "Action": ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
        "Resource": [f"{ELB}:targetgroup/api-blue", f"{ELB}:targetgroup/api-green"],
    }
    assert rules == {
        "Effect": "Allow",
        "Action": ["elasticloadbalancing:ModifyRule"],
        "Resource": [f"{ELB}:listenerrule/api-rule", f"{ELB}:listenerrule/api-test-rule"],
    }


def test_a_port_of_its_own_replaces_no_target_group(build: Callable[..., Run]) -> None:
    def groups(port: int) -> list[Any]:
        return [group.inputs for group in build(port=port).of_type("aws:lb/targetGroup:TargetGroup")]

    assert groups(8000) == groups(9000)


def test_scaling_by_requests_counts_both_target_groups(build: Callable[..., Run], one: Any) -> None:
    run = build(scaling=Scaling(cpu_percent=None, requests_per_target=600))
    policy = one(run, "aws:appautoscaling/policy:Policy", "api-requests").inputs
    tracking = policy["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 600
    metrics = tracking["customizedMetricSpecification"]["metrics"]
    assert [metric["metricStat"]["metric"]["dimensions"] for metric in metrics[:2]] == [
        [{"name": "TargetGroup", "value": f"targetgroup/api-{colour}/0123456789abcdef"}]
        for colour in ("blue", "green")
    ]
    assert {metric["metricStat"]["stat"] for metric in metrics[:2]} == {"Sum"}
    assert metrics[2]["expression"] == "MAX([FILL(group_1, 0), FILL(group_2, 0)])"


def test_shares_of_one_route(build: Callable[..., Run], within: Any, one: Any) -> None:
    run = build(
        lambda balancer: balancer.split(
            balancer.route("/api/*", sticky=Sticky(seconds=60)), {"api": 95, "next": 5}, sticky_seconds=300
        )
    )
    rule = one(run, "aws:lb/listenerRule:ListenerRule", "shop-api-next-rule")
    assert rule.inputs["actions"] == [
        {
            "type": "forward",
            "forward": {
                "targetGroups": [
                    {"arn": f"{ELB}:targetgroup/api-share", "weight": 95},
                    {"arn": f"{ELB}:targetgroup/next-share", "weight": 5},
                ],
                "stickiness": {"enabled": True, "duration": 300},
            },
        }
    ]
    assert rule.options.ignore_changes == ()  # the weights are the program's
    next_ = service(run, "next")
    assert next_.inputs["loadBalancers"] == [
        {"targetGroupArn": f"{ELB}:targetgroup/next-share", "containerName": "next", "containerPort": 8000}
    ]
    assert rule.urn in next_.options.dependencies
    group = one(run, "aws:lb/targetGroup:TargetGroup", "next-share").inputs
    assert group["stickiness"] == {"type": "lb_cookie", "enabled": True, "cookieDuration": 60}
    expressions = [q.get("expression") for q in one(run, ALARM, "next-errors").inputs["metricQueries"]]
    assert expressions[-1] == "MAX([share])"
    assert not [r for r in run.resources if r.name.endswith(("-infrastructure", "-blue", "-green"))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bake_minutes": 1441}, "bake_minutes is 1441; ECS takes 0 to 1440"),
        ({"step_percent": 2.9}, "step_percent is 2.9; ECS takes 3 to 100"),
        ({"step_minutes": -1}, "step_minutes is -1"),
        ({"canary_percent": 0}, "canary_percent is 0; ECS takes 0.1 to 100"),
        ({"canary_minutes": 1441}, "canary_minutes is 1441"),
        ({"pause_minutes": 0}, "pause_minutes is 0; ECS takes 1 to 20160"),
        ({"pause": True}, "pause waits before requests are shifted, and rolling shifts none"),
    ],
)
def test_refuses_what_ecs_would(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        Deployment(**arguments)
    assert "\n" not in str(refusal.value)
