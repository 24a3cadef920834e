"""What a component, or the program, can register is known to the local cloud: no capability fails late."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest

from localcloud import images, resources
from localcloud.resources import INVOKES, KINDS
from operations.stack_file import ROOT

SOURCES = [*sorted((ROOT / "components").glob("*.py")), *sorted((ROOT / "platform").glob("*.py"))]


def tokens(source: Path) -> Iterator[str]:
    """The tokens of the resource types and functions that a file uses, as its SDKs have them.

    They are read from its text, so that an option that no test and no stack sets is not missed.
    """
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = dict(imports(tree))
    for node in ast.walk(tree):
        found: Any = None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = getattr(imported.get(node.value.id), node.attr, None)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found = imported.get(node.id)
        if inspect.isclass(found) and issubclass(found, pulumi.CustomResource):
            yield str(vars(found).get("pulumi_type") or "")
        elif inspect.isfunction(found):
            yield from re.findall(r"invoke(?:_output)?\(\s*'([^']+)'", inspect.getsource(found))
    dynamic = r"class \w+\(Resource, module=\"(\w+)\", name=\"(\w+)\"\)"
    for module, name in re.findall(dynamic, source.read_text(encoding="utf-8")):
        yield f"pulumi-python:dynamic/{module}:{name}"


def imports(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    """What a file imports of providers' SDKs, by the name that it gives it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("pulumi_"):
                    yield name.asname or name.name, importlib.import_module(name.name)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("pulumi_"):
            module = importlib.import_module(str(node.module))
            for name in node.names:
                yield name.asname or name.name, getattr(module, name.name)


REGISTERED = sorted({(token, source.name) for source in SOURCES for token in tokens(source)})


def test_the_tokens_are_found() -> None:
    found = {token for token, _ in REGISTERED}

    assert {
        "aws:ec2/vpc:Vpc",
        "aws:ecr/getAuthorizationToken:getAuthorizationToken",
        "docker-build:index:Image",
        "pulumi-python:dynamic/causeway:MigrationRun",
    } <= found
    assert "" not in found
    assert len(found) > 100


@pytest.mark.parametrize(("token", "source"), REGISTERED)
def test_the_local_cloud_knows_it(token: str, source: str) -> None:
    assert token in {*KINDS, *INVOKES, *images.TYPES}, f"{source} registers it; see docs/local-cloud.md"


def test_no_type_is_known_twice() -> None:
    modules = [module for module in vars(resources).values() if isinstance(module, ModuleType)]
    known = [token for module in modules for token in getattr(module, "KINDS", {})]

    assert len(known) == len(KINDS) == len(set(known))
