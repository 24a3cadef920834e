"""The account's registry: enhanced scanning, replication, and a cache of Docker Hub. One stack owns it.

An account has one configuration of each in a region. Two stacks that made them would overwrite each other:
the second makes no `Registry`. It is the administrator's, like the deploy roles, which only read it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import ecr

from components import image_lifecycle
from components.image_repository import PULL_ACTIONS
from components.link import Permission

CACHE_PREFIX = "docker-hub"
CACHED_DAYS = 90
"""Days that an image of Docker Hub stays; the next pull fetches it again."""

_SECRET = re.compile(r"arn:aws:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(\S+)")
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_PREFIX = re.compile(r"[a-z0-9][a-z0-9._/-]{1,255}")
_LIBRARY_IMAGE = re.compile(r"[a-z0-9._-]+(/[a-z0-9._-]+)*([:@][A-Za-z0-9._:-]+)?")


@dataclass(frozen=True, kw_only=True)
class Replica:
    """Where images are copied to when they are pushed: another region, or another account's registry.

    Each copy costs its storage, and the transfer between regions:
    https://aws.amazon.com/ecr/pricing/
    """

    region: str
    account_id: str | None = None
    """None: this account. Another account's `Registry` must name this one in `replicating_account_ids`."""

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.region):
            raise pulumi.RunError(
                f"registry: a replica's region is '{self.region}'; give one such as eu-west-1"
            )
        _refuse_bad_account("a replica's account_id", self.account_id)


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    account_id: str
    region: str
    scan_frequency: Literal["CONTINUOUS_SCAN", "SCAN_ON_PUSH"] = "CONTINUOUS_SCAN"
    """`CONTINUOUS_SCAN` scans again when a vulnerability becomes known. Amazon Inspector bills by image."""
    replicas: Sequence[Replica] = ()
    replicated_prefixes: Sequence[str] = ()
    """Of repositories' names; none: every repository is replicated."""
    replicating_account_ids: Sequence[str] = ()
    """Accounts whose registries may copy images into this one."""
    docker_hub_secret_arn: str | None = None
    """Of a secret `ecr-pullthroughcache/...` with `username` and `accessToken`: Docker Hub through a cache.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
    """

    def __post_init__(self) -> None:
        _refuse_bad_account("account_id", self.account_id)
        for account in self.replicating_account_ids:
            _refuse_bad_account("replicating_account_ids", account)
            if account == self.account_id:
                raise pulumi.RunError(
                    f"registry: replicating_account_ids has {account}, its own account, which may already"
                )
        for prefix in self.replicated_prefixes:
            if not _PREFIX.fullmatch(prefix):
                raise pulumi.RunError(
                    f"registry: replicated_prefixes has '{prefix}'; give the beginning of a repository's "
                    "name, 2 to 256 of a-z, 0-9 and '._/-', without wildcards"
                )
        if self.replicated_prefixes and not self.replicas:
            raise pulumi.RunError(
                f"registry: replicated_prefixes is {list(self.replicated_prefixes)} and there are no "
                "replicas; give one, or drop them"
            )
        self._refuse_bad_replicas()
        self._refuse_bad_secret()

    def places(self) -> list[tuple[str, str]]:
        """Region and account of each replica."""
        return [(replica.region, replica.account_id or self.account_id) for replica in self.replicas]

    def _refuse_bad_replicas(self) -> None:
        places = self.places()
        for region, account in places:
            if (region, account) == (self.region, self.account_id):
                raise pulumi.RunError(
                    f"registry: a replica is in {region} of {account}, where the registry is"
                )
            if places.count((region, account)) > 1:
                raise pulumi.RunError(f"registry: a replica in {region} of {account} is given twice")

    def _refuse_bad_secret(self) -> None:
        if self.docker_hub_secret_arn is None:
            return
        secret = _SECRET.fullmatch(self.docker_hub_secret_arn)
        here = (self.region, self.account_id)
        if not secret or secret.groups()[:2] != here or not secret[3].startswith("ecr-pullthroughcache/"):
            raise pulumi.RunError(
                f"registry: docker_hub_secret_arn is '{self.docker_hub_secret_arn}'; ECR takes a secret of "
                f"{self.region} and {self.account_id} whose name begins with ecr-pullthroughcache/"
            )


