"""Lambda: functions, who may call them, the queues that do. The emulator runs them as processes."""

import io
import zipfile
from pathlib import Path
from typing import cast

import pulumi

from localcloud.kind import Call, Inputs, Kind, Name
from localcloud.making import Making
from localcloud.mapper import MappingError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that ZIP knows: the same content is the same archive."""


def packed(inputs: Inputs, making: Making) -> Inputs:
    """A function's code is an archive of assets in Pulumi, and the bytes of a ZIP for Lambda."""
    code = inputs.get("code")
    if not isinstance(code, pulumi.AssetArchive):
        raise MappingError(f"code is a {type(code).__name__}; give an AssetArchive")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, asset in sorted(cast("dict[str, object]", code.assets).items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content(name, asset))
    return {**inputs, "code": {"zipFile": buffer.getvalue()}}


def content(name: str, asset: object) -> bytes:
    """What a file of an archive holds."""
    if isinstance(asset, pulumi.FileAsset):
        return Path(str(asset.path)).read_bytes()
    if isinstance(asset, pulumi.StringAsset):
        return str(asset.text).encode()
    raise MappingError(f"'{name}' in code is a {type(asset).__name__}; give a FileAsset or a StringAsset")


KINDS = {
    "aws:lambda/function:Function": Kind(
        create=Call("lambda.create_function", renames={"name": "FunctionName"}),
        then=[
            Call(
                "lambda.put_function_concurrency",
                fixed={"FunctionName": "{name}"},
                inputs=["reservedConcurrentExecutions"],
            )
        ],
        prepare=packed,
        id="{FunctionName}",
        outputs={
            "arn": "{FunctionArn}",
        },
        name=Name(limit=64),
        ignored=["skipDestroy", "sourceCodeHash"],
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Kind(
        create=Call("lambda.put_function_event_invoke_config"),
        id="{functionName}",
    ),
    "aws:lambda/permission:Permission": Kind(
        create=Call("lambda.add_permission", renames={"function": "FunctionName"}),
        id="{statementId}",
        name=Name("statementId", limit=100),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        create=Call("lambda.create_event_source_mapping"),
        id="{UUID}",
        outputs={"uuid": "{UUID}", "functionArn": "{FunctionArn}"},
    ),
}
