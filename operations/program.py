"""Runs the Pulumi program of a stack in this process, under mocks: no CLI, no plugin, no account.

The local cloud, the tests and the benchmarks all run the program through here.
"""

import asyncio
import contextlib
import contextvars
import runpy
import sys
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2
from pulumi.runtime import rpc, set_all_config, settings
from pulumi.runtime.mocks import MockEngine, MockMonitor, Mocks, MockSettings
from pulumi.runtime.stack import run_in_stack

from operations.stack_file import ROOT, load_config, project_name


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one registration that decide what the engine does with it."""

    parent: str
    custom: bool
    provider: str
    protect: bool
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    retain_on_delete: bool
    delete_before_replace: bool
    dependencies: tuple[str, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration, as the engine would see it. Secrets stand in `inputs` as Pulumi wraps them."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    options: Options


@dataclass
class Run:
    """What a run of the program registered, in order, and the outputs of its stack."""

    resources: list[Resource] = field(default_factory=list[Resource])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    value: Any = None
    """What the recorded function returned, where it was one (see `operations.recording`)."""

    def of_type(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]


def run(
    stack: str,
    mocks: Mocks,
    *,
    config: Mapping[str, str] | None = None,
    preview: bool = False,
    root: Path = ROOT,
) -> Run:
    """Run `platform/__main__.py` for a stack, with its file's configuration or the one given.

    Raises what the program raises: `pulumi.RunError` for what its user can mend.
    """
    values = dict(load_config(stack, root) if config is None else config)
    return contextvars.copy_context().run(_run, stack, mocks, values, preview, root)


class _RecordingMonitor(MockMonitor):
    """The SDK's mock monitor, keeping what the SDK's own forgets: options and stack outputs."""

    def __init__(self, mocks: Mocks, record: Run) -> None:
        super().__init__(mocks)
        self._record = record

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        if request.type != "pulumi:pulumi:Stack":
            self._record.resources.append(
                Resource(
                    urn=self.make_urn(request.parent, request.type, request.name),
                    type=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object, keep_unknowns=True),
                    options=_options(request),
                )
            )
        return cast("Any", super()).RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        if "::pulumi:pulumi:Stack::" in request.urn:
            self._record.outputs.update(rpc.deserialize_properties(request.outputs, keep_unknowns=True))
        return empty_pb2.Empty()


@contextlib.contextmanager
def configure(
    record: Run, mocks: Mocks, *, project: str, stack: str, preview: bool, root: Path
) -> Generator[asyncio.AbstractEventLoop]:
    """Point the SDK at mocks, in this context, and give the event loop to run the program in."""
    monitor = _RecordingMonitor(mocks, record)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings.configure(
        MockSettings(
            monitor=monitor,
            monitor_features=set(cast("Any", monitor).GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
            engine=MockEngine(None),
            project=project,
            stack=stack,
            dry_run=preview,
            organization="organization",
            root_directory=str(root),
            callbacks=None,
            # The SDK shares these by default, so that a run that failed would leave its tasks to the next.
            outputs=set(),
            lock=threading.Lock(),
        )
    )
    try:
        yield loop
    finally:
        # What failed is raised once; the SDK's other futures hold the same again, and nobody asks them.
        loop.set_exception_handler(_already_raised)
        settings.set_root_resource(cast("Any", None))
        loop.run_until_complete(_abandon_tasks(loop))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)


def _already_raised(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Says nothing."""


async def _abandon_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """A program that failed leaves the SDK's tasks waiting for what will never be."""
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _run(stack: str, mocks: Mocks, values: dict[str, str], preview: bool, root: Path) -> Run:
    record = Run()
    project = project_name(root)
    before = set(sys.modules)

    def program() -> None:
        runpy.run_path(str(root / "platform"), run_name="__main__")

    try:
        with configure(record, mocks, project=project, stack=stack, preview=preview, root=root) as loop:
            set_all_config(values)
            loop.run_until_complete(run_in_stack(program))
    finally:
        for name in set(sys.modules) - before:  # `settings` and the like are the program's, not ours
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(root / "platform")):
                del sys.modules[name]
    return record


def _options(request: Any) -> Options:
    return Options(
        parent=request.parent,
        custom=request.custom,
        provider=request.provider,
        protect=bool(request.protect),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        retain_on_delete=bool(request.retainOnDelete),
        delete_before_replace=bool(request.deleteBeforeReplace),
        dependencies=tuple(request.dependencies),
        aliases=tuple(str(alias) for alias in request.aliases),
    )
