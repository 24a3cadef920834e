"""The shop's platform, top to bottom: read it beside the diagram in README.md."""

import gc

gc.set_threshold(100_000, 50, 50)  # a graph holds next to no garbage: see docs/performance.md

import asyncio

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
from components.scaling import Scaling
from components.secret import GeneratedSecret, GeneratedSecretArgs
from components.static_site import StaticSite, StaticSiteArgs
from components.topic import Topic, TopicArgs
from components.web_acl import WebAcl, WebAclArgs
from settings import load


async def main() -> pulumi.Inputs:
    stack = load()
    days = stack.logs.retention_days
    protect = stack.protect

    # Foundations: one key, one network, one place for logs.
    key = Key("shop", KeyArgs(account_id=stack.account_id, region=stack.region, protect=protect))
    network = Network(
        "shop",
        NetworkArgs(
            cidr=stack.network.cidr,
            zones=stack.network.zones,
            region=stack.region,
            nat=stack.network.nat,
            key=key,
            log_retention_days=days,
        ),
    )
    logs = Bucket(
        "shop-logs",
        BucketArgs(
            log_delivery=True,
            account_id=stack.account_id,
            region=stack.region,
            expire_after_days=days,
            force_destroy=not protect,
            protect=protect,
        ),
    )

    # Data and messages.
    database = Database(
        "shop",
        DatabaseArgs(
            network=network,
            key=key,
            min_capacity=stack.database.min_capacity,
            max_capacity=stack.database.max_capacity,
            readers=stack.database.readers,
            backup_retention_days=stack.database.backup_retention_days,
            log_retention_days=days,
            protect=protect,
        ),
    )
    cache = Redis(
        "shop-cache",
        RedisArgs(
            network=network,
            key=key,
            node_type=stack.cache.node_type,
            nodes=stack.cache.nodes,
            eviction_policy=stack.cache.eviction_policy,
            snapshot_retention_days=stack.cache.snapshot_retention_days,
            log_retention_days=days,
            protect=protect,
        ),
    )
    orders = Topic("orders", TopicArgs(key=key, fifo=True, log_retention_days=days))
    fulfilment = Queue(
        "fulfilment", QueueArgs(key=key, fifo=True, subscriptions=[Subscription(topic=orders)])
    )
    analytics = Queue("analytics", QueueArgs(key=key, subscriptions=[Subscription(topic=orders)]))

    # The application: one image, two services.
    cluster = Cluster("shop", ClusterArgs(network=network, key=key, log_retention_days=days))
    certificate = (
        Certificate(
            "shop", CertificateArgs(domain=stack.site.domain, hosted_zone_id=stack.site.hosted_zone_id)
        )
        if stack.site.domain and stack.site.hosted_zone_id
        else None
    )
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
            source=stack.images.source,
            uri=stack.pinned("api"),
            platforms=stack.images.platforms,
            pull_account_ids=stack.images.pull_account_ids,
            key=key,
        ),
    )
    signing_key = GeneratedSecret("jwt-signing-key", GeneratedSecretArgs(key=key))
    api = FargateService(
        "api",
        FargateServiceArgs(
            cluster=cluster,
            image=image,
            port=8000,
            route=load_balancer.route("/api/*"),
            cpu=stack.api.cpu,
            memory_mib=stack.api.memory_mib,
            scaling=Scaling(minimum=stack.api.min_tasks, maximum=stack.api.max_tasks),
            architecture=stack.architecture,
            enable_execute_command=stack.enable_execute_command,
            environment={
                "ENVIRONMENT": pulumi.get_stack(),
                "JWT_ISSUER": f"causeway-{pulumi.get_stack()}",
                "SEED_CATALOGUE": "true" if stack.sample_data else "false",
            },
            secrets={"JWT_SIGNING_KEY": signing_key.value_from()},
            links=[database.link(), cache.link()],
        ),
    )
    worker = FargateService(
        "worker",
        FargateServiceArgs(
            cluster=cluster,
            image=image,
            command=["python", "-m", "shop.worker"],
            cpu=stack.worker.cpu,
            memory_mib=stack.worker.memory_mib,
            scaling=Scaling(minimum=stack.worker.min_tasks, maximum=stack.worker.max_tasks),
            architecture=stack.architecture,
            enable_execute_command=stack.enable_execute_command,
            environment={"ENVIRONMENT": pulumi.get_stack()},
            links=[database.link(), cache.link(), orders.publish(), fulfilment.consume()],
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
            domain=stack.site.domain,
            hosted_zone_id=stack.site.hosted_zone_id,
            price_class=stack.site.price_class,
            force_destroy=not protect,
            protect=protect,
        ),
    )
    outputs: dict[str, pulumi.Input[object]] = {
        "site_url": site.url,
        "api_url": pulumi.Output.concat(site.url, "/api"),
        "distribution_id": site.distribution_id,
        "cluster": cluster.name,
        "services": {"api": api.service_name, "worker": worker.service_name},
        "images": {"api": image.uri},
        "orders_topic_arn": orders.arn,
        "queue_urls": {"fulfilment": fulfilment.url, "analytics": analytics.url},
    }
    if stack.github:
        github = GithubOidc(
            "github",
            GithubOidcArgs(
                **stack.github.model_dump(),
                account_id=stack.account_id,
                region=stack.region,
                hosted_zone_id=stack.site.hosted_zone_id,
            ),
        )
        outputs["deploy_role_arn"] = github.role_arn

    # Let the registrations start before the SDK waits for every output: see docs/performance.md.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return outputs


pulumi.run(main)
