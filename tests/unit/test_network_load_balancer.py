"""The network load balancer: static addresses, named clients, and the ALB or one service behind a port."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.fargate_service import FargateService, FargateServiceArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network_load_balancer import NetworkLoadBalancer, NetworkLoadBalancerArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/shop"
WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/shop/1"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
EIP, BALANCER = "aws:ec2/eip:Eip", "aws:lb/loadBalancer:LoadBalancer"
GROUP, LISTENER = "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener"
ATTACHED = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ELB = f"arn:aws:lb:{REGION}:{ACCOUNT}"

Build = Callable[..., Run]


@pytest.fixture
def build(foundation: Any, logs: Any) -> Build:
    def make(
        use: Callable[[NetworkLoadBalancer, Any, Callable[..., LoadBalancer]], Any] = lambda *_: None,
        name: str = "shop-fixed",
        **arguments: Any,
    ) -> Run:
        def program() -> Any:
            base, bucket = foundation(), logs()

            def alb(**others: Any) -> LoadBalancer:
                guarded = {"certificate_arn": CERTIFICATE, "web_acl_arn": WEB_ACL, **others}
                args = LoadBalancerArgs(network=base.network, access_logs=bucket, **guarded)
                return LoadBalancer("shop", args)

            args = NetworkLoadBalancerArgs(network=base.network, access_logs=bucket, **arguments)
            return use(NetworkLoadBalancer(name, args), base, alb)

        return record(program)

    return make


def test_static_addresses(build: Build, within: Any, one: Any) -> None:
    run = build(lambda nlb, *_: pulumi.export("addresses", nlb.addresses))
    assert within(run, "NetworkLoadBalancer") == [
        (EIP, "shop-fixed-address-a"),
        (EIP, "shop-fixed-address-b"),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-fixed-network-load-balancer"),
        (BALANCER, "shop-fixed-nlb"),
    ]
    balancer = one(run, BALANCER, "shop-fixed-nlb")
    assert balancer.inputs == {
        "loadBalancerType": "network",
        "internal": False,
        "ipAddressType": "ipv4",
        "subnetMappings": [
            {"subnetId": f"shop-public-{zone}-id", "allocationId": f"shop-fixed-address-{zone}-id"}
            for zone in "ab"
        ],
        "securityGroups": ["shop-fixed-network-load-balancer-id"],
        "accessLogs": {"bucket": "logs-bucket", "enabled": True},
        "enableCrossZoneLoadBalancing": True,
        "enableDeletionProtection": True,
    }
    assert all(kept.options.protect for kept in (balancer, *run.of_type(EIP)) if "nat" not in kept.name)


def test_internal_has_no_address_of_its_own(build: Build, one: Any) -> None:
    run = build(lambda nlb, *_: nlb.listen(5000), internal=True, protect=False)
    balancer = one(run, BALANCER, "shop-fixed-nlb")
    assert balancer.inputs["subnets"] == ["shop-private-a-id", "shop-private-b-id"]
    assert balancer.inputs["enableDeletionProtection"] is balancer.options.protect is False
    assert not [eip for eip in run.of_type(EIP) if "address-" in eip.name and "nat" not in eip.name]
    assert one(run, INGRESS, "shop-fixed-5000-from-clients").inputs["cidrIpv4"] == "10.0.0.0/16"


def test_before_an_application_load_balancer(build: Build, within: Any, one: Any) -> None:
    run = build(lambda nlb, _, alb: nlb.forward(alb()), static_addresses=False)
    assert within(run, "NetworkLoadBalancer") == [
        ("aws:ec2/securityGroup:SecurityGroup", "shop-fixed-network-load-balancer"),
        (LISTENER, "shop-fixed-443"),
        (BALANCER, "shop-fixed-nlb"),
        (GROUP, "shop-fixed-443"),
        (ATTACHED, "shop-fixed-443"),
        (EGRESS, "shop-fixed-to-shop"),
        (INGRESS, "shop-fixed-443-from-clients"),
    ]
    group = one(run, GROUP, "shop-fixed-443").inputs
    assert (group["targetType"], group["protocol"], group["port"]) == ("alb", "TCP", 443)
    assert (group["healthCheck"]["protocol"], group["healthCheck"]["matcher"]) == ("HTTPS", "200-499")
    attachment = one(run, ATTACHED, "shop-fixed-443").inputs
    assert attachment == {
        "targetGroupArn": f"{ELB}:targetgroup/shop-fixed-443",
        "targetId": f"{ELB}:loadbalancer/shop-alb",
        "port": 443,
    }
    listener = one(run, LISTENER, "shop-fixed-443").inputs
    assert (listener["port"], listener["protocol"], listener.get("certificateArn")) == (443, "TCP", None)
    out, into = (
        one(run, EGRESS, "shop-fixed-to-shop").inputs,
        one(run, INGRESS, "shop-from-shop-fixed").inputs,
    )
    ours, theirs = "shop-fixed-network-load-balancer-id", "shop-load-balancer-id"
    assert (out["securityGroupId"], out["referencedSecurityGroupId"], out["fromPort"]) == (ours, theirs, 443)
    assert (into["securityGroupId"], into["referencedSecurityGroupId"], into["toPort"]) == (theirs, ours, 443)


def test_clients_are_those_named(build: Build) -> None:
    run = build(lambda nlb, *_: nlb.listen(5000), client_cidrs=["192.0.2.0/24", "198.51.100.0/24"])
    doors = {r.name: r.inputs["cidrIpv4"] for r in run.of_type(INGRESS) if "clients" in r.name}
    assert doors == {
        "shop-fixed-5000-from-clients": "192.0.2.0/24",
        "shop-fixed-5000-from-clients-2": "198.51.100.0/24",
    }
    assert not [
        r
        for r in build(lambda nlb, *_: nlb.listen(5000), client_cidrs=[]).of_type(INGRESS)
        if "cli" in r.name
    ]


def serve(port: int = 5000, udp: bool = False, **listening: Any) -> Any:
    def use(nlb: NetworkLoadBalancer, base: Any, _: Any) -> None:
        route = nlb.listen(port, **listening)
        protocol = "udp" if udp else "tcp"
        args = FargateServiceArgs(
            cluster=base.cluster, image=base.image, port=7000, port_protocol=protocol, route=route
        )
        FargateService("echo", args)

    return use


def test_a_service_by_tls(build: Build, one: Any) -> None:
    run = build(serve(853, protocol="TLS", certificate_arn=CERTIFICATE))
    listener = one(run, LISTENER, "shop-fixed-853")
    assert (listener.inputs["protocol"], listener.inputs["certificateArn"]) == ("TLS", CERTIFICATE)
    assert listener.inputs["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")
    group = one(run, GROUP, "shop-fixed-853").inputs
    assert (group["protocol"], group["targetType"], group["preserveClientIp"]) == ("TCP", "ip", "false")
    assert (group["healthCheck"]["protocol"], group["healthCheck"]["port"]) == ("TCP", "traffic-port")
    service = one(run, "aws:ecs/service:Service", "echo-service")
    assert service.inputs["loadBalancers"] == [
        {
            "targetGroupArn": f"{ELB}:targetgroup/shop-fixed-853",
            "containerName": "echo",
            "containerPort": 7000,
        }
    ]
    assert listener.urn in service.options.dependencies
    assert "alarms" not in service.inputs
    into = one(run, INGRESS, "echo-load-balancer-7000-in").inputs
    assert into["referencedSecurityGroupId"] == "shop-fixed-network-load-balancer-id"


def test_a_service_by_udp_tells_its_health_by_http(build: Build, one: Any) -> None:
    run = build(serve(udp=True, protocol="UDP", health_check_port=8080, health_check_path="/healthz"))
    group = one(run, GROUP, "shop-fixed-5000").inputs
    assert (group["protocol"], group["preserveClientIp"]) == ("UDP", "true")
    check = group["healthCheck"]
    assert (check["protocol"], check["port"], check["path"]) == ("HTTP", "8080", "/healthz")
    doors = {
        r.name: (r.inputs["ipProtocol"], r.inputs["fromPort"])
        for r in run.of_type(INGRESS)
        if r.name.startswith(("echo", "shop-fixed"))
    }
    assert doors == {
        "shop-fixed-5000-from-clients": ("udp", 5000),
        "echo-load-balancer-7000-in": ("udp", 7000),
        "echo-health-check-8080-in": ("tcp", 8080),
    }
    definitions = one(run, "aws:ecs/taskDefinition:TaskDefinition", "echo-task").inputs
    assert '"protocol": "udp"' in definitions["containerDefinitions"].replace('":"', '": "')


@pytest.mark.parametrize(
    ("use", "arguments", "message"),
    [
        (lambda n, _, alb: n.forward(alb(web_acl_arn=None)), {}, "needs certificate_arn and web_acl_arn"),
        (lambda n, _, alb: n.forward(alb(certificate_arn=None)), {}, "everybody would reach load balancer"),
        (
            lambda n, *_: (n.listen(80), n.listen(80, protocol="UDP", health_check_port=1)),
            {},
            "port 80 already",
        ),
        (lambda n, *_: n.listen(0), {}, "port is 0; give 1 to 65535"),
        (lambda n, *_: n.listen(1, protocol="TLS"), {}, "TLS 1 needs certificate_arn"),
        (lambda n, *_: n.listen(1, certificate_arn="x"), {}, "TCP 1 takes no certificate_arn; give TLS"),
        (lambda n, *_: n.listen(1, protocol="UDP"), {}, "UDP 1 needs health_check_port"),
        (lambda n, *_: n.listen(1, health_check_path="x"), {}, "path 'x' must start with '/'"),
        (lambda *_: None, {"client_cidrs": ["home"]}, "'home' is no block of addresses"),
        (lambda *_: None, {"name": "a-name-of-19-chars-"}, "a name has a-z"),
        (lambda *_: None, {"name": "a-name-of-19-charsx"}, "the name has 19 characters, at most 18"),
        (serve(udp=True), {}, "sends tcp and port_protocol is udp; give port_protocol tcp"),
    ],
)
def test_refuses_what_cannot_work(use: Any, arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(use, **arguments)
    assert "\n" not in str(refusal.value)


def test_one_load_balancer_behind_one_port(build: Build) -> None:
    def use(nlb: NetworkLoadBalancer, _: Any, alb: Callable[..., LoadBalancer]) -> None:
        balancer = alb()
        nlb.forward(balancer)
        nlb.forward(balancer, port=8443)

    with pytest.raises(pulumi.RunError, match="load balancer 'shop' is given twice; give it once"):
        build(use)


def test_its_own_network_may_use_a_plain_one(build: Build, one: Any) -> None:
    run = build(
        lambda n, _, alb: n.forward(alb(certificate_arn=None, web_acl_arn=None), port=80), internal=True
    )
    assert one(run, GROUP, "shop-fixed-80").inputs["healthCheck"]["protocol"] == "HTTP"
