"""A customer-managed KMS key that lets exactly the named AWS services through, for this account only."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from components.link import Permission


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    account_id: str
    region: str
    description: str = "Encrypts the data of this stack"
    protect: bool = True
    """What it encrypts is lost with it."""


class Key(pulumi.ComponentResource):
    """One key per stack: rotated yearly, 30 days to regret its deletion, protected.

    The policy follows https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    and gives to service principals only what each of them documents: Aurora, ElastiCache, AWS Backup
    and the like use the key with the rights of whoever makes the resource. Without the statement for
    `sns.amazonaws.com`, messages from a topic to an encrypted queue are lost in silence.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    arn: pulumi.Output[str]
    account_id: str
    region: str

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Key", name, None, opts)
        key = kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements(args)}),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        kms.Alias(
            f"{name}-alias",
            name_prefix=f"alias/{name}-",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.account_id = args.account_id
        self.region = args.region
        self.register_outputs({"arn": self.arn})

    def use(self, *actions: str) -> Permission:
        """Permission for a role to use the key: `kms:Decrypt` and `kms:GenerateDataKey` unless told."""
        return Permission(actions=actions or ("kms:Decrypt", "kms:GenerateDataKey"), resources=[self.arn])


def statements(args: KeyArgs) -> Sequence[dict[str, object]]:
    """The statements of the key's policy: the account's administrators, and each service by name."""
    account: dict[str, object] = {"StringEquals": {"aws:SourceAccount": args.account_id}}
    logs = f"arn:aws:logs:{args.region}:{args.account_id}:*"
    return [
        {
            "Sid": "AccountAdministersByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{args.account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        _service(
            "LogGroups",
            [f"logs.{args.region}.amazonaws.com"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
            encrypts=True,
        ),
        _service("TopicsDeliverToQueues", ["sns.amazonaws.com"], account),
        _service("AlarmsPublishToTopics", ["cloudwatch.amazonaws.com"], account),
        _service("DatabasesPublishToTopics", ["events.rds.amazonaws.com"], account),
        _service("CostsPublishToTopics", ["budgets.amazonaws.com", "costalerts.amazonaws.com"], account),
        # SNS takes no aws:SourceAccount from EventBridge: with it, every event is lost in silence. Which
        # rules reach a topic or queue, its own policy says.
        _service("EventsReachQueuesAndTopics", ["events.amazonaws.com"], None),
    ]


def _service(
    sid: str, principals: Sequence[str], condition: dict[str, object] | None, *, encrypts: bool = False
) -> dict[str, object]:
    actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
    if encrypts:
        actions += ["kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey"]
    statement: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": list(principals)},
        "Action": sorted(actions),
        "Resource": "*",
    }
    return statement if condition is None else {**statement, "Condition": condition}
