"""The files of a static site: which are served, as what content type, cached for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pulumi
from pulumi_aws import s3

CONTENT_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
"""Spelled out: the standard library's guess depends on the machine that runs the program."""

NOT_SERVED = (".*", "*.conf", "*.md", "Dockerfile*", "node_modules", "test", "tests")
"""Names of files and folders that stand beside a site without being of it."""

PAGE_CACHE = "no-cache"
"""Pages are asked for again at each visit, so that a deployment is seen at once."""
ASSET_CACHE = "public, max-age=300"
"""Five minutes, for assets keep their names from one deployment to the next."""


@dataclass(frozen=True, kw_only=True)
class SiteFile:
    key: str
    """Path below the site's root, such as `js/shop.js`; the object's key."""
    path: Path
    content_type: str

    @property
    def is_page(self) -> bool:
        return self.path.suffix == ".html"

    @property
    def cache_control(self) -> str:
        return PAGE_CACHE if self.is_page else ASSET_CACHE


def site_files(directory: str) -> Sequence[SiteFile]:
    """The files to upload of a folder of the project, by key.

    Raises `pulumi.RunError` for a folder that cannot be a site.
    """
    root = Path(pulumi.get_root_directory()) / directory
    if not root.is_dir():
        raise pulumi.RunError(
            f"site: the directory '{directory}' does not exist; give one below the project's root that holds "
            "index.html, such as 'app/web'"
        )
    found: list[SiteFile] = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_dir() or any(fnmatch(part, pattern) for part in parts for pattern in NOT_SERVED):
            continue
        content_type = CONTENT_TYPES.get(path.suffix.lower())
        if content_type is None:
            raise pulumi.RunError(
                f"site: no content type is known for '{'/'.join(parts)}'; "
                f"add '{path.suffix}' to CONTENT_TYPES in components/site_files.py, or move the file away"
            )
        found.append(SiteFile(key="/".join(parts), path=path, content_type=content_type))
    if not any(file.key == "index.html" for file in found):
        raise pulumi.RunError(f"site: '{directory}' has no index.html, which every address falls back to")
    return found


def upload(
    name: str, files: Sequence[SiteFile], *, bucket_name: pulumi.Input[str], parent: pulumi.Resource
) -> None:
    """Registers the files as objects, assets before pages: a new page never names what is not there yet."""

    def put(file: SiteFile, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        return s3.BucketObjectv2(
            f"{name}-{file.key}",
            bucket=bucket_name,
            key=file.key,
            source=pulumi.FileAsset(file.path),
            content_type=file.content_type,
            cache_control=file.cache_control,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
        )

    assets = [put(file, after=[]) for file in files if not file.is_page]
    for page in (file for file in files if file.is_page):
        put(page, after=assets)
