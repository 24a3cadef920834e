"""What tests of several kinds share: the project with the stacks that only tests have."""

from pathlib import Path

import pytest

from operations.stack_file import ROOT


@pytest.fixture(scope="session")
def every_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder as it is, with the stacks of `tests/stacks` beside its own."""
    folder = tmp_path_factory.mktemp("project")
    sources = [ROOT / "app", ROOT / "platform", *ROOT.glob("Pulumi*.yaml")]
    for source in (*sources, *(ROOT / "tests" / "stacks").glob("Pulumi.*.yaml")):
        (folder / source.name).symlink_to(source)
    return folder
