"""EC2 capacity: instances that nobody enters, that ECS scales, drains and never ends under a task."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.capacity import CapacityArgs
from components.cluster import Cluster, ClusterArgs
from components.fargate_service import FargateService, FargateServiceArgs
from components.image import Image, ImageArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

TEMPLATE, GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop-cluster"

Build = Callable[..., Run]


@pytest.fixture
def build(key: Any, network: Any) -> Build:
    def make(*, preview: bool = False, nat: str = "single", service: Any = None, **arguments: Any) -> Run:
        def program() -> None:
            own = key()
            net = network(own, nat=nat)
            capacity = CapacityArgs(**{"instance_type": "m7g.large", **arguments})
            cluster = Cluster("shop", ClusterArgs(network=net, key=own, capacity=capacity))
            if service is not None:
                uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/api@sha256:" + "0" * 64
                image = Image("api", ImageArgs(context="app/api", source="release", uri=uri, key=own))
                FargateService("api", FargateServiceArgs(cluster=cluster, image=image, **service))

        return record(program, preview=preview)

    return make


CHILDREN = sorted(
    [
        ("aws:iam/role:Role", "shop-instance-role"),
        ("aws:iam/rolePolicy:RolePolicy", "shop-instance-role"),
        ("aws:iam/instanceProfile:InstanceProfile", "shop-instance-role"),
        ("aws:ec2/securityGroup:SecurityGroup", "shop-instances"),
        (EGRESS, "shop-instances-aws-apis-out"),
        (EGRESS, "shop-instances-s3-out"),
        (EGRESS, "shop-instances-internet-out"),
        (TEMPLATE, "shop-instances"),
        (GROUP, "shop-instances"),
        (PROVIDER, "shop-capacity"),
    ]
)


def test_children(build: Build, within: Any) -> None:
    assert within(build(), "Capacity") == CHILDREN


def test_preview_with_nothing_known(build: Build, unknown: None, within: Any) -> None:
    assert within(build(preview=True), "Capacity") == CHILDREN


def test_instances(build: Build, one: Any) -> None:
    template = dict(one(build(), TEMPLATE, "shop-instances").inputs)
    data = base64.b64decode(template.pop("userData")).decode()
    assert data.splitlines() == [
        "#!/bin/bash",
        "cat >> /etc/ecs/ecs.config <<'END'",
        "ECS_CLUSTER=shop-cluster",
        "ECS_AWSVPC_BLOCK_IMDS=true",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
        "END",
    ]
    system = "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
    assert template == {
        "imageId": f"resolve:ssm:{system}",
        "instanceType": "m7g.large",
        "iamInstanceProfile": {"arn": f"arn:aws:iam:{REGION}:{ACCOUNT}:instanceprofile/shop-instance-role"},
        "vpcSecurityGroupIds": ["shop-instances-id"],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "encrypted": "true",
                    "volumeType": "gp3",
                    "volumeSize": 30,
                    "deleteOnTermination": "true",
                },
            }
        ],
        "monitoring": {"enabled": True},
        "updateDefaultVersion": True,
    }


def test_nobody_enters_them(build: Build) -> None:
    run = build()
    rules = run.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [rule for rule in rules if rule.inputs["securityGroupId"] == "shop-instances-id"] == []
    ways = {rule.name: rule.inputs for rule in run.of_type(EGRESS) if rule.name.startswith("shop-instances")}
    assert {rule["fromPort"] for rule in ways.values()} == {443}
    assert ways["shop-instances-aws-apis-out"]["referencedSecurityGroupId"] == "shop-endpoints-id"


def test_ecs_scales_and_drains(build: Build, one: Any) -> None:
    run = build(minimum=1, maximum=6, target_percent=90)
    group = one(run, GROUP, "shop-instances")
    assert group.inputs == {
        "minSize": 1,
        "maxSize": 6,
        "vpcZoneIdentifiers": ["shop-private-a-id", "shop-private-b-id"],
        "launchTemplate": {"id": "shop-instances-id", "version": "1"},
        "protectFromScaleIn": True,
        "instanceRefresh": {
            "strategy": "Rolling",
            "preferences": {"minHealthyPercentage": 100, "scaleInProtectedInstances": "Refresh"},
        },
        "tags": [
            {"key": "AmazonECSManaged", "value": "true", "propagateAtLaunch": True},
            {"key": "Name", "value": "shop", "propagateAtLaunch": True},
        ],
        "forceDelete": True,
        "waitForCapacityTimeout": "0",
    }
    assert group.options.ignore_changes == ("desiredCapacity",)
    assert one(run, PROVIDER, "shop-capacity").inputs["autoScalingGroupProvider"] == {
        "autoScalingGroupArn": f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:group/shop-instances",
        "managedScaling": {"status": "ENABLED", "targetCapacity": 90},
        "managedTerminationProtection": "ENABLED",
        "managedDraining": "ENABLED",
    }


def test_the_agent_may_serve_this_cluster_only(build: Build, one: Any) -> None:
    policy = one(build(), "aws:iam/rolePolicy:RolePolicy", "shop-instance-role").inputs["policy"]
    register, poll, submit = json.loads(policy)["Statement"]
    assert register["Resource"] == [CLUSTER]
    assert poll["Condition"] == {"ArnEquals": {"ecs:cluster": CLUSTER}}
    assert submit["Action"] == [
        "ecs:DiscoverPollEndpoint",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
    ]


def test_a_service_runs_on_them(build: Build, one: Any) -> None:
    run = build(service={"architecture": "ARM64"})
    service = one(run, "aws:ecs/service:Service", "api-service").inputs
    assert service["capacityProviderStrategies"] == [
        {"capacityProvider": "shop-capacity", "base": 1, "weight": 100}
    ]
    assert "platformVersion" not in service
    definition = one(run, "aws:ecs/taskDefinition:TaskDefinition", "api-task").inputs
    assert (definition["requiresCompatibilities"], definition["networkMode"]) == (["EC2"], "awsvpc")
    providers = one(
        run, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "shop-capacity-providers"
    ).inputs
    assert providers["capacityProviders"] == ["FARGATE", "FARGATE_SPOT", "shop-capacity"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minimum": 2, "maximum": 1}, "minimum 2 and maximum 1; give 0 <= minimum <= maximum"),
        ({"maximum": 0}, "a maximum of 1 or more"),
        ({"target_percent": 0}, "target_percent is 0; give 1 to 100"),
        ({"instance_type": "m7i.large"}, "instance_type m7i.large is X86_64, architecture is ARM64"),
        ({"instance_type": "g5.xlarge"}, "instance_type g5.xlarge is X86_64"),
        ({"architecture": "X86_64"}, "instance_type m7g.large is ARM64, architecture is X86_64"),
        ({"instance_type": "c6gn.large", "architecture": "X86_64"}, "c6gn.large is ARM64"),
        ({"nat": "none"}, "needs NAT, or endpoints ecs, ecs-agent, ecs-telemetry; set nat to single"),
        ({"service": {}}, "architecture is X86_64, and the cluster's instances are ARM64"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


def test_spot_weight_is_fargates(key: Any, network: Any) -> None:
    def program() -> None:
        own = key()
        capacity = CapacityArgs(instance_type="m7g.large")
        ClusterArgs(network=network(own), key=own, spot_weight=50, capacity=capacity)

    with pytest.raises(pulumi.RunError, match="spot_weight 50 is Fargate's, and capacity replaces it"):
        record(program)
