"""A repository of Docker Hub, GHCR or another registry: images go there, and tasks may run from there."""

import json
import re
from dataclasses import dataclass

import pulumi

from components.link import SecretValue

_REPOSITORY = re.compile(r"(?P<address>[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?)(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_SECRET = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")


@dataclass(frozen=True, kw_only=True)
class ExternalRepository:
    """Where an image goes, and who signs in there.

    The one secret serves the push and, where tasks run from here, ECS's pull:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
    """

    repository: str
    """With the registry, without a tag: `docker.io/acme/shop-api`, `ghcr.io/acme/shop-api`."""
    username: str
    secret_arn: str
    """Of a secret `{"username": ..., "password": ...}`; the password is best an access token."""
    secret_key_arn: str | None = None
    """Customer-managed key of that secret."""

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise pulumi.RunError(
                f"image: external repository is '{self.repository}'; give registry and path without a tag, "
                "such as docker.io/acme/shop-api"
            )
        if not self.username:
            raise pulumi.RunError(f"image: external repository {self.repository} has no username; give one")
        if not _SECRET.fullmatch(self.secret_arn):
            raise pulumi.RunError(
                f"image: secret_arn of {self.repository} is '{self.secret_arn}'; "
                "give the ARN of a secret in Secrets Manager"
            )

    @property
    def address(self) -> str:
        """The registry's host."""
        return self.repository.split("/", 1)[0]

    def password(self) -> pulumi.Output[str]:
        """What a push signs in with. Whoever previews pushes nothing, and need not read the secret."""
        if pulumi.runtime.is_dry_run():
            return pulumi.Output.secret("")
        from pulumi_aws import secretsmanager  # noqa: PLC0415 for the few stacks that push elsewhere

        version = secretsmanager.get_secret_version_output(secret_id=self.secret_arn)
        return pulumi.Output.secret(
            version.secret_string.apply(lambda text: str(json.loads(text)["password"]))
        )

    def pull_secret(self) -> SecretValue:
        """What ECS signs in with, as `repositoryCredentials`."""
        return SecretValue(arn=self.secret_arn, kms_key_arn=self.secret_key_arn)
