"""The proxy: TLS only, out to its database only, and the one reader of the password where IAM signs in."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.database import Database, DatabaseArgs
from components.database_proxy import DatabaseProxy, DatabaseProxyArgs
from components.key import Key, KeyArgs
from components.link import Link
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-database-cluster"
One = Callable[[Run, str, str], Resource]


def build(name: str = "shop", *, readers: int = 0, min_capacity: float = 0.5, **options: Any) -> Run:
    def program() -> Link:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input(f"subnet-{zone}") for zone in "ab"],
        )
        database = Database(
            "shop", DatabaseArgs(network=network, key=key, readers=readers, min_capacity=min_capacity)
        )
        proxy = DatabaseProxy(name, DatabaseProxyArgs(database=database, **options))
        links = [proxy.link(), *([proxy.reader()] if readers else [])]
        for link in links:
            for variable, value in link.environment.items():
                pulumi.export(variable, value)
            for permission in link.permissions:
                pulumi.export("permission", pulumi.Output.json_dumps(permission.statement()))
            (door,) = link.ports
            pulumi.export("door", pulumi.Output.concat(door.security_group_id, ":", str(door.port)))
        return links[0]

    return record(program)


def test_children(within: Callable[[Run, str], list[tuple[str, str]]]) -> None:
    assert within(build(), "DatabaseProxy") == [
        ("aws:cloudwatch/logGroup:LogGroup", "shop-proxy-logs"),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-proxy-security-group"),
        ("aws:iam/role:Role", "shop-proxy"),
        ("aws:iam/rolePolicy:RolePolicy", "shop-proxy"),
        ("aws:rds/proxy:Proxy", "shop-proxy"),
        ("aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", "shop-proxy-pool"),
        ("aws:rds/proxyTarget:ProxyTarget", "shop-proxy-target"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "shop-proxy-out"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "shop-proxy-in"),
    ]


@pytest.mark.parametrize(("iam", "required"), [(False, "DISABLED"), (True, "REQUIRED")])
def test_the_proxy(one: One, iam: bool, required: str) -> None:
    proxy = one(build(iam=iam), "aws:rds/proxy:Proxy", "shop-proxy")

    inputs = dict(proxy.inputs)
    assert inputs.pop("roleArn").endswith("role/shop-proxy")
    assert inputs == {
        "name": "shop-proxy",
        "engineFamily": "POSTGRESQL",
        "requireTls": True,
        "debugLogging": False,
        "idleClientTimeout": 1800,
        "vpcSubnetIds": ["subnet-a", "subnet-b"],
        "vpcSecurityGroupIds": ["shop-proxy-security-group-id"],
        "auths": [
            {
                "authScheme": "SECRETS",
                "clientPasswordAuthType": "POSTGRES_SCRAM_SHA_256",
                "iamAuth": required,
                "secretArn": SECRET,
            }
        ],
    }
    assert proxy.options.delete_before_replace


def test_its_log_group_is_there_first_and_bears_its_name(one: One) -> None:
    run = build(log_retention_days=30)

    logs = one(run, "aws:cloudwatch/logGroup:LogGroup", "shop-proxy-logs")
    assert logs.inputs == {"name": "/aws/rds/proxy/shop-proxy", "kmsKeyId": KEY, "retentionInDays": 30}
    assert logs.urn in one(run, "aws:rds/proxy:Proxy", "shop-proxy").options.dependencies


def test_its_role_reads_the_one_secret(one: One) -> None:
    run = build()

    policy = json.loads(one(run, "aws:iam/rolePolicy:RolePolicy", "shop-proxy").inputs["policy"])
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [SECRET]},
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [KEY],
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
        },
    ]
    trust = json.loads(one(run, "aws:iam/role:Role", "shop-proxy").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "rds.amazonaws.com"}


def test_the_only_way_out_is_to_its_database(one: One) -> None:
    run = build()

    proxy, database = "shop-proxy-security-group-id", "shop-database-security-group-id"
    way_out = one(run, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "shop-proxy-out").inputs
    assert (way_out["securityGroupId"], way_out["referencedSecurityGroupId"]) == (proxy, database)
    way_in = one(run, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "shop-proxy-in").inputs
    assert (way_in["securityGroupId"], way_in["referencedSecurityGroupId"]) == (database, proxy)
    assert {rule[end] for rule in (way_out, way_in) for end in ("fromPort", "toPort")} == {5432}
    group = one(run, "aws:ec2/securityGroup:SecurityGroup", "shop-proxy-security-group").inputs
    assert not {"ingress", "egress"} & set(group)


def test_the_pool_leaves_connections_to_others_and_waits_for_instances(one: One) -> None:
    run = build(max_connections_percent=80, borrow_timeout_seconds=5)

    pool = one(run, "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", "shop-proxy-pool").inputs
    assert pool["connectionPoolConfig"] == {
        "maxConnectionsPercent": 80,
        "maxIdleConnectionsPercent": 40,
        "connectionBorrowTimeout": 5,
    }
    target = one(run, "aws:rds/proxyTarget:ProxyTarget", "shop-proxy-target")
    assert target.inputs["dbClusterIdentifier"] == "shop-database"
    instance = one(run, "aws:rds/clusterInstance:ClusterInstance", "shop-database-0")
    assert instance.urn in target.options.dependencies


def test_the_link_stands_in_for_the_database(one: One) -> None:
    run = build()

    assert {name: value for name, value in run.outputs.items() if name.startswith("DATABASE_")} == {
        "DATABASE_HOST": "shop-proxy.rds.internal",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "shop",
        "DATABASE_USER": "shop_owner",
        "DATABASE_SSL_MODE": "require",
        "DATABASE_SECRET_ARN": SECRET,
    }
    assert set(run.value.secrets) == {"DATABASE_PASSWORD"}
    assert run.outputs["door"] == "shop-proxy-security-group-id:5432"


def test_with_iam_no_service_is_given_the_password() -> None:
    run = build(iam=True)

    assert not run.value.secrets
    assert "DATABASE_SECRET_ARN" not in run.outputs
    assert run.outputs["DATABASE_AUTHENTICATION"] == "iam"
    permission = json.loads(run.outputs["permission"])
    assert permission["Action"] == ["rds-db:connect"]
    assert permission["Resource"] == [
        f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:proxy/shop-proxy/shop_owner"  # prx-0123... on AWS
    ]


def test_readers_are_reached_by_an_endpoint_of_their_own(one: One) -> None:
    run = build(readers=1)

    inputs = one(run, "aws:rds/proxyEndpoint:ProxyEndpoint", "shop-proxy-reader").inputs
    assert inputs == {
        "dbProxyName": "shop-proxy",
        "dbProxyEndpointName": "shop-proxy-reader",
        "targetRole": "READ_ONLY",
        "vpcSubnetIds": ["subnet-a", "subnet-b"],
        "vpcSecurityGroupIds": ["shop-proxy-security-group-id"],
    }
    assert run.outputs["DATABASE_READER_HOST"] == "shop-proxy-reader.rds.internal"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_connections_percent": 101},
            "database proxy: max_connections_percent 101 is refused; use 1 to 100",
        ),
        (
            {"idle_client_timeout_seconds": 0},
            "database proxy: idle_client_timeout_seconds 0 is refused; use 1 to 28800",
        ),
        (
            {"min_capacity": 0},
            "database proxy: database 'shop' has min_capacity 0, but never pauses behind a proxy, which keeps"
            " connections open; use 0.5 and more, or no proxy",
        ),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message


def test_no_reader_is_promised_where_there_is_none() -> None:
    def program() -> None:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        network: Any = SimpleNamespace(
            vpc_id=pulumi.Output.from_input("vpc-1"),
            data_subnet_ids=[pulumi.Output.from_input("subnet-a")],
        )
        database = Database("shop", DatabaseArgs(network=network, key=key))
        DatabaseProxy("shop", DatabaseProxyArgs(database=database)).reader()

    with pytest.raises(pulumi.RunError, match="its database has no readers; give it some"):
        record(program)
