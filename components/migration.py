"""The migration gate: a new image's migration runs to its end before what uses the image is updated."""

from dataclasses import dataclass

import pulumi

from components.migration_run import MigrationRun
from components.task import Task
from components.task_args import TaskArgs

LONGEST_MINUTES = 12 * 60


@dataclass(frozen=True, kw_only=True)
class MigrationArgs(TaskArgs):
    """`command` is the migration's. It must do nothing when there is nothing to do, and on a schema that is
    newer than it: a rollback runs it too."""

    timeout_minutes: int = 30
    """A run that takes longer is stopped, and has failed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.command:
            raise pulumi.RunError(
                "migration: command is not given; give what migrates, such as "
                '["python", "-m", "shop.migrate"]'
            )
        if self.port is not None:
            raise pulumi.RunError(
                f"migration: port is {self.port}; a migration ends, and serves nobody; leave it out"
            )
        if not 1 <= self.timeout_minutes <= LONGEST_MINUTES:
            raise pulumi.RunError(
                f"migration: timeout_minutes is {self.timeout_minutes}; give 1 to {LONGEST_MINUTES}"
            )


class Migration(pulumi.ComponentResource):
    """A task that an `up` runs once for each image, command and environment; give it to services in `after`.

    A preview shows it and runs nothing. If it fails, the `up` fails with its last lines, the services keep
    their task definitions, and the next `up` runs it again. Old and new code run side by side while services
    are updated: a migration first adds what the new code needs, and a later one takes away what is left.
    """

    ran: pulumi.Output[str]
    """ARN of the task of the last good run."""
    task_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Migration", name, None, opts)
        task = Task(name, args, pulumi.ResourceOptions(parent=self))
        self.task_role_arn, self.task_definition_arn = task.role_arn, task.definition_arn
        self.security_group_id, self.log_group_name = task.security_group_id, task.log_group_name
        environment, _ = args.variables()
        run = MigrationRun(
            f"{name}-run",
            {
                "image": args.image.uri,
                "command": list(args.command or ()),
                "environment": environment,
                "request": task.run_request,
                "container": name,
                "logs": task.log_group_name,
                "region": args.cluster.network.region,
                "minutes": args.timeout_minutes,
            },
            pulumi.ResourceOptions(parent=self, depends_on=task.needs),
        )
        self.ran = run.ran
        self.register_outputs({"ran": self.ran})
