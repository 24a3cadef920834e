"""EventBridge Scheduler. The emulator keeps schedules; none of them starts a task of ECS."""

from localcloud.kind import Call, Inputs, Kind, Name, mapping
from localcloud.making import Making


def schedule(inputs: Inputs, making: Making) -> Inputs:
    """The network of an ECS target is flat in Pulumi, and `awsvpcConfiguration` for the API."""
    target = mapping(inputs.get("target"))
    ecs = mapping(target.get("ecsParameters"))
    network = mapping(ecs.get("networkConfiguration"))
    if network:
        assign = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
        ecs["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": assign}}
    if ecs:
        target["ecsParameters"] = ecs
    return {**inputs, "target": target}


KINDS = {
    "aws:scheduler/scheduleGroup:ScheduleGroup": Kind(
        create=Call("scheduler.create_schedule_group"),
        id="{name}",
        outputs={"arn": "{ScheduleGroupArn}"},
        name=Name(limit=64),
    ),
    "aws:scheduler/schedule:Schedule": Kind(
        create=Call("scheduler.create_schedule"),
        prepare=schedule,
        id="{groupName}/{name}",
        outputs={"arn": "{ScheduleArn}"},
        name=Name(limit=64),
    ),
}
