"""ECS and its autoscaling. The emulator keeps the records; the agent runs the tasks."""

import json

from localcloud.kind import Call, Inputs, Kind, Name, mapping
from localcloud.making import Making

AUTOSCALING = "application-autoscaling is not in the emulator"


def containers(inputs: Inputs, making: Making) -> Inputs:
    """Container definitions are JSON in Pulumi, and structures for ECS."""
    return {**inputs, "containerDefinitions": json.loads(str(inputs["containerDefinitions"]))}


def service(inputs: Inputs, making: Making) -> Inputs:
    """The provider gathers what ECS keeps in one deployment configuration."""
    result = dict(inputs)
    configuration = mapping(result.pop("deploymentConfiguration", None))
    for name, member in {
        "deploymentMaximumPercent": "maximumPercent",
        "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
        "deploymentCircuitBreaker": "deploymentCircuitBreaker",
        "alarms": "alarms",
    }.items():
        if result.get(name) is not None:
            configuration[member] = result.pop(name)
    if configuration:
        result["deploymentConfiguration"] = configuration
    network = mapping(result.pop("networkConfiguration", None))
    if network:
        assign = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
        vpc = {**network, "assignPublicIp": assign}
        result["networkConfiguration"] = {"awsvpcConfiguration": vpc}
    return result


KINDS = {
    "aws:ecs/cluster:Cluster": Kind(
        create=Call("ecs.create_cluster", renames={"name": "clusterName"}),
        result="cluster",
        id="{clusterArn}",
        outputs={"arn": "{clusterArn}"},
        name=Name(),
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Kind(
        create=Call("ecs.put_cluster_capacity_providers", renames={"clusterName": "cluster"}),
        prepare=lambda inputs, _: {"defaultCapacityProviderStrategies": [], **inputs},
        id="{clusterName}",
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Kind(
        create=Call("ecs.register_task_definition"),
        prepare=containers,
        result="taskDefinition",
        id="{family}",
        outputs={
            "arn": "{taskDefinitionArn}",
            "arnWithoutRevision": "arn:aws:ecs:{region}:{account}:task-definition/{family}",
        },
        ignored=["skipDestroy", "trackLatest"],
    ),
    "aws:ecs/service:Service": Kind(
        create=Call(
            "ecs.create_service",
            renames={
                "name": "serviceName",
                "iamRole": "role",
                "serviceConnectConfiguration.services.clientAlias": "clientAliases",
            },
        ),
        prepare=service,
        result="service",
        id="{serviceArn}",
        outputs={"arn": "{serviceArn}"},
        name=Name(),
        ignored=["waitForSteadyState", "forceNewDeployment", "forceDelete", "sigintRollback", "triggers"],
    ),
    "aws:appautoscaling/target:Target": Kind(
        create=Call("application-autoscaling.register_scalable_target", recorded=AUTOSCALING),
        id="{resourceId}",
        outputs={"arn": "arn:aws:application-autoscaling:{region}:{account}:scalable-target/{unique}"},
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Kind(
        create=Call(
            "application-autoscaling.put_scheduled_action",
            renames={"name": "ScheduledActionName"},
            recorded=AUTOSCALING,
        ),
        id="{name}",
        outputs={"arn": "arn:aws:autoscaling:{region}:{account}:scheduledAction:{unique}"},
        name=Name(limit=255),
    ),
    "aws:appautoscaling/policy:Policy": Kind(
        create=Call(
            "application-autoscaling.put_scaling_policy",
            renames={"name": "PolicyName"},
            recorded=AUTOSCALING,
        ),
        id="{name}",
        outputs={"arn": "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{unique}"},
        name=Name(limit=255),
    ),
}
