"""The shared file system: one entrance, by IAM and TLS; a mount target in every zone; backed up."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.file_system import FileSystem, FileSystemArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

SYSTEM = "aws:efs/fileSystem:FileSystem"
ARN = f"arn:aws:efs:{REGION}:{ACCOUNT}:filesystem/files-file-system"

Build = Callable[..., Run]


@pytest.fixture
def build(key: Any, network: Any) -> Build:
    def make(name: str = "files", *, path: str = "/data", preview: bool = False, **arguments: Any) -> Run:
        def program() -> Any:
            own = key()
            system = FileSystem(name, FileSystemArgs(network=network(own), key=own, **arguments))
            return system.mount(path)

        return record(program, preview=preview)

    return make


CHILDREN = sorted(
    [
        (SYSTEM, "files-file-system"),
        ("aws:efs/backupPolicy:BackupPolicy", "files-backup"),
        ("aws:efs/accessPoint:AccessPoint", "files-access-point"),
        ("aws:efs/fileSystemPolicy:FileSystemPolicy", "files-policy"),
        ("aws:ec2/securityGroup:SecurityGroup", "files-file-system"),
        ("aws:efs/mountTarget:MountTarget", "files-mount-a"),
        ("aws:efs/mountTarget:MountTarget", "files-mount-b"),
    ]
)


def test_children(build: Build, within: Any) -> None:
    assert within(build(), "FileSystem") == CHILDREN


def test_preview_with_nothing_known(build: Build, unknown: None, within: Any) -> None:
    assert within(build(preview=True), "FileSystem") == CHILDREN


def test_encrypted_protected_and_backed_up(build: Build, one: Any) -> None:
    run = build()
    system = one(run, SYSTEM, "files-file-system")
    assert system.inputs == {
        "encrypted": True,
        "kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key",
        "throughputMode": "elastic",
        "lifecyclePolicies": [
            {"transitionToIa": "AFTER_30_DAYS"},
            {"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
        ],
    }
    assert system.options.protect is True
    backup = one(run, "aws:efs/backupPolicy:BackupPolicy", "files-backup").inputs
    assert backup["backupPolicy"] == {"status": "ENABLED"}


def test_what_may_be_turned_off(build: Build, one: Any) -> None:
    run = build(protect=False, backup=False, infrequent_after_days=None)
    system = one(run, SYSTEM, "files-file-system")
    assert (system.options.protect, system.inputs["lifecyclePolicies"]) == (False, [])
    backup = one(run, "aws:efs/backupPolicy:BackupPolicy", "files-backup").inputs
    assert backup["backupPolicy"] == {"status": "DISABLED"}
    one_day = one(build(infrequent_after_days=1), SYSTEM, "files-file-system").inputs
    assert one_day["lifecyclePolicies"][0] == {"transitionToIa": "AFTER_1_DAY"}


def test_one_entrance_and_nobody_is_root_there(build: Build, one: Any) -> None:
    run = build()
    point = one(run, "aws:efs/accessPoint:AccessPoint", "files-access-point").inputs
    assert point["posixUser"] == {"uid": 10001, "gid": 10001}
    assert point["rootDirectory"] == {
        "path": "/shared",
        "creationInfo": {"ownerUid": 10001, "ownerGid": 10001, "permissions": "0750"},
    }
    policy = one(run, "aws:efs/fileSystemPolicy:FileSystemPolicy", "files-policy").inputs
    tls, entrance = json.loads(policy["policy"])["Statement"]
    assert {tls["Effect"], entrance["Effect"]} == {"Deny"}
    assert {tls["Resource"], entrance["Resource"]} == {ARN}
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    access_point = f"arn:aws:efs:{REGION}:{ACCOUNT}:accesspoint/files-access-point"
    assert entrance["Condition"] == {"StringNotEquals": {"elasticfilesystem:AccessPointArn": access_point}}
    for statement in (tls, entrance):
        assert statement["Action"] == [
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientRootAccess",
            "elasticfilesystem:ClientWrite",
        ]


def test_mount_targets_stand_where_there_is_no_way_out(build: Build) -> None:
    targets = build().of_type("aws:efs/mountTarget:MountTarget")
    assert [target.inputs["subnetId"] for target in targets] == ["shop-data-a-id", "shop-data-b-id"]
    assert [target.inputs["securityGroups"] for target in targets] == [["files-file-system-id"]] * 2


def test_a_mount(build: Build) -> None:
    mount = build(path="/var/lib/shop.files").value
    assert (mount.volume_name, mount.path) == ("files-var-lib-shop-files", "/var/lib/shop.files")
    assert mount.link.name == "files-write"
    assert mount.link.ports[0].port == 2049
    assert mount.point("/elsewhere").path == "/elsewhere"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"user_id": 0}, "user_id is 0; give a number that is not root's: 10001"),
        ({"infrequent_after_days": 3}, "infrequent_after_days is 3; EFS has 1, 7, 14, 30, 60"),
        ({"path": "data"}, "file system files: path is 'data'; give an absolute one, such as /data"),
        ({"path": "/"}, "path is '/'; give an absolute one"),
        ({"name": "Files"}, "file system 'Files': a name has a-z"),
        ({"name": "f" * 41}, "the name has 41 characters, at most 40 fit"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Build) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)
