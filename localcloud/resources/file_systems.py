"""EFS. The emulator keeps the records; a process here sees no file system that its task mounts."""

from localcloud.kind import Call, Inputs, Kind
from localcloud.making import Making


def lifecycle(inputs: Inputs, making: Making) -> Inputs:
    """EFS wants a token, which the provider draws."""
    return {"creationToken": making.unique(32), **inputs}


KINDS = {
    "aws:efs/fileSystem:FileSystem": Kind(
        create=Call("efs.create_file_system"),
        then=[
            Call(
                "efs.put_lifecycle_configuration",
                fixed={"FileSystemId": "{id}"},
                inputs=["lifecyclePolicies"],
            )
        ],
        prepare=lifecycle,
        id="{FileSystemId}",
        outputs={"arn": "{FileSystemArn}", "dnsName": "{id}.efs.{region}.amazonaws.com"},
    ),
    "aws:efs/backupPolicy:BackupPolicy": Kind(create=Call("efs.put_backup_policy"), id="{fileSystemId}"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": Kind(
        create=Call("efs.put_file_system_policy"), id="{fileSystemId}"
    ),
    "aws:efs/accessPoint:AccessPoint": Kind(
        create=Call("efs.create_access_point", fixed={"ClientToken": "{unique}"}),
        id="{AccessPointId}",
        outputs={"arn": "{AccessPointArn}"},
    ),
    "aws:efs/mountTarget:MountTarget": Kind(create=Call("efs.create_mount_target"), id="{MountTargetId}"),
}
