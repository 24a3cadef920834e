"""A random value in Secrets Manager, drawn once and kept: encrypted by the stack's key, never an output."""

import secrets
from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi_aws import secretsmanager

from components.key import Key
from components.link import SecretValue

MIN_BYTES, MAX_BYTES = 32, 96


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretArgs:
    key: Key
    description: str = "Drawn by the platform when it was made"
    bytes_of_entropy: int = 48
    """32 (a key of HMAC-SHA-256) to 96; 48 are 64 characters of text, 96 are ElastiCache's most, 128."""
    recovery_window_days: int = 30
    """Days in which a deleted secret can be restored, 7 to 30."""

    def __post_init__(self) -> None:
        if not MIN_BYTES <= self.bytes_of_entropy <= MAX_BYTES:
            raise pulumi.RunError(
                f"generated secret: bytes_of_entropy {self.bytes_of_entropy} is refused,"
                f" use {MIN_BYTES} to {MAX_BYTES}"
            )
        if not 7 <= self.recovery_window_days <= 30:  # noqa: PLR2004 the limits of Secrets Manager
            raise pulumi.RunError(
                f"generated secret: recovery_window_days {self.recovery_window_days} is refused, use 7 to 30"
            )


class GeneratedSecret(pulumi.ComponentResource):
    """A password or signing key that no person chose and no file holds.

    Each run of the program draws a value, but the version ignores it once it exists: what counts is
    the one in the state. `pulumi up --replace URN-OF-THE-VERSION` draws anew; tasks read it when
    they start next.
    """

    arn: pulumi.Output[str]
    value: pulumi.Output[str]
    """The value itself, a Pulumi secret: for a resource that must be given it, such as a cache's user."""

    def __init__(
        self, name: str, args: GeneratedSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("causeway:index:GeneratedSecret", name, None, opts)
        self._key = args.key
        secret = secretsmanager.Secret(
            f"{name}-secret",
            description=args.description,
            kms_key_id=args.key.arn,
            recovery_window_in_days=args.recovery_window_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        version = secretsmanager.SecretVersion(
            f"{name}-version",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(secrets.token_urlsafe(args.bytes_of_entropy)),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["secret_string"]),
        )
        self.arn = secret.arn
        self.value = pulumi.Output.secret(cast("pulumi.Output[str]", version.secret_string))
        self.register_outputs({"arn": self.arn})

    def value_from(self) -> SecretValue:
        """The value as a task's secret variable, read by ARN when the task starts."""
        return SecretValue(arn=self.arn, kms_key_arn=self._key.arn)
