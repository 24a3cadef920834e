"""Runs a task that the program itself waits for, such as a migration, while the deployment goes on.

The agent starts when all is deployed, and would come too late for it.
"""

import contextlib
import tempfile
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localcloud.agent import overridden
from localcloud.container import Host
from localcloud.errors import LocalCloudError
from localcloud.log_streams import LogStreams
from localcloud.processes import Processes, tail
from localcloud.task import Platform, Task
from localcloud.waiting import ending

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.servers import Servers

STOP_SECONDS = 5.0


def run_to_end(platform: Platform, record: Mapping[str, Any], *, container: str, minutes: float) -> None:
    """Run the task of a record of `run_task` as a process, until it ends.

    Raises LocalCloudError, with its last lines, unless the container exits with 0 in time.
    """
    host = platform.host
    ecs = host.clients.get("ecs", host.region)
    definition = ecs.describe_task_definition(taskDefinition=record["taskDefinitionArn"])["taskDefinition"]
    deadline = time.monotonic() + 60 * minutes
    task = Task(platform, str(record["taskArn"]), overridden(definition, record), name=container)
    task.join(60 * minutes)
    late = time.monotonic() >= deadline
    if late:
        task.stop("Over its time")
        task.join(STOP_SECONDS)
    task.report_end(str(record["clusterArn"]))
    code = task.exit_codes.get(container)
    if late or code != 0:
        what = f"not at its end after {minutes:g} minutes, and stopped" if late else task.reason
        if not late and code is not None:
            what = ending(code)
        raise LocalCloudError(f"{container}: {what}", log=tail(task.log))


@contextlib.contextmanager
def throwaway(cloud: "Cloud", images: Mapping[str, str]) -> Generator[Platform]:
    """What one-off tasks run on where nobody has something better, such as in a test."""
    clients, region, servers = cloud.clients, cloud.region, cast("Servers", cloud.servers)
    folder = Path(tempfile.mkdtemp(prefix="causeway-one-off-"))
    with Processes(folders=[folder]) as processes:
        host = Host(clients=clients, region=region, images=images, servers=servers, home=folder)
        streams = LogStreams(clients, region, folder)
        try:
            yield Platform(host=host, processes=processes, streams=streams, logs=folder)
        finally:
            streams.close()
