"""Writes a recorded run as the flat program that people would write: plain SDK calls, plain values."""

import importlib
import re
from pathlib import Path
from typing import Any

from pulumi._types import input_type_py_to_pulumi_names  # the SDK's own names; bench only
from pulumi.asset import AssetArchive, FileAsset, StringAsset

from operations.program import Resource, Run

SECRET = "4dabf18193072939515e22adb298388d"
PACKAGES = {"aws": "pulumi_aws", "docker": "pulumi_docker", "docker-build": "pulumi_docker_build"}


def write(run: Run, folder: Path, stack: str) -> int:
    """Write the program into `folder` and give the number of its resources."""
    # The migration gate is a dynamic resource, code of our own: the one thing no flat program has.
    resources = [
        resource
        for resource in run.resources
        if resource.options.custom and not resource.type.startswith("pulumi-python:")
    ]
    lines = ["import pulumi", ""]
    modules = {_module(resource.type)[0] for resource in resources}
    lines += [f"import {module}" for module in sorted(modules)]
    for resource in resources:
        module, class_ = _module(resource.type)
        names = _names(module, class_)
        arguments = "".join(
            f", {names.get(key, _snake(key))}={_literal(value)}" for key, value in resource.inputs.items()
        )
        lines.append(f"{module}.{class_}({_unique(resource)!r}{arguments})")
    (folder / "platform").mkdir(parents=True)
    (folder / "platform" / "__main__.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "Pulumi.yaml").write_text("name: flat\nruntime: python\n", encoding="utf-8")
    (folder / f"Pulumi.{stack}.yaml").write_text("config:\n  aws:region: eu-west-1\n", encoding="utf-8")
    return len(resources)


def _unique(resource: Resource) -> str:
    return resource.name


def _module(token: str) -> tuple[str, str]:
    package, module, class_ = token.split(":")
    service = module.split("/")[0]
    name = PACKAGES[package]
    if service != "index":
        service = {"lambda": "lambda_"}.get(service, service)
        name = f"{name}.{service}"
    return name, class_


def _names(module: str, class_: str) -> dict[str, str]:
    arguments = getattr(importlib.import_module(module), f"{class_}Args")
    return {pulumi: python for python, pulumi in input_type_py_to_pulumi_names(arguments).items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _literal(value: Any) -> str:  # noqa: PLR0911 a case a type
    if isinstance(value, dict):
        if SECRET in value:
            return f"pulumi.Output.secret({_literal(value['value'])})"
        return "{" + ", ".join(f"{_snake(str(k))!r}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    if isinstance(value, FileAsset):
        return f"pulumi.FileAsset({value.path!r})"
    if isinstance(value, StringAsset):
        return f"pulumi.StringAsset({value.text!r})"
    if isinstance(value, AssetArchive):
        return (
            "pulumi.AssetArchive({"
            + ", ".join(f"{k!r}: {_literal(v)}" for k, v in value.assets.items())
            + "})"
        )
    if isinstance(value, float) and value.is_integer():
        return repr(int(value))
    return repr(value)
