"""Every setting can be on in the local cloud: no capability of the platform fails late."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud import recorded
from localcloud.deploy import deploy
from operations.stack_file import ROOT, stacks

STACKS = stacks(ROOT / "tests" / "stacks")


@pytest.mark.parametrize("stack", STACKS)
def test_it_deploys(stack: str, every_stack: Path, local: SimpleNamespace) -> None:
    deployment = deploy(stack, endpoint=local.endpoint, servers=local.servers, root=every_stack)

    assert len(deployment.resources) > 200
    listed = {(row.type.split(" ")[0], row.operation) for row in recorded.rows()}
    assert {(call.type, call.operation) for call in deployment.recorded} <= listed
