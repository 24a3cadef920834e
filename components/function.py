"""A Lambda function, packaged from a folder: own role, own log, nothing that it fails to handle is lost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_, sns

from components.alarm import Alarm
from components.dead_letters import DeadLetters, dead_letters
from components.function_code import function_code
from components.function_environment import function_environment
from components.key import Key
from components.link import Link, Permission, variable
from components.message_alarms import function_alarms, given_up
from components.names import refuse_bad_name
from components.queue import Queue, QueueArgs
from components.subscription import Subscription

LEAST_QUEUE_CONCURRENCY, MOST_QUEUE_CONCURRENCY = 2, 1000
"""What AWS takes as the most invocations at a time by one queue."""
BATCH = 10
"""Messages of one invocation: the most that a FIFO queue gives."""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    key: Key
    directory: str
    """Folder of the code, from the root of the project: `app/notifier`. Its tests stay behind."""
    handler: str = "handler.handle"
    runtime: Literal["python3.13", "python3.14", "nodejs22.x", "nodejs24.x"] = "python3.13"
    architecture: Literal["ARM64", "X86_64"] = "ARM64"
    """Graviton costs a fifth less; only packages with machine code care."""
    memory_mib: int = 256
    """128 to 10,240; processing power grows with it."""
    timeout_seconds: int = 30
    """Of one invocation, up to 10 messages of a queue, 900 at most."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Never a secret: everybody who may describe the function reads it."""
    links: Sequence[Link] = ()
    subscriptions: Sequence[Subscription] = ()
    """The topics that call it. A FIFO topic does so through a queue that is made for it."""
    reserved_concurrency: int | None = None
    """Invocations at a time, taken out of the account's (1,000 unless raised); None: as many as are left."""
    tracing: bool = True
    """X-Ray: 100,000 traces a month are free, then 5 $ a million."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        _refuse_outside("memory_mib", self.memory_mib, 128, 10_240)
        _refuse_outside("timeout_seconds", self.timeout_seconds, 1, 900)
        least = LEAST_QUEUE_CONCURRENCY if any(s.topic.fifo for s in self.subscriptions) else 1
        if self.reserved_concurrency is not None and self.reserved_concurrency < least:
            raise pulumi.RunError(
                f"function: reserved_concurrency {self.reserved_concurrency} is refused, use {least} or more"
                + (", for a queue takes two invocations at a time" if least > 1 else "")
            )
        topics = [subscription.topic.pulumi_resource_name for subscription in self.subscriptions]
        for topic in topics:
            if topics.count(topic) > 1:
                raise pulumi.RunError(f"function: topic '{topic}' is subscribed twice; merge the filters")


class Function(pulumi.ComponentResource):
    """Code that topics and services call.

    A standard topic calls it with SNS's event, and what fails three times goes to the dead-letter queue.
    AWS delivers a FIFO topic to queues only, so that one brings its messages, in order within a group:
    the event is then SQS's, and the handler answers with `batchItemFailures`. What fails five times goes to
    that queue's dead-letter queue. https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    """The name that AWS knows, as metrics are dimensioned by it."""
    role_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    dead_letter_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    inbox: Queue | None
    """The queue that FIFO topics fill."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a role's has 64, with '-function-role' and Pulumi's suffix"
        refuse_bad_name("function", name, longest=42, because=because)
        code = function_code(args.directory, args.handler, args.runtime)
        variables = function_environment(args.environment, args.links)
        super().__init__("causeway:index:Function", name, {"directory": args.directory}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        direct = [subscription for subscription in args.subscriptions if not subscription.topic.fifo]
        failures = dead_letters(
            f"{name}-dead-letter",
            key=args.key,
            parent=self,
            topics=[subscription.topic.arn for subscription in direct],
        )
        self.inbox = self._make_inbox(args)
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            kms_key_id=args.key.arn,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        role, policy = self._make_role(args, logs, failures)
        function = lambda_.Function(
            f"{name}-function",
            code=code,
            handler=args.handler,
            runtime=args.runtime,
            architectures=[args.architecture.lower()],
            role=role.arn,
            memory_size=args.memory_mib,
            timeout=args.timeout_seconds,
            reserved_concurrent_executions=args.reserved_concurrency,
            environment={"variables": variables} if variables else None,
            kms_key_arn=args.key.arn,
            tracing_config={"mode": "Active" if args.tracing else "PassThrough"},
            logging_config={
                "log_group": logs.name,
                "log_format": "JSON",
                "application_log_level": "INFO",
                "system_log_level": "WARN",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        lambda_.FunctionEventInvokeConfig(
            f"{name}-on-failure",
            function_name=function.name,
            destination_config={"on_failure": {"destination": failures.queue.arn}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        for subscription in direct:
            self._subscribe(subscription, function, failures)
        if self.inbox is not None:
            self._feed(function, self.inbox, args.reserved_concurrency, policy)
        self.arn, self.name = function.arn, function.name
        self.role_arn, self.log_group_name = role.arn, logs.name
        self.dead_letter_arn, self.dead_letter_name = failures.queue.arn, failures.queue.name
        self.register_outputs({"arn": self.arn, "name": self.name, "role_arn": self.role_arn})

    def invoke(self) -> Link:
        """Lets a service call it, and tells it the name: `NOTIFIER_FUNCTION_NAME` for `notifier`."""
        return Link(
            name=f"{self._name}-function-invoke",
            environment={variable(self._name, "FUNCTION_NAME"): self.name},
            permissions=[Permission(actions=["lambda:InvokeFunction"], resources=[self.arn])],
        )

    def alarms(self) -> list[Alarm]:
        """Failed and refused calls, any event in the dead-letter queue, and its inbox."""
        failures = {f"{self._name}-function-dead-letters": self.dead_letter_name}
        return [
            *function_alarms(self._name, self.name),
            *given_up(f"function {self._name}", failures),
            *(self.inbox.alarms() if self.inbox else ()),
        ]

    def _make_inbox(self, args: FunctionArgs) -> Queue | None:
        ordered = [subscription for subscription in args.subscriptions if subscription.topic.fifo]
        if not ordered:
            return None
        queue = QueueArgs(
            key=args.key, fifo=True, handler_timeout_seconds=args.timeout_seconds, subscriptions=ordered
        )
        return Queue(f"{self._name}-inbox", queue, self._child)

    def _make_role(
        self, args: FunctionArgs, logs: cloudwatch.LogGroup, failures: DeadLetters
    ) -> tuple[iam.Role, iam.RolePolicy]:
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.Role(
            f"{self._name}-function-role",
            description=f"What function {self._name} may do",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        streams = pulumi.Output.concat(logs.arn, ":*")
        permissions = [
            Permission(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[streams]),
            Permission(actions=["sqs:SendMessage"], resources=[failures.queue.arn]),
            args.key.use(),
            *(self.inbox.consume().permissions if self.inbox else ()),
            *(permission for link in args.links for permission in link.permissions),
        ]
        statements = [permission.statement() for permission in permissions]
        if args.tracing:
            actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
            # X-Ray takes no resource for either.
            statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
        policy = iam.RolePolicy(
            f"{self._name}-function-role",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )
        return role, policy

    def _subscribe(
        self, subscription: Subscription, function: lambda_.Function, failures: DeadLetters
    ) -> None:
        name = f"{self._name}-from-{subscription.topic.pulumi_resource_name}"
        permission = lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="sns.amazonaws.com",
            source_arn=subscription.topic.arn,
            opts=self._child,
        )
        sns.TopicSubscription(
            name,
            topic=subscription.topic.arn,
            protocol="lambda",
            endpoint=function.arn,
            **subscription.filter(),
            redrive_policy=failures.redrive_policy(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, failures.policy]),
        )

    def _feed(
        self, function: lambda_.Function, inbox: Queue, concurrency: int | None, policy: iam.RolePolicy
    ) -> None:
        """Without a bound of its own the queue calls more than is reserved, and counts that as failures."""
        bound = None if concurrency is None else min(concurrency, MOST_QUEUE_CONCURRENCY)
        lambda_.EventSourceMapping(
            f"{self._name}-inbox",
            event_source_arn=inbox.arn,
            function_name=function.arn,
            batch_size=BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": bound} if bound else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def _refuse_outside(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise pulumi.RunError(f"function: {field} {value} is refused, use {least} to {most}")
