"""Valkey (or Redis) on ElastiCache: encrypted at rest and in transit, entered only by a named user."""

import re
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi
from pulumi_aws import cloudwatch, ec2, elasticache

from components.key import Key
from components.link import Link, Port
from components.network import Network
from components.secret import GeneratedSecret, GeneratedSecretArgs

Engine = Literal["valkey", "redis"]
EvictionPolicy = Literal[
    "allkeys-lfu",
    "allkeys-lru",
    "allkeys-random",
    "noeviction",
    "volatile-lfu",
    "volatile-lru",
    "volatile-random",
    "volatile-ttl",
]
VERSIONS: dict[str, tuple[str, str]] = {"valkey": ("8.0", "valkey8"), "redis": ("7.1", "redis7")}
"""Engine version and the family of its parameters."""
PORT = 6379
MAX_NODES = 6
MAX_SNAPSHOT_DAYS = 35
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 20
"""So that the group's and the users' ids keep to ElastiCache's 40 characters."""
APPLICATION_USER = "app"
ACCESS = "on ~* &* -@all +@read +@write +@connection +@transaction +@pubsub +@scripting -@admin -@dangerous"
"""All data, no administration: no FLUSHALL, KEYS, CONFIG or ACL. https://valkey.io/topics/acl/"""


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    network: Network
    key: Key
    engine: Engine = "valkey"
    node_type: str = "cache.t4g.micro"
    nodes: int = 1
    """2 and more: replicas in several zones, one of which takes over when the primary fails."""
    eviction_policy: EvictionPolicy = "allkeys-lru"
    """What leaves when memory is full; `noeviction` refuses writes instead, for a queue or a lock."""
    snapshot_retention_days: int = 1
    """Daily snapshots kept, 0 to 35. AOF is not offered on current versions: a cache, not a ledger."""
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


class Redis(pulumi.ComponentResource):
    """A replication group, the one user that may enter it, and the door that links open.

    Cluster mode stays off: clients such as Celery's break on it.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    secret_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

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
        self.host = group.primary_endpoint_address
        self.port = group.port.apply(lambda port: int(port or PORT))
        self.secret_arn = self._password.arn
        self.security_group_id = security_group.id
        self.register_outputs({"host": self.host, "port": self.port, "secret_arn": self.secret_arn})

    def link(self) -> Link:
        """Connects a service: a URL without the password, the password as a secret, and the port."""
        port = self.port.apply(lambda port: str(int(port)))
        url = pulumi.Output.concat(f"rediss://{APPLICATION_USER}@", self.host, ":", port, "/0")
        return Link(
            name=f"{self.pulumi_resource_name}-redis",
            environment={"REDIS_URL": url},
            secrets={"REDIS_PASSWORD": self._password.value_from()},
            ports=[Port(security_group_id=self.security_group_id, port=PORT)],
        )

    def _make_group(self, name: str, security_group: ec2.SecurityGroup) -> elasticache.ReplicationGroup:
        args = self._args
        version, family = VERSIONS[args.engine]
        subnets = elasticache.SubnetGroup(
            f"{name}-cache",
            description=f"Data tier of cache {name}",
            subnet_ids=args.network.data_subnet_ids,
            opts=self._child,
        )
        parameters = elasticache.ParameterGroup(
            f"{name}-cache-parameters",
            family=family,
            description=f"Eviction of cache {name}",
            parameters=[{"name": "maxmemory-policy", "value": args.eviction_policy}],
            opts=self._child,
        )
        users = self._make_users(name, subnets.name)
        several = args.nodes > 1
        return elasticache.ReplicationGroup(
            f"{name}-cache-nodes",
            description=f"Cache {name}",
            engine=args.engine,
            engine_version=version,
            node_type=args.node_type,
            num_cache_clusters=args.nodes,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
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
                parent=self, protect=args.protect, ignore_changes=["final_snapshot_identifier"]
            ),
        )

    def _make_users(self, name: str, identity: pulumi.Output[str]) -> elasticache.UserGroup:
        """The application's user, and `default`, whom every group has, without any right.

        Pulumi draws no ids for users; `identity`, the subnet group's drawn name, makes them unique.
        """
        application = elasticache.User(
            f"{name}-cache-app",
            user_id=pulumi.Output.concat(identity, "-app"),
            user_name=APPLICATION_USER,
            engine=self._args.engine,
            access_string=ACCESS,
            authentication_mode={"type": "password", "passwords": [self._password.value]},
            opts=self._child,
        )
        default = elasticache.User(
            f"{name}-cache-default",
            user_id=pulumi.Output.concat(identity, "-off"),
            user_name="default",
            engine=self._args.engine,
            access_string="off -@all",
            # Valkey takes no user without a password; nobody keeps this one.
            authentication_mode={
                "type": "password",
                "passwords": [pulumi.Output.secret(secrets.token_urlsafe(48))],
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["authentication_mode"]),
        )
        return elasticache.UserGroup(
            f"{name}-cache-users",
            user_group_id=identity,
            engine=self._args.engine,
            user_ids=[default.user_id, application.user_id],
            opts=self._child,
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
