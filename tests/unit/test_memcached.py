"""Memcached: TLS only, over the zones, behind a door that only links open."""

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.link import Link
from components.memcached import Memcached, MemcachedArgs
from operations.program import Run
from operations.recording import record


def build(name: str = "shop", **options: Any) -> Run:
    def program() -> Link:
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input(f"subnet-{zone}") for zone in "ab"],
        )
        link = Memcached(name, MemcachedArgs(network=network, **options)).link()
        for variable, value in link.environment.items():
            pulumi.export(variable, value)
        (door,) = link.ports
        pulumi.export("door", pulumi.Output.concat(door.security_group_id, ":", str(door.port)))
        return link

    return record(program)


def test_children() -> None:
    children = sorted((r.type, r.name) for r in build().resources if r.options.custom)

    assert children == [
        ("aws:ec2/securityGroup:SecurityGroup", "shop-memcached-security-group"),
        ("aws:elasticache/cluster:Cluster", "shop-memcached-nodes"),
        ("aws:elasticache/subnetGroup:SubnetGroup", "shop-memcached"),
    ]
    assert [r.name for r in build().of_type("causeway:index:Memcached")] == ["shop"]


@pytest.mark.parametrize(("nodes", "zones"), [(1, "single-az"), (3, "cross-az")])
def test_the_cluster(nodes: int, zones: str) -> None:
    (cluster,) = build(nodes=nodes).of_type("aws:elasticache/cluster:Cluster")

    assert cluster.inputs == {
        "engine": "memcached",
        "engineVersion": "1.6.22",
        "nodeType": "cache.t4g.micro",
        "numCacheNodes": nodes,
        "azMode": zones,
        "port": 11211,
        "parameterGroupName": "default.memcached1.6",
        "subnetGroupName": "shop-memcached",
        "securityGroupIds": ["shop-memcached-security-group-id"],
        "transitEncryptionEnabled": True,
        "maintenanceWindow": "sun:03:30-sun:04:30",
    }


def test_it_stands_in_the_data_tier_and_opens_nothing_by_itself() -> None:
    run = build()

    (subnets,) = run.of_type("aws:elasticache/subnetGroup:SubnetGroup")
    assert subnets.inputs["subnetIds"] == ["subnet-a", "subnet-b"]
    (group,) = run.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert group.inputs["vpcId"] == "vpc-1"
    assert not {"ingress", "egress"} & set(group.inputs)


def test_the_link_is_the_endpoint_that_tells_of_every_node() -> None:
    run = build()

    assert run.outputs["MEMCACHED_ENDPOINT"] == "shop-memcached-nodes.cfg.internal:11211"
    assert run.outputs["MEMCACHED_TLS"] == "required"
    assert run.outputs["door"] == "shop-memcached-security-group-id:11211"
    assert not run.value.secrets
    assert not run.value.permissions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": 61}, "memcached: nodes 61 is refused; use 1 to 60"),
        (
            {"node_type": "db.t4g.micro"},
            "memcached: node_type 'db.t4g.micro' is refused; use a type such as cache.t4g.micro",
        ),
        (
            {"name": "Shop"},
            "memcached 'Shop': use lower-case letters, digits and single hyphens, 30 at most",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
