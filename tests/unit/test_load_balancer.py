"""The load balancer: internal, logged, strict; routes whose priority never depends on one another."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.route import BAND, HIGHEST, Route, priority_of, refuse_collision
from operations.program import Run
from operations.recording import record

CERTIFICATE = "arn:aws:acm:eu-west-1:111111111111:certificate/shop"
WEB_ACL = "arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/shop/1"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LISTENER = "aws:lb/listener:Listener"

words = st.text("abcdefghij-", min_size=1, max_size=20)
paths = st.lists(words, min_size=1, max_size=3).map(lambda parts: f"/{'/'.join(parts)}/*")
hosts = st.lists(words.map(lambda word: f"{word}.example.com"), max_size=2, unique=True)


@pytest.fixture
def build(key: Any, network: Any, logs: Any) -> Any:
    def make(use: Any = lambda balancer: None, *, name: str = "shop", **arguments: Any) -> Run:
        def program() -> Any:
            args = LoadBalancerArgs(network=network(key()), access_logs=logs(), **arguments)
            return use(LoadBalancer(name, args))

        return record(program)

    return make


def test_internal_children(build: Any, within: Any, one: Any) -> None:
    run = build()
    assert within(run, "LoadBalancer") == [
        ("aws:ec2/securityGroup:SecurityGroup", "shop-load-balancer"),
        (LISTENER, "shop-http"),
        ("aws:lb/loadBalancer:LoadBalancer", "shop-alb"),
        (INGRESS, "shop-from-cloudfront"),
    ]
    balancer = one(run, "aws:lb/loadBalancer:LoadBalancer", "shop-alb")
    assert balancer.options.protect
    assert balancer.inputs == {
        "loadBalancerType": "application",
        "internal": True,
        "ipAddressType": "ipv4",
        "subnets": ["shop-private-a-id", "shop-private-b-id"],
        "securityGroups": ["shop-load-balancer-id"],
        "accessLogs": {"bucket": "logs-bucket", "enabled": True},
        "desyncMitigationMode": "defensive",
        "dropInvalidHeaderFields": True,
        "enableDeletionProtection": True,
        "enableHttp2": True,
        "idleTimeout": 60,
        "xffHeaderProcessingMode": "append",
    }
    door = one(run, INGRESS, "shop-from-cloudfront").inputs
    assert door["prefixListId"] == "pl-0123456789abcdef0"
    assert (door["fromPort"], door["toPort"], door.get("cidrIpv4")) == (80, 80, None)
    listener = one(run, LISTENER, "shop-http").inputs
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert listener["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"


def test_internal_with_certificate_speaks_tls_only(build: Any, one: Any) -> None:
    run = build(certificate_arn=CERTIFICATE)
    assert [listener.name for listener in run.of_type(LISTENER)] == ["shop-https"]
    listener = one(run, LISTENER, "shop-https").inputs
    assert (listener["port"], listener["protocol"], listener["certificateArn"]) == (443, "HTTPS", CERTIFICATE)
    assert listener["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")
    assert one(run, INGRESS, "shop-from-cloudfront").inputs["fromPort"] == 443


def test_public_redirects_and_has_a_web_acl(build: Any, one: Any, within: Any) -> None:
    run = build(internal=False, certificate_arn=CERTIFICATE, web_acl_arn=WEB_ACL, protect=False)
    assert within(run, "LoadBalancer") == [
        ("aws:ec2/securityGroup:SecurityGroup", "shop-load-balancer"),
        (LISTENER, "shop-https"),
        (LISTENER, "shop-redirect"),
        ("aws:lb/loadBalancer:LoadBalancer", "shop-alb"),
        (INGRESS, "shop-from-internet"),
        (INGRESS, "shop-from-redirect"),
        ("aws:wafv2/webAclAssociation:WebAclAssociation", "shop-web-acl"),
    ]
    balancer = one(run, "aws:lb/loadBalancer:LoadBalancer", "shop-alb")
    assert balancer.inputs["subnets"] == ["shop-public-a-id", "shop-public-b-id"]
    assert balancer.inputs["enableDeletionProtection"] is balancer.options.protect is False
    redirect = one(run, LISTENER, "shop-redirect").inputs["defaultActions"][0]
    assert redirect == {
        "type": "redirect",
        "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"internal": False}, "internal=False needs certificate_arn and web_acl_arn"),
        ({"internal": False, "certificate_arn": CERTIFICATE}, "needs certificate_arn and web_acl_arn"),
        ({"idle_timeout_seconds": 0}, "idle_timeout_seconds is 0; give 1 to 4000"),
        ({"name": "a-name-of-21-letters1"}, "the name has 21 characters, at most 20 fit"),
        ({"name": "Shop_1"}, "load balancer 'Shop_1': a name has a-z, 0-9 and single hyphens"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Any) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


def route(
    *paths: str, hosts: Sequence[str] = (), priority: int | None = None, health_check_path: str = "/healthz"
) -> Route:
    return Route(
        paths=paths,
        hosts=hosts,
        priority=priority_of(paths, hosts) if priority is None else priority,
        health_check_path=health_check_path,
        listener_arn="listener",
        security_group_id="group",
        load_balancer_arn_suffix="suffix",
    )


@given(st.lists(st.tuples(paths, hosts), min_size=2, max_size=6, unique_by=lambda pair: pair[0]), st.data())
def test_priorities_are_the_same_in_whatever_order(
    wanted: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    once = {path: route(path, hosts=names).priority for path, names in wanted}
    again = data.draw(st.permutations(wanted).map(lambda some: some[:-1]))
    assert {path: route(path, hosts=names).priority for path, names in again}.items() <= once.items()


@given(paths, hosts)
def test_priorities_are_in_range_and_hosts_come_first(path: str, names: list[str]) -> None:
    first, last = route(path, hosts=["a.example.com", *names]), route(path)
    assert 1 <= first.priority <= BAND < last.priority <= HIGHEST


@given(paths, words)
def test_the_longer_path_comes_first(path: str, word: str) -> None:
    longer = f"{path[:-1]}{word}/*"
    assume(len(longer) <= 48)
    assert route(longer).priority < route(path).priority


@given(
    st.lists(paths, min_size=2, max_size=5, unique=True).filter(lambda some: all(len(p) <= 48 for p in some))
)
def test_refusals_do_not_depend_on_the_order(some: list[str]) -> None:
    def refused(first: str, second: str) -> bool:
        try:
            refuse_collision(route(first), route(second))
        except pulumi.RunError:
            return True
        return False

    for first in some:
        for second in some:
            assert refused(first, second) == refused(second, first)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (route("/api/*"), route("/api/*"), r"route /api/\* and route /api/\* both take /api/\*"),
        (
            route("/api/*", hosts=["a.example.com"]),
            route("/x", "/api/*", hosts=["b.example.com", "A.example.com"]),
            r"both take a.example.com/api/\*",
        ),
        (route("/a/*", priority=7), route("/b/*", priority=7), "both have priority 7; .* priority=8"),
        (route("/api/*", priority=1), route("/api/users/*", priority=2), r"/api/users/\* never reaches"),
        (route("/*", priority=1), route("/x", hosts=["a.example.com"], priority=2), "never reaches"),
        (route("/api/*", "/api/a/b/*"), route("/api/a/*"), r"/api/a/b/\* never reaches"),
    ],
)
def test_refuses_a_collision_naming_both(one: Route, other: Route, message: str) -> None:
    for pair in ((one, other), (other, one)):
        with pytest.raises(pulumi.RunError, match=message) as refusal:
            refuse_collision(*pair)
        assert str(one) in str(refusal.value)
        assert str(other) in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (route("/api/*"), route("/api/admin/*")),
        (route("/*", hosts=["a.example.com"]), route("/api/*")),
        (route("/*", hosts=["a.example.com"]), route("/*", hosts=["b.example.com"])),
        (route("/a?c"), route("/abcd")),
    ],
)
def test_lets_be_what_can_live_together(one: Route, other: Route) -> None:
    refuse_collision(one, other)
    refuse_collision(other, one)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paths": ()}, "a route needs a path such as '/api/\\*', or a host"),
        ({"paths": ("api/*",)}, "path 'api/\\*' must start with '/'"),
        ({"paths": ("/" + "a" * 128,)}, "at most 128"),
        (
            {"paths": ("/a", "/b", "/c", "/d"), "hosts": ("e.com", "f.com")},
            "has 6 paths and hosts, AWS takes 5",
        ),
        ({"paths": (), "hosts": ("https://a.example.com",)}, "host 'https://a.example.com' must be a name"),
        ({"paths": ("/a",), "priority": 0}, "priority 0 of route /a must be from 1 to 50000"),
        ({"paths": ("/a",), "health_check_path": "healthz"}, "path 'healthz' must start with '/'"),
    ],
)
def test_refuses_a_route_that_aws_would(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        route(*arguments.pop("paths"), **arguments)
    assert "\n" not in str(refusal.value)


def test_two_services_on_one_path(build: Any) -> None:
    def use(balancer: LoadBalancer) -> None:
        balancer.route("/api/*")
        balancer.route("/api/*")

    with pytest.raises(pulumi.RunError, match="both take /api/\\*; give one service another path or host"):
        build(use)


def test_one_route_for_two_services() -> None:
    shared = route("/api/*")
    shared.take("api")
    with pytest.raises(
        pulumi.RunError, match=r"service 'admin': route /api/\* already goes to service 'api'"
    ):
        shared.take("admin")
