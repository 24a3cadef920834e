"""The worker's process: settles the orders of the queue, and relays the outbox to the topic."""

import asyncio
import logging
import signal

import boto3
from botocore.config import Config

from shop import logs, migrate
from shop.cache import Cache
from shop.consumer import POLL_SECONDS, Consumer
from shop.database import Database, is_unavailable
from shop.fulfilment import Fulfilment
from shop.relay import Relay, Topic
from shop.settings import WorkerSettings, load
from shop.stopping import run_unless_stopped, wait

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 3600


async def housekeeping(relay: Relay, fulfilment: Fulfilment, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await relay.forget_published()
            await fulfilment.forget_processed()
        except Exception as error:
            if not is_unavailable(error):
                raise
        await wait(stop, HOUSEKEEPING_SECONDS)


async def run(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Until `stop`: then what is in hand is finished, and the rest goes back to the queue."""
    if settings.migrate_on_start:
        await run_unless_stopped(stop, migrate.upgrade_when_possible(settings))
    session = boto3.Session(region_name=settings.region)
    config = Config(
        connect_timeout=3,
        read_timeout=POLL_SECONDS + 10,
        retries={"mode": "standard", "max_attempts": 3},
        tcp_keepalive=True,
    )
    database = Database(settings, "worker")
    cache = Cache(settings.redis_url, settings.redis_password) if settings.redis_url else None
    fulfilment = Fulfilment(database, cache)
    relay = Relay(database, Topic(session.client("sns", config=config), settings.orders_topic_arn))
    consumer = Consumer(
        session.client("sqs", config=config),
        str(settings.fulfilment_queue_url),
        fulfilment,
        settings.visibility_seconds,
    )
    log.info("worker started")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run(stop))
            tasks.create_task(relay.run(stop))
            tasks.create_task(housekeeping(relay, fulfilment, stop))
    finally:
        if cache is not None:
            await cache.close()
        await database.close()
    log.info("worker stopped")


async def main() -> None:
    settings = load(WorkerSettings)
    logs.configure(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await run(settings, stop)
    except Exception:
        log.exception("worker failed")
        raise SystemExit(1) from None


if __name__ == "__main__":
    asyncio.run(main())
