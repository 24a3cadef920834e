"""What ECS, its instances and its autoscaling take, as types: see `limits`."""

from typing import Annotated, Literal

from pydantic import Field
from scalars import Number, Text, Whole, from_to, one_of, text

from components.fargate_size import FARGATE_MEMORY_MIB

Architecture = Literal["X86_64", "ARM64"]

Cpu = Annotated[
    Whole,
    one_of(FARGATE_MEMORY_MIB),
    Field(description="256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units (1024 are one vCPU)"),
]
MemoryMib = Annotated[Whole, from_to(512, 122880, "MiB that Fargate offers with the cpu")]
MinTasks = Annotated[Whole, from_to(0, 5000, "tasks, where 0 needs a schedule that starts some")]
MaxTasks = Annotated[Whole, from_to(1, 5000, "tasks (the quota of an ECS service)")]
ScheduledTasks = Annotated[Whole, from_to(0, 5000, "tasks")]
LoadPercent = Annotated[Whole, from_to(10, 90, "percent")]
RequestsPerTarget = Annotated[Whole, from_to(1, 10_000_000, "requests a minute and task")]
MessagesPerTask = Annotated[Whole, from_to(1, 1_000_000, "messages a task")]
ScheduleName = Annotated[
    Text, text("[a-z][a-z0-9]*(-[a-z0-9]+)*", "at most 30 of a-z, 0-9 and single hyphens between", longest=30)
]
ScheduleAt = Annotated[
    Text,
    text(
        r"(cron[(]\S+( \S+){5}[)]|rate[(][1-9][0-9]* (minute|hour|day)s?[)]|at[(]\S+[)])",
        "cron(...) with six fields, rate(...) or at(...), such as cron(0 7 ? * MON-FRI *)",
        longest=256,
    ),
]
Timezone = Annotated[
    Text,
    text("[A-Za-z_]+(/[A-Za-z0-9_+-]+)*", "the name of a timezone, such as Europe/Zurich", longest=50),
]

Strategy = Literal["rolling", "blue-green", "linear", "canary"]
WaitMinutes = Annotated[Whole, from_to(0, 1440, "minutes")]
PauseMinutes = Annotated[Whole, from_to(1, 20_160, "minutes, after which it is rolled back")]
StepPercent = Annotated[Number, Field(ge=3, le=100, description="3 to 100 percent of the requests")]
CanaryPercent = Annotated[Number, Field(ge=0.1, le=100, description="0.1 to 100 percent of the requests")]

SpotWeight = Annotated[Whole, from_to(0, 100, "percent of the tasks beyond a service's first")]
InstanceType = Annotated[
    Text, text("[a-z][a-z0-9-]*[.][a-z0-9-]+", "an EC2 instance type, such as m7g.large", longest=40)
]
MinInstances = Annotated[Whole, from_to(0, 5000, "instances")]
MaxInstances = Annotated[Whole, from_to(1, 5000, "instances")]
TargetPercent = Annotated[Whole, from_to(1, 100, "percent")]
