"""One run of the whole platform: the steps that bring it up, the watch over its parts, its end."""

import importlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any

from localcloud import servers as real_servers
from localcloud.agent import Agent
from localcloud.claim import write_atomically
from localcloud.clients import Clients
from localcloud.console import Output
from localcloud.container import Host
from localcloud.emulator import Emulator
from localcloud.errors import LocalCloudError
from localcloud.frontdoor import FrontDoor
from localcloud.log_streams import LogStreams
from localcloud.ports import LOOPBACK, Wish
from localcloud.processes import Process, Processes, tail
from localcloud.task import Platform
from localcloud.waiting import ending

if TYPE_CHECKING:
    from localcloud.deploy import Deployment

WATCH_SECONDS = 0.1
HEALTHY_SECONDS = 90.0
"""How long the first tasks of all services may take to become healthy."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for."""

    stack: str
    project: Path
    """The folder of `Pulumi.yaml`."""
    site: Wish
    aws: Wish
    folder: Path
    """Where outputs, logs and the sign of the run are: `.local` of the checkout."""
    stop_with_parent: bool = False


@dataclass
class Run:
    """One run, from its first process to its last. The main thread watches, another one does the steps."""

    options: Options
    output: Output
    region: str
    account: str
    processes: Processes
    scratch: Path
    """A folder for data that is thrown away."""
    parts: list[Process] = field(default_factory=list[Process])
    """Those whose death is the end of the run."""
    door: FrontDoor | None = None
    agent: Agent | None = None
    done: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None

    @property
    def logs(self) -> Path:
        return self.options.folder / "logs"

    @property
    def outputs(self) -> Path:
        return self.options.folder / "outputs.json"

    def steps(self, site: socket, aws_port: int) -> None:
        """Everything that brings the platform up; `site` is the socket of the front door."""
        try:
            self._steps(site, aws_port)
        except Exception as error:  # for the main thread to tell
            self.failure = error
        finally:
            self.done.set()

    def _steps(self, site: socket, aws_port: int) -> None:
        # The program's imports take as long as the servers' start: they go side by side.
        threading.Thread(target=importlib.import_module, args=["localcloud.deploy"], daemon=True).start()
        with self.output.step("Starting PostgreSQL, Valkey and the AWS emulator"):
            emulator = Emulator.start(
                self.processes,
                port=aws_port,
                account=self.account,
                region=self.region,
                folder=self.scratch / "aws",
                logs=self.logs,
            )
            self.parts.append(emulator.process)
            self.door = FrontDoor(site, emulator.endpoint)
            servers = real_servers.start(self.processes, folder=self.scratch, logs=self.logs)
            self.parts += [servers.postgres.process, servers.valkey.process]
            emulator.wait()
        clients = Clients(emulator.endpoint)
        platforms: list[Platform] = []  # one, made for the first task that runs on it

        def platform(images: Mapping[str, str]) -> Platform:
            if not platforms:
                platforms.append(self._platform(clients, servers, images))
            return platforms[0]

        deployment = self._deploy(emulator.endpoint, servers, platform)
        self._run_services(platform(deployment.images))
        domain = _domain(clients, self.region, deployment.outputs)
        address = None
        if domain is not None:
            self.door.open(domain)
            address = f"http://{LOOPBACK}:{site.getsockname()[1]}"
        self._tell(emulator.endpoint, address, deployment.outputs)

    def _deploy(
        self,
        endpoint: str,
        servers: real_servers.Servers,
        platform: Callable[[Mapping[str, str]], Platform],
    ) -> "Deployment":
        deploying = importlib.import_module("localcloud.deploy")
        with self.output.step(f"Deploying the program of stack {self.options.stack}") as step:
            made = 0

            def report(event: Any) -> None:
                nonlocal made
                made += 1
                step.show(f"{made} {event.name}")

            deployment: Deployment = deploying.deploy(
                self.options.stack,
                endpoint=endpoint,
                servers=servers,
                report=report,
                root=self.options.project,
                platform=platform,
            )
            step.result = f"{made} resources"
        return deployment

    def _platform(
        self, clients: Clients, servers: real_servers.Servers, images: Mapping[str, str]
    ) -> Platform:
        home = self.scratch / "home"
        home.mkdir()
        host = Host(clients=clients, region=self.region, images=images, servers=servers, home=home)
        streams = LogStreams(clients, self.region, self.logs)
        return Platform(host=host, processes=self.processes, streams=streams, logs=self.logs)

    def _run_services(self, platform: Platform) -> None:
        with self.output.step("Starting the services") as step:
            self.agent = Agent(platform, self.output.line)
            self.agent.start()
            deadline = time.monotonic() + HEALTHY_SECONDS
            while not self.agent.steady():
                waiting = [r for r in list(self.agent.rollouts.values()) if r.state != "COMPLETED"]
                for rollout, reason in self.agent.problems():
                    raise LocalCloudError(
                        f"service {rollout.label} does not come up: {reason}",
                        log=tail(self.logs / f"{rollout.label}.log"),
                    )
                if time.monotonic() > deadline and waiting:
                    first = waiting[0]
                    reason = next((task.problem for task in first.tasks), first.last_reason)
                    raise LocalCloudError(
                        f"service {first.label} has no healthy task after {HEALTHY_SECONDS:.0f} s: {reason}",
                        log=tail(self.logs / f"{first.label}.log"),
                    )
                step.show(", ".join(rollout.label for rollout in waiting))
                time.sleep(WATCH_SECONDS)
            step.result = ", ".join(sorted(r.label for r in self.agent.rollouts.values())) or "none"

    def _tell(self, endpoint: str, site: str | None, outputs: Mapping[str, Any]) -> None:
        """The addresses: for people on the screen, for scripts in `outputs.json`."""
        api = f"{site}/api" if site else None
        said = {"site": site, "api": api, "aws_endpoint": endpoint, "stack": self.options.stack}
        write_atomically(
            self.outputs,
            json.dumps({**said, "region": self.region, "pid": os.getpid(), "outputs": outputs}, indent=2),
        )
        rows = [("Site", site), ("API", api), ("API docs", f"{api}/docs" if api else None), ("AWS", endpoint)]
        self.output.table([(name, value) for name, value in rows if value])
        self.output.line(
            "The AWS CLI and boto3 reach this AWS with:\n"
            f"  export AWS_ENDPOINT_URL={endpoint} AWS_REGION={self.region} AWS_DEFAULT_REGION={self.region} "
            "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n"
            f"Logs: {short(self.logs)}. The addresses: {short(self.outputs)}. Ctrl-C stops everything."
        )

    def check(self) -> None:
        """Raise LocalCloudError when something that must live does not."""
        for part in self.parts:
            code = part.exit_code()
            if code is not None:
                raise LocalCloudError(f"{part.name} ended in mid-run, {ending(code)}", log=part.log_tail())
        if not self.processes.reaper_lives():
            raise LocalCloudError("the reaper, which ends the processes of this run, was killed")
        if self.door is not None and not self.door.alive():
            raise LocalCloudError("the front door, which serves the site, ended in mid-run")
        if self.agent is not None and self.agent.crash is not None:
            raise LocalCloudError(f"the agent, which runs the services, failed: {self.agent.crash!r}")
        if self.failure is not None:
            raise self.failure

    def end(self) -> None:
        """Stop everything, the services first."""
        if self.door is not None:
            self.door.close()
        if self.agent is not None:
            self.agent.close()
        self.processes.close()


def _domain(clients: Clients, region: str, outputs: Mapping[str, Any]) -> str | None:
    """The name of the stack's distribution; where it has several, of the one that it gives out."""
    listed = clients.get("cloudfront", region).list_distributions()["DistributionList"].get("Items", [])
    domains = {item["Id"]: str(item["DomainName"]) for item in listed}
    return domains.get(str(outputs.get("distribution_id")), next(iter(domains.values()), None))


def short(path: Path) -> str:
    """A path as a person in this folder would type it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
