"""An SQS queue with its dead-letter queue: encrypted, TLS only, fed by named topics and senders only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi_aws import sns, sqs

from components.alarm import Alarm
from components.dead_letters import DAY_SECONDS, DEAD_LETTER_DAYS, DeadLetters, dead_letters, queue_policy
from components.key import Key
from components.link import Link, Permission, variable
from components.message_alarms import given_up, waiting_alarm
from components.subscription import Subscription

MAX_NAME = 50
MAX_VISIBILITY_SECONDS = 12 * 60 * 60
VISIBILITY_FACTOR = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the handler's."""
HIGH_THROUGHPUT = {"deduplication_scope": "messageGroup", "fifo_throughput_limit": "perMessageGroupId"}


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    key: Key
    fifo: bool = False
    content_based_deduplication: bool = False
    """FIFO only, for messages that are sent straight to the queue; a FIFO topic brings its own ids."""
    deduplication_scope: Literal["messageGroup", "queue"] = "messageGroup"
    """FIFO only. `queue`: equal ids are one message whatever their group, at 300 calls a second in all."""
    handler_timeout_seconds: int = 30
    """The longest that a handler takes for one message; a message is hidden for six times as long."""
    max_receive_count: int = 5
    """Attempts before a message goes to the dead-letter queue."""
    retention_days: int = 4
    """1 to 13: the dead-letter queue keeps 14, counted from the first sending of a standard message."""
    subscriptions: Sequence[Subscription] = ()

    def __post_init__(self) -> None:
        most = MAX_VISIBILITY_SECONDS // VISIBILITY_FACTOR
        _refuse_outside("handler_timeout_seconds", self.handler_timeout_seconds, 1, most)
        _refuse_outside("max_receive_count", self.max_receive_count, 1, 1000)
        _refuse_outside("retention_days", self.retention_days, 1, DEAD_LETTER_DAYS - 1)
        if self.content_based_deduplication and not self.fifo:
            raise pulumi.RunError("queue: content_based_deduplication needs fifo=True")
        if self.deduplication_scope != "messageGroup" and not self.fifo:
            raise pulumi.RunError(f"queue: deduplication_scope '{self.deduplication_scope}' needs fifo=True")
        topics = [subscription.topic.pulumi_resource_name for subscription in self.subscriptions]
        for subscription, topic in zip(self.subscriptions, topics, strict=True):
            if self.fifo and not subscription.topic.fifo:
                raise pulumi.RunError(
                    f"queue: topic '{topic}' is standard and AWS lets it feed no FIFO queue:"
                    " give the topic fifo=True or the queue fifo=False"
                )
            if topics.count(topic) > 1:
                raise pulumi.RunError(
                    f"queue: topic '{topic}' is subscribed twice; merge the filter policies"
                )


class Queue(pulumi.ComponentResource):
    """A queue, where its failures go, and what feeds it.

    What SNS cannot deliver and what the consumer cannot handle end in the same dead-letter queue.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    name: pulumi.Output[str]
    """The name that AWS knows, as metrics are dimensioned by it."""
    dead_letter_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    undelivered_name: pulumi.Output[str] | None
    """Of the queue for what a FIFO topic could not deliver, where this one is standard."""

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if len(name) > MAX_NAME:
            raise pulumi.RunError(f"queue '{name}': {len(name)} characters, AWS takes {MAX_NAME} here")
        super().__init__("causeway:index:Queue", name, None, opts)
        self._key = args.key
        child = pulumi.ResourceOptions(parent=self)
        alike = _topics(args, fifo=args.fifo)
        dead = dead_letters(f"{name}-dead-letter", key=args.key, parent=self, topics=alike, kind=_kind(args))
        dead_letter = dead.queue
        queue = sqs.Queue(
            f"{name}-queue",
            **_kind(args),
            kms_master_key_id=args.key.arn,
            message_retention_seconds=args.retention_days * DAY_SECONDS,
            visibility_timeout_seconds=args.handler_timeout_seconds * VISIBILITY_FACTOR,
            receive_wait_time_seconds=20,  # long polling, the longest: fewer empty answers to pay for
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letter.arn, "maxReceiveCount": args.max_receive_count}
            ),
            opts=child,
        )
        sqs.RedriveAllowPolicy(
            f"{name}-redrive-allow",
            queue_url=dead_letter.url,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
            ),
            opts=child,
        )
        topics = [subscription.topic.arn for subscription in args.subscriptions]
        policy = sqs.QueuePolicy(
            f"{name}-policy", queue_url=queue.url, policy=queue_policy(queue.arn, topics), opts=child
        )
        undelivered = self._undelivered(name, args)
        for subscription in args.subscriptions:
            failures = undelivered if undelivered and subscription.topic.fifo else dead
            self._subscribe(name, subscription, queue, policy, failures)
        self.arn = queue.arn
        self.url = queue.url
        self.name = queue.name
        self.dead_letter_arn = dead_letter.arn
        self.dead_letter_name = dead_letter.name
        self.undelivered_name = undelivered.queue.name if undelivered else None
        self.register_outputs(
            {
                "arn": self.arn,
                "url": self.url,
                "name": self.name,
                "dead_letter_arn": self.dead_letter_arn,
                "dead_letter_name": self.dead_letter_name,
            }
        )

    def send(self) -> Link:
        """Lets a service send, and tells it the URL: `FULFILMENT_QUEUE_URL` for a queue `fulfilment`."""
        return self._link("send", ["sqs:SendMessage"], self._key.use())

    def consume(self) -> Link:
        """Lets a service receive, hide for longer and delete, and tells it the URL."""
        actions = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ]
        return self._link("consume", actions, self._key.use("kms:Decrypt"))

    def alarms(self, *, oldest_minutes: int | None = 15) -> list[Alarm]:
        """Messages that wait too long, and any in a dead-letter queue. `oldest_minutes=None` for a queue that
        nobody empties yet."""
        name = self.pulumi_resource_name
        waiting = [] if oldest_minutes is None else [waiting_alarm(name, self.name, oldest_minutes)]
        failures = {
            f"{name}-queue-dead-letters": self.dead_letter_name,
            f"{name}-queue-undelivered": self.undelivered_name,
        }
        return [*waiting, *given_up(f"queue {name}", failures)]

    def _link(self, verb: str, actions: Sequence[str], key: Permission) -> Link:
        name = self.pulumi_resource_name
        return Link(
            name=f"{name}-queue-{verb}",
            environment={variable(name, "QUEUE_URL"): self.url},
            permissions=[Permission(actions=actions, resources=[self.arn]), key],
        )

    def _undelivered(self, name: str, args: QueueArgs) -> DeadLetters | None:
        """What a FIFO topic cannot deliver to a standard queue, for which AWS wants a FIFO queue."""
        topics = _topics(args, fifo=True)
        if args.fifo or not topics:
            return None
        kind = {"fifo_queue": True, **HIGH_THROUGHPUT}
        return dead_letters(f"{name}-undelivered", key=args.key, parent=self, topics=topics, kind=kind)

    def _subscribe(
        self,
        name: str,
        subscription: Subscription,
        queue: sqs.Queue,
        policy: sqs.QueuePolicy,
        failures: DeadLetters,
    ) -> None:
        sns.TopicSubscription(
            f"{name}-from-{subscription.topic.pulumi_resource_name}",
            topic=subscription.topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=subscription.raw_delivery,
            **subscription.filter(),
            redrive_policy=failures.redrive_policy(),
            # Without the policies SNS would be refused, and what it delivers by then is lost.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, failures.policy]),
        )


def _topics(args: QueueArgs, *, fifo: bool) -> list[pulumi.Output[str]]:
    return [subscription.topic.arn for subscription in args.subscriptions if subscription.topic.fifo == fifo]


def _kind(args: QueueArgs) -> dict[str, Any]:
    """A FIFO queue has high throughput, unless ids are to be unique in the queue as a whole."""
    if not args.fifo:
        return {}
    scope = HIGH_THROUGHPUT
    if args.deduplication_scope == "queue":
        scope = {"deduplication_scope": "queue", "fifo_throughput_limit": "perQueue"}
    return {"fifo_queue": True, "content_based_deduplication": args.content_based_deduplication, **scope}


def _refuse_outside(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise pulumi.RunError(f"queue: {field} {value} is refused, use {least} to {most}")
