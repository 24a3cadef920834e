"""Valkey (or Redis) on ElastiCache: encrypted at rest and in transit, entered only by a named user."""

import re
import secrets
from dataclasses import dataclass
from typing import get_args

import pulumi
from pulumi_aws import cloudwatch, ec2, elasticache

from components.alarm import Alarm
from components.cache_alarms import cache_alarms
from components.cache_parameters import EvictionPolicy, make_parameters
from components.cache_users import APPLICATION_USER, Engine, make_users
from components.cluster_mode import ClusterMode
from components.key import Key
from components.link import Link, Port
from components.network import Network
from components.secret import GeneratedSecret, GeneratedSecretArgs

PORT = 6379
MAX_NODES = 6
MAX_SNAPSHOT_DAYS = 35
RESTORE = re.compile(r"arn:aws:s3:::[^,/]+/[^,]+|[A-Za-z][A-Za-z0-9.-]*")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 20
"""So that the group's and the users' ids keep to ElastiCache's 40 characters."""


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    network: Network
    key: Key
    engine: Engine = "valkey"
    node_type: str = "cache.t4g.micro"
    nodes: int = 1
    """2 and more: replicas in several zones, one of which takes over when the primary fails. Per shard."""
    eviction_policy: EvictionPolicy = "allkeys-lru"
    """What leaves when memory is full; `noeviction` refuses writes instead, for a queue or a lock."""
    snapshot_retention_days: int = 1
    """Daily snapshots kept, 0 to 35. AOF is not offered on current versions: see docs/caching.md."""
    cluster_mode: ClusterMode | None = None
    """Shards, and durable writes: for a cache larger than a node, or that is more than a cache."""
    restore: str | None = None
    """Where its first keys come from: the name of a snapshot, or the ARN of an RDB file in S3
    (`arn:aws:s3:::bucket/file.rdb`). Read when the cache is made, never again."""
    protect: bool = True
    """Refuses deletion by Pulumi; to delete, turn it off and deploy first."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        for field, value, allowed in (
            ("engine", self.engine, get_args(Engine)),
            ("eviction_policy", self.eviction_policy, get_args(EvictionPolicy)),
        ):
            if value not in allowed:
                raise pulumi.RunError(f"redis: {field} '{value}' is refused; use {', '.join(allowed)}")
        if not re.fullmatch(r"cache\.[a-z0-9]+\.[a-z0-9]+", self.node_type):
            raise pulumi.RunError(
                f"redis: node_type '{self.node_type}' is refused; use a type such as cache.t4g.micro"
            )
        if not 1 <= self.nodes <= MAX_NODES:
            raise pulumi.RunError(f"redis: nodes {self.nodes} is refused; use 1 to {MAX_NODES}")
        if not 0 <= self.snapshot_retention_days <= MAX_SNAPSHOT_DAYS:
            raise pulumi.RunError(
                f"redis: snapshot_retention_days {self.snapshot_retention_days} is refused;"
                f" use 0 to {MAX_SNAPSHOT_DAYS}"
            )
        if self.restore is not None and not RESTORE.fullmatch(self.restore):
            raise pulumi.RunError(
                f"redis: restore '{self.restore}' is refused; use the name of a snapshot, or the ARN of an"
                " RDB file such as arn:aws:s3:::bucket/file.rdb"
            )
        if self.cluster_mode is not None:
            self.cluster_mode.refuse(
                engine=self.engine,
                node_type=self.node_type,
                nodes=self.nodes,
                eviction_policy=self.eviction_policy,
            )


class Redis(pulumi.ComponentResource):
    """A replication group, the one user that may enter it, and the door that links open.

    Cluster mode is off unless asked for: clients such as Celery's break on it.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis-RedisCluster.html
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    replication_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise pulumi.RunError(
                f"redis '{name}': use lower-case letters, digits and single hyphens, {MAX_NAME} at most"
            )
        super().__init__("causeway:index:Redis", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._password = GeneratedSecret(
            f"{name}-cache-password",
            GeneratedSecretArgs(key=args.key, description=f"Password of user {APPLICATION_USER} of {name}"),
            opts=self._child,
        )
        security_group = ec2.SecurityGroup(
            f"{name}-cache-security-group",
            description=f"Cache {name}: opened by the links of services, no way out",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        group = self._make_group(name, security_group)
        self.host = (
            group.configuration_endpoint_address if args.cluster_mode else group.primary_endpoint_address
        )
        self.replication_group_id = group.replication_group_id
        self.port = group.port.apply(lambda port: int(port or PORT))
        self.secret_arn = self._password.arn
        self.security_group_id = security_group.id
        self.register_outputs({"host": self.host, "port": self.port, "secret_arn": self.secret_arn})

    def link(self) -> Link:
        """Connects a service: a URL without the password, the password as a secret, and the port.

        `REDIS_CLUSTER_MODE` is there, and `enabled`, where the client must speak it.
        """
        port = self.port.apply(lambda port: str(int(port)))
        url = pulumi.Output.concat(f"rediss://{APPLICATION_USER}@", self.host, ":", port, "/0")
        environment: dict[str, pulumi.Input[str]] = {"REDIS_URL": url}
        if self._args.cluster_mode is not None:
            environment["REDIS_CLUSTER_MODE"] = "enabled"
        return Link(
            name=f"{self.pulumi_resource_name}-redis",
            environment=environment,
            secrets={"REDIS_PASSWORD": self._password.value_from()},
            ports=[Port(security_group_id=self.security_group_id, port=PORT)],
        )

    def alarms(self) -> list[Alarm]:
        """The engine's CPU, evictions or (where few keys may leave) memory, and replicas that are behind."""
        mode = self._args.cluster_mode
        return cache_alarms(
            self.pulumi_resource_name,
            self.replication_group_id,
            shards=mode.shards if mode else None,
            nodes=self._args.nodes,
            eviction_policy=self._args.eviction_policy,
        )

    def _make_group(self, name: str, security_group: ec2.SecurityGroup) -> elasticache.ReplicationGroup:
        args = self._args
        mode = args.cluster_mode
        subnets = elasticache.SubnetGroup(
            f"{name}-cache",
            description=f"Data tier of cache {name}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        version, parameters = make_parameters(
            name,
            engine=args.engine,
            eviction_policy=args.eviction_policy,
            cluster_mode=mode,
            parent=self,
        )
        users = make_users(
            name,
            engine=args.engine,
            identity=subnets.name,
            password=self._password.value,
            cluster_mode=mode is not None,
            parent=self,
        )
        several = args.nodes > 1
        from_s3 = args.restore is not None and args.restore.startswith("arn:")
        return elasticache.ReplicationGroup(
            f"{name}-cache-nodes",
            description=f"Cache {name}",
            engine=args.engine,
            engine_version=version,
            node_type=args.node_type,
            num_cache_clusters=None if mode else args.nodes,
            num_node_groups=mode.shards if mode else None,
            replicas_per_node_group=args.nodes - 1 if mode else None,
            cluster_mode="enabled" if mode else None,
            durability=mode.durability if mode and mode.durable else None,
            automatic_failover_enabled=several or mode is not None,
            multi_az_enabled=several,
            snapshot_name=None if from_s3 else args.restore,
            snapshot_arns=[args.restore] if from_s3 and args.restore else None,
            port=PORT,
            parameter_group_name=parameters.name,
            subnet_group_name=subnets.name,
            security_group_ids=[security_group.id],
            user_group_ids=[users.user_group_id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.key.arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auto_minor_version_upgrade=True,
            snapshot_retention_limit=args.snapshot_retention_days,
            snapshot_window="02:00-03:00",  # UTC
            maintenance_window="sun:03:30-sun:04:30",
            # Drawn when a group is made, kept in the state while it lives: a successor has another,
            # so that neither deletion finds its snapshot's name taken.
            final_snapshot_identifier=f"{name}-final-{secrets.token_hex(4)}",
            log_delivery_configurations=[
                self._deliver(name, "slow-log"),
                self._deliver(name, "engine-log"),
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=["final_snapshot_identifier", "snapshot_arns", "snapshot_name"],
            ),
        )

    def _deliver(
        self, name: str, log_type: str
    ) -> elasticache.ReplicationGroupLogDeliveryConfigurationArgsDict:
        logs = cloudwatch.LogGroup(
            f"{name}-cache-{log_type}",
            # Groups of this prefix share one entry of the account's log policy, which holds ten.
            name_prefix=f"/aws/vendedlogs/elasticache/{name}-{log_type}-",
            kms_key_id=self._args.key.arn,
            retention_in_days=self._args.log_retention_days,
            opts=self._child,
        )
        return {
            "destination": logs.name,
            "destination_type": "cloudwatch-logs",
            "log_format": "json",
            "log_type": log_type,
        }
