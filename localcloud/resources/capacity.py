"""EC2 capacity: launch templates, auto scaling groups and capacity providers. No instance ever starts."""

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making

SEPARATE = ("tags", "instanceRefresh")


def group(inputs: Inputs, making: Making) -> Inputs:
    """Subnets are one text for the API; its tags name the group, and default tags join them."""
    result = {name: value for name, value in inputs.items() if name not in SEPARATE}
    subnets = result.pop("vpcZoneIdentifiers", None)
    if subnets:
        result["vpcZoneIdentifier"] = ",".join(subnets)
    own = mappings(inputs.get("tags"))
    named = {tag["key"] for tag in own}
    default = [
        {"key": key, "value": value, "propagateAtLaunch": True}
        for key, value in making.cloud.default_tags.items()
        if key not in named
    ]
    where = {"resourceId": inputs["name"], "resourceType": "auto-scaling-group"}
    return {**result, "tags": [{**where, **tag} for tag in (*default, *own)]}


def group_tags(inputs: Inputs, making: Making) -> Inputs:
    """What the group answers with."""
    name = making.scope["name"]
    answer = making.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return {"arn": answer["AutoScalingGroups"][0]["AutoScalingGroupARN"]}


def template(inputs: Inputs, making: Making) -> Inputs:
    """Booleans of a disk are text in Pulumi; network settings, lists of one."""
    result = dict(inputs)
    disks = mappings(result.pop("blockDeviceMappings", None))
    if disks:
        result["blockDeviceMappings"] = [{**disk, "ebs": mapping(disk.get("ebs"))} for disk in disks]
    return result


KINDS = {
    "aws:ec2/launchTemplate:LaunchTemplate": Kind(
        create=Call(
            "ec2.create_launch_template",
            renames={
                "name": "LaunchTemplateName",
                **{
                    name: f"LaunchTemplateData.{name[0].upper()}{name[1:]}"
                    for name in (
                        "blockDeviceMappings",
                        "iamInstanceProfile",
                        "imageId",
                        "instanceType",
                        "metadataOptions",
                        "monitoring",
                        "userData",
                    )
                },
                "vpcSecurityGroupIds": "LaunchTemplateData.SecurityGroupIds",
            },
        ),
        prepare=template,
        result="LaunchTemplate",
        id="{LaunchTemplateId}",
        outputs={
            "arn": "arn:aws:ec2:{region}:{account}:launch-template/{LaunchTemplateId}",
            "latestVersion": "{LatestVersionNumber}",
            "defaultVersion": "{DefaultVersionNumber}",
        },
        name=Name(limit=128),
        tag_as="launch-template",
        ignored=["updateDefaultVersion"],
    ),
    "aws:autoscaling/group:Group": Kind(
        create=Call(
            "autoscaling.create_auto_scaling_group",
            renames={
                "name": "AutoScalingGroupName",
                "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
                "launchTemplate.id": "LaunchTemplateId",
                "launchTemplate.name": "LaunchTemplateName",
            },
        ),
        prepare=group,
        id="{name}",
        after=group_tags,
        name=Name(),
        ignored=["forceDelete", "instanceRefresh", "waitForCapacityTimeout"],
    ),
    "aws:ecs/capacityProvider:CapacityProvider": Kind(
        create=Call("ecs.create_capacity_provider"),
        result="capacityProvider",
        id="{capacityProviderArn}",
        outputs={"arn": "{capacityProviderArn}"},
        name=Name(),
    ),
}
