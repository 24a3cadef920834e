"""Migrations: what the program runs to its end before it goes on, here as on AWS."""

from typing import cast

from localcloud import one_off
from localcloud.kind import Call, Inputs, Kind, mapping
from localcloud.making import Making


def request(inputs: Inputs, making: Making) -> Inputs:
    """A migration's inputs hold what RunTask takes as a whole."""
    return mapping(inputs["request"])


def run(inputs: Inputs, making: Making) -> Inputs:
    """Wait for the end of the task; what depends on the migration is not made before."""
    tasks = cast("list[Inputs]", making.scope["tasks"])
    one_off.run_to_end(
        making.cloud.platform(),
        tasks[0],
        container=str(making.scope["container"]),
        minutes=float(making.scope["minutes"]),
    )
    return {}


KINDS = {
    "pulumi-python:dynamic/causeway:MigrationRun": Kind(
        create=Call("ecs.run_task"),
        prepare=request,
        id="{tasks.0.taskArn}",
        outputs={"ran": "{tasks.0.taskArn}"},
        after=run,
    ),
}
