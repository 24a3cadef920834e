"""Calls between services by name: the namespace, who is called, who calls, and the door between them."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.cluster import Cluster, ClusterArgs
from components.fargate_service import FargateService, FargateServiceArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

SERVICE, TASK = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"
NAMESPACE = "aws:servicediscovery/httpNamespace:HttpNamespace"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

Build = Callable[..., Run]


@pytest.fixture
def build(foundation: Any) -> Build:
    """The services `prices`, which is called, `shop`, which calls it, and `worker`, which does neither."""

    def make(*, namespace: bool = True, preview: bool = False, **called: Any) -> Run:
        def program() -> None:
            base = foundation()
            cluster = Cluster(
                "mesh", ClusterArgs(network=base.network, key=base.key, service_connect=namespace)
            )
            shared = {"cluster": cluster, "image": base.image}
            given = {"port": 8000, "connect": "prices", **called}
            prices = FargateService("prices", FargateServiceArgs(**shared, **given))
            FargateService("shop", FargateServiceArgs(links=[prices.link()], **shared))
            FargateService("worker", FargateServiceArgs(**shared))

        return record(program, preview=preview)

    return make


def test_the_namespace_only_where_it_is_asked_for(build: Build, foundation: Any) -> None:
    assert [namespace.name for namespace in build().of_type(NAMESPACE)] == ["mesh-namespace"]
    assert record(foundation).of_type(NAMESPACE) == []


def test_who_is_called(build: Build, one: Any) -> None:
    run = build()
    assert one(run, SERVICE, "prices-service").inputs["serviceConnectConfiguration"] == {
        "enabled": True,
        "namespace": f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:httpnamespace/mesh-namespace",
        "services": [
            {
                "portName": "prices",
                "discoveryName": "prices",
                "clientAlias": [{"port": 8000, "dnsName": "prices"}],
            }
        ],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "prices-logs",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": "service-connect",
            },
        },
    }
    (container,) = json.loads(one(run, TASK, "prices-task").inputs["containerDefinitions"])
    assert container["portMappings"] == [
        {"appProtocol": "http", "containerPort": 8000, "hostPort": 8000, "name": "prices", "protocol": "tcp"}
    ]


def test_who_calls(build: Build, one: Any) -> None:
    run = build()
    configuration = one(run, SERVICE, "shop-service").inputs["serviceConnectConfiguration"]
    assert (configuration["enabled"], configuration["services"]) == (True, [])
    (container,) = json.loads(one(run, TASK, "shop-task").inputs["containerDefinitions"])
    assert container["environment"] == [{"name": "PRICES_URL", "value": "http://prices:8000"}]
    out = one(run, EGRESS, "shop-prices-service-8000-out").inputs
    into = one(run, INGRESS, "shop-prices-service-8000-in").inputs
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == ("shop-task-id", "prices-task-id")
    assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == ("prices-task-id", "shop-task-id")


def test_who_does_neither_has_no_proxy(build: Build, one: Any) -> None:
    assert "serviceConnectConfiguration" not in one(build(), SERVICE, "worker-service").inputs


def test_preview_with_nothing_known(build: Build, unknown: None, one: Any) -> None:
    one(build(preview=True), SERVICE, "shop-service")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"namespace": False}, "connect and links of services need a namespace; give the cluster"),
        ({"port": None}, "connect 'prices' needs a port to call; give port"),
        ({"connect": "Prices"}, "connect is 'Prices'; a name has a-z"),
        ({"connect": None}, r"fargate service prices: link\(\) is for a service that has a name"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)
