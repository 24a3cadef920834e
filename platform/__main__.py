"""The shop's platform, top to bottom: read it beside the diagram in README.md."""

import gc

gc.set_threshold(100_000, 50, 50)  # a graph holds next to no garbage: see docs/performance.md

import asyncio
from typing import Any

import pulumi

from components.bucket import Bucket, BucketArgs
from components.certificate import Certificate, CertificateArgs
from components.cluster import Cluster, ClusterArgs
from components.database import Database, DatabaseArgs
from components.fargate_service import FargateService, FargateServiceArgs
from components.github_oidc import GithubOidc, GithubOidcArgs
from components.image import Image, ImageArgs
from components.key import Key, KeyArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from components.queue import Queue, QueueArgs, Subscription
from components.redis import Redis, RedisArgs
from components.scaling import Backlog, Scaling
from components.secret import GeneratedSecret, GeneratedSecretArgs
from components.static_site import StaticSite, StaticSiteArgs
from components.topic import Topic, TopicArgs
from components.web_acl import WebAcl, WebAclArgs
from settings import load


async def main() -> pulumi.Inputs:
    stack = load()
    days, protect = stack.logs.retention_days, stack.protect

    # Foundations: one key, one network, one place for logs.
    key = Key("shop", KeyArgs(account_id=stack.account_id, region=stack.region, protect=protect))
    encrypted: dict[str, Any] = {"key": key, "log_retention_days": days}
    network = Network("shop", NetworkArgs(region=stack.region, **stack.network.topology(), **encrypted))
    kept: dict[str, Any] = {"protect": protect, "force_destroy": not protect}
    logs = Bucket(
        "shop-logs",
        BucketArgs(
            log_delivery=True,
            account_id=stack.account_id,
            region=stack.region,
            expire_after_days=days,
            **kept,
        ),
    )

    # Data, and the messages that an order sends.
    stores: dict[str, Any] = {"network": network, "protect": protect, **encrypted}
    database = Database("shop", DatabaseArgs(**stack.database.model_dump(), **stores))
    cache = Redis("shop-cache", RedisArgs(**stack.cache.model_dump(), **stores))
    orders = Topic("orders", TopicArgs(fifo=True, **encrypted))
    fulfilment = Queue(
        "fulfilment", QueueArgs(key=key, fifo=True, subscriptions=[Subscription(topic=orders)])
    )
    analytics = Queue("analytics", QueueArgs(key=key, subscriptions=[Subscription(topic=orders)]))

    # The application: one image, two services behind one load balancer.
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
    image = Image(
        "api",
        ImageArgs(
            context="app/api",
            uri=stack.pinned("api"),
            key=key,
            protect=protect,
            **stack.images.model_dump(),
        ),
    )
    shared: dict[str, Any] = {
        "cluster": Cluster("shop", ClusterArgs(network=network, **encrypted)),
        "image": image,
        "architecture": stack.architecture,
        "enable_execute_command": stack.enable_execute_command,
    }
    signing_key = GeneratedSecret("jwt-signing-key", GeneratedSecretArgs(key=key))
    api = FargateService(
        "api",
        FargateServiceArgs(
            port=8000,
            route=load_balancer.route("/api/*"),
            health_command=["python", "-m", "shop.healthcheck"],
            links=[database.link(), cache.link()],
            environment={
                "ENVIRONMENT": pulumi.get_stack(),
                "JWT_ISSUER": f"causeway-{pulumi.get_stack()}",
                "SEED_CATALOGUE": "true" if stack.sample_data else "false",
            },
            secrets={"JWT_SIGNING_KEY": signing_key.value_from()},
            scaling=Scaling(minimum=stack.api.min_tasks, maximum=stack.api.max_tasks),
            **stack.api.size(),
            **shared,
        ),
    )
    worker = FargateService(
        "worker",
        FargateServiceArgs(
            command=["python", "-m", "shop.worker"],
            links=[database.link(), cache.link(), orders.publish(), fulfilment.consume()],
            environment={"ENVIRONMENT": pulumi.get_stack()},
            scaling=Scaling(
                minimum=stack.worker.min_tasks,
                maximum=stack.worker.max_tasks,
                backlog=Backlog(queue_name=fulfilment.name),
            ),
            **stack.worker.size(),
            **shared,
        ),
    )

    # The front: one name for the site and the API.
    web_acl = WebAcl("shop", WebAclArgs(account_id=stack.account_id, log_retention_days=days))
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
    outputs: dict[str, pulumi.Input[object]] = {
        "site_url": site.url,
        "api_url": pulumi.Output.concat(site.url, "/api"),
        "distribution_id": site.distribution_id,
        "cluster": shared["cluster"].name,
        "services": {"api": api.service_name, "worker": worker.service_name},
        "images": {"api": image.uri},
        "orders_topic_arn": orders.arn,
        "queue_urls": {"fulfilment": fulfilment.url, "analytics": analytics.url},
    }
    if stack.github:
        trust: dict[str, Any] = stack.github.model_dump() | {"hosted_zone_id": stack.site.hosted_zone_id}
        github = GithubOidc(
            "github", GithubOidcArgs(account_id=stack.account_id, region=stack.region, **trust)
        )
        outputs["deploy_role_arn"] = github.role_arn

    # Let the registrations start before the SDK waits for every output: see docs/performance.md.
    for _ in range(2):
        await asyncio.sleep(0)
    return outputs


pulumi.run(main)
