"""The two roles of a task: what ECS may do to start it, and what its code may do, for no one else."""

import json
from collections.abc import Sequence

import pulumi
from pulumi_aws import iam

from components.cluster import Cluster
from components.key import Key
from components.link import Link, Permission, SecretValue

Statement = dict[str, object]
TRACING_ACTIONS = (
    "GetSamplingRules", "GetSamplingStatisticSummaries", "GetSamplingTargets", "PutTelemetryRecords",
    "PutTraceSegments",
)  # fmt: skip
"""What the collector calls: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/trace-data.html"""


def execution_statements(
    pulls: Sequence[Permission],
    log_group_arn: pulumi.Output[str],
    secrets: Sequence[SecretValue],
    region: str,
) -> pulumi.Output[list[Statement]]:
    """Pull these images, write this log group, read these secrets."""
    statements: list[Statement] = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [pulumi.Output.concat(log_group_arn, ":*")],
        }
    ]
    if pulls:
        # A token for the registry as a whole: AWS takes no resource for it.
        statements.append({"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"})
        statements += [pull.statement() for pull in pulls]
    arns = [secret.arn for secret in secrets]
    keys = [secret.kms_key_arn for secret in secrets if secret.kms_key_arn is not None]
    return pulumi.Output.all(
        statements=statements, arns=pulumi.Output.all(*arns), keys=pulumi.Output.all(*keys)
    ).apply(lambda known: known["statements"] + _reading(known["arns"], known["keys"], region))


def _reading(arns: Sequence[str], keys: Sequence[str], region: str) -> list[Statement]:
    """Each secret once, by the action of the service it stands in, and its key through that service only."""
    wanted: dict[str, tuple[str, list[str]]] = {
        "secretsmanager": ("secretsmanager:GetSecretValue", []),
        "ssm": ("ssm:GetParameters", []),
    }
    for arn in sorted(set(map(str, arns))):
        wanted["ssm" if arn.split(":")[2:3] == ["ssm"] else "secretsmanager"][1].append(arn)
    statements: list[Statement] = [
        {"Effect": "Allow", "Action": [action], "Resource": resources}
        for action, resources in wanted.values()
        if resources
    ]
    if keys:
        services = sorted(
            f"{service}.{region}.amazonaws.com" for service, (_, found) in wanted.items() if found
        )
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": sorted(set(keys)),
                "Condition": {"StringEquals": {"kms:ViaService": services}},
            }
        )
    return statements


def task_statements(
    links: Sequence[Link], cluster: Cluster, *, enable_execute_command: bool, tracing: bool = False
) -> list[Statement]:
    """One statement for each permission of the links, in their order."""
    statements = [permission.statement() for link in links for permission in link.permissions]
    statements += cluster.execute_command_statements() if enable_execute_command else []
    if tracing:  # AWS takes no resource for these
        actions = [f"xray:{action}" for action in TRACING_ACTIONS]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    return statements


def trust(key: Key) -> str:
    """Tasks of this account and region may take the role: no other account's by way of the service.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": key.account_id},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{key.region}:{key.account_id}:*"},
                    },
                }
            ],
        }
    )


def role(
    name: str,
    description: str,
    cluster: Cluster,
    statements: pulumi.Output[list[Statement]] | list[Statement],
    parent: pulumi.Resource,
) -> tuple[iam.Role, iam.RolePolicy | None]:
    """A role of tasks, and its one policy; none for a role that may do nothing."""
    child = pulumi.ResourceOptions(parent=parent)
    made = iam.Role(name, description=description, assume_role_policy=trust(cluster.key), opts=child)
    if statements == []:
        return made, None
    policy = iam.RolePolicy(
        name,
        role=made.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=child,
    )
    return made, policy
