"""Tasks by the clock: what Scheduler may do, what is tried again, where the rest is kept."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.scheduled_task import ScheduledTask, ScheduledTaskArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
SCHEDULE, GROUP = "aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup"
QUEUE, QUEUE_POLICY = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/nightly-dead-letters"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop-cluster"

Build = Callable[..., Run]


@pytest.fixture
def build(foundation: Any) -> Build:
    def make(*, preview: bool = False, **arguments: Any) -> Run:
        def program() -> ScheduledTask:
            base = foundation()
            given = {"schedule": "cron(0 3 * * ? *)", "cluster": base.cluster, "image": base.image}
            return ScheduledTask("nightly", ScheduledTaskArgs(**{**given, **arguments}))

        return record(program, preview=preview)

    return make


CHILDREN = sorted(
    [
        ("causeway:index:Task", "nightly"),
        ("aws:cloudwatch/logGroup:LogGroup", "nightly-logs"),
        (ROLE, "nightly-execution-role"),
        (POLICY, "nightly-execution-role"),
        (ROLE, "nightly-task-role"),
        ("aws:ec2/securityGroup:SecurityGroup", "nightly-task"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "nightly-aws-apis-out"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "nightly-s3-out"),
        ("aws:ecs/taskDefinition:TaskDefinition", "nightly-task"),
        (QUEUE, "nightly-dead-letters"),
        (QUEUE_POLICY, "nightly-dead-letters"),
        (GROUP, "nightly-schedules"),
        (ROLE, "nightly-schedule"),
        (POLICY, "nightly-schedule"),
        (SCHEDULE, "nightly-schedule"),
    ]
)


def test_children(build: Build, within: Any) -> None:
    assert within(build(), "ScheduledTask") == CHILDREN


def test_preview_with_nothing_known(build: Build, unknown: None, within: Any) -> None:
    assert within(build(preview=True), "ScheduledTask") == CHILDREN


def test_schedule(build: Build, one: Any) -> None:
    run = build(timezone="Europe/Berlin", retries=3)
    schedule = one(run, SCHEDULE, "nightly-schedule")
    assert schedule.inputs == {
        "description": "Runs nightly",
        "groupName": "nightly-schedules",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "Europe/Berlin",
        "flexibleTimeWindow": {"mode": "OFF"},
        "kmsKeyArn": KEY,
        "target": {
            "arn": CLUSTER,
            "roleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:role/nightly-schedule",
            "deadLetterConfig": {"arn": DEAD},
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600},
            "ecsParameters": {
                "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:taskdefinition/nightly-task",
                "taskCount": 1,
                "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
                "networkConfiguration": {
                    "subnets": ["shop-private-a-id", "shop-private-b-id"],
                    "securityGroups": ["nightly-task-id"],
                    "assignPublicIp": False,
                },
                "enableEcsManagedTags": True,
                "propagateTags": "TASK_DEFINITION",
            },
        },
    }
    assert one(run, POLICY, "nightly-schedule").urn in schedule.options.dependencies
    assert one(run, POLICY, "nightly-execution-role").urn in schedule.options.dependencies


def test_a_window(build: Build, one: Any) -> None:
    schedule = one(build(window_minutes=15), SCHEDULE, "nightly-schedule").inputs
    assert schedule["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}


def test_scheduler_starts_this_task_and_no_other(build: Build, one: Any) -> None:
    run = build()
    assert json.loads(one(run, POLICY, "nightly-schedule").inputs["policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["ecs:RunTask"],
            "Resource": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/causeway-test-nightly:*"],
            "Condition": {"ArnEquals": {"ecs:cluster": CLUSTER}},
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:TagResource"],
            "Resource": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/*"],
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": [
                f"arn:aws:iam:{REGION}:{ACCOUNT}:role/nightly-execution-role",
                f"arn:aws:iam:{REGION}:{ACCOUNT}:role/nightly-task-role",
            ],
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [DEAD]},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": [KEY]},
    ]
    (trust,) = json.loads(one(run, ROLE, "nightly-schedule").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedulegroup/nightly-schedules"
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}}


def test_what_could_not_be_started_is_kept(build: Build, one: Any) -> None:
    run = build()
    assert one(run, QUEUE, "nightly-dead-letters").inputs == {
        "kmsMasterKeyId": KEY,
        "messageRetentionSeconds": 1209600,
    }
    (statement,) = json.loads(one(run, QUEUE_POLICY, "nightly-dead-letters").inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_what_is_watched(foundation: Any) -> None:
    def program() -> Any:
        base = foundation()
        args = ScheduledTaskArgs(cluster=base.cluster, image=base.image, schedule="rate(1 hour)")
        return ScheduledTask("nightly", args).alarms()

    (alarm,) = record(program).value
    assert (alarm.name, alarm.of, alarm.threshold) == ("nightly-not-started", "scheduled task nightly", 1)


@pytest.mark.parametrize("schedule", ["rate(1 hour)", "rate(5 minutes)", "at(2030-01-31T03:00:00)"])
def test_takes_what_scheduler_has(schedule: str, build: Build, one: Any) -> None:
    assert (
        one(build(schedule=schedule), SCHEDULE, "nightly-schedule").inputs["scheduleExpression"] == schedule
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "0 3 * * *"}, r"schedule is '0 3 \* \* \*'; give cron\(0 3 \* \* \? \*\), rate"),
        ({"schedule": "cron(0 3 * * *)"}, r"schedule is 'cron\(0 3 \* \* \*\)'"),
        ({"schedule": "rate(0 hours)"}, r"schedule is 'rate\(0 hours\)'"),
        ({"timezone": "Berlin"}, "timezone is 'Berlin'; give one of IANA's, such as Europe/Berlin"),
        ({"timezone": "../etc/passwd"}, "timezone is '../etc/passwd'"),
        ({"window_minutes": 1441}, "window_minutes is 1441; give 0 to 1440"),
        ({"retries": 186}, "retries is 186; Scheduler has 0 to 185"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)
