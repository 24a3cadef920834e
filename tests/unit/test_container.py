"""Container definitions: the form that ECS gives back, so that an `up` without a change changes nothing."""

import json
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.container import Container, canonical, definitions
from components.link import SecretValue
from operations.recording import record

texts = st.text(max_size=5)
numbers = st.one_of(st.integers(0, 9), st.floats(0, 9, allow_nan=False), st.sampled_from(["1", "02", "x"]))
named = st.fixed_dictionaries(
    {"name": texts}, optional={"value": texts, "valueFrom": st.none(), "softLimit": numbers}
)
mappings = st.fixed_dictionaries(
    {"containerPort": numbers}, optional={"hostPort": numbers, "protocol": st.sampled_from(["tcp", "udp"])}
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["cpu", "drop", "add", "tmpfs", "interval", "other"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
containers = st.fixed_dictionaries(
    {"name": texts},
    optional={
        "environment": st.lists(named, max_size=4),
        "secrets": st.lists(named, max_size=4),
        "portMappings": st.lists(mappings, max_size=3),
        "cpu": numbers,
        "memory": numbers,
        "command": st.lists(texts, max_size=3),
        "linuxParameters": anything,
        "healthCheck": anything,
        "mountPoints": st.lists(anything, max_size=3),
    },
)


@given(containers)
def test_twice_changes_nothing(container: dict[str, Any]) -> None:
    once = canonical(container)
    assert json.dumps(canonical(once)) == json.dumps(once)


@given(containers)
def test_through_json_changes_nothing(container: dict[str, Any]) -> None:
    once = canonical(container)
    assert canonical(json.loads(json.dumps(once))) == once


@given(containers, st.randoms())
def test_order_of_what_has_none_changes_nothing(container: dict[str, Any], random: Any) -> None:
    members = list(container.items())
    random.shuffle(members)
    shuffled = dict(members)
    for key in ("environment", "secrets"):
        entries = list({entry["name"]: entry for entry in container.get(key, [])}.values())
        container[key] = entries
        shuffled[key] = random.sample(entries, len(entries))
    assert json.dumps(canonical(shuffled)) == json.dumps(canonical(container))


def test_what_ecs_answers_with() -> None:
    assert canonical(
        {
            "name": "api",
            "cpu": "256",
            "memory": 512.0,
            "command": ["b", "a"],
            "entryPoint": [],
            "dependsOn": None,
            "environment": [{"value": "2", "name": "B"}, {"value": "", "name": "A"}],
            "portMappings": [{"containerPort": 8000.0, "hostPort": 0}],
            "linuxParameters": {"capabilities": {"add": [], "drop": ["NET_RAW", "ALL"]}},
            "healthCheck": {"command": ["CMD", "z", "a"], "interval": "15"},
        }
    ) == {
        "command": ["b", "a"],
        "cpu": 256,
        "environment": [{"name": "A", "value": ""}, {"name": "B", "value": "2"}],
        "healthCheck": {"command": ["CMD", "z", "a"], "interval": 15},
        "linuxParameters": {"capabilities": {"drop": ["ALL", "NET_RAW"]}},
        "memory": 512,
        "name": "api",
        "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
    }


def exported(build: Any) -> Any:
    return json.loads(record(lambda: pulumi.export("json", build())).outputs["json"])


def test_a_service_container() -> None:
    def build() -> pulumi.Output[str]:
        container = Container(
            name="api",
            image=pulumi.Output.from_input("repository@sha256:0"),
            port=8000,
            environment={"B": pulumi.Output.from_input("b"), "A": "a"},
            secrets={
                "PASSWORD": SecretValue(arn="arn:secret", json_key="password"),
                "KEY": SecretValue(arn="arn:k"),
            },
            log_group_name="logs",
            region="eu-west-1",
            health_command=["python", "-m", "shop.healthcheck"],
        )
        assert container.volumes() == []
        return definitions([container.definition()])

    assert exported(build) == [
        {
            "name": "api",
            "image": "repository@sha256:0",
            "essential": True,
            "environment": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}],
            "secrets": [
                {"name": "KEY", "valueFrom": "arn:k"},
                {"name": "PASSWORD", "valueFrom": "arn:secret:password::"},
            ],
            "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
            "user": "10001:10001",
            "readonlyRootFilesystem": True,
            "linuxParameters": {
                "capabilities": {"drop": ["ALL"]},
                "initProcessEnabled": True,
                "tmpfs": [
                    {"containerPath": "/tmp", "mountOptions": ["nodev", "noexec", "nosuid"], "size": 64}  # noqa: S108
                ],
            },
            "stopTimeout": 30,
            "healthCheck": {
                "command": ["CMD", "python", "-m", "shop.healthcheck"],
                "interval": 15,
                "retries": 3,
                "startPeriod": 60,
                "timeout": 5,
            },
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "logs",
                    "awslogs-region": "eu-west-1",
                    "awslogs-stream-prefix": "api",
                    "max-buffer-size": "25m",
                    "mode": "non-blocking",
                },
            },
        }
    ]


@pytest.mark.parametrize("enable", [False, True])
def test_ecs_exec_gets_what_its_agent_writes_to(enable: bool) -> None:
    container = Container(
        name="worker", image="image", log_group_name="logs", region="eu-west-1", enable_execute_command=enable
    )
    mounts = container.definition().get("mountPoints", [])
    assert [mount["containerPath"] for mount in mounts] == (
        ["/var/lib/amazon", "/var/log/amazon"] if enable else []
    )
    assert [mount["sourceVolume"] for mount in mounts] == container.volumes()


def test_no_port_no_secrets_leave_no_empty_lists() -> None:
    definition = Container(
        name="worker", image="image", log_group_name="logs", region="eu-west-1"
    ).definition()
    assert not {"portMappings", "secrets", "environment", "command", "healthCheck", "mountPoints"} & set(
        definition
    )


def test_containers_stand_by_name() -> None:
    ordered = exported(lambda: definitions([{"name": "b"}, {"name": "a"}]))
    assert [container["name"] for container in ordered] == ["a", "b"]
