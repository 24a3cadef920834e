"""How a configuration reaches the settings: as text, from a test or from the engine, nothing registered."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from operations import program
from operations.recording import RecordingMocks, record
from operations.stack_file import load_config

Configured = Callable[..., dict[str, str]]
Load = Callable[..., Any]
Refusal = Callable[..., str]
DIGEST = "sha256:" + "0123456789abcdef" * 4
RELEASE = {
    "version": "1.2.3",
    "commit": "0123456789" * 4,
    "images": {"api": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api@{DIGEST}"},
}


@pytest.mark.parametrize(
    "text", ['{"cidr": ', "{cidr: 10.20.0.0/16}", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"]
)
def test_text_that_is_not_json(load: Load, configured: Configured, text: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"^Pulumi\.trial\.yaml: causeway:network is '.*$") as refused:
        load(configured({}) | {"causeway:network": text})
    assert "which is not valid JSON, must be a mapping of cidr" in str(refused.value)
    assert len(str(refused.value)) < 300


def test_other_namespaces_are_left_to_their_owners(load: Load, configured: Configured) -> None:
    others = {"docker:host": "x", "docker-build:host": "x", "pulumi:tags": "{}", "docker:region": "x"}
    assert load(configured(others)) == load(configured({}))


def test_secret_is_not_shown(load: Load, configured: Configured) -> None:
    config = configured({"causeway:site": {"domain": "hunter2"}, "causeway:network.cidr": "10.20.0.0/16"})
    with pytest.raises(pulumi.RunError, match=r"causeway:site\.domain is \[secret\], must be") as refused:
        load(config, secret_keys=["causeway:site"])
    assert "hunter2" not in str(refused.value)


def test_configuration_of_the_engine(
    load: Load, configured: Configured, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine hands the configuration over in the environment, where a test sets it."""
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(configured({"causeway:sampleData": True})))
    assert load({}).sample_data
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(configured({"causeway:smapleData": True})))
    assert "did you mean causeway:sampleData?" in refusal({}, base={})


def test_release_gives_images_by_digest(load: Load, configured: Configured) -> None:
    assert load(configured({})).pinned("api") is None
    pinned = load(configured({"causeway:images.source": "release", "causeway:release": RELEASE}))
    assert pinned.pinned("api") == RELEASE["images"]["api"]


def test_empty_objects_of_the_project_file_are_absent(load: Load, configured: Configured) -> None:
    settings = load(configured({"causeway:release": {}, "causeway:github": {}, "causeway:site": {}}))
    assert settings == load(configured({}))
    assert (settings.release, settings.github, settings.site.domain) == (None, None, None)


def test_settings_are_frozen(load: Load, configured: Configured) -> None:
    settings = load(configured({}))
    with pytest.raises(ValueError, match="frozen"):
        settings.network.cidr = "10.0.0.0/16"


class CountingMocks(RecordingMocks):
    def __init__(self) -> None:
        self.registered: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.registered.append(args.typ)
        return super().new_resource(args)


def test_nothing_is_registered_before_the_refusal() -> None:
    mocks = CountingMocks()
    config = load_config("staging") | {"causeway:api": '{"cpu": 300}'}
    with pytest.raises(pulumi.RunError, match=r"^Pulumi\.staging\.yaml: causeway:api\.cpu is 300, must be"):
        program.run("staging", mocks, config=config)
    assert mocks.registered == []


def test_release_without_an_image_that_runs(settings_module: ModuleType, configured: Configured) -> None:
    images = {"web": RELEASE["images"]["api"]}
    config = configured(
        {"causeway:images.source": "release", "causeway:release": RELEASE | {"images": images}}
    )
    with pytest.raises(
        pulumi.RunError,
        match=r"^Pulumi\.prod\.yaml: causeway:release\.images\.api is missing, must be ACCOUNT",
    ):
        record(lambda: settings_module.load().pinned("api"), stack="prod", config=config)
