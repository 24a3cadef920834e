"""Who may enter a cache: one named user with data commands only, and `default`, which every cache has, with
no right at all."""

import secrets
from typing import Literal

import pulumi
from pulumi_aws import elasticache

Engine = Literal["valkey", "redis"]
APPLICATION_USER = "app"
ACCESS = "on ~* &* -@all +@read +@write +@connection +@transaction +@pubsub +@scripting -@admin -@dangerous"
"""All data, no administration: no FLUSHALL, KEYS, CONFIG or ACL. https://valkey.io/topics/acl/"""
CLUSTER_ACCESS = f"{ACCESS} +cluster|slots +cluster|shards +cluster|nodes +cluster|myid"
"""With what a client of cluster mode asks to learn where each key lives."""


def make_users(
    name: str,
    *,
    engine: Engine,
    identity: pulumi.Output[str],
    password: pulumi.Output[str],
    cluster_mode: bool,
    parent: pulumi.Resource,
) -> elasticache.UserGroup:
    """The application's user, `default` without any right, and the group of both.

    Pulumi draws no ids for users; `identity`, some 30 characters with a drawn end, makes them unique.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """
    child = pulumi.ResourceOptions(parent=parent)
    application = elasticache.User(
        f"{name}-cache-app",
        user_id=pulumi.Output.concat(identity, "-app"),
        user_name=APPLICATION_USER,
        engine=engine,
        access_string=CLUSTER_ACCESS if cluster_mode else ACCESS,
        authentication_mode={"type": "password", "passwords": [password]},
        opts=child,
    )
    default = elasticache.User(
        f"{name}-cache-default",
        user_id=pulumi.Output.concat(identity, "-off"),
        user_name="default",
        engine=engine,
        access_string="off -@all",
        # Valkey takes no user without a password; nobody keeps this one.
        authentication_mode={
            "type": "password",
            "passwords": [pulumi.Output.secret(secrets.token_urlsafe(48))],
        },
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["authentication_mode"]),
    )
    return elasticache.UserGroup(
        f"{name}-cache-users",
        user_group_id=identity,
        engine=engine,
        user_ids=[default.user_id, application.user_id],
        opts=child,
    )
