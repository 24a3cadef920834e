"""A task that EventBridge Scheduler starts by the clock: tried again, and kept in a queue when it cannot.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

import re
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pulumi
from pulumi_aws import iam, scheduler, sqs

from components.alarm import Alarm
from components.key import Key
from components.message_alarms import dead_letter_alarm
from components.names import refuse_bad_name
from components.task import Task
from components.task_args import TaskArgs

EXPRESSION = re.compile(r"cron\((\S+ ){5}\S+\)|rate\([1-9]\d* (minutes?|hours?|days?)\)|at\(\S+\)")
MOST_RETRIES = 185
LONGEST_WINDOW_MINUTES = 1440
KEPT_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class ScheduledTaskArgs(TaskArgs):
    schedule: str = field()
    """`cron(0 3 * * ? *)`, `rate(1 hour)` or `at(2030-01-31T03:00:00)`."""
    timezone: str = "UTC"
    """Such as `Europe/Berlin`: the clock that cron and at go by."""
    window_minutes: int = 0
    """Starts at any moment of so many minutes, so that all of midnight's tasks do not start at once."""
    retries: int = 10
    """When ECS does not take the task, within an hour. A task that starts and then fails is not run again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not EXPRESSION.fullmatch(self.schedule):
            raise pulumi.RunError(
                f"scheduled task: schedule is '{self.schedule}'; give cron(0 3 * * ? *), rate(1 hour) "
                "or at(2030-01-31T03:00:00)"
            )
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise pulumi.RunError(
                f"scheduled task: timezone is '{self.timezone}'; give one of IANA's, such as Europe/Berlin"
            ) from None
        if not 0 <= self.window_minutes <= LONGEST_WINDOW_MINUTES:
            raise pulumi.RunError(
                f"scheduled task: window_minutes is {self.window_minutes}; give 0 to {LONGEST_WINDOW_MINUTES}"
            )
        if not 0 <= self.retries <= MOST_RETRIES:
            raise pulumi.RunError(
                f"scheduled task: retries is {self.retries}; Scheduler has 0 to {MOST_RETRIES}"
            )


class ScheduledTask(pulumi.ComponentResource):
    """A task, its schedule, and the queue of what could not be started."""

    schedule_name: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]
    dead_letter_arn: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScheduledTaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        because = "a schedule's name has 64, with '-schedule' and Pulumi's suffix"
        refuse_bad_name("scheduled task", name, longest=41, because=because)
        super().__init__("causeway:index:ScheduledTask", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        task = Task(name, args, self._child)
        self.task_role_arn, self.task_definition_arn = task.role_arn, task.definition_arn
        self.security_group_id, self.log_group_name = task.security_group_id, task.log_group_name
        dead = self._make_dead_letters(args.cluster.key)
        self.dead_letter_arn, self.dead_letter_name = dead.arn, dead.name
        group = scheduler.ScheduleGroup(f"{name}-schedules", opts=self._child)
        role, policy = self._make_role(args, task, group, dead)
        schedule = self._make_schedule(
            args, task, group=group, role=role, dead=dead, needs=[*task.needs, policy]
        )
        self.schedule_name = schedule.name
        self.register_outputs(
            {"schedule_name": self.schedule_name, "dead_letter_name": self.dead_letter_name}
        )

    def alarms(self) -> list[Alarm]:
        """A start that ECS refused for an hour."""
        of = f"scheduled task {self._name}"
        return [dead_letter_alarm(f"{self._name}-not-started", of, self.dead_letter_name)]

    def _make_dead_letters(self, key: Key) -> sqs.Queue:
        queue = sqs.Queue(
            f"{self._name}-dead-letters",
            kms_master_key_id=key.arn,
            message_retention_seconds=KEPT_SECONDS,
            opts=self._child,
        )
        plain = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        sqs.QueuePolicy(
            f"{self._name}-dead-letters",
            queue_url=queue.url,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [plain]}),
            opts=self._child,
        )
        return queue

    def _make_role(
        self, args: ScheduledTaskArgs, task: Task, group: scheduler.ScheduleGroup, dead: sqs.Queue
    ) -> tuple[iam.Role, iam.RolePolicy]:
        """Start this task in this cluster, with its roles; keep what failed. Only this schedule takes it."""
        key = args.cluster.key
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": key.account_id, "aws:SourceArn": group.arn}},
        }
        role = iam.Role(
            f"{self._name}-schedule",
            description=f"EventBridge Scheduler starts {self._name}",
            assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        here = f"{key.region}:{key.account_id}"
        statements: list[dict[str, object]] = [
            {
                "Effect": "Allow",
                "Action": ["ecs:RunTask"],
                "Resource": [task.family_arn],
                "Condition": {"ArnEquals": {"ecs:cluster": args.cluster.arn}},
            },
            {
                "Effect": "Allow",
                "Action": ["ecs:TagResource"],
                "Resource": [f"arn:aws:ecs:{here}:task/*"],
                "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
            },
            {
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": [task.execution_role_arn, task.role_arn],
                "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            },
            {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [dead.arn]},
            key.use().statement(),
        ]
        policy = iam.RolePolicy(
            f"{self._name}-schedule",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )
        return role, policy

    def _make_schedule(
        self,
        args: ScheduledTaskArgs,
        task: Task,
        *,
        group: scheduler.ScheduleGroup,
        role: iam.Role,
        dead: sqs.Queue,
        needs: list[pulumi.Resource],
    ) -> scheduler.Schedule:
        window: scheduler.ScheduleFlexibleTimeWindowArgsDict = {"mode": "OFF"}
        if args.window_minutes:
            window = {"mode": "FLEXIBLE", "maximum_window_in_minutes": args.window_minutes}
        return scheduler.Schedule(
            f"{self._name}-schedule",
            description=f"Runs {self._name}",
            group_name=group.name,
            schedule_expression=args.schedule,
            schedule_expression_timezone=args.timezone,
            flexible_time_window=window,
            kms_key_arn=args.cluster.key.arn,
            target={
                "arn": args.cluster.arn,
                "role_arn": role.arn,
                "dead_letter_config": {"arn": dead.arn},
                "retry_policy": {
                    "maximum_retry_attempts": args.retries,
                    "maximum_event_age_in_seconds": 3600,
                },
                "ecs_parameters": {
                    "task_definition_arn": task.definition_arn,
                    "task_count": 1,
                    "capacity_provider_strategies": [
                        {"capacity_provider": args.cluster.on_demand_provider, "weight": 1}
                    ],
                    "network_configuration": {
                        "subnets": args.cluster.network.private_subnet_ids,
                        "security_groups": [task.security_group_id],
                        "assign_public_ip": False,
                    },
                    "enable_ecs_managed_tags": True,
                    "propagate_tags": "TASK_DEFINITION",
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )
