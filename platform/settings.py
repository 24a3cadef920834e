"""The typed configuration of one stack, and the only reader of `pulumi.Config`.

A malformed value ends the run, before anything is registered, in one line that names the file, the
key, the value and what is allowed. Defaults stand here only; `Pulumi.yaml` describes the keys.
"""

import difflib
import json
from typing import Any, Self

import compute_limits
import limits
import pulumi
import refusals
from delivery import Github, Images, Pipeline, PipelineAccess, Registry, Release, State
from delivery_limits import PINNED
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError, model_validator
from refusals import AWS_FIELDS
from scalars import Flag
from sections import DefaultTags, Logs, Network, Section, Site, refusal
from services import ApiService, Capacity, WorkerService
from stores import Backup, Cache, Database
from watching import Alarms, Budget, Notifications

# fmt: off
AWS_KEYS = frozenset((
    "accessKey", "allowedAccountIds", "assumeRoleWithWebIdentity", "assumeRoles", "customCaBundle",
    "defaultTags", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "endpoints",
    "forbiddenAccountIds", "httpProxy", "httpsProxy", "ignoreTags", "insecure", "maxRetries",
    "noProxy", "profile", "region", "retryMode", "s3UsEast1RegionalEndpoint", "s3UsePathStyle",
    "secretKey", "sharedConfigFiles", "sharedCredentialsFiles", "skipCredentialsValidation",
    "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId", "stsRegion",
    "tagPolicyCompliance", "token", "tokenBucketRateLimiterCapacity", "useDualstackEndpoint",
    "useFipsEndpoint", "userAgents",
))
# fmt: on
"""What the provider takes. It refuses others too, but late and in several lines."""
NAMESPACES = ("aws", "docker", "docker-build", "pulumi")
"""Other namespaces that a stack's file may hold; add that of a provider that the program begins to use."""
ABSENT = (
    "release",
    "backup",
    "notifications",
    "alarms",
    "budget",
    "github",
    "pipeline",
    "pipelineAccess",
)
"""Sections that a stack has or has not; the others have defaults for everything."""


