"""`python -m localcloud up`: what it brings up, and that nothing of it is left, whatever ends it.

Run on a small program of its own, so that each way to end costs seconds; tests/e2e runs the real one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import psutil
import pytest

from localcloud.ports import free_port, listen

Eventually = Callable[..., None]
START_SECONDS = 90.0

PROGRAM = """
import json
import pulumi
import pulumi_docker as docker
from pulumi_aws import ecs, sqs

sqs.Queue("orders")
image = docker.Image("web", image_name="test/web", skip_push=True,
                     build={"context": f"{pulumi.get_root_directory()}/app"})
cluster = ecs.Cluster("shop")
definition = ecs.TaskDefinition(
    "web", family="web", cpu="256", memory="512", network_mode="awsvpc", requires_compatibilities=["FARGATE"],
    container_definitions=image.image_name.apply(lambda uri: json.dumps(
        [{"name": "web", "image": uri, "essential": True, "environment": [{"name": "MODE", "value": "%s"}]}]
    )),
)
ecs.Service("web", cluster=cluster.arn, task_definition=definition.arn, desired_count=1,
            launch_type="FARGATE", deployment_circuit_breaker={"enable": True, "rollback": True})
"""
TASK = """
import os, sys, time
print("the task starts", flush=True)
if os.environ["MODE"] == "broken":
    sys.exit("the task has had enough")
