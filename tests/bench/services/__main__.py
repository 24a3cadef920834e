"""A platform of SERVICES services behind one load balancer, to measure what each costs."""

import gc

gc.set_threshold(100_000, 50, 50)

import asyncio
import os

import pulumi

from components.bucket import Bucket, BucketArgs
from components.cluster import Cluster, ClusterArgs
from components.fargate_service import FargateService, FargateServiceArgs
from components.image import Image, ImageArgs
from components.key import Key, KeyArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs

ACCOUNT, REGION = "111111111111", "eu-west-1"
URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api@sha256:{'0' * 64}"


async def main() -> None:
    key = Key("bench", KeyArgs(account_id=ACCOUNT, region=REGION))
    network = Network(
        "bench",
        NetworkArgs(cidr="10.0.0.0/16", zones=[f"{REGION}a", f"{REGION}b"], region=REGION, key=key),
    )
    logs = Bucket("bench-logs", BucketArgs(log_delivery=True, account_id=ACCOUNT, region=REGION))
    cluster = Cluster("bench", ClusterArgs(network=network, key=key))
    load_balancer = LoadBalancer("bench", LoadBalancerArgs(network=network, access_logs=logs))
    image = Image("api", ImageArgs(context="app/api", source="release", uri=URI, key=key))
    for number in range(int(os.environ["SERVICES"])):
        FargateService(
            f"service-{number}",
            FargateServiceArgs(
                cluster=cluster,
                image=image,
                port=8000,
                route=load_balancer.route(f"/{number}/*", priority=number + 1),
            ),
        )
    await asyncio.sleep(0)
    await asyncio.sleep(0)


pulumi.run(main)
