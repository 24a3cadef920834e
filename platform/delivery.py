"""Settings of how code gets to the account: images, releases, registries, GitHub."""

from typing import Annotated, Any, Self

import delivery_limits as limits
from limits import AccountId, AccountIds, Emails, Region
from pydantic import Field, model_validator
from scalars import Flag
from sections import Section, refusal


class ExternalRepository(Section):
    """A repository of Docker Hub or another registry, and who signs in there."""

    repository: limits.ExternalRepository
    username: limits.Username
    secret_arn: limits.SecretArn
    secret_key_arn: limits.KeyArn | None = None


ExternalRepositories = Annotated[
    tuple[ExternalRepository, ...],
    Field(description="a list of mappings of repository, username, secretArn, secretKeyArn"),
]


class Images(Section):
    source: limits.ImageSource = "build"
    """`build` pushes to ECR, `local` stays in the Docker daemon, `release` runs pinned digests."""
    platforms: limits.Platforms = ("linux/amd64",)
    pull_account_ids: AccountIds = ()
    """Accounts that run what this one builds."""
    keep_releases: limits.KeptImages = 50
    """What a stack runs always stays."""
    keep_builds: limits.KeptImages = 1000
    external_repositories: ExternalRepositories = ()
    """Where images go too."""
    own_repository: Flag = True
    """False: no repository of ECR; tasks run what went to the first of externalRepositories."""

    def making(self) -> dict[str, Any]:
        """What an image is made from, by the component's own names; but for the external repositories."""
        return self.model_dump(exclude={"external_repositories"})

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.own_repository and not self.external_repositories:
            raise refusal("ownRepository", False, "true where externalRepositories is empty")
        if not self.own_repository and self.pull_account_ids:
            raise refusal("pullAccountIds", list(self.pull_account_ids), "empty where ownRepository is false")
        names = [external.repository for external in self.external_repositories]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise refusal(f"externalRepositories[{index}].repository", name, "one that no other has")
        return self


class Release(Section):
    """What was built once, elsewhere, and runs here by digest."""

    version: limits.ReleaseVersion
    commit: limits.Commit
    images: limits.ImageUris


class Replica(Section):
    """Another region, or another account's registry, that gets a copy of what is pushed."""

    region: Region
    account_id: AccountId | None = None


Replicas = Annotated[tuple[Replica, ...], Field(description="a list of mappings of region, accountId")]


class Registry(Section):
    """What an account has once in a region for all its repositories; one stack of the account owns it."""

    owned: Flag = False
    scan_frequency: limits.ScanFrequency = "CONTINUOUS_SCAN"
    replicas: Replicas = ()
    replicated_prefixes: limits.Prefixes = ()
    """None: every repository is replicated."""
    replicating_account_ids: AccountIds = ()
    """Whose registries may copy images into this one."""
    docker_hub_secret_arn: limits.SecretArn | None = None
    """Of a secret `ecr-pullthroughcache/...` with username and accessToken: Docker Hub through a cache."""

    def rules(self) -> dict[str, Any]:
        """What the component is made from, by its own names; but for the replicas."""
        return self.model_dump(exclude={"owned", "replicas"})

    @model_validator(mode="after")
    def _owned(self) -> Self:
        if not self.owned and self.model_fields_set - {"owned"}:
            raise refusal("owned", False, "true where anything else of the registry is given")
        if self.replicated_prefixes and not self.replicas:
            raise refusal("replicas", [], "a list of one or more where replicatedPrefixes is given")
        return self


class Github(Section):
    """The one repository and environment that may deploy this stack."""

    repository: limits.Repository
    owner_id: limits.GithubId
    repository_id: limits.GithubId
    environment: limits.GithubEnvironment
    create_provider: Flag = True
    """An account has one OIDC provider: false where another stack of the account owns it."""
    preview: Flag = False
    """Also a role for pull requests: `pulumi preview`, and nothing that changes the stack."""


class State(Section):
    """Where Pulumi's state is, for the roles that deploy."""

    bucket: limits.StateBucket | None = None
    """In S3; None: Pulumi Cloud."""
    key_arn: limits.KeyArn | None = None
    """KMS key of the stack's secrets; who may preview can then decrypt those in its state."""


class Pipeline(Section):
    """Delivery by CodePipeline instead of GitHub Actions, in the stack that builds."""

    repository: limits.Repository
    branch: limits.Branch = "main"
    connection_arn: limits.ConnectionArn | None = None
    """None makes one, which a person completes in the console."""
    staging_stack: limits.StackName = "staging"
    production_stack: limits.StackName = "prod"
    production_role_arn: limits.RoleArn | None = None
    """Of production's pipelineAccess; None: production is in this account."""
    approvers: Emails = ()
    """Told when production waits for approval."""
    access_token_secret_arn: limits.SecretArn | None = None
    """Of a secret that is PULUMI_ACCESS_TOKEN, where the state is in Pulumi Cloud."""
    passphrase_secret_arn: limits.SecretArn | None = None
    """Of a secret that is PULUMI_CONFIG_PASSPHRASE."""

    def source(self) -> dict[str, Any]:
        """What the component is made from, by its own names; but for who approves, and the secrets."""
        return self.model_dump(exclude={"approvers", "access_token_secret_arn", "passphrase_secret_arn"})

    def secret_arns(self) -> dict[str, str]:
        """The secrets of the build, by the variable that gets them."""
        arns = {
            "PULUMI_ACCESS_TOKEN": self.access_token_secret_arn,
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase_secret_arn,
        }
        return {variable: arn for variable, arn in arns.items() if arn is not None}

    @model_validator(mode="after")
    def _two_stacks(self) -> Self:
        if self.staging_stack == self.production_stack:
            raise refusal("productionStack", self.production_stack, "another stack than stagingStack")
        return self


class PipelineAccess(Section):
    """Lets the pipeline of another account deploy this stack."""

    build_role_arn: limits.RoleArn
