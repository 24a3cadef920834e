"""Valkey (or Redis) on ElastiCache Serverless: no nodes to choose, a ceiling on what it may cost, encrypted
at rest and in transit, entered only by a named user."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pulumi
from pulumi_aws import ec2, elasticache

from components.alarm import Alarm
from components.cache_alarms import serverless_cache_alarms
from components.cache_users import APPLICATION_USER, Engine, make_users
from components.key import Key
from components.link import Link, Port
from components.network import Network
from components.secret import GeneratedSecret, GeneratedSecretArgs

MAJOR_VERSIONS: dict[Engine, str] = {"valkey": "8", "redis": "7"}
PORT, READER_PORT = 6379, 6380
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_NAME = 20
"""So that the cache's and the users' ids keep to ElastiCache's 40 characters."""
SNAPSHOT = re.compile(
    r"arn:aws:elasticache:[a-z0-9-]+:[0-9]{12}:(serverlesscachesnapshot|snapshot):.+|arn:aws:s3:::[^,]+"
)


@dataclass(frozen=True, kw_only=True)
class ServerlessCacheArgs:
    network: Network
    key: Key
    engine: Engine = "valkey"
    max_data_gb: int = 5
    """1 to 5000. Data costs by the hour, some 60 $ a GB and month; what is full evicts (`volatile-lru`)."""
    max_ecpu_per_second: int = 5000
    """1000 to 15000000. A simple read or write of a KiB is one unit; above this, requests are refused."""
    snapshot_retention_days: int = 1
    """Daily snapshots kept, 0 to 35."""
    restore: Sequence[str] = ()
    """ARNs of the snapshots, or of the RDB files in S3, of its first keys: read when it is made, never
    again."""
    protect: bool = True
    """Refuses deletion by Pulumi, which leaves no final snapshot here; turn it off and deploy first."""

    def __post_init__(self) -> None:
        if self.engine not in get_args(Engine):
            raise pulumi.RunError(
                f"serverless cache: engine '{self.engine}' is refused; use {', '.join(get_args(Engine))}"
            )
        for field, value, least, most in (
            ("max_data_gb", self.max_data_gb, 1, 5000),
            ("max_ecpu_per_second", self.max_ecpu_per_second, 1000, 15_000_000),
            ("snapshot_retention_days", self.snapshot_retention_days, 0, 35),
        ):
            if not least <= value <= most:
                raise pulumi.RunError(f"serverless cache: {field} {value} is refused; use {least} to {most}")
        for source in self.restore:
            if not SNAPSHOT.fullmatch(source):
                raise pulumi.RunError(
                    f"serverless cache: restore '{source}' is refused; use the ARN of a snapshot, or of an"
                    " RDB file such as arn:aws:s3:::bucket/file.rdb"
                )


class ServerlessCache(pulumi.ComponentResource):
    """A serverless cache, the one user that may enter it, and the door that links open.

    It always speaks cluster mode, keeps no logs, and chooses its own minor versions.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/WhatIs.deployment.html
    """

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    """The name that AWS knows, as metrics are dimensioned by it."""
    secret_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServerlessCacheArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise pulumi.RunError(
                f"serverless cache '{name}': use lower-case letters, digits and single hyphens,"
                f" {MAX_NAME} at most"
            )
        super().__init__("causeway:index:ServerlessCache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self._max_data_gb = args.max_data_gb
        self._password = GeneratedSecret(
            f"{name}-cache-password",
            GeneratedSecretArgs(key=args.key, description=f"Password of user {APPLICATION_USER} of {name}"),
            opts=child,
        )
        security_group = ec2.SecurityGroup(
            f"{name}-cache-security-group",
            description=f"Cache {name}: opened by the links of services, no way out",
            vpc_id=args.network.vpc_id,
            opts=child,
        )
        users = make_users(
            name,
            engine=args.engine,
            # The end of the security group's id: drawn, and there before the cache.
            identity=pulumi.Output.concat(f"{name}-", security_group.id.apply(lambda drawn: drawn[-8:])),
            password=self._password.value,
            cluster_mode=True,
            parent=self,
        )
        cache = self._make_cache(name, args, security_group, users)
        self.host = cache.endpoints.apply(lambda endpoints: str(_first(endpoints, "address", "")))
        self.port = cache.endpoints.apply(lambda endpoints: int(_first(endpoints, "port", PORT)))
        self.arn, self.name = cache.arn, cache.name
        self.secret_arn = self._password.arn
        self.security_group_id = security_group.id
        self.register_outputs({"host": self.host, "port": self.port, "secret_arn": self.secret_arn})

    def link(self) -> Link:
        """Connects a service: a URL without the password, the password as a secret, and both ports."""
        port = self.port.apply(str)
        url = pulumi.Output.concat(f"rediss://{APPLICATION_USER}@", self.host, ":", port, "/0")
        return Link(
            name=f"{self.pulumi_resource_name}-redis",
            environment={"REDIS_URL": url, "REDIS_CLUSTER_MODE": "enabled"},
            secrets={"REDIS_PASSWORD": self._password.value_from()},
            ports=[Port(security_group_id=self.security_group_id, port=port) for port in (PORT, READER_PORT)],
        )

    def alarms(self) -> list[Alarm]:
        """Data near the ceiling, and requests above it."""
        return serverless_cache_alarms(self.pulumi_resource_name, self.name, max_data_gb=self._max_data_gb)

    def _make_cache(
        self,
        name: str,
        args: ServerlessCacheArgs,
        security_group: ec2.SecurityGroup,
        users: elasticache.UserGroup,
    ) -> elasticache.ServerlessCache:
        kept = args.snapshot_retention_days > 0
        return elasticache.ServerlessCache(
            f"{name}-cache",
            description=f"Cache {name}",
            engine=args.engine,
            major_engine_version=MAJOR_VERSIONS[args.engine],
            cache_usage_limits={
                "data_storage": {"maximum": args.max_data_gb, "unit": "GB"},
                "ecpu_per_seconds": [{"maximum": args.max_ecpu_per_second}],
            },
            kms_key_id=args.key.arn,
            subnet_ids=args.network.data_subnet_ids,
            security_group_ids=[security_group.id],
            user_group_id=users.user_group_id,
            snapshot_retention_limit=args.snapshot_retention_days,
            daily_snapshot_time="02:00" if kept else None,  # UTC
            snapshot_arns_to_restores=list(args.restore) or None,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, ignore_changes=["snapshot_arns_to_restores"]
            ),
        )


def _first(endpoints: Any, attribute: str, unknown: object) -> Any:
    """A preview may know of no endpoint yet."""
    return getattr(endpoints[0], attribute) if endpoints else unknown
