"""The network: exact children, no CIDR that ever moves, no way out of the data tier."""

import json
from ipaddress import ip_network
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network import INTERFACE_ENDPOINTS, NetworkArgs, allocate
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

TIERS = ("public", "private", "data")
cidrs = st.builds(
    lambda prefix, block: str(ip_network((10 << 24 | (block << (32 - prefix)) & 0xFFFFFF, prefix))),
    st.integers(16, 23),
    st.integers(0, 2**15),
)
zones = st.lists(st.sampled_from([f"eu-west-1{letter}" for letter in "abcdefgh"]), min_size=2, unique=True)


@given(cidrs, zones)
def test_subnets_lie_in_the_vpc_and_apart(cidr: str, zones: list[str]) -> None:
    blocks = [ip_network(block) for tier in allocate(cidr, zones).values() for block in tier.values()]
    assert len(blocks) == 3 * len(zones)
    assert all(block.subnet_of(ip_network(cidr)) for block in blocks)
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])
    assert {block.prefixlen for block in blocks} == {ip_network(cidr).prefixlen + 5}


@given(cidrs, zones, st.data())
def test_another_zone_or_order_moves_no_subnet(cidr: str, zones: list[str], data: st.DataObject) -> None:
    before = data.draw(st.permutations(zones).map(lambda some: some[: max(2, len(some) // 2)]))
    small, large = allocate(cidr, before), allocate(cidr, zones)
    for tier in TIERS:
        assert small[tier].items() <= large[tier].items()


def test_allocation_is_the_one_that_stacks_already_have() -> None:
    assert allocate("10.0.0.0/16", ["eu-west-1a", "eu-west-1c"]) == {
        "public": {"eu-west-1a": "10.0.0.0/21", "eu-west-1c": "10.0.16.0/21"},
        "private": {"eu-west-1a": "10.0.64.0/21", "eu-west-1c": "10.0.80.0/21"},
        "data": {"eu-west-1a": "10.0.128.0/21", "eu-west-1c": "10.0.144.0/21"},
    }


@pytest.mark.parametrize(
    ("cidr", "zones", "message"),
    [
        ("10.0.0.0/24", ["eu-west-1a"], "cidr '10.0.0.0/24' is a /24; give one from /16 to /23"),
        ("10.0.0.0/8", ["eu-west-1a"], "is a /8"),
        ("10.0.0.1/16", ["eu-west-1a"], "cidr '10.0.0.1/16' is not an IPv4 network"),
        ("fd00::/16", ["eu-west-1a"], "is not an IPv4 network"),
        ("10.0.0.0/16", ["eu-west-1a", "eu-west-1a"], "names one twice"),
        ("10.0.0.0/16", ["eu-west-1z"], "'eu-west-1z' is no Availability Zone"),
        ("10.0.0.0/16", ["eu-west-1-bcn-1a"], "is not of region|no Availability Zone"),
        ("10.0.0.0/16", ["us-east-1a", "us-east-1b"], "zone 'us-east-1a' is not of region eu-west-1"),
        ("10.0.0.0/16", ["eu-west-1a"], "zones has 1, .* need 2 or more"),
    ],
)
def test_refuses_what_cannot_work(cidr: str, zones: list[str], message: str, key: Any) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        record(lambda: NetworkArgs(cidr=cidr, zones=zones, region=REGION, key=key()))
    assert "\n" not in str(refusal.value)


def build(key: Any, network: Any, **arguments: Any) -> Run:
    return record(lambda: network(key(), **arguments))


SUBNETS = [(tier, letter) for tier in TIERS for letter in "ab"]
CHILDREN = sorted(
    [
        ("aws:ec2/vpc:Vpc", "shop-vpc"),
        ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "shop-default-security-group"),
        ("aws:ec2/internetGateway:InternetGateway", "shop-internet-gateway"),
        *(("aws:ec2/subnet:Subnet", f"shop-{tier}-{letter}") for tier, letter in SUBNETS),
        *(
            ("aws:ec2/routeTableAssociation:RouteTableAssociation", f"shop-{tier}-{letter}")
            for tier, letter in SUBNETS
        ),
        *(
            ("aws:ec2/routeTable:RouteTable", f"shop-{name}")
            for name in ("public", "data", "private-a", "private-b")
        ),
        *(("aws:ec2/route:Route", f"shop-{name}-internet") for name in ("public", "private-a", "private-b")),
        ("aws:ec2/eip:Eip", "shop-nat-address-a"),
        ("aws:ec2/natGateway:NatGateway", "shop-nat-a"),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "shop-endpoint-s3"),
        *(
            ("aws:ec2/vpcEndpoint:VpcEndpoint", f"shop-endpoint-{service.replace('.', '-')}")
            for service in INTERFACE_ENDPOINTS
        ),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-endpoints"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "shop-endpoints-from-vpc"),
        ("aws:cloudwatch/logGroup:LogGroup", "shop-flow-logs"),
        ("aws:iam/role:Role", "shop-flow-logs"),
        ("aws:iam/rolePolicy:RolePolicy", "shop-flow-logs"),
        ("aws:ec2/flowLog:FlowLog", "shop-flow-logs"),
    ]
)


def test_children(key: Any, network: Any, within: Any) -> None:
    assert within(build(key, network), "Network") == CHILDREN


@pytest.mark.parametrize(
    ("nat", "gateways", "routes"),
    [
        ("none", {}, {}),
        ("single", {"shop-nat-a": "shop-public-a-id"}, {"a": "shop-nat-a-id", "b": "shop-nat-a-id"}),
        (
            "per-zone",
            {"shop-nat-a": "shop-public-a-id", "shop-nat-b": "shop-public-b-id"},
            {"a": "shop-nat-a-id", "b": "shop-nat-b-id"},
        ),
        ("regional", {"shop-nat": None}, {"a": "shop-nat-id", "b": "shop-nat-id"}),
    ],
)
def test_nat(nat: str, gateways: Any, routes: Any, key: Any, network: Any) -> None:
    run = build(key, network, nat=nat)
    made = run.of_type("aws:ec2/natGateway:NatGateway")
    assert {gateway.name: gateway.inputs.get("subnetId") for gateway in made} == gateways
    assert len(run.of_type("aws:ec2/eip:Eip")) == (0 if nat == "regional" else len(gateways))
    if nat == "regional":
        assert made[0].inputs == {"availabilityMode": "regional", "vpcId": "shop-vpc-id"}
    private = [r for r in run.of_type("aws:ec2/route:Route") if "private" in r.name]
    assert {r.name.split("-")[2]: r.inputs["natGatewayId"] for r in private} == routes
    tables = {table.name for table in run.of_type("aws:ec2/routeTable:RouteTable")}
    assert tables == {"shop-public", "shop-data", "shop-private-a", "shop-private-b"}


@pytest.mark.parametrize("nat", ["none", "single", "per-zone", "regional"])
def test_data_tier_has_no_way_out(nat: str, key: Any, network: Any) -> None:
    run = build(key, network, nat=nat)
    assert not [r for r in run.of_type("aws:ec2/route:Route") if r.inputs["routeTableId"] == "shop-data-id"]
    associations = run.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert {r.inputs["routeTableId"] for r in associations if r.name.startswith("shop-data")} == {
        "shop-data-id"
    }


def test_nothing_is_open_by_itself(key: Any, network: Any, one: Any) -> None:
    run = build(key, network)
    subnets = run.of_type("aws:ec2/subnet:Subnet")
    assert {subnet.inputs["mapPublicIpOnLaunch"] for subnet in subnets} == {False}
    default = one(run, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "shop-default-security-group")
    assert (default.inputs["ingress"], default.inputs["egress"]) == ([], [])
    vpc = one(run, "aws:ec2/vpc:Vpc", "shop-vpc").inputs
    assert vpc["enableDnsHostnames"] is vpc["enableDnsSupport"] is True
    rules = run.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [(r.inputs["cidrIpv4"], r.inputs["fromPort"], r.inputs["toPort"]) for r in rules] == [
        ("10.0.0.0/16", 443, 443)
    ]


def test_endpoints(key: Any, network: Any, one: Any) -> None:
    run = build(key, network)
    s3 = one(run, "aws:ec2/vpcEndpoint:VpcEndpoint", "shop-endpoint-s3").inputs
    assert (s3["vpcEndpointType"], s3["serviceName"]) == ("Gateway", f"com.amazonaws.{REGION}.s3")
    assert s3["routeTableIds"] == ["shop-private-a-id", "shop-private-b-id"]
    for service in INTERFACE_ENDPOINTS:
        endpoint = one(run, "aws:ec2/vpcEndpoint:VpcEndpoint", f"shop-endpoint-{service.replace('.', '-')}")
        assert endpoint.inputs == {
            "vpcId": "shop-vpc-id",
            "serviceName": f"com.amazonaws.{REGION}.{service}",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": ["shop-private-a-id", "shop-private-b-id"],
            "securityGroupIds": ["shop-endpoints-id"],
        }


def test_flows_are_logged_under_the_key(key: Any, network: Any, one: Any) -> None:
    run = build(key, network, log_retention_days=365)
    group = one(run, "aws:cloudwatch/logGroup:LogGroup", "shop-flow-logs").inputs
    key_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
    assert group == {"kmsKeyId": key_arn, "retentionInDays": 365}
    flow = one(run, "aws:ec2/flowLog:FlowLog", "shop-flow-logs").inputs
    assert (flow["trafficType"], flow["logDestinationType"]) == ("ALL", "cloud-watch-logs")
    trust = json.loads(one(run, "aws:iam/role:Role", "shop-flow-logs").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    policy = json.loads(one(run, "aws:iam/rolePolicy:RolePolicy", "shop-flow-logs").inputs["policy"])
    assert "*" not in policy["Statement"][0]["Resource"]


def test_preview_with_nothing_known(key: Any, network: Any, within: Any, unknown: None) -> None:
    assert within(record(lambda: network(key()), preview=True), "Network") == CHILDREN