class Registry(pulumi.ComponentResource):
    """What holds for every repository of the account in its region."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Registry", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        ecr.RegistryScanningConfiguration(
            f"{name}-scanning",
            scan_type="ENHANCED",
            rules=[
                {
                    "scan_frequency": args.scan_frequency,
                    "repository_filters": [{"filter": "*", "filter_type": "WILDCARD"}],
                }
            ],
            opts=self._child,
        )
        if args.replicas:
            self._replicate(args)
        if args.replicating_account_ids:
            self._let_in(args)
        if args.docker_hub_secret_arn is not None:
            self._cache_docker_hub(args.docker_hub_secret_arn)
        self.register_outputs({})

    def cached(self, image: str) -> str:
        """The URI of a Docker Hub image through the cache: `cached("library/python:3.13-slim")`."""
        if self._args.docker_hub_secret_arn is None:
            raise pulumi.RunError(
                f"registry: {image} through the cache needs docker_hub_secret_arn, and it is None; give it"
            )
        if not _LIBRARY_IMAGE.fullmatch(image):
            raise pulumi.RunError(
                f"registry: '{image}' is no image of Docker Hub; give it such as library/python:3.13-slim"
            )
        whole = image if "/" in image else f"library/{image}"
        return f"{self._args.account_id}.dkr.ecr.{self._args.region}.amazonaws.com/{CACHE_PREFIX}/{whole}"

    def pull_cached(self) -> Permission:
        """Permission to pull images of Docker Hub through the cache, for the first time too."""
        return Permission(
            actions=[*PULL_ACTIONS, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
            resources=[
                f"arn:aws:ecr:{self._args.region}:{self._args.account_id}:repository/{CACHE_PREFIX}/*"
            ],
        )

    def _replicate(self, args: RegistryArgs) -> None:
        templates = [
            self._receive(region, region) for region, account in args.places() if account == args.account_id
        ]
        ecr.ReplicationConfiguration(
            f"{self._name}-replication",
            replication_configuration={
                "rules": [
                    {
                        "destinations": [
                            {"region": region, "registry_id": account} for region, account in args.places()
                        ],
                        "repository_filters": [
                            {"filter": prefix, "filter_type": "PREFIX_MATCH"}
                            for prefix in args.replicated_prefixes
                        ]
                        or None,
                    }
                ]
            },
            # A template says nothing about repositories that are there before it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=templates),
        )

    def _let_in(self, args: RegistryArgs) -> None:
        template = self._receive("replicated", args.region)
        statement = {
            "Sid": "OtherAccountsReplicate",
            "Effect": "Allow",
            "Principal": {
                "AWS": [f"arn:aws:iam::{account}:root" for account in sorted(args.replicating_account_ids)]
            },
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": f"arn:aws:ecr:{args.region}:{args.account_id}:repository/*",
        }
        ecr.RegistryPolicy(
            f"{self._name}-policy",
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[template]),
        )

    def _receive(self, purpose: str, region: str) -> ecr.RepositoryCreationTemplate:
        """How repositories are made that replication brings: without it their tags could be overwritten.

        Encrypted with ECR's own key: a customer-managed one would need a role that makes repositories.
        """
        return ecr.RepositoryCreationTemplate(
            f"{self._name}-{purpose}-template",
            region=region,
            prefix="ROOT",  # every repository without a template of a longer prefix
            applied_fors=["REPLICATION"],
            description="Repositories that replication brings",
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[
                {"filter": tag, "filter_type": "WILDCARD"} for tag in image_lifecycle.MOVING_TAGS
            ],
            encryption_configurations=[{"encryption_type": "AES256"}],
            lifecycle_policy=image_lifecycle.policy(),
            opts=self._child,
        )

    def _cache_docker_hub(self, secret_arn: str) -> None:
        template = ecr.RepositoryCreationTemplate(
            f"{self._name}-{CACHE_PREFIX}-template",
            prefix=CACHE_PREFIX,
            applied_fors=["PULL_THROUGH_CACHE"],
            description="Images of Docker Hub",
            image_tag_mutability="MUTABLE",  # a tag moves upstream, and here with it
            encryption_configurations=[{"encryption_type": "AES256"}],
            lifecycle_policy=image_lifecycle.cache_policy(CACHED_DAYS),
            opts=self._child,
        )
        ecr.PullThroughCacheRule(
            f"{self._name}-{CACHE_PREFIX}",
            ecr_repository_prefix=CACHE_PREFIX,
            upstream_registry_url="registry-1.docker.io",
            credential_arn=secret_arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[template]),
        )


def _refuse_bad_account(what: str, account_id: str | None) -> None:
    if account_id is not None and not _ACCOUNT.fullmatch(account_id):
        raise pulumi.RunError(f"registry: {what} is '{account_id}'; give the 12 digits of an account")
