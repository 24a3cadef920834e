"""A file system where a task sees it: encrypted on the way, entered by IAM through one access point."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

from components.container import MountPoint
from components.link import Link


@dataclass(frozen=True, kw_only=True)
class Mount:
    """Made by `FileSystem.mount`; given to a task in `mounts`, and to its sidecars by `point()`."""

    volume_name: str
    path: str
    read_only: bool
    file_system_id: pulumi.Input[str]
    access_point_id: pulumi.Input[str]
    link: Link
    """The door to the file system and what the task's role may do there."""

    def point(self, path: str | None = None) -> MountPoint:
        """Where a container sees it; at the same path unless told."""
        return MountPoint(volume=self.volume_name, path=path or self.path, read_only=self.read_only)

    def volume(self) -> ecs.TaskDefinitionVolumeArgsDict:
        return {
            "name": self.volume_name,
            "efs_volume_configuration": {
                "file_system_id": self.file_system_id,
                "transit_encryption": "ENABLED",
                "authorization_config": {"access_point_id": self.access_point_id, "iam": "ENABLED"},
            },
        }
