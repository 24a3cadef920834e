"""The shop's platform, top to bottom: read it beside the diagram in README.md."""

import gc

gc.set_threshold(100_000, 50, 50)  # a graph holds next to no garbage: see docs/performance.md

import asyncio
from typing import Any

import parts
import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.bucket import Bucket, BucketArgs
from components.certificate import Certificate, CertificateArgs
from components.cluster import Cluster, ClusterArgs
from components.deployment import Deployment
from components.fargate_service import FargateService, FargateServiceArgs
from components.key import Key, KeyArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.migration import Migration, MigrationArgs
from components.network import Network, NetworkArgs
from components.queue import Queue, QueueArgs, Subscription
from components.role_boundary import RoleBoundary, RoleBoundaryArgs
from components.secret import GeneratedSecret, GeneratedSecretArgs
from components.static_site import StaticSite, StaticSiteArgs
from components.topic import Topic, TopicArgs
from components.web_acl import WebAcl, WebAclArgs
from settings import load


async def main() -> pulumi.Inputs:
    stack = load()
    days, protect = stack.logs.retention_days, stack.protect

    # Foundations: one key, one network, one place for logs, one for alarms. No role exceeds the boundary.
    boundary = RoleBoundary("shop", RoleBoundaryArgs(account_id=stack.account_id))
    key = Key("shop", KeyArgs(account_id=stack.account_id, region=stack.region, protect=protect))
    encrypted: dict[str, Any] = {"key": key, "log_retention_days": days}
    network = Network("shop", NetworkArgs(region=stack.region, **stack.network.topology(), **encrypted))
    kept: dict[str, Any] = {"protect": protect, "force_destroy": not protect}
    place: dict[str, Any] = {"account_id": stack.account_id, "region": stack.region}
    logs = Bucket("shop-logs", BucketArgs(log_delivery=True, expire_after_days=days, **place, **kept))
    alarms = Alarms("shop", AlarmsArgs(key=key, emails=stack.alarms.emails)) if stack.alarms else None

    # Data, and the messages that an order sends.
    stores: dict[str, Any] = {"network": network, "protect": protect, **encrypted}
    database, entrance = parts.make_database(stack, stores, alarms)
    cache = parts.make_cache(stack, stores)
    orders = Topic("orders", TopicArgs(fifo=True, **encrypted))
    fulfilment = Queue(
        "fulfilment", QueueArgs(key=key, fifo=True, subscriptions=[Subscription(topic=orders)])
    )
    analytics = Queue("analytics", QueueArgs(key=key, subscriptions=[Subscription(topic=orders)]))
    notices = parts.notify(stack, orders, encrypted)
    parts.make_backup(stack, key, database, alarms)

    # The application: one image, its migration, then two services behind one load balancer.
    domain: dict[str, Any] = {"domain": stack.site.domain, "hosted_zone_id": stack.site.hosted_zone_id}
    certificate = Certificate("shop", CertificateArgs(**domain)) if stack.site.domain else None
    load_balancer = LoadBalancer(
        "shop",
        LoadBalancerArgs(
            network=network,
            access_logs=logs,
            certificate_arn=certificate.arn if certificate else None,
            protect=protect,
        ),
    )
    image = parts.make_image(stack, "api", key)
    cluster = Cluster("shop", ClusterArgs(network=network, **parts.capacity(stack), **encrypted))
    environment = {"ENVIRONMENT": pulumi.get_stack(), "MIGRATE_ON_START": "false"}
    task: dict[str, Any] = {
        "cluster": cluster,
        "image": image,
        "architecture": stack.architecture,
        "internet_access": stack.internet_access,
    }
    migration = Migration(
        "migration",
        MigrationArgs(
            command=["python", "-m", "shop.migrate"],
            links=[database.link()],
            environment={**environment, "SEED_CATALOGUE": "true" if stack.sample_data else "false"},
            after=[database],
            **task,
        ),
    )
    service: dict[str, Any] = {
        **task,
        "after": [migration],
        "enable_execute_command": stack.enable_execute_command,
        "tracing": stack.tracing,
    }
    signing_key = GeneratedSecret("jwt-signing-key", GeneratedSecretArgs(key=key))
    api = FargateService(
        "api",
        FargateServiceArgs(
            port=8000,
            route=load_balancer.route("/api/*"),
            health_command=["python", "-m", "shop.healthcheck"],
            links=[entrance.link(), cache.link()],
            environment={
                **environment,
                "JWT_ISSUER": f"causeway-{pulumi.get_stack()}",
            },
            secrets={"JWT_SIGNING_KEY": signing_key.value_from()},
            scaling=parts.scaling(stack.api),
            deployment=Deployment(**stack.api.deployment.model_dump()),
            **stack.api.size(),
            **service,
        ),
    )
    worker = FargateService(
        "worker",
        FargateServiceArgs(
            command=["python", "-m", "shop.worker"],
            links=[entrance.link(), cache.link(), orders.publish(), fulfilment.consume()],
            environment=environment,
            scaling=parts.scaling(stack.worker, queue_name=fulfilment.name),
            **stack.worker.size(),
            **service,
        ),
    )

    # The front: one name for the site and the API.
    limit = stack.site.requests_per_5_minutes
    web_acl = WebAcl(
        "shop",
        WebAclArgs(account_id=stack.account_id, requests_per_5_minutes=limit, log_retention_days=days),
    )
    site = StaticSite(
        "site",
        StaticSiteArgs(
            directory="app/web",
            api=load_balancer,
            logs=logs,
            web_acl_arn=web_acl.arn,
            price_class=stack.site.price_class,
            **domain,
            **kept,
        ),
    )

    # Who watches it, and who may deploy it.
    watched = (load_balancer, api, worker, database, cache, orders, fulfilment, *notices)
    parts.watch(stack, alarms, cluster, *watched, *analytics.alarms(oldest_minutes=None))
    outputs: parts.Outputs = {
        "site_url": site.url,
        "api_url": pulumi.Output.concat(site.url, "/api"),
        "distribution_id": site.distribution_id,
        "cluster": cluster.name,
        "services": {"api": api.service_name, "worker": worker.service_name},
        "images": {"api": image.uri},
        "orders_topic_arn": orders.arn,
        "queue_urls": {"fulfilment": fulfilment.url, "analytics": analytics.url},
        **parts.deliver(stack, key, boundary),
    }

    # Let the registrations start before the SDK waits for every output: see docs/performance.md.
    for _ in range(2):
        await asyncio.sleep(0)
    return outputs


pulumi.run(main)
