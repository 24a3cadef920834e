"""The load balancer: internal, logged, strict; routes whose priority never depends on one another."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pulumi
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.answer import FixedResponse, Redirect
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.match import Match
from components.route import BAND, HIGHEST, Entrance, Rewrite, Route, priority_of, refuse_collision
from components.target_group import Sticky
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
        (LISTENER, "shop-test"),
        ("aws:lb/loadBalancer:LoadBalancer", "shop-alb"),
        (INGRESS, "shop-from-cloudfront"),
        (INGRESS, "shop-from-tests"),
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
    test = one(run, LISTENER, "shop-test").inputs
    assert test == {**listener, "port": 8080}
    door = one(run, INGRESS, "shop-from-tests").inputs
    assert (door["cidrIpv4"], door["fromPort"], door["toPort"]) == ("10.0.0.0/16", 8080, 8080)


def test_internal_with_certificate_speaks_tls_only(build: Any, one: Any) -> None:
    run = build(certificate_arn=CERTIFICATE)
    assert [listener.name for listener in run.of_type(LISTENER)] == ["shop-https", "shop-test"]
    assert one(run, LISTENER, "shop-test").inputs["port"] == 8443
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
        (LISTENER, "shop-test"),
        ("aws:lb/loadBalancer:LoadBalancer", "shop-alb"),
        (INGRESS, "shop-from-internet"),
        (INGRESS, "shop-from-redirect"),
        (INGRESS, "shop-from-tests"),
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
        ({"test_cidrs": ["office"]}, "'office' is no block of addresses; give one such as 203.0.113.0/24"),
        ({"name": "Shop_1"}, "load balancer 'Shop_1': a name has a-z, 0-9 and single hyphens"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Any) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


ENTRANCE = Entrance(
    listener_arn="listener", test_listener_arn="test", security_group_id="group", arn_suffix="suffix"
)


def route(*paths: str, hosts: Sequence[str] = (), priority: int | None = None, **others: Any) -> Route:
    names = {field.name for field in fields(Match)} & others.keys()
    match = Match(paths=paths, hosts=hosts, **{name: others.pop(name) for name in names})
    return Route(
        match=match,
        entrance=ENTRANCE,
        priority=priority_of(match) if priority is None else priority,
        **others,
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
        (
            route("/api/*", methods=["GET"]),
            route("/api/*", methods=["GET"]),
            r"route /api/\* by GET and route /api/\* by GET both take /api/\*",
        ),
        (route("/api/*", priority=1), route("/api/*", methods=["GET"], priority=2), "never reaches"),
        (
            route("/api/*", headers={"X-Beta": ["yes", "1"]}, priority=1),
            route("/api/*", headers={"x-beta": ["1"]}, methods=["GET"], priority=2),
            "never reaches",
        ),
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
        (route("/api/*"), route("/api/*", headers={"X-Beta": ["1"]})),
        (route("/api/*", queries={"v": "2"}), route("/api/*", queries={"v": "3"})),
        (route("/api/*", methods=["GET"], priority=1), route("/api/*", methods=["GET", "PUT"], priority=2)),
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
            "has 6 paths, hosts and other values, AWS takes 5",
        ),
        ({"paths": (), "hosts": ("https://a.example.com",)}, "host 'https://a.example.com' must be a name"),
        ({"paths": ("/a",), "priority": 0}, "priority 0 of route /a must be from 1 to 50000"),
        ({"paths": ("/a",), "health_check_path": "healthz"}, "path 'healthz' must start with '/'"),
        ({"paths": ("/a",), "headers": {"Host": ["a"]}}, "header 'Host' must be .* for Host give hosts"),
        ({"paths": ("/a",), "headers": {"X Y": ["a"]}}, "header 'X Y' must be a header's name"),
        ({"paths": ("/a",), "headers": {"X-A": []}}, "header 'X-A' needs values of 1 to 128"),
        ({"paths": ("/a",), "queries": {"v": ""}}, "query 'v=' needs 1 to 128"),
        ({"paths": ("/a",), "methods": ["get"]}, "method 'get' must be in capitals, such as GET"),
        ({"paths": ("/a",), "source_cidrs": ["10.0.0.1/8"]}, "'10.0.0.1/8' is no block of addresses"),
        (
            {"paths": ("/a",), "rewrites": [Rewrite(regex="^/a", replace="")] * 2},
            "has 2 rewrites, AWS takes one of the url and one of the host",
        ),
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


@given(
    paths,
    hosts,
    st.sampled_from([{"methods": ["GET"]}, {"headers": {"X-A": ["1"]}}, {"queries": {"v": "1"}}]),
)
def test_who_asks_for_more_comes_first(path: str, names: list[str], more: Any) -> None:
    assert route(path, hosts=names, **more).priority < route(path, hosts=names).priority


def test_every_kind_of_condition_in_one_order() -> None:
    match = Match(paths=["/b"], headers={"X-B": ["2"], "X-A": ["1"]}, queries={"v": "2"}, methods=["GET"])
    assert match.conditions() == [
        {"path_pattern": {"values": ["/b"]}},
        {"http_header": {"http_header_name": "X-A", "values": ["1"]}},
        {"http_header": {"http_header_name": "X-B", "values": ["2"]}},
        {"query_strings": [{"key": "v", "value": "2"}]},
        {"http_request_method": {"values": ["GET"]}},
    ]
    assert Match(hosts=["b.com", "a.com"], source_cidrs=["10.0.0.0/8"]).conditions() == [
        {"host_header": {"values": ["a.com", "b.com"]}},
        {"source_ip": {"values": ["10.0.0.0/8"]}},
    ]


def test_rewrites() -> None:
    rewrites = [Rewrite(regex="^/a/(.*)$", replace="/$1"), Rewrite(regex="^.*$", replace="b.com", of="host")]
    assert route("/a/*", rewrites=rewrites).transforms() == [
        {"type": "url-rewrite", "url_rewrite_config": {"rewrite": {"regex": "^/a/(.*)$", "replace": "/$1"}}},
        {
            "type": "host-header-rewrite",
            "host_header_rewrite_config": {"rewrite": {"regex": "^.*$", "replace": "b.com"}},
        },
    ]
    assert route("/a/*").transforms() is None


def test_sticky_sessions() -> None:
    assert Sticky(seconds=60).stickiness() == {"type": "lb_cookie", "enabled": True, "cookie_duration": 60}
    assert Sticky(cookie="SESSION").stickiness() == {
        "type": "app_cookie",
        "enabled": True,
        "cookie_name": "SESSION",
        "cookie_duration": 86_400,
    }


RULE = "aws:lb/listenerRule:ListenerRule"


def test_answers_without_a_service(build: Any, one: Any) -> None:
    def use(balancer: LoadBalancer) -> None:
        balancer.answer("old", balancer.route("/old/*"), Redirect(path="/new/#{path}", protocol="HTTPS"))
        balancer.answer("down", balancer.route("/down"), FixedResponse(status=503, body="Back soon"))

    run = build(use)
    old, down = one(run, RULE, "shop-old-rule"), one(run, RULE, "shop-down-rule")
    assert old.inputs["actions"] == [
        {
            "type": "redirect",
            "redirect": {
                "protocol": "HTTPS",
                "host": "#{host}",
                "port": "#{port}",
                "path": "/new/#{path}",
                "query": "#{query}",
                "statusCode": "HTTP_301",
            },
        }
    ]
    assert down.inputs["actions"] == [
        {
            "type": "fixed-response",
            "fixedResponse": {"statusCode": "503", "contentType": "text/plain", "messageBody": "Back soon"},
        }
    ]
    assert down.inputs["conditions"] == [{"pathPattern": {"values": ["/down"]}}]
    assert down.options.ignore_changes == ()


def test_doors_for_tests_are_those_named(build: Any) -> None:
    run = build(test_cidrs=["192.0.2.0/24", "198.51.100.7/32"])
    doors = {rule.name: rule.inputs.get("cidrIpv4") for rule in run.of_type(INGRESS)}
    assert doors["shop-from-tests"] == "192.0.2.0/24"
    assert doors["shop-from-tests-2"] == "198.51.100.7/32"
    assert "shop-from-tests" not in {rule.name for rule in build(test_cidrs=[]).of_type(INGRESS)}


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda _: Redirect(), "redirect: it leads to where it comes from"),
        (lambda _: Redirect(path="new"), "redirect: path 'new' must start with '/'"),
        (lambda _: FixedResponse(status=302), "status is 302; give 200 to 299 or 400 to 599"),
        (
            lambda _: FixedResponse(status=200, body="x" * 1025),
            "the body has 1025 characters; AWS takes 1024",
        ),
        (lambda _: Sticky(seconds=0), "seconds is 0; a load balancer takes 1 to 604800"),
        (
            lambda _: Sticky(cookie="AWSALBX"),
            "cookie 'AWSALBX' must be a cookie's name that starts with none",
        ),
        (lambda _: Rewrite(regex="", replace="/"), "rewrite of '' must have 1 to 1024 characters"),
        (lambda b: b.route("/a", match=Match(paths=["/b"])), "has its hosts and paths in match alone"),
        (lambda b: b.split(b.route("/a"), {"api": 1}), "is split between 1 services; AWS takes 2 to 5"),
        (
            lambda b: b.split(b.route("/a"), {"api": 1, "b": 1000}),
            "weight 1000 of 'b' in route /a; give 0 to",
        ),
        (
            lambda b: b.split(b.route("/a"), {"a": 1, "b": 1}, sticky_seconds=0),
            "sticky_seconds is 0; give 1 to 604800",
        ),
    ],
)
def test_refuses_an_answer_that_aws_would(use: Any, message: str, build: Any) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(use)
    assert "\n" not in str(refusal.value)
