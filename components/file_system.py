"""An elastic file system (EFS) that tasks share: encrypted at rest and on the way, backed up, no root.

Its only entrance is one access point, by IAM: https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html
"""

import re
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, efs

from components.key import Key
from components.link import Link, Permission, Port
from components.mount import Mount
from components.names import refuse_bad_name
from components.network import Network

NFS_PORT = 2049
DAYS = (1, 7, 14, 30, 60, 90, 180, 270, 365)
"""After which EFS can move a file that nobody reads."""
PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    network: Network
    key: Key
    user_id: int = 10001
    """Owner of every file, whoever writes: the user that tasks run as. So is the group."""
    infrequent_after_days: int | None = 30
    """Files not read for so long move to where they cost far less; the first read brings them back."""
    backup: bool = True
    """EFS's own daily backups, kept 35 days by AWS Backup."""
    protect: bool = True

    def __post_init__(self) -> None:
        if self.user_id < 1:
            raise pulumi.RunError(
                f"file system: user_id is {self.user_id}; give a number that is not root's: 10001"
            )
        if self.infrequent_after_days is not None and self.infrequent_after_days not in DAYS:
            raise pulumi.RunError(
                f"file system: infrequent_after_days is {self.infrequent_after_days}; "
                f"EFS has {', '.join(map(str, DAYS))}, or None"
            )


class FileSystem(pulumi.ComponentResource):
    """About 0.30 $ a GB and month, and what is read and written; a mount target in every zone."""

    id: pulumi.Output[str]
    """Known once the mount targets stand: what mounts it may start to."""
    arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a creation token has 64, with Pulumi's suffix"
        refuse_bad_name("file system", name, longest=40, because=because)
        super().__init__("causeway:index:FileSystem", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        system = self._make_file_system(args)
        self.arn = system.arn
        access_point = self._make_access_point(args, system)
        self._access_point_id = access_point.id
        policy = self._make_policy(system, access_point)
        targets = self._make_mount_targets(args, system)
        standing = [system.id, policy.id, *(target.id for target in targets)]
        self.id = pulumi.Output.all(*standing).apply(lambda ids: str(ids[0]))
        self.register_outputs({"id": self.id, "arn": self.arn})

    def mount(self, path: str, *, read_only: bool = False) -> Mount:
        """The file system at a path of a task's container. All tasks see the same files.

        Raises pulumi.RunError for a path that is none.
        """
        if not PATH.fullmatch(path):
            raise pulumi.RunError(
                f"file system {self._name}: path is '{path}'; give an absolute one, such as /data"
            )
        actions = ["elasticfilesystem:ClientMount"]
        actions += [] if read_only else ["elasticfilesystem:ClientWrite"]
        return Mount(
            volume_name=f"{self._name}-{path.strip('/').replace('/', '-').replace('.', '-')}",
            path=path,
            read_only=read_only,
            file_system_id=self.id,
            access_point_id=self._access_point_id,
            link=Link(
                name=f"{self._name}-{'read' if read_only else 'write'}",
                permissions=[Permission(actions=actions, resources=[self.arn])],
                ports=[Port(security_group_id=self.security_group_id, port=NFS_PORT)],
            ),
        )

    def _make_file_system(self, args: FileSystemArgs) -> efs.FileSystem:
        lifecycle: list[efs.FileSystemLifecyclePolicyArgsDict] = []
        if args.infrequent_after_days is not None:
            unit = "DAY" if args.infrequent_after_days == 1 else "DAYS"
            lifecycle = [
                {"transition_to_ia": f"AFTER_{args.infrequent_after_days}_{unit}"},
                {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
            ]
        system = efs.FileSystem(
            f"{self._name}-file-system",
            encrypted=True,
            kms_key_id=args.key.arn,
            throughput_mode="elastic",
            lifecycle_policies=lifecycle,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        efs.BackupPolicy(
            f"{self._name}-backup",
            file_system_id=system.id,
            backup_policy={"status": "ENABLED" if args.backup else "DISABLED"},
            opts=self._child,
        )
        return system

    def _make_access_point(self, args: FileSystemArgs, system: efs.FileSystem) -> efs.AccessPoint:
        return efs.AccessPoint(
            f"{self._name}-access-point",
            file_system_id=system.id,
            posix_user={"uid": args.user_id, "gid": args.user_id},
            root_directory={
                "path": "/shared",
                "creation_info": {
                    "owner_uid": args.user_id,
                    "owner_gid": args.user_id,
                    "permissions": "0750",
                },
            },
            opts=self._child,
        )

    def _make_policy(self, system: efs.FileSystem, access_point: efs.AccessPoint) -> efs.FileSystemPolicy:
        """Only denies: with any policy at all, EFS no longer lets in whoever reaches it."""
        client = [f"elasticfilesystem:Client{action}" for action in ("Mount", "RootAccess", "Write")]

        def deny(sid: str, actions: list[str], condition: dict[str, object]) -> dict[str, object]:
            return {
                "Sid": sid,
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": actions,
                "Resource": system.arn,
                "Condition": condition,
            }

        entrance = {"StringNotEquals": {"elasticfilesystem:AccessPointArn": access_point.arn}}
        statements = [
            deny("TlsOnly", client, {"Bool": {"aws:SecureTransport": "false"}}),
            deny("ByTheAccessPointOnly", client, dict(entrance)),
        ]
        return efs.FileSystemPolicy(
            f"{self._name}-policy",
            file_system_id=system.id,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
            opts=self._child,
        )

    def _make_mount_targets(self, args: FileSystemArgs, system: efs.FileSystem) -> list[efs.MountTarget]:
        group = ec2.SecurityGroup(
            f"{self._name}-file-system",
            description=f"File system {self._name}: opened by the tasks that mount it, no way out",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        self.security_group_id = group.id
        return [
            efs.MountTarget(
                f"{self._name}-mount-{zone[-1]}",
                file_system_id=system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=self._child,
            )
            for zone, subnet in zip(args.network.zones, args.network.data_subnet_ids, strict=True)
        ]
