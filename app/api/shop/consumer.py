"""Takes messages from a queue, keeps them hidden meanwhile, and leaves the poison to the dead letters."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from shop import events, logs
from shop.database import is_unavailable
from shop.events import Event, PoisonError
from shop.stopping import wait

log = logging.getLogger(__name__)

POLL_SECONDS = 5
"""SQS allows 20; but a poll cannot be cut short, and SIGTERM waits for it."""

Message = dict[str, Any]
Handle = Callable[[Event], Awaitable[None]]


class SqsClient(Protocol):
    """The part of boto3's client that is used. boto3 is synchronous: it is called in threads."""

    def receive_message(self, **parameters: Any) -> dict[str, Any]: ...
    def delete_message(self, **parameters: Any) -> Any: ...
    def change_message_visibility(self, **parameters: Any) -> Any: ...


class Consumer:
    """Handles the messages of a queue, several groups at a time, each group in its order.

    What cannot be handled goes back and, after the queue's `maxReceiveCount`, to its dead-letter queue.
    """

    def __init__(self, client: SqsClient, queue_url: str, handle: Handle, visibility_seconds: int) -> None:
        self._client = client
        self._queue_url = queue_url
        self._handle = handle
        self._visibility_seconds = visibility_seconds

    async def run(self, stop: asyncio.Event) -> None:
        pause = 1.0
        while not stop.is_set():
            try:
                messages = await self._receive()
                pause = 1.0
            except (BotoCoreError, ClientError) as error:
                log.warning("queue unavailable", extra={"error": str(error), "seconds": pause})
                await wait(stop, pause)
                pause = min(pause * 2, 5)
                continue
            groups: dict[str, list[Message]] = defaultdict(list)
            for message in messages:
                group = message.get("Attributes", {}).get("MessageGroupId", message["MessageId"])
                groups[group].append(message)
            async with asyncio.TaskGroup() as tasks:
                for group in groups.values():
                    tasks.create_task(self._handle_group(group, stop))

    async def _handle_group(self, messages: Sequence[Message], stop: asyncio.Event) -> None:
        """One after the other; after a failure the rest goes back too, so that order is kept."""
        waiting = list(messages)
        extension = asyncio.create_task(self._extend(waiting))
        try:
            while waiting:
                if stop.is_set() or not await self._handle_message(waiting[0], stop):
                    break
                del waiting[0]
        finally:
            extension.cancel()
        for message in waiting:
            await self._release(message)

    async def _handle_message(self, message: Message, stop: asyncio.Event) -> bool:
        """Whether the message is done with."""
        logs.request_id.set(None)
        try:
            event, request_id = events.read(message["Body"], message.get("MessageAttributes", {}))
            logs.request_id.set(request_id)
            await self._handle_when_possible(event, stop)
        except PoisonError as error:
            log.error(  # noqa: TRY400 - the message is at fault, not the code
                "poison message", extra={"message_id": message["MessageId"], "error": str(error)}
            )
            return False
        except Exception:
            log.exception("message not handled", extra={"message_id": message["MessageId"]})
            return False
        try:
            await self._call(self._client.delete_message, message)
        except (BotoCoreError, ClientError) as error:  # it comes again, and finds itself handled
            log.warning("message not deleted", extra={"error": str(error)})
        return True

    async def _handle_when_possible(self, event: Event, stop: asyncio.Event) -> None:
        """Waits for a database that is away: each return to the queue would be a step to the dead letters."""
        pause = 0.1
        while True:
            try:
                return await self._handle(event)
            except Exception as error:
                if stop.is_set() or not is_unavailable(error):
                    raise
                log.warning("database unavailable, waiting", extra={"error": str(error), "seconds": pause})
            await wait(stop, pause)
            pause = min(pause * 2, 5)

    async def _extend(self, messages: Sequence[Message]) -> None:
        """Keep hidden what is being worked on, or waits behind it."""
        while True:
            await asyncio.sleep(self._visibility_seconds / 3)
            for message in tuple(messages):
                await self._change_visibility(message, self._visibility_seconds)

    async def _release(self, message: Message) -> None:
        """Back to the queue: at once the first time, later each time after."""
        received = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
        await self._change_visibility(message, min(2 ** (received - 1) - 1, 60))

    async def _change_visibility(self, message: Message, seconds: int) -> None:
        try:
            await self._call(self._client.change_message_visibility, message, VisibilityTimeout=seconds)
        except (BotoCoreError, ClientError) as error:
            log.warning("visibility not changed", extra={"error": str(error)})

    async def _receive(self) -> list[Message]:
        answer = await asyncio.to_thread(
            self._client.receive_message,
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=POLL_SECONDS,
            VisibilityTimeout=self._visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    async def _call(self, operation: Callable[..., Any], message: Message, **parameters: Any) -> None:
        await asyncio.to_thread(
            operation, QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"], **parameters
        )
