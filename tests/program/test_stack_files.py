"""The project file declares what the settings read, and each stack's file holds only what differs."""

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pulumi_aws.config.outputs as provider_types
import pulumi_aws.config.vars as provider_config
import pytest
import yaml

from operations.stack_file import ROOT, load_config, stacks

Load = Callable[..., Any]

MAY_DIFFER = {
    "allowedAccountIds",
    "defaultTags.tags.environment",
    "network.cidr",
    "network.zones",
    "network.nat",
    "network.reservedCidrs",
    "images.source",
    "images.pullAccountIds",
    "release",
    "registry.owned",
    "capacity.spotWeight",
    "api.cpu",
    "api.memoryMib",
    "api.minTasks",
    "api.maxTasks",
    "api.scaling.schedules",
    "worker.cpu",
    "worker.memoryMib",
    "worker.minTasks",
    "worker.maxTasks",
    "worker.scaling.schedules",
    "database.minCapacity",
    "database.maxCapacity",
    "database.readers",
    "database.backupRetentionDays",
    "cache.nodeType",
    "cache.nodes",
    "cache.snapshotRetentionDays",
    "backup.retentionDays",
    "backup.monthlyRetentionDays",
    "site.domain",
    "site.hostedZoneId",
    "site.priceClass",
    "notifications.emails",
    "budget.monthlyUsd",
    "budget.anomalyUsd",
    "github.environment",
    "logs.retentionDays",
    "enableExecuteCommand",
}
"""All that staging and production may differ in: sizes, counts, hours, retention, names, origin of images,
what an account or a purse has once."""


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@functools.cache
def project_config() -> dict[str, dict[str, Any]]:
    return read(ROOT / "Pulumi.yaml")["config"]


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and prefix + key != "release":
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def dumped(settings: Any) -> dict[str, Any]:
    """Settings as their file would spell them, lists as lists."""
    return settings.model_dump(mode="json", by_alias=True)


def own_fields(module: ModuleType) -> dict[str, Any]:
    """The fields of the settings in the project's own namespace, by key."""
    fields = {field.alias: field for field in module.Settings.model_fields.values()}
    return {key: field for key, field in fields.items() if key not in module.AWS_FIELDS}


def sections(field: Any) -> list[Any]:
    types = (field.annotation, *get_args(field.annotation))
    return [type_ for type_ in types if hasattr(type_, "model_fields")]


def repeated(field: Any, given: Any, path: str) -> list[str]:
    """The keys of a stack's file that say what is so anyway; in lists, every entry may be written out."""
    if not isinstance(given, dict) or not sections(field):
        return [path] if given == field.default else []
    (section,) = sections(field)
    inner = {nested.alias: nested for nested in section.model_fields.values()}
    return [same for key in given for same in repeated(inner[key], given[key], f"{path}.{key}")]


def test_project_declares_exactly_the_settings(settings_module: ModuleType) -> None:
    assert set(project_config()) == set(own_fields(settings_module))


def test_declarations_are_what_the_engine_takes(settings_module: ModuleType) -> None:
    """Objects cannot be typed there; the defaults of scalars are those of the settings."""
    for key, field in own_fields(settings_module).items():
        declaration = dict(project_config()[key])
        assert declaration.pop("description").strip()
        if sections(field):
            assert declaration == {"value": {}}
        else:
            types = {bool: "boolean", str: "string"}
            assert declaration == {"type": types[type(field.default)], "default": field.default}


def test_descriptions_name_every_nested_key(settings_module: ModuleType) -> None:
    for key, field in own_fields(settings_module).items():
        words = set(re.findall(r"\w+", project_config()[key]["description"]))
        for section in sections(field):
            missing = {nested.alias for nested in section.model_fields.values()} - words
            assert not missing, f"the description of {key} in Pulumi.yaml does not name {missing}"


def test_project_runs_in_its_own_environment() -> None:
    project = read(ROOT / "Pulumi.yaml")
    assert (project["name"], project["main"]) == ("causeway", "platform/")
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}


def test_keys_of_the_provider_are_those_of_its_sdk(settings_module: ModuleType) -> None:
    sdk = set(re.findall(r"__config__\.get\w*\('(\w+)'", inspect.getsource(provider_config)))
    assert len(sdk) > 30
    assert sdk == settings_module.AWS_KEYS


@pytest.mark.parametrize("stack", stacks())
def test_stack_file_holds_only_what_differs(settings_module: ModuleType, stack: str) -> None:
    fields = own_fields(settings_module)
    for key, given in read(ROOT / f"Pulumi.{stack}.yaml")["config"].items():
        namespace, _, name = key.partition(":")
        if namespace != "causeway":
            continue
        same = repeated(fields[name], given, name)
        assert not same, f"Pulumi.{stack}.yaml repeats the defaults of {same}"


@pytest.mark.parametrize("stack", stacks())
def test_stack_file_spells_the_settings_that_load(load: Load, stack: str) -> None:
    settings = dict(leaves(dumped(load(load_config(stack)))))
    for key, value in leaves(read(ROOT / f"Pulumi.{stack}.yaml")["config"]):
        namespace, _, path = key.partition(":")
        if namespace == "causeway" and not path.startswith("release"):
            loaded = settings[path]
            assert loaded == (str(value) if isinstance(loaded, str) else value)


def test_stacks_reserve_each_others_networks(load: Load) -> None:
    networks = {stack: load(load_config(stack)).network for stack in stacks()}
    for stack, network in networks.items():
        others = {other.cidr for name, other in networks.items() if name != stack}
        assert set(network.reserved_cidrs) == others


def test_accounts_of_the_stacks_are_apart(load: Load) -> None:
    accounts = {stack: load(load_config(stack)).account_id for stack in stacks()}
    assert accounts == {"local": "0" * 12, "staging": "1" * 12, "prod": "2" * 12}


def test_staging_and_production_differ_only_where_they_may(load: Load) -> None:
    staging, prod = (dict(leaves(dumped(load(load_config(stack))))) for stack in ("staging", "prod"))
    assert set(staging) == set(prod)
    different = {path for path in staging if staging[path] != prod[path]}
    assert different <= MAY_DIFFER
    assert set(staging) >= MAY_DIFFER, "the list names what is no setting"


def test_production_runs_what_staging_built(load: Load) -> None:
    staging, prod = (load(load_config(stack)) for stack in ("staging", "prod"))
    assert (staging.images.source, prod.images.source) == ("build", "release")
    assert staging.images.pull_account_ids == (prod.account_id,)
    registry = f"{staging.account_id}.dkr.ecr.{staging.region}.amazonaws.com/"
    assert all(uri.startswith(registry) for uri in prod.release.images.values())


def test_local_stack_reaches_only_the_emulator(load: Load) -> None:
    config = read(ROOT / "Pulumi.local.yaml")["config"]
    (endpoints,) = config["aws:endpoints"]
    known = {name for name, value in vars(provider_types.Endpoints).items() if isinstance(value, property)}
    assert set(endpoints) <= known
    assert set(endpoints.values()) == {"http://localhost:4566"}
    assert (config["aws:accessKey"], config["aws:secretKey"]) == ("test", "test")
    # Asked of the emulator's STS: without it the provider refuses every account but an empty one.
    assert "aws:skipRequestingAccountId" not in config
    assert load(load_config("local")).images.source == "local"
