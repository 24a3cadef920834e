"""The run of a migration as a resource: made by the engine in an `up`, and never in a preview.

The engine runs this in a process of its own, which imports this module: what is kept of it in the state is
its name, so that the installed code is what runs, and a change of it is no change of the resource.
"""

import sys
from typing import Any, cast

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from components.aws_session import CredentialsError, client
from components.run_to_end import Account, Run, RunFailedError, run_to_end

KEY = ("image", "command", "environment")
"""A change of any of these runs it again: another digest, another command, another database."""


class MigrationFailedError(Exception):
    """The migration did not come to a good end; what depends on it is left as it is."""


class MigrationProvider(ResourceProvider):
    """A failed run is no resource, or one that keeps its old inputs: the next `up` runs it again."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        self._config = req.config

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        # What is unknown in a preview is unlike what was, and shows as the run that may come.
        return DiffResult(changes=any(_olds.get(name) != _news.get(name) for name in KEY))

    def create(self, props: dict[str, Any]) -> CreateResult:
        outputs = self._run(props)
        return CreateResult(id_=str(outputs["ran"]), outs=outputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(outs=self._run(_news))

    def _run(self, props: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 only an `up` needs it

        region, config = str(props["region"]), self._config
        try:
            account = Account(ecs=client("ecs", region, config.get), logs=client("logs", region, config.get))
            return {**props, "ran": run_to_end(account, run_of(props))}
        except (RunFailedError, CredentialsError, BotoCoreError, ClientError) as error:
            # The SDK answers with a traceback of what is raised here: of this, only the message is news.
            sys.tracebacklimit = 0
            raise MigrationFailedError(str(error)) from None


def run_of(props: dict[str, Any]) -> Run:
    """The run that a resource's inputs ask for."""
    return Run(
        request=whole(props["request"]),
        container=str(props["container"]),
        log_group=str(props["logs"]),
        timeout_seconds=60 * float(props["minutes"]),
    )


def whole(value: Any) -> Any:
    """Numbers of the engine are all floats; RunTask wants its integers."""
    if isinstance(value, dict):
        return {name: whole(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [whole(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class MigrationRun(Resource, module="causeway", name="MigrationRun"):
    """The last run that came to a good end."""

    ran: pulumi.Output[str]
    """ARN of the task."""

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(MigrationProvider(), name, {**props, "ran": None}, opts)
