"""Deploys a stack's program into the emulator: the same program that `pulumi up` runs."""

import contextlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.clients import Clients
from localcloud.cloud import SECRET, SIGNATURE, Cloud, Event, Servers
from localcloud.errors import LocalCloudError
from localcloud.making import RecordedCall
from localcloud.mapper import plain
from localcloud.one_off import throwaway
from localcloud.task import Platform
from operations import program, stack_file

HIDDEN = "[secret]"
FIRST_SERVICES = ("ec2", "iam", "s3", "ecs", "elbv2", "rds", "cloudfront", "logs", "sns", "sqs")
"""Clients that are made while the program is still being imported; the slowest first."""

__all__ = ["Deployment", "Event", "RecordedCall", "deploy"]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What stands in the emulator."""

    stack: str
    region: str
    account: str
    outputs: Mapping[str, Any]
    """The stack's outputs; a secret one is hidden."""
    resources: Sequence[program.Resource]
    images: Mapping[str, str]
    """Each image's URI, as task definitions name it, to the folder that it comes from."""
    recorded: Sequence[RecordedCall]
    """The calls that the emulator does not take: checked against AWS's shape, and not sent."""


def deploy(
    stack: str,
    *,
    endpoint: str,
    servers: Servers,
    report: Callable[[Event], None] = lambda _: None,
    config: Mapping[str, str] | None = None,
    root: Path = stack_file.ROOT,
    platform: Callable[[Mapping[str, str]], Platform] | None = None,
) -> Deployment:
    """Run the program of a stack and make what it registers. `report` is called for each resource.

    `platform` gives what tasks run on that the program waits for, such as a migration, when it is told the
    folders of images; without it, one is made for them and thrown away.

    Raises LocalCloudError, in one line, for what its user can mend and for what the emulator refuses.
    Nothing is rolled back: the emulator is thrown away.
    """
    try:
        values = dict(stack_file.load_config(stack, root) if config is None else config)
    except stack_file.ProgramError as error:
        raise LocalCloudError(str(error)) from None
    with contextlib.ExitStack() as ending:
        cloud = _cloud(
            stack,
            values,
            clients=Clients(endpoint),
            servers=servers,
            report=report,
            root=root,
            make_platform=platform or (lambda images: ending.enter_context(throwaway(cloud, images))),
        )
        return _deploy(cloud, values)


def _deploy(cloud: Cloud, values: Mapping[str, str]) -> Deployment:
    warm = threading.Thread(target=_make_clients, args=(cloud,), name="clients", daemon=True)
    warm.start()
    try:
        run = program.run(cloud.stack, cloud, config=values, root=cloud.root)
    except Exception as error:
        if cloud.failure is not None:
            raise cloud.failure from None
        if isinstance(error, (pulumi.RunError, stack_file.ProgramError, LocalCloudError)):
            raise LocalCloudError(str(error)) from None
        raise
    finally:
        warm.join()
    if cloud.failure is not None:
        raise cloud.failure
    return Deployment(
        stack=cloud.stack,
        region=cloud.region,
        account=cloud.account,
        outputs=cast("dict[str, Any]", _hide(plain(run.outputs))),
        resources=run.resources,
        images=cloud.images,
        recorded=sorted(cloud.recorded),
    )


def _cloud(
    stack: str,
    config: Mapping[str, str],
    *,
    clients: Clients,
    servers: Servers,
    report: Callable[[Event], None],
    root: Path,
    make_platform: Callable[[Mapping[str, str]], Platform],
) -> Cloud:
    region = config.get("aws:region")
    if not region:
        raise LocalCloudError(f"aws:region is not set; set it in Pulumi.{stack}.yaml")
    try:
        account = str(clients.get("sts", region).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError):
        raise LocalCloudError(f"the emulator at {clients.endpoint} does not answer") from None
    allowed = json.loads(config.get("aws:allowedAccountIds", "[]"))
    if allowed and account not in allowed:
        raise LocalCloudError(
            f"aws:allowedAccountIds is {', '.join(allowed)}, and the emulator's account is {account}; "
            f"change Pulumi.{stack}.yaml"
        )
    return Cloud(
        stack=stack,
        region=region,
        account=account,
        default_tags=json.loads(config.get("aws:defaultTags", "{}")).get("tags") or {},
        clients=clients,
        servers=servers,
        root=root,
        report=report,
        make_platform=make_platform,
    )


def _make_clients(cloud: Cloud) -> None:
    for service in FIRST_SERVICES:
        cloud.clients.get(service, cloud.region)


def _hide(value: Any) -> Any:
    if isinstance(value, list):
        return [_hide(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    items = cast("dict[str, Any]", value)
    if items.get(SIGNATURE) == SECRET:
        return HIDDEN
    return {name: _hide(item) for name, item in items.items()}