class Settings(Section):
    """All that may differ between two stacks."""

    region: limits.Region
    allowed_account_ids: limits.AllowedAccountIds
    default_tags: DefaultTags = DefaultTags()

    network: Network
    images: Images = Images()
    release: Release | None = None
    registry: Registry = Registry()
    capacity: Capacity = Capacity()
    api: ApiService = ApiService()
    worker: WorkerService = WorkerService()
    database: Database = Database()
    cache: Cache = Cache()
    backup: Backup | None = None
    site: Site = Site()
    notifications: Notifications | None = None
    alarms: Alarms | None = None
    budget: Budget | None = None
    github: Github | None = None
    pipeline: Pipeline | None = None
    pipeline_access: PipelineAccess | None = None
    state: State = State()
    logs: Logs = Logs()
    architecture: compute_limits.Architecture = "X86_64"
    protect: Flag = True
    """Refuses to delete what holds data, in Pulumi and in AWS."""
    enable_execute_command: Flag = False
    """Lets administrators open a shell in a task, logged."""
    tracing: Flag = False
    """The OpenTelemetry collector beside each task, to X-Ray: some 5 $ a million traces."""
    sample_data: Flag = False
    """Fills an empty catalogue, after the migrations."""

    @property
    def account_id(self) -> str:
        return self.allowed_account_ids[0]

    @property
    def internet_access(self) -> bool:
        """Whether tasks need more than the VPC's doors to AWS: X-Ray and its collector, another registry."""
        return self.tracing or not self.images.own_repository

    def pinned(self, image: str) -> str | None:
        """The URI, by digest, of an image of the release; None where images are not of a release.

        Raises RunError where the release lacks the image.
        """
        if self.release is None:
            return None
        if image not in self.release.images:
            raise refusals.error(
                f"{pulumi.get_project()}:release.images.{image}",
                f"is missing, must be {PINNED}",
            )
        return self.release.images[image]

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, values: dict[str, Any]) -> dict[str, Any]:
        # `Pulumi.yaml` must give an untyped key a value, and gives these an empty mapping.
        return {key: value for key, value in values.items() if key not in ABSENT or value != {}}

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for index, zone in enumerate(self.network.zones):
            if zone[:-1] != self.region:
                raise refusal(f"network.zones[{index}]", zone, f"a zone of {self.region} (aws:region)")
        if self.account_id in self.images.pull_account_ids:
            raise refusal("images.pullAccountIds", self.account_id, "accounts other than the stack's own")
        if self.images.source == "release" and self.release is None:
            raise refusal("release", None, "given (version, commit, images) where images.source is release")
        if self.images.source != "release" and self.release is not None:
            raise refusal("images.source", self.images.source, "release where causeway:release is given")
        platform = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}[self.architecture]
        if platform not in self.images.platforms:
            raise refusal(
                "images.platforms",
                list(self.images.platforms),
                f"a list with {platform}, which architecture {self.architecture} runs",
            )
        if self.budget is not None and self.alarms is None:
            raise refusal("alarms", None, "given (emails) where causeway:budget is, which reports to them")
        if self.pipeline and not (self.state.bucket or self.pipeline.access_token_secret_arn):
            raise refusal("state.bucket", None, "given for the pipeline, or pipeline.accessTokenSecretArn")
        self._reaches_what_it_needs()
        return self

    def _reaches_what_it_needs(self) -> None:
        ec2 = self.capacity.ec2
        reasons = {
            "tracing": self.tracing,
            "images.ownRepository false": not self.images.own_repository,
            "capacity.ec2": ec2 is not None,
        }
        for reason in (reason for reason, holds in reasons.items() if holds):
            if self.network.nat == "none":
                raise refusal("network.nat", "none", f"single, per-zone or regional with {reason}")
        if ec2 is None:
            return
        if ec2.architecture != self.architecture:
            allowed = f"an instance type of architecture {self.architecture}"
            raise refusal("capacity.ec2.instanceType", ec2.instance_type, allowed)


def load() -> Settings:
    """The settings of this stack. Raises RunError, with one line, for the first malformed value."""
    project = pulumi.get_project()
    keys = {"aws": AWS_KEYS, project: frozenset(refusals.fields(Settings)) - set(AWS_FIELDS)}
    values: dict[str, Any] = {}
    for key in _configured_keys():
        namespace, _, name = key.partition(":")
        if namespace in keys and name not in keys[namespace]:
            raise refusals.unknown(f"{namespace}:", name, keys[namespace])
        if namespace not in keys and namespace not in NAMESPACES:
            near = difflib.get_close_matches(key, [f"{project}:{known}" for known in keys[project]], n=1)
            hint = f"; did you mean {near[0]}?" if near else f", must be {', '.join((project, *NAMESPACES))}"
            raise refusals.error(key, f"has an unknown namespace{hint}")
        if namespace == project or (namespace == "aws" and name in AWS_FIELDS):
            values[name] = _parse(key, pulumi.Config(namespace).get(name))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # An unknown key often explains a missing one, not the other way round.
        problems = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
        raise refusals.malformed(Settings, problems[0]) from None


def _configured_keys() -> list[str]:
    """Every key of the stack, which pulumi.Config cannot list: set by a test, or by the engine."""
    return sorted({*runtime_config.get_config_env(), *runtime_config.CONFIG.get()})


def _parse(key: str, text: Any) -> Any:
    """Objects, lists, numbers and booleans arrive as JSON, text as it is."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
            allowed = refusals.allowed_values(refusals.fields(Settings)[key.partition(":")[2]])
            raise refusals.error(
                key, f"is {refusals.show(key, text)}, which is not valid JSON, must be {allowed}"
            ) from None
        return text
    return text if isinstance(value, str) else value
