"""What a queue or a function takes from a topic: all, or what a filter lets pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.subscriber import FilterScope, filter_inputs
from components.topic import Topic


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Given to the queue or the function, which owns what it takes."""

    topic: Topic
    filter_policy: Mapping[str, object] | None = None
    """SNS filter policy, such as `{"event_type": ["order.placed"]}`; None: all.

    From a FIFO topic, a filter makes of exactly once at most once:
    https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
    """
    filter_policy_scope: FilterScope = "MessageAttributes"
    raw_delivery: bool = True
    """The message as it was published, without SNS's envelope, which Lambda always gets."""

    def filter(self) -> Mapping[str, Any]:
        """The inputs of the subscription that say what passes."""
        return filter_inputs(self.filter_policy, self.filter_policy_scope)
