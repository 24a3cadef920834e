"""What a component wants watched: a value, like a link, of which come an alarm and a graph."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
VALUE = "value"
"""The id of what the expression gives."""
MOST_METRICS = 10
MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 60 * 60, 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric as CloudWatch names it."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    stat: str
    """`Sum`, `Average`, `Minimum`, `Maximum`, or a percentile such as `p99`."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Fires when a metric, or an expression over some, is at `threshold` or above for long enough.

    What is not reported is no reason to fire: an idle queue or a paused database reports nothing.
    0.10 $ a month for each metric in it.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
    """

    name: str
    """Unique among what one `Alarms` watches, such as `api-cpu`."""
    of: str
    """Whose, such as `service api`: the heading on the dashboard."""
    title: str
    """What is measured and in which unit, such as `CPU, percent`."""
    description: str
    """What it means when it fires and where to look first: the text of the e-mail."""
    metrics: Mapping[str, Metric]
    """By the id that the expression uses."""
    expression: str | None = None
    """Metric math over the ids; without, there is one metric and it is the value."""
    threshold: float
    period_seconds: int = 300
    periods: int = 3
    """So many periods, one after the other, have to be bad."""
    within: int | None = None
    """Of so many periods `periods` have to be bad; None: all."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            self._refuse("the name has a-z, 0-9 and single hyphens between")
        if not 1 <= len(self.metrics) <= MOST_METRICS:
            self._refuse(f"it has {len(self.metrics)} metrics, AWS takes 1 to {MOST_METRICS}")
        for id_ in self.metrics:
            if not ID.fullmatch(id_) or id_ == VALUE:
                self._refuse(f"id '{id_}' must be a-z, then letters, digits or _, not {VALUE}")
        if self.expression is None and len(self.metrics) > 1:
            self._refuse(f"it has {len(self.metrics)} metrics and no expression that makes one value of them")
        if self.period_seconds < MINUTE_SECONDS or self.period_seconds % MINUTE_SECONDS:
            self._refuse(f"period_seconds is {self.period_seconds}; give a multiple of {MINUTE_SECONDS}")
        if not 1 <= self.periods <= self.evaluation_periods:
            self._refuse(
                f"{self.periods} of {self.evaluation_periods} periods cannot be; give 1 of 1 or more"
            )
        longest = DAY_SECONDS if self.period_seconds < HOUR_SECONDS else 7 * DAY_SECONDS
        if self.period_seconds * self.evaluation_periods > longest:
            self._refuse(
                f"{self.evaluation_periods} periods of {self.period_seconds} s are more than the "
                f"{longest} s that AWS looks back"
            )

    @property
    def evaluation_periods(self) -> int:
        """The periods that are looked at."""
        return self.periods if self.within is None else self.within

    def _refuse(self, why: str) -> None:
        raise pulumi.RunError(f"alarm '{self.name}': {why}")


class Watched(Protocol):
    """A component that says what it wants watched."""

    def alarms(self) -> Sequence[Alarm]:
        """Values, not resources: `Alarms.watch` makes the alarms."""
        ...
