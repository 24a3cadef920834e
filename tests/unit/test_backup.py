"""The backup plan: encrypted, locked, copied elsewhere if asked, heard of when it fails."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.backup import Backup, BackupArgs
from components.key import Key, KeyArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"
CLUSTER = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:shop"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
One = Callable[[Run, str, str], Resource]


def build(name: str = "shop", **options: Any) -> Run:
    def program() -> Backup:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        return Backup(name, BackupArgs(**{"key": key, "resources": [CLUSTER], **options}))

    return record(program)


def test_children(within: Callable[[Run, str], list[tuple[str, str]]]) -> None:
    plain = [
        ("aws:backup/plan:Plan", "shop-backup-plan"),
        ("aws:backup/selection:Selection", "shop-backup-selection"),
        ("aws:backup/vault:Vault", "shop-backup-vault"),
        ("aws:backup/vaultLockConfiguration:VaultLockConfiguration", "shop-backup-lock"),
        ("aws:iam/role:Role", "shop-backup"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "shop-backup-backup"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "shop-backup-restore"),
    ]
    assert within(build(), "Backup") == plain
    told = [
        ("aws:cloudwatch/eventRule:EventRule", "shop-backup-failures"),
        ("aws:cloudwatch/eventTarget:EventTarget", "shop-backup-failures"),
    ]
    assert within(build(failures_topic_arn=TOPIC), "Backup") == sorted(plain + told)


def test_the_vault_is_under_the_key_and_locked(one: One) -> None:
    run = build()

    vault = one(run, "aws:backup/vault:Vault", "shop-backup-vault")
    assert vault.inputs == {"kmsKeyArn": KEY, "forceDestroy": False}
    assert vault.options.protect
    lock = one(run, "aws:backup/vaultLockConfiguration:VaultLockConfiguration", "shop-backup-lock")
    assert lock.inputs == {"backupVaultName": "shop-backup-vault", "minRetentionDays": 7}


def test_without_protection_the_vault_goes_with_what_is_in_it(one: One) -> None:
    run = build(protect=False)

    vault = one(run, "aws:backup/vault:Vault", "shop-backup-vault")
    assert vault.inputs["forceDestroy"] is True
    assert not vault.options.protect
    assert not run.of_type("aws:backup/vaultLockConfiguration:VaultLockConfiguration")


def test_the_plan(one: One) -> None:
    daily = {
        "ruleName": "daily",
        "targetVaultName": "shop-backup-vault",
        "schedule": "cron(0 4 * * ? *)",
        "startWindow": 60,
        "completionWindow": 480,
        "lifecycle": {"deleteAfter": 35},
    }
    assert one(build(), "aws:backup/plan:Plan", "shop-backup-plan").inputs["rules"] == [daily]

    elsewhere = f"arn:aws:backup:eu-central-1:{ACCOUNT}:backup-vault:away"
    run = build(monthly_retention_days=365, copy_to_vault_arn=elsewhere)
    rules = one(run, "aws:backup/plan:Plan", "shop-backup-plan").inputs["rules"]
    assert [(rule["ruleName"], rule["schedule"]) for rule in rules] == [
        ("daily", "cron(0 4 * * ? *)"),
        ("monthly", "cron(0 5 1 * ? *)"),
    ]
    assert [rule["copyActions"] for rule in rules] == [
        [{"destinationVaultArn": elsewhere, "lifecycle": {"deleteAfter": days}}] for days in (35, 365)
    ]


def test_it_takes_what_it_was_given_by_a_role_of_its_own(one: One) -> None:
    run = build()

    selection = one(run, "aws:backup/selection:Selection", "shop-backup-selection")
    assert selection.inputs["resources"] == [CLUSTER]
    assert selection.inputs["iamRoleArn"].endswith("role/shop-backup")
    attachments = run.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {attachment.urn for attachment in attachments} <= set(selection.options.dependencies)
    assert {attachment.inputs["policyArn"] for attachment in attachments} == {
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    }
    trust = json.loads(one(run, "aws:iam/role:Role", "shop-backup").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "backup.amazonaws.com"}


def test_who_watches_hears_of_jobs_of_this_vault_that_failed(one: One) -> None:
    run = build(failures_topic_arn=TOPIC)

    rule = one(run, "aws:cloudwatch/eventRule:EventRule", "shop-backup-failures")
    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change"],
        "detail": {"state": ["ABORTED", "EXPIRED", "FAILED"], "backupVaultName": ["shop-backup-vault"]},
    }
    target = one(run, "aws:cloudwatch/eventTarget:EventTarget", "shop-backup-failures")
    assert target.inputs["arn"] == TOPIC


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resources": []}, "backup: resources is empty; give ARNs, such as database.arn"),
        ({"schedule": "daily"}, "backup: schedule 'daily' is refused; use a cron such as cron(0 4 * * ? *)"),
        ({"retention_days": 6}, "backup: retention_days 6 is refused; use 7 to 36500"),
        (
            {"monthly_retention_days": 40_000},
            "backup: monthly_retention_days 40000 is refused; use 7 to 36500",
        ),
    ],
)
def test_what_aws_would_refuse_late_is_refused_here(options: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        build(**options)
    assert str(refusal.value) == message
