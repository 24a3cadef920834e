"""The log of every flow through a VPC, accepted or not, in CloudWatch Logs under the key."""

import pulumi
from pulumi_aws import cloudwatch, ec2, iam

from components.key import Key

ACTIONS = ("CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents")


def log_flows(
    name: str, vpc_id: pulumi.Output[str], *, key: Key, retention_days: int, parent: pulumi.Resource
) -> None:
    """Make the log group, the role that writes to it and nowhere else, and the flow log of a VPC.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    child = pulumi.ResourceOptions(parent=parent)
    group = cloudwatch.LogGroup(
        f"{name}-flow-logs", kms_key_id=key.arn, retention_in_days=retention_days, opts=child
    )
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": key.account_id}},
    }
    write = {
        "Effect": "Allow",
        "Action": [f"logs:{action}" for action in ACTIONS],
        "Resource": [group.arn, pulumi.Output.concat(group.arn, ":*")],
    }
    role = iam.Role(
        f"{name}-flow-logs",
        description="VPC flow logs write to their log group",
        assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]}),
        opts=child,
    )
    policy = iam.RolePolicy(
        f"{name}-flow-logs",
        role=role.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [write]}),
        opts=child,
    )
    ec2.FlowLog(
        f"{name}-flow-logs",
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )
