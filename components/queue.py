"""An SQS queue with its dead-letter queue: encrypted, TLS only, fed by named topics and senders only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sns, sqs

from components.key import Key
from components.link import Link, Permission, variable
from components.topic import Topic

MAX_NAME = 50
MAX_VISIBILITY_SECONDS = 12 * 60 * 60
VISIBILITY_FACTOR = 6
"""https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the handler's."""
DEAD_LETTER_DAYS = 14
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a queue takes from a topic."""

    topic: Topic
    filter_policy: Mapping[str, object] | None = None
    """SNS filter policy over the message's attributes, such as `{"event": ["order.placed"]}`; None: all."""
    raw_delivery: bool = True
    """The message as it was published, without SNS's envelope."""


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    key: Key
    fifo: bool = False
    content_based_deduplication: bool = False
    """FIFO only, for messages that are sent straight to the queue; a FIFO topic brings its own ids."""
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

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if len(name) > MAX_NAME:
            raise pulumi.RunError(f"queue '{name}': {len(name)} characters, AWS takes {MAX_NAME} here")
        super().__init__("causeway:index:Queue", name, None, opts)
        self._key = args.key
        child = pulumi.ResourceOptions(parent=self)
        dead_letter = sqs.Queue(
            f"{name}-dead-letter",
            **_kind(args),
            kms_master_key_id=args.key.arn,
            message_retention_seconds=DEAD_LETTER_DAYS * DAY_SECONDS,
            opts=child,
        )
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
        policies = [
            sqs.QueuePolicy(
                f"{name}-{purpose}",
                queue_url=target.url,
                policy=_policy(target.arn, topics),
                opts=child,
            )
            for purpose, target in (("policy", queue), ("dead-letter-policy", dead_letter))
        ]
        for subscription in args.subscriptions:
            self._subscribe(name, subscription, queue, dead_letter, policies)
        self.arn = queue.arn
        self.url = queue.url
        self.name = queue.name
        self.dead_letter_arn = dead_letter.arn
        self.dead_letter_name = dead_letter.name
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

    def _link(self, verb: str, actions: Sequence[str], key: Permission) -> Link:
        name = self.pulumi_resource_name
        return Link(
            name=f"{name}-queue-{verb}",
            environment={variable(name, "QUEUE_URL"): self.url},
            permissions=[Permission(actions=actions, resources=[self.arn]), key],
        )

    def _subscribe(
        self,
        name: str,
        subscription: Subscription,
        queue: sqs.Queue,
        dead_letter: sqs.Queue,
        policies: Sequence[pulumi.Resource],
    ) -> None:
        filter_policy = subscription.filter_policy
        sns.TopicSubscription(
            f"{name}-from-{subscription.topic.pulumi_resource_name}",
            topic=subscription.topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=subscription.raw_delivery,
            filter_policy=None if filter_policy is None else json.dumps(filter_policy, sort_keys=True),
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letter.arn}),
            # Without the policies SNS would be refused, and what it delivers by then is lost.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(policies)),
        )


def _kind(args: QueueArgs) -> dict[str, Any]:
    """A FIFO queue has high throughput: order and deduplication within a message group."""
    if not args.fifo:
        return {}
    return {
        "fifo_queue": True,
        "content_based_deduplication": args.content_based_deduplication,
        "deduplication_scope": "messageGroup",
        "fifo_throughput_limit": "perMessageGroupId",
    }


def _policy(arn: pulumi.Output[str], topics: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
    statements: list[dict[str, object]] = [
        {
            "Sid": "OverTlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    if topics:
        statements.append(
            {
                "Sid": "TopicsDeliver",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
            }
        )
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})


def _refuse_outside(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise pulumi.RunError(f"queue: {field} {value} is refused, use {least} to {most}")
