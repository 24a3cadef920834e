"""The cluster: Container Insights, ECS Exec under the key, capacity providers that services state."""

from typing import Any

import pulumi
import pytest

from components.cluster import ClusterArgs, strategies
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"


def test_children_and_their_settings(foundation: Any, within: Any, one: Any) -> None:
    run = record(foundation)
    assert within(run, "Cluster") == [
        ("aws:cloudwatch/logGroup:LogGroup", "shop-execute-command"),
        ("aws:ecs/cluster:Cluster", "shop-cluster"),
        ("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "shop-capacity-providers"),
    ]
    assert one(run, "aws:ecs/cluster:Cluster", "shop-cluster").inputs == {
        "settings": [{"name": "containerInsights", "value": "enhanced"}],
        "configuration": {
            "executeCommandConfiguration": {
                "kmsKeyId": KEY,
                "logging": "OVERRIDE",
                "logConfiguration": {
                    "cloudWatchEncryptionEnabled": True,
                    "cloudWatchLogGroupName": "shop-execute-command",
                },
            }
        },
    }
    logs = one(run, "aws:cloudwatch/logGroup:LogGroup", "shop-execute-command").inputs
    assert logs == {"kmsKeyId": KEY, "retentionInDays": 90}
    providers = one(
        run, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "shop-capacity-providers"
    )
    assert providers.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


@pytest.mark.parametrize(
    ("spot_weight", "expected"),
    [
        (0, [{"capacity_provider": "FARGATE", "base": 1, "weight": 100}]),
        (
            70,
            [
                {"capacity_provider": "FARGATE", "base": 1, "weight": 30},
                {"capacity_provider": "FARGATE_SPOT", "weight": 70},
            ],
        ),
    ],
)
def test_the_first_task_is_never_on_spot(spot_weight: int, expected: Any) -> None:
    assert list(strategies(spot_weight)) == expected


@pytest.mark.parametrize("spot_weight", [-1, 101])
def test_refuses_what_is_no_percentage(spot_weight: int, foundation: Any) -> None:
    def program() -> None:
        base = foundation()
        ClusterArgs(network=base.network, key=base.key, spot_weight=spot_weight)

    with pytest.raises(pulumi.RunError, match=f"spot_weight is {spot_weight}; give a percentage"):
        record(program)
