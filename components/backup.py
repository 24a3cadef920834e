"""AWS Backup: a vault under the key that lets nobody delete early, a plan, and what it takes copies of."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import backup, cloudwatch, iam

from components.key import Key
from components.names import refuse_bad_name

POLICIES = {
    "backup": "AWSBackupServiceRolePolicyForBackup",
    "restore": "AWSBackupServiceRolePolicyForRestores",
}
SCHEDULE = re.compile(r"cron\([^()]+\)")
MIN_LOCK_DAYS = 7
FAILED = ["ABORTED", "EXPIRED", "FAILED"]


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    key: Key
    resources: Sequence[pulumi.Input[str]]
    """ARNs of Aurora clusters (`database.arn`) and EFS file systems. Not of caches: AWS Backup takes none."""
    schedule: str = "cron(0 4 * * ? *)"
    """UTC; daily, after the databases' own window."""
    retention_days: int = 35
    """7 to 36500. For the first 7 the lock lets nobody delete a copy, whatever their rights to the vault."""
    monthly_retention_days: int = 0
    """Keeps that of the first of each month longer; 0: no such rule."""
    copy_to_vault_arn: pulumi.Input[str] | None = None
    """A vault of another region or account that also gets each copy, for when this one is lost."""
    failures_topic_arn: pulumi.Input[str] | None = None
    """A topic to tell of jobs that failed; its policy must let `events.amazonaws.com` publish."""
    protect: bool = True
    """Refuses deletion of the vault by Pulumi, and locks what is in it; off, it goes with its copies."""

    def __post_init__(self) -> None:
        if not self.resources:
            raise pulumi.RunError("backup: resources is empty; give ARNs, such as database.arn")
        if not SCHEDULE.fullmatch(self.schedule):
            raise pulumi.RunError(
                f"backup: schedule '{self.schedule}' is refused; use a cron such as cron(0 4 * * ? *)"
            )
        for field, value, least in (
            ("retention_days", self.retention_days, MIN_LOCK_DAYS),
            ("monthly_retention_days", self.monthly_retention_days or MIN_LOCK_DAYS, MIN_LOCK_DAYS),
        ):
            if not least <= value <= 36_500:  # noqa: PLR2004 AWS Backup's longest: 100 years
                raise pulumi.RunError(f"backup: {field} {value} is refused; use {least} to 36500")


class Backup(pulumi.ComponentResource):
    """A locked vault, a plan with its role, and an event for each job that fails.

    The lock is of governance mode: who may change the lock itself can still take it away.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    """

    vault_name: pulumi.Output[str]
    vault_arn: pulumi.Output[str]
    plan_id: pulumi.Output[str]

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a vault's name has 50, with '-backup-vault' and Pulumi's suffix"
        refuse_bad_name("backup", name, longest=29, because=because)
        super().__init__("causeway:index:Backup", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        vault = backup.Vault(
            f"{name}-backup-vault",
            kms_key_arn=args.key.arn,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        if args.protect:
            backup.VaultLockConfiguration(
                f"{name}-backup-lock",
                backup_vault_name=vault.name,
                min_retention_days=MIN_LOCK_DAYS,
                opts=self._child,
            )
        plan = backup.Plan(f"{name}-backup-plan", rules=self._rules(vault), opts=self._child)
        role, attachments = self._make_role(name)
        backup.Selection(
            f"{name}-backup-selection",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=list(args.resources),
            opts=pulumi.ResourceOptions(parent=self, depends_on=attachments),
        )
        if args.failures_topic_arn is not None:
            self._tell_of_failures(name, vault, args.failures_topic_arn)
        self.vault_name, self.vault_arn, self.plan_id = vault.name, vault.arn, plan.id
        self.register_outputs({"vault_name": self.vault_name, "plan_id": self.plan_id})

    def _rules(self, vault: backup.Vault) -> list[backup.PlanRuleArgsDict]:
        args = self._args
        rules = [self._rule("daily", args.schedule, vault, args.retention_days)]
        if args.monthly_retention_days:
            rules.append(self._rule("monthly", "cron(0 5 1 * ? *)", vault, args.monthly_retention_days))
        return rules

    def _rule(self, name: str, schedule: str, vault: backup.Vault, days: int) -> backup.PlanRuleArgsDict:
        rule: backup.PlanRuleArgsDict = {
            "rule_name": name,
            "target_vault_name": vault.name,
            "schedule": schedule,
            "start_window": 60,  # minutes
            "completion_window": 480,
            "lifecycle": {"delete_after": days},
        }
        if self._args.copy_to_vault_arn is not None:
            rule["copy_actions"] = [
                {
                    "destination_vault_arn": self._args.copy_to_vault_arn,
                    "lifecycle": {"delete_after": days},
                }
            ]
        return rule

    def _make_role(self, name: str) -> tuple[iam.Role, list[iam.RolePolicyAttachment]]:
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "backup.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        role = iam.Role(
            f"{name}-backup",
            description=f"Lets AWS Backup take copies for {name} and restore them",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=self._child,
        )
        return role, [
            iam.RolePolicyAttachment(
                f"{name}-backup-{purpose}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/service-role/{policy}",
                opts=self._child,
            )
            for purpose, policy in POLICIES.items()
        ]

    def _tell_of_failures(self, name: str, vault: backup.Vault, topic_arn: pulumi.Input[str]) -> None:
        """https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html"""
        rule = cloudwatch.EventRule(
            f"{name}-backup-failures",
            description=f"Jobs of vault {name} that made no copy",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.backup"],
                    "detail-type": ["Backup Job State Change"],
                    "detail": {"state": FAILED, "backupVaultName": [vault.name]},
                }
            ),
            opts=self._child,
        )
        cloudwatch.EventTarget(f"{name}-backup-failures", rule=rule.name, arn=topic_arn, opts=self._child)
