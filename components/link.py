"""What one resource gives another: environment, secrets, permissions, a port.

A link holds no resource. `FargateService` turns the links of a service into its environment,
one policy of its task role, its execution role's secrets and the rules between security groups;
nobody else writes IAM by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Exact IAM actions on exact ARNs; a wildcard action or a bare `*` resource is refused."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]]

    def __post_init__(self) -> None:
        for action in self.actions:
            if "*" in action or ":" not in action:
                raise pulumi.RunError(
                    f"permission for action '{action}': name exact actions, such as 'sqs:SendMessage'"
                )
        for resource in self.resources:
            if resource == "*":
                raise pulumi.RunError(
                    f"permission for {', '.join(self.actions)}: resource '*' is refused, name the ARNs"
                )

    def statement(self) -> dict[str, object]:
        """The statement of an IAM policy document, actions sorted."""
        return {
            "Effect": "Allow",
            "Action": sorted(self.actions),
            "Resource": list(self.resources),
        }


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """A value in Secrets Manager (or SSM) that the task reads when it starts, by ARN."""

    arn: pulumi.Input[str]
    json_key: str | None = None
    """Key of a JSON secret, such as the `password` of a managed RDS secret; None: the whole value."""
    kms_key_arn: pulumi.Input[str] | None = None
    """Customer-managed key of the secret, which the execution role must be let to decrypt with."""

    def value_from(self) -> pulumi.Output[str]:
        """The `valueFrom` of a container's secret."""
        suffix = f":{self.json_key}::" if self.json_key else ""
        return pulumi.Output.concat(self.arn, suffix)


@dataclass(frozen=True, kw_only=True)
class Port:
    """A door: the giver's security group, and the TCP port that it opens to the taker's group."""

    security_group_id: pulumi.Input[str]
    port: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """All that one resource gives to a service that uses it."""

    name: str
    """Who gives, such as `shop-database`; unique within one service's links."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    permissions: Sequence[Permission] = ()
    ports: Sequence[Port] = ()


def variable(name: str, suffix: str) -> str:
    """The environment variable for a resource: `variable("orders", "TOPIC_ARN")` is `ORDERS_TOPIC_ARN`."""
    return f"{name}_{suffix}".replace("-", "_").upper()
