"""Every setting can be on in the local cloud: no capability of the platform fails late."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud import recorded
from localcloud.deploy import deploy
from localcloud.emulator import Emulator
from localcloud.ports import free_port
from operations.stack_file import ROOT, stacks

STACKS = stacks(ROOT / "tests" / "stacks")


@pytest.mark.parametrize("stack", STACKS)
def test_it_deploys(stack: str, every_stack: Path, local: SimpleNamespace, tmp_path: Path) -> None:
    emulator = Emulator.start(  # of its own: an account has one OIDC provider, one registry
        local.processes,
        port=free_port(),
        account=local.account,
        region=local.region,
        folder=tmp_path / "aws",
        logs=tmp_path,
    )
    emulator.wait()

    deployment = deploy(stack, endpoint=emulator.endpoint, servers=local.servers, root=every_stack)
    emulator.process.stop()

    assert len(deployment.resources) > 200
    listed = {(row.type.split(" ")[0], row.operation) for row in recorded.rows()}
    assert {(call.type, call.operation) for call in deployment.recorded} <= listed
