"""Functions: one role, one log, one place for failures; FIFO topics come through a queue, others directly."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.function import Function, FunctionArgs
from components.key import Key, KeyArgs
from components.link import Link, Port, SecretValue
from components.subscription import Subscription
from components.topic import Topic, TopicArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/orders-topic"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function/notifier-function"
DEAD_LETTER = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/notifier-dead-letter"
INBOX = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue/notifier-inbox-queue"
LOGS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:loggroup/notifier-logs"

Within = Callable[[Run, str], list[tuple[str, str]]]
One = Callable[[Run, str, str], Resource]
ALONE = [
    ("aws:cloudwatch/logGroup:LogGroup", "notifier-logs"),
    ("aws:iam/role:Role", "notifier-function-role"),
    ("aws:iam/rolePolicy:RolePolicy", "notifier-function-role"),
    ("aws:lambda/function:Function", "notifier-function"),
    ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "notifier-on-failure"),
    ("aws:sqs/queue:Queue", "notifier-dead-letter"),
    ("aws:sqs/queuePolicy:QueuePolicy", "notifier-dead-letter-policy"),
]


def build(
    name: str = "notifier", *, topics: Sequence[bool] = (), subscribe: Any = None, **options: Any
) -> Run:
    """A function with a topic for each of `topics`, FIFO or not."""

    def program() -> Function:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        made = [
            Topic("orders" if index == 0 else f"orders-{index}", TopicArgs(key=key, fifo=fifo))
            for index, fifo in enumerate(topics)
        ]
        subscriptions = subscribe(*made) if subscribe else [Subscription(topic=topic) for topic in made]
        arguments = {"directory": "app/notifier", "subscriptions": subscriptions, **options}
        function = Function(name, FunctionArgs(key=key, **arguments))
        for variable, value in function.invoke().environment.items():
            pulumi.export(variable, value)
        return function

    return record(program)


def statements(run: Run, one: One) -> list[dict[str, Any]]:
    policy = one(run, "aws:iam/rolePolicy:RolePolicy", "notifier-function-role")
    return json.loads(policy.inputs["policy"])["Statement"]


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


OWN = [
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{LOGS}:*"),
    allow(["sqs:SendMessage"], DEAD_LETTER),
    allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY),
]
TRACING = {
    "Effect": "Allow",
    "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    "Resource": "*",
}


def test_a_function_that_no_topic_calls(within: Within, one: One) -> None:
    run = build()

    assert within(run, "Function") == ALONE
    function = one(run, "aws:lambda/function:Function", "notifier-function")
    inputs = dict(function.inputs)
    assert sorted(inputs.pop("code").assets) == ["handler.py", "messages.py"]
    assert inputs.pop("role").endswith("role/notifier-function-role")
    assert inputs == {
        "handler": "handler.handle",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "memorySize": 256,
        "timeout": 30,
        "kmsKeyArn": KEY,
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {
            "logGroup": "notifier-logs",
            "logFormat": "JSON",
            "applicationLogLevel": "INFO",
            "systemLogLevel": "WARN",
        },
    }
    policy = one(run, "aws:iam/rolePolicy:RolePolicy", "notifier-function-role")
    assert policy.urn in function.options.dependencies
    assert statements(run, one) == [*OWN, TRACING]
    trust = json.loads(one(run, "aws:iam/role:Role", "notifier-function-role").inputs["assumeRolePolicy"])
    assert trust["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]


def test_its_log_is_encrypted_and_its_failures_are_kept(one: One) -> None:
    run = build(log_retention_days=30)

    assert one(run, "aws:cloudwatch/logGroup:LogGroup", "notifier-logs").inputs == {
        "kmsKeyId": KEY,
        "retentionInDays": 30,
    }
    assert one(run, "aws:sqs/queue:Queue", "notifier-dead-letter").inputs == {
        "kmsMasterKeyId": KEY,
        "messageRetentionSeconds": 14 * 24 * 60 * 60,
    }
    policy = one(run, "aws:sqs/queuePolicy:QueuePolicy", "notifier-dead-letter-policy")
    assert [s["Sid"] for s in json.loads(policy.inputs["policy"])["Statement"]] == ["OverTlsOnly"]
    config = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    assert one(run, config, "notifier-on-failure").inputs == {
        "functionName": "notifier-function",
        "destinationConfig": {"onFailure": {"destination": DEAD_LETTER}},
    }


def test_a_standard_topic_calls_it(within: Within, one: One) -> None:
    run = build(
        topics=[False],
        subscribe=lambda topic: [Subscription(topic=topic, filter_policy={"event_type": ["order.placed"]})],
    )

    assert within(run, "Function") == sorted(
        [
            *ALONE,
            ("aws:lambda/permission:Permission", "notifier-from-orders"),
            ("aws:sns/topicSubscription:TopicSubscription", "notifier-from-orders"),
        ]
    )
    permission = one(run, "aws:lambda/permission:Permission", "notifier-from-orders")
    assert permission.inputs == {
        "action": "lambda:InvokeFunction",
        "function": "notifier-function",
        "principal": "sns.amazonaws.com",
        "sourceArn": TOPIC,
    }
    subscription = one(run, "aws:sns/topicSubscription:TopicSubscription", "notifier-from-orders")
    inputs = dict(subscription.inputs)
    assert json.loads(inputs.pop("redrivePolicy")) == {"deadLetterTargetArn": DEAD_LETTER}
    assert inputs == {
        "topic": TOPIC,
        "protocol": "lambda",
        "endpoint": FUNCTION,
        "filterPolicy": '{"event_type": ["order.placed"]}',
    }
    policy = one(run, "aws:sqs/queuePolicy:QueuePolicy", "notifier-dead-letter-policy")
    deliver = json.loads(policy.inputs["policy"])["Statement"][1]
    assert deliver["Condition"] == {"ArnEquals": {"aws:SourceArn": [TOPIC]}}
    assert {permission.urn, policy.urn} <= set(subscription.options.dependencies)
    assert run.value.inbox is None


def test_a_fifo_topic_comes_through_a_queue_and_failures_go_back_one_by_one(within: Within, one: One) -> None:
    run = build(topics=[True], timeout_seconds=20)

    assert within(run, "Function") == sorted(
        [
            *ALONE,
            ("aws:lambda/eventSourceMapping:EventSourceMapping", "notifier-inbox"),
            ("aws:sns/topicSubscription:TopicSubscription", "notifier-inbox-from-orders"),
            ("aws:sqs/queue:Queue", "notifier-inbox-dead-letter"),
            ("aws:sqs/queue:Queue", "notifier-inbox-queue"),
            ("aws:sqs/queuePolicy:QueuePolicy", "notifier-inbox-dead-letter-policy"),
            ("aws:sqs/queuePolicy:QueuePolicy", "notifier-inbox-policy"),
            ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "notifier-inbox-redrive-allow"),
            ("causeway:index:Queue", "notifier-inbox"),
        ]
    )
    mapping = one(run, "aws:lambda/eventSourceMapping:EventSourceMapping", "notifier-inbox")
    assert mapping.inputs == {
        "eventSourceArn": INBOX,
        "functionName": FUNCTION,
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
    }
    policy = one(run, "aws:iam/rolePolicy:RolePolicy", "notifier-function-role")
    assert policy.urn in mapping.options.dependencies  # AWS checks the role when it is made
    inbox = one(run, "aws:sqs/queue:Queue", "notifier-inbox-queue").inputs
    assert inbox["fifoQueue"] is True
    assert inbox["visibilityTimeoutSeconds"] == 6 * 20
    consume = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    assert statements(run, one) == [
        *OWN,
        allow([*consume, "sqs:ReceiveMessage"], INBOX),
        allow(["kms:Decrypt"], KEY),
        TRACING,
    ]
    dead_letters = one(run, "aws:sqs/queuePolicy:QueuePolicy", "notifier-dead-letter-policy")
    assert len(json.loads(dead_letters.inputs["policy"])["Statement"]) == 1  # SNS has no business there


def test_topics_of_both_kinds(within: Within) -> None:
    run = build(topics=[False, True, True])

    subscriptions = [name for type_, name in within(run, "Function") if "TopicSubscription" in type_]
    assert subscriptions == [
        "notifier-from-orders",
        "notifier-inbox-from-orders-1",
        "notifier-inbox-from-orders-2",
    ]


def test_what_is_reserved_bounds_the_queue_too(one: One) -> None:
    run = build(topics=[True], reserved_concurrency=5)

    function = one(run, "aws:lambda/function:Function", "notifier-function").inputs
    assert function["reservedConcurrentExecutions"] == 5
    mapping = one(run, "aws:lambda/eventSourceMapping:EventSourceMapping", "notifier-inbox").inputs
    assert mapping["scalingConfig"] == {"maximumConcurrency": 5}


def test_links_and_choices_reach_the_function(one: One) -> None:
    notices = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic/notices"

    def program() -> Function:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        topic = Topic("notices", TopicArgs(key=key))
        return Function(
            "notifier",
            FunctionArgs(
                key=key,
                directory="app/notifier",
                architecture="X86_64",
                memory_mib=512,
                tracing=False,
                environment={"ZONE": "a"},
                links=[topic.publish()],
            ),
        )

    run = record(program)
    inputs = one(run, "aws:lambda/function:Function", "notifier-function").inputs
    assert inputs["environment"] == {"variables": {"NOTICES_TOPIC_ARN": f"{notices}-topic", "ZONE": "a"}}
    assert inputs["architectures"] == ["x86_64"]
    assert (inputs["memorySize"], inputs["tracingConfig"]) == (512, {"mode": "PassThrough"})
    assert statements(run, one) == [
        *OWN,
        allow(["sns:Publish"], f"{notices}-topic"),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY),
    ]


def test_a_service_may_call_it_and_no_other() -> None:
    run = build()

    link = run.value.invoke()
    assert run.outputs["NOTIFIER_FUNCTION_NAME"] == "notifier-function"
    assert [(p.actions, p.resources) for p in link.permissions] == [
        (["lambda:InvokeFunction"], [run.value.arn])
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder `code` in a project of its own."""
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path))
    folder = tmp_path / "code"
    (folder / "inner" / "__pycache__").mkdir(parents=True)
    (folder / "tests").mkdir()
    for name in (
        "handler.py",
        "inner/data.json",
        "inner/__pycache__/x.pyc",
        "tests/test_x.py",
        ".env",
        "A.md",
    ):
        (folder / name).write_text(name)
    return folder


def test_the_archive_has_the_code_and_nothing_else(project: Path, one: One) -> None:
    run = build(directory="code", handler="handler.handle")

    assets = one(run, "aws:lambda/function:Function", "notifier-function").inputs["code"].assets
    assert sorted(assets) == ["handler.py", "inner/data.json"]
    for name, asset in assets.items():
        assert not os.path.isabs(asset.path)
        assert name.endswith(Path(asset.path).name)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("directory", "handler", "runtime", "message"),
    [
        (
            "other",
            "handler.handle",
            "python3.13",
            r"there is no folder 'other' in .*; correct `dir",
        ),
        ("code", "main.handle", "python3.13", r"handler 'main.handle' is .*, and 'code' has no main.py; "),
        ("code", "handle", "python3.13", r"handler 'handle' is MODULE.FUNCTION, "),
        ("code", "handler.handle", "nodejs22.x", r"and 'code' has no handler.mjs; "),
    ],
)
def test_a_folder_without_the_handler_is_refused(
    directory: str, handler: str, runtime: str, message: str
) -> None:
    with pytest.raises(pulumi.RunError, match=rf"^function: .*{message}"):
        build(directory=directory, handler=handler, runtime=runtime)


def test_packages_that_nothing_installs_are_refused(project: Path) -> None:
    (project / "requirements.txt").write_text("httpx")

    with pytest.raises(pulumi.RunError, match=r"^function: 'code' has requirements.txt, which nothing inst"):
        build(directory="code")


SECRET = SecretValue(arn="arn:aws:secretsmanager:eu-west-1:1:secret:s")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_mib": 64}, "function: memory_mib 64 is refused, use 128 to 10240"),
        ({"timeout_seconds": 901}, "function: timeout_seconds 901 is refused, use 1 to 900"),
        ({"reserved_concurrency": 0}, "function: reserved_concurrency 0 is refused, use 1 or more"),
        (
            {"reserved_concurrency": 1, "topics": [True]},
            "function: reserved_concurrency 1 is refused, use 2 or more, for a queue takes two invocations "
            "at a time",
        ),
        (
            {"topics": [True], "subscribe": lambda topic: [Subscription(topic=topic)] * 2},
            "function: topic 'orders' is subscribed twice; merge the filters",
        ),
        (
            {"name": "n" * 43},
            f"function '{'n' * 43}': the name has 43 characters, at most 42 fit, for a role's has 64, "
            "with '-function-role' and Pulumi's suffix; shorten it in platform/__main__.py",
        ),
        (
            {"links": [Link(name="database", secrets={"DATABASE_PASSWORD": SECRET})]},
            "function: link 'database' gives secrets (DATABASE_PASSWORD), which Lambda reads for no one; "
            "let a task of ECS do this",
        ),
        (
            {"links": [Link(name="cache", ports=[Port(security_group_id="sg", port=6379)])]},
            "function: link 'cache' is a door in the network, which a function is outside of; "
            "let a task of ECS do this",
        ),
        (
            {"links": [Link(name="a", environment={"MODE": "1"}), Link(name="b", environment={"MODE": "2"})]},
            "function: variable MODE is given by link 'a' and by link 'b'; rename or drop one",
        ),
        (
            {"environment": {"AWS_REGION": "eu-west-1"}},
            "function: Lambda takes no variable 'AWS_REGION' of the function itself; begin with a letter, "
            "use A-Z, 0-9, _ and no name that the runtime sets",
        ),
        (
            {"environment": {"API_TOKEN": "x"}},
            "function: API_TOKEN of the function itself is in environment, where it can be read; "
            "keep it in Secrets Manager and read it there by its ARN",
        ),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
