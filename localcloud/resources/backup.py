"""AWS Backup: vaults, plans and what they select; no copy is ever taken."""

from localcloud.kind import Call, Kind, Name

KINDS = {
    "aws:backup/vault:Vault": Kind(
        create=Call(
            "backup.create_backup_vault",
            renames={
                "name": "BackupVaultName",
                "kmsKeyArn": "EncryptionKeyArn",
                "tags": "BackupVaultTags",
            },
        ),
        id="{BackupVaultName}",
        outputs={"arn": "{BackupVaultArn}"},
        name=Name(limit=50),
        ignored=["forceDestroy"],
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": Kind(
        create=Call(
            "backup.put_backup_vault_lock_configuration",
            recorded="the emulator has no vault locks",
        ),
        id="{backupVaultName}",
    ),
    "aws:backup/plan:Plan": Kind(
        create=Call(
            "backup.create_backup_plan",
            renames={
                "name": "BackupPlan.BackupPlanName",
                "rules": "BackupPlan.Rules",
                "rules.targetVaultName": "TargetBackupVaultName",
                "rules.schedule": "ScheduleExpression",
                "rules.startWindow": "StartWindowMinutes",
                "rules.completionWindow": "CompletionWindowMinutes",
                "rules.lifecycle.deleteAfter": "DeleteAfterDays",
                "rules.copyActions.destinationVaultArn": "DestinationBackupVaultArn",
                "rules.copyActions.lifecycle.deleteAfter": "DeleteAfterDays",
                "tags": "BackupPlanTags",
            },
        ),
        id="{BackupPlanId}",
        outputs={"arn": "{BackupPlanArn}", "version": "{VersionId}"},
        name=Name(limit=50),
    ),
    "aws:backup/selection:Selection": Kind(
        create=Call(
            "backup.create_backup_selection",
            renames={
                "planId": "BackupPlanId",
                "name": "BackupSelection.SelectionName",
                "iamRoleArn": "BackupSelection.IamRoleArn",
                "resources": "BackupSelection.Resources",
            },
        ),
        id="{SelectionId}",
        name=Name(limit=50),
    ),
}
