"""What is watched of topics, queues and functions: what waits too long, and what nobody could handle."""

from collections.abc import Mapping, Sequence

import pulumi

from components.alarm import MINUTE_SECONDS, Alarm, Metric


def waiting_alarm(name: str, queue_name: pulumi.Output[str], oldest_minutes: int) -> Alarm:
    """A consumer that is gone, or too slow."""
    return Alarm(
        name=f"{name}-queue-age",
        of=f"queue {name}",
        title="Oldest message, seconds",
        description=f"A message of queue {name} has waited for {oldest_minutes} minutes: look at its "
        "consumer's tasks and logs",
        metrics={"age": _queue(queue_name, "ApproximateAgeOfOldestMessage")},
        threshold=oldest_minutes * MINUTE_SECONDS,
        period_seconds=MINUTE_SECONDS,
    )


def dead_letter_alarm(name: str, of: str, queue_name: pulumi.Output[str]) -> Alarm:
    """The first message in a dead-letter queue fires; it stays on until the queue is empty."""
    return Alarm(
        name=name,
        of=of,
        title="Messages given up",
        description=f"Messages of {of} could not be delivered or handled: read why in the logs, then redrive "
        "them within 14 days, after which they are gone",
        metrics={"visible": _queue(queue_name, "ApproximateNumberOfMessagesVisible")},
        threshold=1,
        period_seconds=MINUTE_SECONDS,
        periods=1,
    )


def topic_alarms(name: str, topic_name: pulumi.Output[str]) -> list[Alarm]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html"""
    return [
        _sum(
            f"{name}-topic-failures",
            f"topic {name}",
            "Deliveries failed",
            f"Topic {name} could not deliver to a subscriber: its failure log says why",
            ("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": topic_name}),
        ),
        _sum(
            f"{name}-topic-lost",
            f"topic {name}",
            "Messages lost",
            f"Messages of topic {name} did not even reach a dead-letter queue and are lost: look at that "
            "queue's policy and key",
            ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", {"TopicName": topic_name}),
        ),
    ]


def function_alarms(name: str, function_name: pulumi.Output[str]) -> list[Alarm]:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    dimensions = {"FunctionName": function_name}
    return [
        _sum(
            f"{name}-function-errors",
            f"function {name}",
            "Failed calls",
            f"Calls of function {name} fail: read its log",
            ("AWS/Lambda", "Errors", dimensions),
        ),
        _sum(
            f"{name}-function-throttles",
            f"function {name}",
            "Refused calls",
            f"Calls of function {name} are refused: raise its reserved_concurrency, or the account's quota",
            ("AWS/Lambda", "Throttles", dimensions),
        ),
    ]


def _sum(
    name: str, of: str, title: str, description: str, metric: tuple[str, str, Mapping[str, pulumi.Input[str]]]
) -> Alarm:
    namespace, metric_name, dimensions = metric
    return Alarm(
        name=name,
        of=of,
        title=title,
        description=description,
        metrics={"count": Metric(namespace=namespace, name=metric_name, dimensions=dimensions, stat="Sum")},
        threshold=1,
        periods=1,
    )


def _queue(queue_name: pulumi.Output[str], metric_name: str) -> Metric:
    return Metric(namespace="AWS/SQS", name=metric_name, dimensions={"QueueName": queue_name}, stat="Maximum")


def given_up(of: str, queues: Mapping[str, pulumi.Output[str] | None]) -> Sequence[Alarm]:
    """One alarm for each dead-letter queue that there is, by the alarm's name."""
    return [dead_letter_alarm(name, of, queue) for name, queue in queues.items() if queue is not None]
