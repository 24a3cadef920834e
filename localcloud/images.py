"""Stands in for the images that Docker would build: which folder an image comes from, by its URI.

The digest is of the folder's content, so that a change of the source is a new image, as with Docker.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.kind import mapping
from localcloud.mapper import MappingError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

COMPONENT = "causeway:index:Image"
TYPES = ("docker:index/image:Image", "docker-build:index:Image")
SKIPPED = {"__pycache__", "node_modules", "tests"}


def note(cloud: "Cloud", type_: str, inputs: dict[str, Any]) -> None:
    """Remember the folder of an image component; a pinned one is known by its URI at once."""
    if type_ == COMPONENT and inputs.get("uri") and inputs.get("context"):
        cloud.images[str(inputs["uri"])] = str((cloud.root / str(inputs["context"])).resolve())


def stand_in(cloud: "Cloud", type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give what the build of an image would, without a build."""
    if type_ == "docker:index/image:Image":
        context = _folder(mapping(inputs.get("build")).get("context", "."))
        uri = str(inputs["imageName"])
        digest = _digest(str(context))
        cloud.images[uri] = str(context)
        return uri, {
            "baseImageName": uri,
            "imageName": uri,
            "repoDigest": f"{uri.rsplit(':', 1)[0]}@{digest}",
        }
    context = _folder(mapping(inputs.get("context")).get("location", "."))
    digest = _digest(str(context))
    tag = str(next(iter(inputs.get("tags") or [name])))
    reference = f"{tag}@{digest}"
    repository = tag.rsplit(":", 1)[0] if ":" in tag.rsplit("/", 1)[-1] else tag
    for uri in (reference, f"{repository}@{digest}", tag):
        cloud.images[uri] = str(context)
    return digest, {"digest": digest, "ref": reference, "contextHash": digest}


def _folder(path: object) -> Path:
    """A build's context; like Docker, from the working folder."""
    folder = Path(str(path)).resolve()
    if not folder.is_dir():
        raise MappingError(f"the build's context {folder} is no folder")
    return folder


def _digest(folder: str) -> str:
    total = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(entry for entry in folders if entry not in SKIPPED and entry[0] != ".")
        for entry in sorted(files):
            full = os.path.join(path, entry)
            total.update(os.path.relpath(full, folder).encode() + b"\0")
            with open(full, "rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{total.hexdigest()}"
