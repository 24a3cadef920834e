"""How many tasks a service runs, and by what AWS changes their number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.names import refuse_bad_name

LOWEST_PERCENT, HIGHEST_PERCENT = 10, 90
SCHEDULE = re.compile(r"cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minute|hour|day)s?\)|at\(\S+\)")
TIMEZONE = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Messages in a queue that one task should have before it, those it works on included."""

    queue_name: pulumi.Input[str]
    messages_per_task: int = 10


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """From a time on, other limits: `Schedule(name="night", at="cron(0 20 * * ? *)", minimum=0, maximum=0)`.

    They stay until another schedule sets others, so a night needs a morning.
    https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
    """

    name: str
    at: str
    """`cron(minutes hours day-of-month month day-of-week year)`, `rate(...)` or `at(yyyy-mm-ddThh:mm:ss)`."""
    minimum: int
    maximum: int
    timezone: str = "UTC"
    """By name, such as Europe/Zurich: an hour stays the same hour in summer."""

    def __post_init__(self) -> None:
        refuse_bad_name("schedule", self.name, longest=30, because="a scheduled action's name")
        if not SCHEDULE.fullmatch(self.at):
            raise pulumi.RunError(
                f"schedule '{self.name}': at is '{self.at}'; give cron(0 7 ? * MON-FRI *), with six fields, "
                "rate(1 hour) or at(2030-01-01T00:00:00)"
            )
        if not 0 <= self.minimum <= self.maximum:
            raise pulumi.RunError(
                f"schedule '{self.name}': minimum {self.minimum} and maximum {self.maximum}; "
                "give 0 <= minimum <= maximum"
            )
        if not TIMEZONE.fullmatch(self.timezone):
            raise pulumi.RunError(
                f"schedule '{self.name}': timezone is '{self.timezone}'; give a name such as Europe/Zurich"
            )


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Between `minimum` and `maximum` tasks; equal, their number is fixed and nothing but a schedule scales.

    The policies only agree to fewer tasks, and any one of them asks for more.
    """

    minimum: int = 1
    maximum: int = 4
    cpu_percent: float | None = 60
    """Average CPU to hold. None for a worker whose CPU says nothing of its work."""
    memory_percent: float | None = None
    """Average memory to hold; only for what gives memory back, or it never scales in."""
    requests_per_target: int | None = None
    """Requests a minute that one task should have, for a service with a route."""
    backlog: Backlog | None = None
    """The queue that a worker empties; with it `minimum` may be 0."""
    schedules: Sequence[Schedule] = ()
    """Other limits by the hour; with them `minimum` may be 0 too."""

    def __post_init__(self) -> None:
        if not 0 <= self.minimum <= self.maximum or self.maximum == 0:
            raise pulumi.RunError(
                f"scaling: minimum {self.minimum} and maximum {self.maximum}; "
                "give 0 <= minimum <= maximum, and a maximum of 1 or more"
            )
        if self.minimum == 0 and self.backlog is None and not any(one.minimum for one in self.schedules):
            raise pulumi.RunError(
                "scaling: minimum 0 needs a backlog, or a schedule with a minimum of 1: without tasks there "
                "is no CPU to scale by; give 1"
            )
        for name in ("cpu_percent", "memory_percent"):
            percent = getattr(self, name)
            if percent is not None and not LOWEST_PERCENT <= percent <= HIGHEST_PERCENT:
                raise pulumi.RunError(
                    f"scaling: {name} is {percent}; give {LOWEST_PERCENT} to {HIGHEST_PERCENT}, or None"
                )
        if self.requests_per_target is not None and self.requests_per_target < 1:
            raise pulumi.RunError(
                f"scaling: requests_per_target is {self.requests_per_target}; give 1 or more a minute"
            )
        if self.minimum < self.maximum and not self._by_anything():
            raise pulumi.RunError(
                f"scaling: from {self.minimum} to {self.maximum} tasks by what? Give cpu_percent or a backlog"
            )
        if self.backlog is not None and self.backlog.messages_per_task < 1:
            raise pulumi.RunError(
                f"scaling: messages_per_task is {self.backlog.messages_per_task}; give 1 or more"
            )
        names = [schedule.name for schedule in self.schedules]
        if len(set(names)) < len(names):
            raise pulumi.RunError(f"scaling: schedules {', '.join(names)}; give each a name of its own")

    @property
    def automatic(self) -> bool:
        """Whether AWS owns the desired count, so that no `up` may reset it."""
        return self.minimum < self.maximum or bool(self.schedules)

    def _by_anything(self) -> bool:
        wishes = (self.cpu_percent, self.memory_percent, self.requests_per_target, self.backlog)
        return bool(self.schedules) or any(wish is not None for wish in wishes)
