"""`make up`: one run in a checkout, from its ports to its last process, whatever ends it."""

import json
import logging
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from localcloud.claim import Claim, claim
from localcloud.console import Output
from localcloud.errors import LocalCloudError
from localcloud.ports import LOOPBACK, grant
from localcloud.processes import Processes
from localcloud.run import WATCH_SECONDS, Options, Run, short
from operations.stack_file import ProgramError, load_config


def up(options: Options, output: Output) -> int:
    """Bring it up, watch over it until it is to end, take it down. Gives the exit code."""
    stopping = _stop_on_signals()
    _forget_the_users_aws()
    parent = os.getppid()
    try:
        config = load_config(options.stack, options.project)
        with claim(options.folder) as claimed:
            return _up(options, output, config, claimed=claimed, stopping=stopping, parent=parent)
    except ProgramError as error:
        output.fail(str(error))
        return 1
    except LocalCloudError as error:
        output.fail(str(error), error.log)
        return 1
    finally:
        output.close()


def _up(
    options: Options,
    output: Output,
    config: Mapping[str, str],
    *,
    claimed: Claim,
    stopping: threading.Event,
    parent: int,
) -> int:
    site, site_moved = grant(options.site)
    with site:
        aws, aws_moved = grant(options.aws)
        aws_port = int(aws.getsockname()[1])
        aws.close()  # the emulator binds it in a moment
        for line in (site_moved, aws_moved):
            if line:
                output.line(line)
        shutil.rmtree(options.folder, ignore_errors=True)
        (options.folder / "logs").mkdir(parents=True)
        # What libraries have to say, such as the server of the front door.
        logging.basicConfig(filename=options.folder / "logs" / "up.log", level=logging.WARNING)
        claimed.announce(f"http://{LOOPBACK}:{site.getsockname()[1]}")
        scratch = Path(tempfile.mkdtemp(prefix="causeway-"))
        scratch.chmod(0o711)  # PostgreSQL may run as another user
        run = Run(
            options=options,
            output=output,
            region=config.get("aws:region", "us-east-1"),
            account=_account(config),
            processes=Processes(folders=[scratch, options.folder], hold=[claimed.descriptor]),
            scratch=scratch,
        )
        threading.Thread(target=run.steps, args=(site, aws_port), name="steps", daemon=True).start()
        try:
            while not stopping.wait(WATCH_SECONDS):
                run.check()
                if options.stop_with_parent and os.getppid() != parent:
                    break
        except Exception as error:
            run.processes.keep(options.folder)
            _forget_the_run(options.folder)
            if not isinstance(error, LocalCloudError):
                raise
            output.fail(str(error), error.log)
            output.line(f"Logs are in {short(run.logs)}.")
            return 1
        finally:
            run.end()
        output.line("Stopped.")
        return 0


def _stop_on_signals() -> threading.Event:
    """The event of the first signal; a second one ends this process at once, and the reaper does the rest."""
    stopping = threading.Event()

    def handle(*_: object) -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stopping


def _forget_the_users_aws() -> None:
    """Nothing here may ever use the AWS profile of the person who runs it, nor a proxy to reach loopback."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), LOOPBACK, "localhost"]))


def _forget_the_run(folder: Path) -> None:
    """Leave the logs of a run that failed, and nothing that says that it runs."""
    for name in ("outputs.json", "run.json"):
        (folder / name).unlink(missing_ok=True)


def _account(config: Mapping[str, str]) -> str:
    allowed = json.loads(config.get("aws:allowedAccountIds", "[]"))
    return str(allowed[0]) if allowed else "000000000000"
