"""Loads the settings of a configuration as the program does, without its components."""

import contextvars
import copy
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pulumi
import pytest
from hypothesis import settings as hypothesis_settings
from pulumi.runtime import set_all_config

from operations.program import Run, configure
from operations.recording import RecordingMocks
from operations.stack_file import ROOT


@pytest.fixture(scope="session")
def settings_module() -> ModuleType:
    """`platform/settings.py`, imported as it is when the program runs, and left out of sys.modules."""
    before = set(sys.modules)
    sys.path.insert(0, str(ROOT / "platform"))
    try:
        return importlib.import_module("settings")
    finally:
        sys.path.remove(str(ROOT / "platform"))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(ROOT / "platform")):
                del sys.modules[name]


# How long an example takes says nothing of the program: the machine may be busy.
hypothesis_settings.register_profile("causeway", deadline=None)
hypothesis_settings.register_profile("fuzz", deadline=None, max_examples=2_000)
if hypothesis_settings.get_current_profile_name() == "default":
    hypothesis_settings.load_profile("causeway")

Load = Callable[..., Any]
Refusal = Callable[..., str]

BASE: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "aws:allowedAccountIds": ["012345678901"],
    "causeway:network": {"cidr": "10.20.0.0/16", "zones": ["eu-west-1a", "eu-west-1b"]},
}


@pytest.fixture(scope="session")
def configured() -> Callable[..., dict[str, str]]:
    """`configured({"namespace:key.nested": value})`: a small good configuration with changes, as text by key.

    The value `...` removes a key.
    """

    def configured(changes: Mapping[str, Any], base: Mapping[str, Any] = BASE) -> dict[str, str]:
        values = copy.deepcopy(dict(base))
        for path, value in changes.items():
            target, (*sections, last) = values, path.split(".")
            for name in sections:
                target = target.setdefault(name, {})
            if value is ...:
                del target[last]
            else:
                target[last] = value
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}

    return configured


@pytest.fixture(scope="session")
def load(settings_module: ModuleType) -> Load:
    """`load(config)`: the Settings of a stack `trial` with this configuration."""

    def in_context(config: Mapping[str, str], secret_keys: list[str]) -> Any:
        with configure(Run(), RecordingMocks(), project="causeway", stack="trial", preview=False, root=ROOT):
            set_all_config(dict(config), secret_keys)
            return settings_module.load()

    def load(config: Mapping[str, str], secret_keys: list[str] | None = None) -> Any:
        return contextvars.copy_context().run(in_context, config, secret_keys or [])

    return load


@pytest.fixture(scope="session")
def refusal(load: Load, configured: Callable[..., dict[str, str]]) -> Refusal:
    """`refusal(changes)`: the one line that refuses the small good configuration with changes."""

    def refusal(changes: Mapping[str, Any], base: Mapping[str, Any] = BASE) -> str:
        with pytest.raises(pulumi.RunError) as refused:
            load(configured(changes, base))
        line = str(refused.value)
        assert len(line.splitlines()) == 1, line
        return line

    return refusal
