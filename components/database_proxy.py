"""RDS Proxy before a database: many short connections become few long ones, and a failover is waited out."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, rds, vpc

from components.database import Database
from components.database_entrance import PORT, Entrance
from components.link import Link
from components.names import refuse_bad_name


@dataclass(frozen=True, kw_only=True)
class DatabaseProxyArgs:
    database: Database
    iam: bool = False
    """Services sign in by IAM instead of the password, which then only the proxy reads."""
    max_connections_percent: int = 90
    """Of the database's connections, 1 to 100: the rest is for people and migrations."""
    idle_client_timeout_seconds: int = 1800
    """1 to 28800. Longer than the pool of the application keeps a connection that does nothing."""
    borrow_timeout_seconds: int = 30
    """0 to 300: how long a request waits for a connection when all are busy."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        for field, value, least, most in (
            ("max_connections_percent", self.max_connections_percent, 1, 100),
            ("idle_client_timeout_seconds", self.idle_client_timeout_seconds, 1, 28_800),
            ("borrow_timeout_seconds", self.borrow_timeout_seconds, 0, 300),
        ):
            if not least <= value <= most:
                raise pulumi.RunError(f"database proxy: {field} {value} is refused; use {least} to {most}")
        if self.database.pauses:
            raise pulumi.RunError(
                f"database proxy: database '{self.database.pulumi_resource_name}' has min_capacity 0, but"
                " never pauses behind a proxy, which keeps connections open; use 0.5 and more, or no proxy"
            )


class DatabaseProxy(pulumi.ComponentResource):
    """A proxy, its target, and its own door; `link` stands in for the database's.

    It costs by the database's capacity, at least that of 8 ACU: some 90 $ a month. A session that prepares
    statements or sets variables is pinned to one connection and gains nothing: with asyncpg, set
    `statement_cache_size=0`. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html
    """

    host: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    proxy_name: pulumi.Output[str]
    reader_host: pulumi.Output[str] | None
    """Where reads are answered; None where the database has no readers."""

    def __init__(
        self, name: str, args: DatabaseProxyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        refuse_bad_name(
            "database proxy", name, longest=40, because="its endpoints' names have 63, with '-reader'"
        )
        super().__init__("causeway:index:DatabaseProxy", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        role = self._make_role(name)
        group = self._make_security_group(name)
        proxy = self._make_proxy(name, role, group)
        self._make_target(name, proxy)
        self.host, self.proxy_name, self.security_group_id = proxy.endpoint, proxy.name, group.id
        self._resource_id = proxy.arn.apply(lambda arn: arn.rsplit(":", 1)[-1])
        self.reader_host = self._make_reader(name, proxy, group) if args.database.readers else None
        self.register_outputs({"host": self.host})

    def link(self) -> Link:
        """Connects a service as the database's owner, by password or, with `iam`, by a token."""
        database = self._args.database
        if self._args.iam:
            return self._entrance().with_token(database.user, self._resource_id)
        return self._entrance().with_password(database.user, database.secret_arn)

    def reader(self) -> Link:
        """Adds `DATABASE_READER_HOST` to what `link` gives."""
        if self.reader_host is None:
            raise pulumi.RunError(
                f"database proxy '{self.pulumi_resource_name}': its database has no readers; give it some"
            )
        return self._entrance().reader(self.reader_host)

    def _entrance(self) -> Entrance:
        database = self._args.database
        return Entrance(
            name=f"{self.pulumi_resource_name}-proxy",
            host=self.host,
            port=database.port,
            database_name=database.database_name,
            security_group_id=self.security_group_id,
            key=database.key,
        )

    def _make_role(self, name: str) -> iam.Role:
        """To read the one secret, and its key through Secrets Manager only.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-iam-setup.html
        """
        database = self._args.database
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.Role(
            f"{name}-proxy",
            description=f"Lets the proxy {name} read the password of its database",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        statements: list[dict[str, object]] = [
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [database.secret_arn],
            },
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": [database.key.arn],
                "Condition": {
                    "StringEquals": {"kms:ViaService": f"secretsmanager.{database.key.region}.amazonaws.com"}
                },
            },
        ]
        iam.RolePolicy(
            f"{name}-proxy",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )
        return role

    def _make_security_group(self, name: str) -> ec2.SecurityGroup:
        database = self._args.database
        group = ec2.SecurityGroup(
            f"{name}-proxy-security-group",
            description=f"Proxy {name}: opened by the links of services, out to its database only",
            vpc_id=database.network.vpc_id,
            opts=self._child,
        )
        vpc.SecurityGroupEgressRule(
            f"{name}-proxy-out",
            security_group_id=group.id,
            referenced_security_group_id=database.security_group_id,
            description="To its database",
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            opts=self._child,
        )
        vpc.SecurityGroupIngressRule(
            f"{name}-proxy-in",
            security_group_id=database.security_group_id,
            referenced_security_group_id=group.id,
            description=f"From proxy {name}",
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            opts=self._child,
        )
        return group

    def _make_proxy(self, name: str, role: iam.Role, group: ec2.SecurityGroup) -> rds.Proxy:
        args, database = self._args, self._args.database
        # Its log group must bear the proxy's name and be there first, else RDS makes one that is neither
        # encrypted nor ever emptied. So the proxy takes the role's drawn name.
        logs = cloudwatch.LogGroup(
            f"{name}-proxy-logs",
            name=pulumi.Output.concat("/aws/rds/proxy/", role.name),
            kms_key_id=database.key.arn,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        return rds.Proxy(
            f"{name}-proxy",
            name=role.name,
            engine_family="POSTGRESQL",
            role_arn=role.arn,
            require_tls=True,
            debug_logging=False,  # would log statements, and customers' data with them
            idle_client_timeout=args.idle_client_timeout_seconds,
            vpc_subnet_ids=database.network.data_subnet_ids,
            vpc_security_group_ids=[group.id],
            auths=[
                {
                    "auth_scheme": "SECRETS",
                    "client_password_auth_type": "POSTGRES_SCRAM_SHA_256",
                    "iam_auth": "REQUIRED" if args.iam else "DISABLED",
                    "secret_arn": database.secret_arn,
                }
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,  # the name is not Pulumi's to draw, see above
                depends_on=[logs],
            ),
        )

    def _make_target(self, name: str, proxy: rds.Proxy) -> None:
        args = self._args
        group = rds.ProxyDefaultTargetGroup(
            f"{name}-proxy-pool",
            db_proxy_name=proxy.name,
            connection_pool_config={
                "max_connections_percent": args.max_connections_percent,
                "max_idle_connections_percent": args.max_connections_percent // 2,
                "connection_borrow_timeout": args.borrow_timeout_seconds,
            },
            opts=self._child,
        )
        rds.ProxyTarget(
            f"{name}-proxy-target",
            db_proxy_name=proxy.name,
            target_group_name=group.name,
            db_cluster_identifier=args.database.cluster_identifier,
            # A cluster is a target only once it has instances.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.database]),
        )

    def _make_reader(self, name: str, proxy: rds.Proxy, group: ec2.SecurityGroup) -> pulumi.Output[str]:
        endpoint = rds.ProxyEndpoint(
            f"{name}-proxy-reader",
            db_proxy_name=proxy.name,
            db_proxy_endpoint_name=pulumi.Output.concat(proxy.name, "-reader"),
            target_role="READ_ONLY",
            vpc_subnet_ids=self._args.database.network.data_subnet_ids,
            vpc_security_group_ids=[group.id],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return endpoint.endpoint
