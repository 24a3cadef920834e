"""Queues for what could not be delivered or handled: encrypted, TLS only, kept for 14 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import sqs

from components.key import Key

DEAD_LETTER_DAYS = 14
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class DeadLetters:
    """A queue and its policy, without which SNS would be refused, and what it gives up by then is lost."""

    queue: sqs.Queue
    policy: sqs.QueuePolicy

    def redrive_policy(self) -> pulumi.Output[str]:
        """The redrive policy of a subscription whose failures end here."""
        return pulumi.Output.json_dumps({"deadLetterTargetArn": self.queue.arn})


def dead_letters(
    name: str,
    *,
    key: Key,
    parent: pulumi.Resource,
    topics: Sequence[pulumi.Output[str]] = (),
    kind: dict[str, Any] | None = None,
) -> DeadLetters:
    """The queue `name`; `topics` are those whose undelivered messages it takes, `kind` makes it FIFO.

    A FIFO queue has FIFO dead letters, and so has the subscription of a FIFO topic, whatever it feeds:
    https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
    """
    child = pulumi.ResourceOptions(parent=parent)
    queue = sqs.Queue(
        name,
        **(kind or {}),
        kms_master_key_id=key.arn,
        message_retention_seconds=DEAD_LETTER_DAYS * DAY_SECONDS,
        opts=child,
    )
    policy = sqs.QueuePolicy(
        f"{name}-policy", queue_url=queue.url, policy=queue_policy(queue.arn, topics), opts=child
    )
    return DeadLetters(queue=queue, policy=policy)


def queue_policy(arn: pulumi.Output[str], topics: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
    """The policy of a queue: TLS for everybody, and SNS on behalf of these topics."""
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
