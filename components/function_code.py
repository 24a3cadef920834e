"""A Lambda function's code: the files of a folder, the same archive on every machine."""

import os
from fnmatch import fnmatch
from pathlib import Path

import pulumi

NOT_PACKED = (".*", "*.md", "*.pyc", "__pycache__", "test", "tests")
"""Names of files and folders that stand beside the code, or that running it leaves behind."""
SUFFIXES = {"python": (".py",), "nodejs": (".mjs", ".cjs", ".js")}
"""What a handler's module ends in, by the runtime's family."""
INSTALLED = ("requirements.txt", "package.json")


def function_code(directory: str, handler: str, runtime: str) -> pulumi.AssetArchive:
    """The archive of a folder of the project: sorted names and contents, no times, no tests.

    Raises `pulumi.RunError` for a folder that cannot be the code.
    """
    root = Path(pulumi.get_root_directory()) / directory
    if not root.is_dir():
        raise pulumi.RunError(
            f"function: there is no folder '{directory}' in {pulumi.get_root_directory()}; "
            "correct `directory` in platform/__main__.py"
        )
    for name in INSTALLED:
        if (root / name).exists():
            raise pulumi.RunError(
                f"function: '{directory}' has {name}, which nothing installs; "
                "use what the runtime brings, or put the packages themselves into the folder"
            )
    files = {
        path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not any(fnmatch(part, name) for part in path.relative_to(root).parts for name in NOT_PACKED)
    }
    module, _, function = handler.rpartition(".")
    family = "python" if runtime.startswith("python") else "nodejs"
    wanted = [module.replace(".", "/") + suffix for suffix in SUFFIXES[family]]
    if not function or not any(name in files for name in wanted):
        raise pulumi.RunError(
            f"function: handler '{handler}' is MODULE.FUNCTION, and '{directory}' has no {wanted[0]}; "
            "correct `handler` in platform/__main__.py"
        )
    # Relative paths, so that the state of one machine suits another.
    return pulumi.AssetArchive({name: pulumi.FileAsset(os.path.relpath(files[name])) for name in files})
