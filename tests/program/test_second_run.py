"""A second deployment of an unchanged program gives the engine the same inputs: it sees no change."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from operations.stack_file import ROOT, stacks

STACKS = [*stacks(), *stacks(ROOT / "tests" / "stacks")]

RUN = """
import json, sys
from pathlib import Path
from operations.program import run
from operations.recording import RecordingMocks

class Engine(RecordingMocks):
    # Keeps what it is told to ignore as it was: what others get of a resource is what the state has.

    def __init__(self, state):
        self.ignored = {
            (urn.split("::")[-2].split("$")[-1], urn.split("::")[-1]): {
                name: was["inputs"][name] for name in was["ignore_changes"] if name in was["inputs"]
            }
            for urn, was in state.items()
        }

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        return id_, {**outputs, **self.ignored.get((args.typ, args.name), {})}

def graph(stack, state):
    found = {}
    for resource in run(stack, Engine(state), root=Path(sys.argv[1])).resources:
        assert resource.urn not in found, resource.urn
        found[resource.urn] = {"inputs": resource.inputs, **vars(resource.options)}
    return found

state = json.load(sys.stdin)
json.dump({stack: graph(stack, state.get(stack, {})) for stack in sys.argv[2:]}, sys.stdout, default=vars)
"""
UNORDERED = ("dependencies",)
"""Options that are sets to the engine."""

Graph = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def runs(every_stack: Path) -> tuple[dict[str, Graph], dict[str, Graph]]:
    """What each stack registers, by URN, in a first and in a second deployment."""
    first = deploy(every_stack, {}, seed=1)
    return first, deploy(every_stack, first, seed=2)


def deploy(root: Path, state: dict[str, Graph], seed: int) -> dict[str, Graph]:
    """Run every stack in a process of its own, where sets have another order."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(root), *STACKS],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        input=json.dumps(state),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return cast("dict[str, Graph]", json.loads(ran.stdout))


def canonical(resource: dict[str, Any]) -> str:
    """What the engine compares of a registration, as one text."""
    for path in resource["ignore_changes"]:
        drop(resource["inputs"], re.findall(r"[^.\[\]\"]+", path))
    unordered = {name: sorted(resource[name]) for name in UNORDERED}
    return json.dumps({**resource, **unordered}, sort_keys=True)


def drop(value: Any, path: list[str]) -> None:
    """Take away what the engine is told to ignore."""
    step, *rest = path
    if not isinstance(value, (dict, list)):
        return
    if step == "*":
        for item in list(cast("dict[str, Any]", value).values() if isinstance(value, dict) else value):
            drop(item, rest)
    elif isinstance(value, list):
        drop(cast("list[Any]", value)[int(step)], rest) if rest else value.pop(int(step))
    elif rest:
        drop(cast("dict[str, Any]", value).get(step), rest)
    else:
        cast("dict[str, Any]", value).pop(step, None)


@pytest.mark.parametrize("stack", STACKS)
def test_a_second_run_gives_the_same_inputs(
    stack: str, runs: tuple[dict[str, Graph], dict[str, Graph]]
) -> None:
    first, second = (graphs[stack] for graphs in runs)

    assert len(first) > 150
    assert first.keys() == second.keys()
    for urn, resource in first.items():
        assert canonical(second[urn]) == canonical(resource), urn


def test_what_is_ignored_is_dropped_and_nothing_else() -> None:
    value = {"secret": 1, "list": [{"a": 1, "b": 2}], "map": {"x y": 3}, "kept": 4}

    drop(value, ["secret"])
    drop(value, ["list", "0", "a"])
    drop(value, ["map", "x y"])
    drop(value, ["missing", "too"])

    assert value == {"list": [{"b": 2}], "map": {}, "kept": 4}
