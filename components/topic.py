"""An SNS topic: encrypted, published to by this account over TLS only, failed deliveries logged."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi_aws import cloudwatch, iam, sns

from components.alarm import Alarm
from components.dead_letters import DeadLetters, dead_letters
from components.key import Key
from components.link import Link, Permission, variable
from components.message_alarms import given_up, topic_alarms
from components.subscriber import Subscriber, filter_inputs, subscriber_name

MAX_NAME = 100


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    key: Key
    fifo: bool = False
    """Ordered within a message group, delivered once; AWS delivers it to queues only (see `Function`)."""
    content_based_deduplication: bool = False
    """FIFO only. False: the publisher gives each message an id, so equal contents are not taken for one."""
    fifo_throughput_scope: Literal["MessageGroup", "Topic"] = "MessageGroup"
    """FIFO only. `Topic`: equal ids are one message whatever their group, at 3,000 messages a second in all.
    AWS lets a topic go from `Topic` to `MessageGroup`, never back."""
    subscribers: Sequence[Subscriber] = ()
    """People and their systems: `Email`, `Sms`, `Https`. Queues and functions subscribe themselves."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        if self.content_based_deduplication and not self.fifo:
            raise pulumi.RunError("topic: content_based_deduplication needs fifo=True")
        if self.fifo_throughput_scope != "MessageGroup" and not self.fifo:
            raise pulumi.RunError(
                f"topic: fifo_throughput_scope '{self.fifo_throughput_scope}' needs fifo=True"
            )
        endpoints = [subscriber.endpoint for subscriber in self.subscribers]
        for endpoint in endpoints:
            if self.fifo:
                raise pulumi.RunError(
                    f"topic: '{endpoint}' cannot subscribe a FIFO topic, which AWS delivers to queues only; "
                    "give it to a standard topic that a function publishes to, as docs/messaging.md shows"
                )
            if endpoints.count(endpoint) > 1:
                raise pulumi.RunError(f"topic: '{endpoint}' is subscribed twice; merge the filter policies")


class Topic(pulumi.ComponentResource):
    """A topic, its policy, and the log of what it could not deliver.

    https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    """The name that AWS knows, as metrics are dimensioned by it."""
    fifo: bool
    dead_letter_arn: pulumi.Output[str] | None
    """Of what subscribers could not be sent, after SNS's retries; None without subscribers."""
    dead_letter_name: pulumi.Output[str] | None

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if len(name) > MAX_NAME:
            raise pulumi.RunError(f"topic '{name}': {len(name)} characters, AWS takes {MAX_NAME} here")
        super().__init__("causeway:index:Topic", name, None, opts)
        self._key = args.key
        self.fifo = args.fifo
        role = self._feedback_role(name)
        topic = sns.Topic(
            f"{name}-topic",
            kms_master_key_id=args.key.arn,
            fifo_topic=args.fifo,
            **_standard(role.arn) if not args.fifo else _fifo(args),
            sqs_failure_feedback_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = topic.arn
        self.name = topic.name
        self._log_failures(name, role, args)
        sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=self._policy(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        failures = self._subscribe(name, args)
        self.dead_letter_arn = failures.queue.arn if failures else None
        self.dead_letter_name = failures.queue.name if failures else None
        self.register_outputs({"arn": self.arn, "name": self.name})

    def publish(self) -> Link:
        """Lets a service publish, and tells it the ARN: `ORDERS_TOPIC_ARN` for a topic `orders`."""
        name = self.pulumi_resource_name
        return Link(
            name=f"{name}-topic-publish",
            environment={variable(name, "TOPIC_ARN"): self.arn},
            permissions=[
                Permission(actions=["sns:Publish"], resources=[self.arn]),
                self._key.use(),
            ],
        )

    def alarms(self) -> list[Alarm]:
        """Failed deliveries, lost messages, and any in the dead-letter queue of its subscribers."""
        name = self.pulumi_resource_name
        failures = {f"{name}-topic-dead-letters": self.dead_letter_name}
        return [*topic_alarms(name, self.name), *given_up(f"topic {name}", failures)]

    def _subscribe(self, name: str, args: TopicArgs) -> DeadLetters | None:
        if not args.subscribers:
            return None
        failures = dead_letters(f"{name}-dead-letter", key=args.key, parent=self, topics=[self.arn])
        for subscriber in args.subscribers:
            sns.TopicSubscription(
                subscriber_name(name, subscriber),
                topic=self.arn,
                protocol=subscriber.protocol,
                endpoint=subscriber.endpoint,
                **subscriber.delivery(),
                **filter_inputs(subscriber.filter_policy),
                redrive_policy=failures.redrive_policy(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[failures.policy]),
            )
        return failures

    def _policy(self) -> pulumi.Output[str]:
        return pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "ThisAccountPublishes",
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{self._key.account_id}:root"},
                        "Action": "sns:Publish",
                        "Resource": self.arn,
                    },
                    {
                        "Sid": "OverTlsOnly",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": self.arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            }
        )

    def _feedback_role(self, name: str) -> iam.Role:
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        return iam.Role(
            f"{name}-feedback",
            description=f"Lets SNS log what topic {name} could not deliver",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _log_failures(self, name: str, role: iam.Role, args: TopicArgs) -> None:
        """The log group whose name SNS prescribes, made first so that it has a key and a retention."""
        failures = cloudwatch.LogGroup(
            f"{name}-failures",
            name=pulumi.Output.concat(f"sns/{args.key.region}/{args.key.account_id}/", self.name, "/Failure"),
            kms_key_id=args.key.arn,
            retention_in_days=args.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        iam.RolePolicy(
            f"{name}-feedback",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": [failures.arn, pulumi.Output.concat(failures.arn, ":*")],
                        }
                    ],
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _standard(feedback_role_arn: pulumi.Output[str]) -> dict[str, Any]:
    """A standard topic also calls functions and URLs; it signs what it sends with SHA-256."""
    return {
        "signature_version": 2,
        "lambda_failure_feedback_role_arn": feedback_role_arn,
        "http_failure_feedback_role_arn": feedback_role_arn,
    }


def _fifo(args: TopicArgs) -> dict[str, Any]:
    """High throughput, unless ids are to be unique in the topic as a whole. A FIFO topic signs nothing."""
    return {
        "content_based_deduplication": args.content_based_deduplication,
        "fifo_throughput_scope": args.fifo_throughput_scope,
    }