time.sleep(600)
"""


@dataclass
class Running:
    """A started command."""

    process: subprocess.Popen[str]
    folder: Path

    def wait(self, seconds: float = 30) -> tuple[int, str]:
        """Its exit code and what it printed."""
        printed, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, printed

    def outputs(self) -> dict[str, object]:
        """`outputs.json`, once it is there."""
        deadline = time.monotonic() + START_SECONDS
        while not (self.folder / "outputs.json").exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return json.loads((self.folder / "outputs.json").read_text())

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def data_folders(family: list[psutil.Process]) -> set[Path]:
    """Where the servers of a run have their data: the reaper is told to remove it."""
    words = {Path(word) for process in family for word in process.cmdline()}
    return {path for path in words if path.name.startswith("causeway-") and path.is_dir()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "platform").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text('FROM python\nCMD ["python", "task.py"]\n')
    (tmp_path / "app" / "task.py").write_text(TASK)
    (tmp_path / "platform" / "__main__.py").write_text(PROGRAM % "well")
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\nmain: platform/\n")
    (tmp_path / "Pulumi.local.yaml").write_text(
        'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["123456789012"]\n'
    )
    return tmp_path


@pytest.fixture
def up(project: Path) -> Iterator[Callable[..., Running]]:
    """Start `up` for the small program: `up("--site-port", "1", env={...})`."""
    started: list[Running] = []

    def start(*arguments: str, env: dict[str, str] | None = None, ports: bool = True) -> Running:
        command = [sys.executable, "-m", "localcloud", "up", *arguments, "--project", str(project)]
        if ports and "--site-port" not in arguments:
            command += ["--site-port", str(free_port())]
        if ports and "--aws-port" not in arguments:
            command += ["--aws-port", str(free_port())]
        surroundings = {name: value for name, value in os.environ.items() if not name.endswith("_PORT")}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**surroundings, **(env or {})}, start_new_session=True,
        )  # fmt: skip
        started.append(Running(process, project / ".local"))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()  # the reaper ends the rest
            running.process.communicate()


def nothing_left(family: list[psutil.Process], folder: Path) -> bool:
    return not folder.exists() and not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family
    )


def test_whole_run_until_ctrl_c(up: Callable[..., Running], eventually: Eventually) -> None:
    developer = {
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    running = up(env=developer)
    outputs = running.outputs()
    assert outputs["stack"] == "local"
    assert outputs["pid"] == running.process.pid
    client = boto3.client(
        "sts", endpoint_url=str(outputs["aws_endpoint"]), region_name=str(outputs["region"]),
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip
    assert client.get_caller_identity()["Account"] == "123456789012"
    family = running.family()
    names = " ".join(" ".join(process.cmdline()) for process in family)
    for part in ("localcloud.emulator", "valkey-server", "postgres", "reaper.py", "task.py"):
        assert part in names
    folders = data_folders(family)
    assert len(folders) == 1
    assert "the task starts" in (running.folder / "logs" / "web.log").read_text()

    second = up(ports=False)
    code, printed = second.wait()
    assert code == 1
    assert printed.count("\n") == 1
    assert "the local cloud runs already, at http://127.0.0.1:" in printed
    assert f"with pid {running.process.pid}" in printed
    assert running.process.poll() is None

    started = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    code, printed = running.wait()
    assert time.monotonic() - started < 10
    assert code == 0
    for words in (
        "Starting PostgreSQL",
        "Deploying the program of stack local",
        "web: 1 healthy",
        "Stopped.",
    ):
        assert words in printed
    assert f"AWS_ENDPOINT_URL={outputs['aws_endpoint']} AWS_REGION=eu-west-1" in printed
    assert nothing_left(family, running.folder), "all must be gone when it returns"
    assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("step", ["Starting PostgreSQL", "Deploying the program", "Starting the services"])
def test_ctrl_c_in_the_middle_of_a_step_leaves_nothing(
    up: Callable[..., Running], eventually: Eventually, step: str
) -> None:
    running = up(env={"PYTHONUNBUFFERED": "1"})
    assert running.process.stdout is not None
    assert any(line.startswith(step) for line in running.process.stdout)
    family = running.family()
    folders = data_folders(family)
    started = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    code, printed = running.wait()
    assert time.monotonic() - started < 10
    assert (code, printed.splitlines()[-1]) == (0, "Stopped.")
    assert "error" not in printed
    assert "Traceback" not in printed
    assert nothing_left(family, running.folder)
    assert not any(folder.exists() for folder in folders)


def test_kill_9_leaves_nothing_and_a_new_run_starts(
    up: Callable[..., Running], eventually: Eventually
) -> None:
    running = up()
    running.outputs()
    family = running.family()
    folders = data_folders(family)
    running.process.kill()
    running.process.wait()
    again = up()  # at once: it has to wait for the reaper of the first
    eventually(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family), 10)
    assert again.outputs()["pid"] == again.process.pid
    assert folders
    assert not any(folder.exists() for folder in folders)
    again.process.send_signal(signal.SIGTERM)
    assert again.wait()[0] == 0
    assert not again.folder.exists()


def test_end_of_the_parent_is_the_end(project: Path, eventually: Eventually) -> None:
    parent = subprocess.Popen(
        ["sh", "-c", '"$@" & wait', "sh", sys.executable, "-m", "localcloud", "up", "--stop-with-parent",
         "--project", str(project), "--site-port", str(free_port()), "--aws-port", str(free_port())],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    eventually((project / ".local" / "outputs.json").exists, START_SECONDS)
    family = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    eventually(lambda: nothing_left(family, project / ".local"), 15)


@pytest.mark.parametrize("part", ["localcloud.emulator", "postgres", "valkey-server"])
def test_death_of_a_part_ends_the_run_in_one_line(up: Callable[..., Running], part: str) -> None:
    running = up()
    running.outputs()
    family = running.family()
    next(process for process in family if part in " ".join(process.cmdline())).kill()
    code, printed = running.wait()
    assert code == 1
    errors = [line for line in printed.splitlines() if line.startswith("error:")]
    names = {"localcloud.emulator": "the AWS emulator", "postgres": "PostgreSQL", "valkey-server": "Valkey"}
    message = f"error: {names[part]} ended in mid-run, killed by signal 9"
    assert [line.removesuffix("; its last lines:") for line in errors] == [message]
    assert "Traceback" not in printed
    assert not (running.folder / "outputs.json").exists()
    assert (running.folder / "logs" / "aws.log").exists(), "the logs of a failure are kept"
    assert not [process for process in family if process.is_running() and process.status() != "zombie"]


def test_emulator_dying_in_mid_deploy_is_one_line(
    up: Callable[..., Running], project: Path, eventually: Eventually
) -> None:
    (project / "platform" / "__main__.py").write_text(
        "import time\nfrom pathlib import Path\nfrom pulumi_aws import sqs\n"
        f"Path({str(project / 'deploying')!r}).touch()\ntime.sleep(5)\nsqs.Queue('orders')\n"
    )
    running = up()
    eventually((project / "deploying").exists, START_SECONDS)
    family = running.family()
    next(process for process in family if "localcloud.emulator" in " ".join(process.cmdline())).kill()
    code, printed = running.wait()
    assert code == 1
    assert printed.count("error:") == 1
    assert "error: the AWS emulator ended in mid-run, killed by signal 9" in printed
    assert not [process for process in family if process.is_running() and process.status() != "zombie"]


def test_task_that_never_gets_healthy_fails_the_run(up: Callable[..., Running], project: Path) -> None:
    (project / "platform" / "__main__.py").write_text(PROGRAM % "broken")
    code, printed = up().wait(START_SECONDS)
    assert code == 1
    words = "error: service web does not come up: Essential container in task exited: web, exit code 1"
    assert f"{words}; its last lines:\n  the task starts\n  the task has had enough" in printed
    assert "Traceback" not in printed
    assert not (project / ".local" / "outputs.json").exists()


def test_program_that_fails_is_one_line(up: Callable[..., Running], project: Path) -> None:
    (project / "platform" / "__main__.py").write_text(
        "import pulumi\nraise pulumi.RunError('cidr 1.2.3.4/99: no network; see Pulumi.local.yaml')\n"
    )
    code, printed = up().wait(START_SECONDS)
    assert code == 1
    assert "error: cidr 1.2.3.4/99: no network; see Pulumi.local.yaml\n" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("part", ["site", "aws"])
@pytest.mark.parametrize("by_variable", [False, True])
def test_busy_port_that_was_asked_for_is_refused(
    up: Callable[..., Running], project: Path, part: str, by_variable: bool
) -> None:
    with listen(0) as busy:
        port = str(busy.getsockname()[1])
        if by_variable:
            name = f"{part.upper()}_PORT"
            running = up(env={name: port}, ports=False)
        else:
            name = f"--{part}-port"
            running = up(name, port)
        code, printed = running.wait()
    assert code == 1
    assert printed.count("\n") == 1
    assert printed.startswith(f"error: port {port} for ")
    assert f"({name}) is in use on 127.0.0.1" in printed
    assert not (project / ".local").exists()


def test_busy_default_port_is_avoided_and_said(
    up: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        held = listen(8080)
    except OSError:
        held = None  # somebody else's, as good
    running = up("--aws-port", str(free_port()), ports=False)
    try:
        assert ":8080" not in json.dumps(running.outputs())
        said = json.loads((running.folder / "run.json").read_text())
        running.process.send_signal(signal.SIGINT)
        _, printed = running.wait()
        assert f"port 8080 is in use: the site takes {said['site'].rsplit(':', 1)[1]} instead" in printed
    finally:
        if held:
            held.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--site-port", "70000"], "'70000' is no port; give a number from 1 to 65535"),
        (["--aws-port", "x"], "'x' is no port"),
        (["--no-such-option"], "unrecognized arguments"),
    ],
)
def test_wrong_usage_is_exit_code_2(up: Callable[..., Running], arguments: list[str], words: str) -> None:
    code, printed = up(*arguments, ports=False).wait()
    assert code == 2
    assert words in printed


def test_unknown_stack_is_one_line(up: Callable[..., Running], project: Path) -> None:
    code, printed = up("nowhere").wait()
    assert code == 1
    assert printed == "error: stack 'nowhere' has no file Pulumi.nowhere.yaml; the stacks are local\n"
    assert not (project / ".local").exists()
