"""The command line of the local cloud: `python -m localcloud up [STACK]`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during the imports: nothing is there yet to take down

import argparse
import os
import sys
import traceback
from pathlib import Path

from localcloud.console import Output
from localcloud.ports import Wish
from localcloud.up import Options, up
from operations.stack_file import ROOT

SITE_PORT, AWS_PORT = 8080, 4566


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Gives the exit code: 0 after Ctrl-C, 1 on an error, 2 on wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("up", help="bring the whole platform up, until Ctrl-C")
    command.add_argument("stack", nargs="?", default="local", help="whose configuration (default: local)")
    command.add_argument("--site-port", type=_port, metavar="N", help=f"of the site (default: {SITE_PORT})")
    command.add_argument("--aws-port", type=_port, metavar="N", help=f"of the AWS (default: {AWS_PORT})")
    command.add_argument("--stop-with-parent", action="store_true", help="end when the parent process does")
    command.add_argument("--project", type=Path, default=ROOT, metavar="DIR", help="with another Pulumi.yaml")
    command.add_argument(
        "--folder", type=Path, metavar="DIR", help="for outputs and logs (default: .local of the project)"
    )
    given = parser.parse_args(arguments)
    try:
        options = Options(
            stack=given.stack,
            site=_wish("the site", given.site_port, "SITE_PORT", SITE_PORT),
            aws=_wish("the AWS emulator", given.aws_port, "AWS_PORT", AWS_PORT),
            project=given.project.resolve(),
            folder=(given.folder or given.project / ".local").resolve(),
            stop_with_parent=given.stop_with_parent,
        )
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return up(options, Output())


def _wish(part: str, option: int | None, variable: str, default: int) -> Wish:
    """A port by its option, else by its variable, else the default."""
    if option is not None:
        return Wish(part=part, port=option, asked_for=f"--{variable.lower().replace('_', '-')}")
    if os.environ.get(variable):
        try:
            return Wish(part=part, port=_port(os.environ[variable]), asked_for=variable)
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{variable}: {error}") from None
    return Wish(part=part, port=default)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:  # noqa: PLR2004 what TCP has
        raise argparse.ArgumentTypeError(f"'{text}' is no port; give a number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's threads may still wait for answers that will not come, and would keep the interpreter.
    os._exit(code)
