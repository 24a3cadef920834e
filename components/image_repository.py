"""The repository of ECR that a stack builds an image into: immutable tags, scanned, encrypted."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import ecr

from components import image_lifecycle
from components.key import Key

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def repository(
    name: str,
    *,
    key: Key,
    protect: bool,
    lifecycle: str,
    pull_account_ids: Sequence[str],
    parent: pulumi.Resource,
) -> ecr.Repository:
    """The repository, and what AWS keeps beside it: its lifecycle, and who else may pull."""
    child = pulumi.ResourceOptions(parent=parent)
    made = ecr.Repository(
        f"{name}-repository",
        image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        image_tag_mutability_exclusion_filters=[
            {"filter": tag, "filter_type": "WILDCARD"} for tag in image_lifecycle.MOVING_TAGS
        ],
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
        force_delete=False,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect),
    )
    ecr.LifecyclePolicy(f"{name}-lifecycle", repository=made.name, policy=lifecycle, opts=child)
    if pull_account_ids:
        pull = {
            "Sid": "OtherAccountsPull",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in sorted(pull_account_ids)]},
            "Action": list(PULL_ACTIONS),
        }
        ecr.RepositoryPolicy(
            f"{name}-pull",
            repository=made.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [pull]}),
            opts=child,
        )
    return made
