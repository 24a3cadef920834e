"""Memcached on ElastiCache: TLS only, in the data tier, nothing kept. It knows no users: whoever a link lets
in reads all, so put nothing there that one service must hide from another."""

import re
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, elasticache

from components.link import Link, Port
from components.network import Network

VERSION = "1.6.22"
"""TLS needs 1.6.12: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption-mc.html"""
PORT = 11211
MAX_NODES = 60
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 30
NODE_TYPE = re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class MemcachedArgs:
    network: Network
    node_type: str = "cache.t4g.micro"
    nodes: int = 1
    """1 to 60. Each has other keys and no copy: a node that fails takes its part of the keys with it."""

    def __post_init__(self) -> None:
        if not NODE_TYPE.fullmatch(self.node_type):
            raise pulumi.RunError(
                f"memcached: node_type '{self.node_type}' is refused; use a type such as cache.t4g.micro"
            )
        if not 1 <= self.nodes <= MAX_NODES:
            raise pulumi.RunError(f"memcached: nodes {self.nodes} is refused; use 1 to {MAX_NODES}")


class Memcached(pulumi.ComponentResource):
    """A cluster of nodes over the zones, and the door that links open.

    It has no logs, no snapshots, no encryption at rest and no disk: ElastiCache offers none of them for it.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SelectEngine.html
    """

    host: pulumi.Output[str]
    """Of the configuration endpoint, which tells a client of every node."""
    cluster_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: MemcachedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise pulumi.RunError(
                f"memcached '{name}': use lower-case letters, digits and single hyphens, {MAX_NAME} at most"
            )
        super().__init__("causeway:index:Memcached", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        security_group = ec2.SecurityGroup(
            f"{name}-memcached-security-group",
            description=f"Memcached {name}: opened by the links of services, no way out",
            vpc_id=args.network.vpc_id,
            opts=child,
        )
        subnets = elasticache.SubnetGroup(
            f"{name}-memcached",
            description=f"Data tier of memcached {name}",
            subnet_ids=args.network.data_subnet_ids,
            opts=child,
        )
        cluster = elasticache.Cluster(
            f"{name}-memcached-nodes",
            engine="memcached",
            engine_version=VERSION,
            node_type=args.node_type,
            num_cache_nodes=args.nodes,
            az_mode="cross-az" if args.nodes > 1 else "single-az",
            port=PORT,
            parameter_group_name="default.memcached1.6",
            subnet_group_name=subnets.name,
            security_group_ids=[security_group.id],
            transit_encryption_enabled=True,
            maintenance_window="sun:03:30-sun:04:30",  # UTC
            opts=child,
        )
        self.host = cluster.cluster_address
        self.cluster_id = cluster.cluster_id
        self.security_group_id = security_group.id
        self.register_outputs({"host": self.host, "cluster_id": self.cluster_id})

    def link(self) -> Link:
        """Connects a service: the configuration endpoint, that it speaks TLS only, and the port."""
        return Link(
            name=f"{self.pulumi_resource_name}-memcached",
            environment={
                "MEMCACHED_ENDPOINT": pulumi.Output.concat(self.host, f":{PORT}"),
                "MEMCACHED_TLS": "required",
            },
            ports=[Port(security_group_id=self.security_group_id, port=PORT)],
        )
