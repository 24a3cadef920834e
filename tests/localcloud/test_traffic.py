"""What brings requests to services, beyond what the shop uses by default: the local cloud takes all of it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from localcloud.deploy import Deployment, deploy
from operations.program import ROOT

REGION = "eu-central-1"
# The emulator serves the load balancers of its own region only.
PROGRAM = """
import pulumi
from components.answer import FixedResponse, Redirect
from components.bucket import Bucket, BucketArgs
from components.cluster import Cluster, ClusterArgs
from components.deployment import Deployment
from components.fargate_service import FargateService, FargateServiceArgs
from components.image import Image, ImageArgs
from components.key import Key, KeyArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.match import Match
from components.network import Network, NetworkArgs
from components.network_load_balancer import NetworkLoadBalancer, NetworkLoadBalancerArgs
from components.route import Rewrite
from components.scaling import Scaling, Schedule
from components.target_group import Sticky
from components.web_acl import WebAcl, WebAclArgs

where = {"account_id": "000000000000", "region": "eu-central-1"}
key = Key("edge", KeyArgs(**where))
network = Network("edge", NetworkArgs(
    cidr="10.98.0.0/16", zones=["eu-central-1a", "eu-central-1b"], region="eu-central-1", key=key))
logs = Bucket("edge-logs", BucketArgs(log_delivery=True, **where))
acl = WebAcl("edge", WebAclArgs(account_id="000000000000", load_balancer_region="eu-central-1"))
balancer = LoadBalancer("edge", LoadBalancerArgs(
    network=network, access_logs=logs, internal=False, web_acl_arn=acl.arn,
    certificate_arn="arn:aws:acm:eu-central-1:000000000000:certificate/edge"))
fixed = NetworkLoadBalancer("fixed", NetworkLoadBalancerArgs(network=network, access_logs=logs))
fixed.forward(balancer)
balancer.answer("old", balancer.route("/old/*"), Redirect(path="/new", protocol="HTTPS", port="443"))
balancer.answer("down", balancer.route(match=Match(paths=["/down"], methods=["GET"])),
    FixedResponse(status=503, body="Back soon"))
shares = balancer.split(balancer.route("/split/*"), {"one": 95, "two": 5}, sticky_seconds=60)
route = balancer.route(match=Match(paths=["/api/*"], headers={"X-Beta": ["1"]}, queries={"v": "2"}),
    rewrites=[Rewrite(regex="^/api/(.*)$", replace="/$1")], sticky=Sticky(seconds=60))
shared = {
    "cluster": Cluster("edge", ClusterArgs(network=network, key=key)),
    "image": Image("edge", ImageArgs(context="app/api", source="local", key=key)),
    "port": 8000,
    "scaling": Scaling(minimum=0, maximum=1, requests_per_target=10, schedules=[
        Schedule(name="day", at="cron(0 7 * * ? *)", minimum=0, maximum=2, timezone="Europe/Zurich"),
        Schedule(name="noon", at="cron(0 12 * * ? *)", minimum=1, maximum=2)]),
}
FargateService("api", FargateServiceArgs(
    route=route, deployment=Deployment(strategy="canary", pause=True), **shared))
counted = {**shared, "scaling": Scaling(minimum=0, maximum=1, schedules=shared["scaling"].schedules)}
for name, share in shares.items():
    FargateService(name, FargateServiceArgs(route=share, **counted))
FargateService("echo", FargateServiceArgs(**counted, port_protocol="udp",
    route=fixed.listen(5000, protocol="UDP", health_check_port=8080)))
pulumi.export("balancer", balancer.arn)
pulumi.export("host", balancer.dns_name)
pulumi.export("network", fixed.arn)
pulumi.export("listener", balancer.listener_arn)
pulumi.export("cluster", shared["cluster"].name)
"""


@pytest.fixture(scope="module")
def edge(local: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    root: Path = tmp_path_factory.mktemp("edge")
    (root / "platform").mkdir()
    (root / "app").symlink_to(ROOT / "app")
    (root / "platform" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (root / "Pulumi.yaml").write_text("name: causeway\nruntime: python\n", encoding="utf-8")
    config = {"aws:region": REGION, "aws:defaultTags": json.dumps({"tags": {"project": "causeway"}})}
    return deploy("test", servers=local.servers, config=config, root=root, endpoint=local.endpoint)


def get(local: SimpleNamespace, edge: Deployment, path: str) -> httpx.Response:
    headers = {"Host": f"{edge.outputs['host']}:443", "X-Forwarded-Proto": "https"}
    return httpx.get(f"{local.endpoint}{path}", headers=headers, follow_redirects=False)


def test_the_load_balancer_answers_by_itself(edge: Deployment, local: SimpleNamespace) -> None:
    old, down = get(local, edge, "/old/page"), get(local, edge, "/down")
    assert (old.status_code, old.headers["location"].split(":443")[1]) == (301, "/new")
    assert (down.status_code, down.text) == (503, "Back soon")
    assert get(local, edge, "/elsewhere").status_code == 404


def test_rules_are_as_they_were_written(edge: Deployment, local: SimpleNamespace) -> None:
    elbv2 = local.clients.get("elbv2", REGION)
    rules = elbv2.describe_rules(ListenerArn=edge.outputs["listener"])["Rules"]
    (api,) = [rule for rule in rules if rule.get("Transforms")]
    assert api["Transforms"][0]["UrlRewriteConfig"]["Rewrites"] == [
        {"Regex": "^/api/(.*)$", "Replace": "/$1"}
    ]
    fields = {condition["Field"] for condition in api["Conditions"]}
    assert fields == {"path-pattern", "http-header", "query-string"}


def test_the_network_load_balancer_stands_before_the_other(edge: Deployment, local: SimpleNamespace) -> None:
    elbv2 = local.clients.get("elbv2", REGION)
    listeners = elbv2.describe_listeners(LoadBalancerArn=edge.outputs["network"])["Listeners"]
    assert {(one["Protocol"], one["Port"]) for one in listeners} == {("TCP", 443), ("UDP", 5000)}
    (tcp,) = [one for one in listeners if one["Protocol"] == "TCP"]
    health = elbv2.describe_target_health(TargetGroupArn=tcp["DefaultActions"][0]["TargetGroupArn"])
    (target,) = health["TargetHealthDescriptions"]
    assert target["Target"]["Id"] == edge.outputs["balancer"]


def test_a_deployment_is_told_as_ecs_wants_it(edge: Deployment, local: SimpleNamespace) -> None:
    ecs = local.clients.get("ecs", REGION)
    cluster = edge.outputs["cluster"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    services: list[dict[str, Any]] = ecs.describe_services(cluster=cluster, services=arns)["services"]
    (api,) = [service for service in services if service["serviceName"].startswith("api-")]
    configuration = api["deploymentConfiguration"]
    assert configuration["strategy"] == "CANARY"
    assert configuration["canaryConfiguration"] == {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 10}
    assert configuration["lifecycleHooks"][0]["timeoutConfiguration"]["timeoutInMinutes"] == 60
    advanced = api["loadBalancers"][0]["advancedConfiguration"]
    assert sorted(advanced) == [
        "alternateTargetGroupArn",
        "productionListenerRule",
        "roleArn",
        "testListenerRule",
    ]
