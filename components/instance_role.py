"""The role of a cluster's instances: what the ECS agent calls, for this cluster alone.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
"""

import json

import pulumi
from pulumi_aws import iam

from components.key import Key


def instance_profile(
    name: str, key: Key, cluster_name: pulumi.Output[str], parent: pulumi.Resource
) -> iam.InstanceProfile:
    """What the agent may do, in this cluster. Tasks have roles of their own, and never this one."""
    child = pulumi.ResourceOptions(parent=parent)
    role = iam.Role(
        f"{name}-instance-role",
        description=f"The ECS agent of the instances of {name}",
        assume_role_policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "ec2.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        opts=child,
    )
    here = f"{key.region}:{key.account_id}"
    cluster_arn = pulumi.Output.concat(f"arn:aws:ecs:{here}:cluster/", cluster_name)
    in_cluster: dict[str, object] = {"ArnEquals": {"ecs:cluster": cluster_arn}}
    statements: list[dict[str, object]] = [
        {
            "Effect": "Allow",
            "Action": ["ecs:DeregisterContainerInstance", "ecs:RegisterContainerInstance"],
            "Resource": [cluster_arn],
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            "Resource": [f"arn:aws:ecs:{here}:container-instance/*"],
            "Condition": in_cluster,
        },
        # AWS takes no resource for these.
        {
            "Effect": "Allow",
            "Action": [
                "ecs:DiscoverPollEndpoint",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            "Resource": "*",
        },
    ]
    iam.RolePolicy(
        f"{name}-instance-role",
        role=role.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=child,
    )
    return iam.InstanceProfile(f"{name}-instance-role", role=role.name, opts=child)
