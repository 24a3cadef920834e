"""Settings of what runs: the services, how many tasks, how a new version takes over, and on what."""

from typing import Annotated, Any, Self

import compute_limits as limits
from pydantic import Field, model_validator
from scalars import Flag
from sections import Section, refusal

from components.fargate_size import FARGATE_MEMORY_MIB


class Schedule(Section):
    """From a time on, other limits; they stay until another schedule's time."""

    name: limits.ScheduleName
    at: limits.ScheduleAt
    minimum: limits.ScheduledTasks
    maximum: limits.ScheduledTasks
    timezone: limits.Timezone = "UTC"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise refusal("minimum", self.minimum, f"at most maximum, which is {self.maximum}")
        return self


Schedules = Annotated[
    tuple[Schedule, ...], Field(description="a list of mappings of name, at, minimum, maximum, timezone")
]


class Scaling(Section):
    """What moves the number of tasks: any one asks for more, all agree to fewer."""

    cpu_percent: limits.LoadPercent | None = 60
    memory_percent: limits.LoadPercent | None = None
    schedules: Schedules = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [schedule.name for schedule in self.schedules]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise refusal(f"schedules[{index}].name", name, "a name that no other schedule has")
        return self


class ApiScaling(Scaling):
    requests_per_target: limits.RequestsPerTarget | None = None
    """Requests a minute that one task should have."""


class WorkerScaling(Scaling):
    messages_per_task: limits.MessagesPerTask = 10
    """Of the queue, those at work included."""


class Deployment(Section):
    """How a new version takes over: all but `rolling` start it beside the old one and shift the requests."""

    strategy: limits.Strategy = "rolling"
    bake_minutes: limits.WaitMinutes = 5
    """The old version stays ready for so long after the last shift."""
    step_percent: limits.StepPercent = 20
    step_minutes: limits.WaitMinutes = 5
    canary_percent: limits.CanaryPercent = 10
    canary_minutes: limits.WaitMinutes = 10
    pause: Flag = False
    """Waits, before any request is shifted, until somebody says CONTINUE or ROLLBACK."""
    pause_minutes: limits.PauseMinutes = 60

    @model_validator(mode="after")
    def _shifts_what_it_pauses(self) -> Self:
        if self.pause and self.strategy == "rolling":
            allowed = (
                "false with strategy rolling, which shifts no requests: blue-green, linear and canary do"
            )
            raise refusal("pause", self.pause, allowed)
        return self


class Service(Section):
    """Size and number of the tasks of an ECS service."""

    cpu: limits.Cpu = 256
    memory_mib: limits.MemoryMib = 512
    min_tasks: limits.MinTasks = 1
    max_tasks: limits.MaxTasks = 4

    def size(self) -> dict[str, Any]:
        """What one task gets, by the component's own names."""
        return self.model_dump(include={"cpu", "memory_mib"})

    def _check(self, scaling: Scaling) -> None:
        offered = FARGATE_MEMORY_MIB[self.cpu]
        if self.memory_mib not in offered:
            allowed = (
                f"{', '.join(map(str, offered[:-1]))} or {offered[-1]}"
                if len(offered) <= 4  # noqa: PLR2004 what a line can list
                else f"{offered[0]} to {offered[-1]} in steps of {offered[1] - offered[0]}"
            )
            raise refusal("memoryMib", self.memory_mib, f"{allowed} MiB with cpu {self.cpu}")
        if self.min_tasks > self.max_tasks:
            raise refusal("minTasks", self.min_tasks, f"at most maxTasks, which is {self.max_tasks}")
        if self.min_tasks == 0 and not any(schedule.minimum for schedule in scaling.schedules):
            raise refusal("minTasks", 0, "1 or more, or scaling.schedules with one whose minimum is")


class ApiService(Service):
    min_tasks: limits.MinTasks = 2
    """One in each of two zones, so that the loss of one is no outage."""
    scaling: ApiScaling = ApiScaling()
    deployment: Deployment = Deployment()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._check(self.scaling)
        wishes = ("cpu_percent", "memory_percent", "requests_per_target", "schedules")
        if self.min_tasks < self.max_tasks and not any(getattr(self.scaling, wish) for wish in wishes):
            allowed = "10 to 90, or memoryPercent or requestsPerTarget, where minTasks is below maxTasks"
            raise refusal("scaling.cpuPercent", None, allowed)
        return self


class WorkerService(Service):
    """It also relays the outbox, so that nothing arrives in its queue while none of it runs: zero tasks are
    a schedule's to choose, for hours in which orders may wait."""

    scaling: WorkerScaling = WorkerScaling()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._check(self.scaling)
        return self


class Instances(Section):
    """EC2 instances for all tasks, in place of Fargate; of the stack's architecture."""

    instance_type: limits.InstanceType
    minimum: limits.MinInstances = 0
    maximum: limits.MaxInstances = 4
    target_percent: limits.TargetPercent = 100
    """How full ECS keeps them: less leaves room for tasks that must start at once."""

    @property
    def architecture(self) -> str:
        """Graviton: a `g` after the generation, and the first generation, `a1`."""
        family = self.instance_type.split(".")[0]
        graviton = "g" in family.lstrip("abcdefghijklmnopqrstuvwxyz") or family == "a1"
        return "ARM64" if graviton else "X86_64"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise refusal("minimum", self.minimum, f"at most maximum, which is {self.maximum}")
        return self


class Capacity(Section):
    """What the tasks run on."""

    spot_weight: limits.SpotWeight = 0
    """70 % cheaper, gone at two minutes' notice; a service's first task never is on Spot."""
    ec2: Instances | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.spot_weight and self.ec2 is not None:
            raise refusal("spotWeight", self.spot_weight, "0 with ec2: it is Fargate's, which ec2 replaces")
        return self
