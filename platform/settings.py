"""The typed configuration of one stack, and the only reader of `pulumi.Config`.

A malformed value ends the run, before anything is registered, in one line that names the file, the
key, the value and what is allowed. Defaults stand here only; `Pulumi.yaml` describes the keys.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, Self, get_args, get_origin

import limits
import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from sections import (
    ApiService,
    Cache,
    Database,
    DefaultTags,
    Github,
    Images,
    Logs,
    Network,
    Release,
    Section,
    Service,
    Site,
    refusal,
)

AWS_FIELDS = ("region", "allowedAccountIds", "defaultTags")
"""Keys of the namespace `aws` that become settings; the rest are the provider's business."""
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

SHOWN = 120
"""Characters of a key or value that an error shows."""


class Settings(Section):
    """All that may differ between two stacks."""

    region: limits.Region
    allowed_account_ids: limits.AllowedAccountIds
    default_tags: DefaultTags = DefaultTags()

    network: Network
    images: Images = Images()
    release: Release | None = None
    api: ApiService = ApiService()
    worker: Service = Service()
    database: Database = Database()
    cache: Cache = Cache()
    site: Site = Site()
    github: Github | None = None
    logs: Logs = Logs()
    architecture: limits.Architecture = "X86_64"
    protect: limits.Flag = True
    """Refuses to delete what holds data, in Pulumi and in AWS."""
    enable_execute_command: limits.Flag = False
    """Lets administrators open a shell in a task, logged."""
    sample_data: limits.Flag = False
    """Fills an empty catalogue when the API starts."""

    @property
    def account_id(self) -> str:
        return self.allowed_account_ids[0]

    def pinned(self, image: str) -> str | None:
        """The URI, by digest, of an image of the release; None where images are not of a release.

        Raises RunError where the release lacks the image.
        """
        if self.release is None:
            return None
        if image not in self.release.images:
            raise _error(
                f"{pulumi.get_project()}:release.images.{image}",
                f"is missing, must be {limits.PINNED}",
            )
        return self.release.images[image]

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, values: dict[str, Any]) -> dict[str, Any]:
        # `Pulumi.yaml` must give an untyped key a value, and gives these two an empty mapping.
        return {
            key: value for key, value in values.items() if key not in ("release", "github") or value != {}
        }

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
        return self


def load() -> Settings:
    """The settings of this stack. Raises RunError, with one line, for the first malformed value."""
    project = pulumi.get_project()
    keys = {"aws": AWS_KEYS, project: frozenset(_fields(Settings)) - set(AWS_FIELDS)}
    values: dict[str, Any] = {}
    for key in _configured_keys():
        namespace, _, name = key.partition(":")
        if namespace in keys and name not in keys[namespace]:
            raise _unknown(f"{namespace}:", name, keys[namespace])
        if namespace not in keys and namespace not in NAMESPACES:
            near = difflib.get_close_matches(key, [f"{project}:{known}" for known in keys[project]], n=1)
            hint = f"; did you mean {near[0]}?" if near else f", must be {', '.join((project, *NAMESPACES))}"
            raise _error(key, f"has an unknown namespace{hint}")
        if namespace == project or (namespace == "aws" and name in AWS_FIELDS):
            values[name] = _parse(key, pulumi.Config(namespace).get(name))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # An unknown key often explains a missing one, not the other way round.
        problems = sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden")
        raise _malformed(problems[0]) from None


def _configured_keys() -> list[str]:
    """Every key of the stack, which pulumi.Config cannot list: set by a test, or by the engine."""
    return sorted({*runtime_config.get_config_env(), *runtime_config.CONFIG.get()})


def _parse(key: str, text: Any) -> Any:
    """Objects, lists, numbers and booleans arrive as JSON, text as it is."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
            allowed = allowed_values(_fields(Settings)[key.partition(":")[2]])
            raise _error(key, f"is {_show(key, text)}, which is not valid JSON, must be {allowed}") from None
        return text
    return text if isinstance(value, str) else value


def _malformed(problem: ErrorDetails) -> pulumi.RunError:
    """The error for what pydantic found: the key by its path, and what is allowed there."""
    value, path, allowed = problem["input"], list(problem["loc"]), ""
    section: type[Section] | None = Settings
    field: FieldInfo | None = None
    for depth, part in enumerate(path):
        if section:
            field = _fields(section).get(str(part))
            if field is None:
                return _unknown(_key([*path[:depth], ""]), str(part), _fields(section))
            section, allowed = section_of(field), allowed_values(field)
        elif field:  # the item of a list, or the key or value of a mapping
            items = get_args(field.annotation)
            allowed = _described(items if path[-1] == "[key]" else items[::-1])
    if problem["type"] == "refusal":
        refused = problem.get("ctx", {})
        value, allowed = refused["value"], refused["allowed"]
        path.append(refused["path"])
    if value is None or problem["type"] == "missing":
        return _error(_key(path), f"is missing, must be {allowed}")
    return _error(_key(path), f"is {_show(_key(path), value)}, must be {allowed}")


def _unknown(prefix: str, name: str, known: Collection[str]) -> pulumi.RunError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {prefix}{near[0]}?" if near else f", must be one of {', '.join(sorted(known))}"
    return _error(prefix + name, f"is no key{hint}")


def _error(key: str, problem: str) -> pulumi.RunError:
    return pulumi.RunError(f"Pulumi.{pulumi.get_stack()}.yaml: {_printable(key)} {problem}")


def _key(path: Sequence[str | int]) -> str:
    """`causeway:network.zones[0]` from the path of pydantic's error."""
    namespace = "aws" if path[0] in AWS_FIELDS else pulumi.get_project()
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]"]
    return f"{namespace}:{''.join(parts)[1:]}"


def _show(key: str, value: Any) -> str:
    """A value as one short line; one that the stack's file keeps as a secret is not shown."""
    top = key.partition(".")[0].partition("[")[0]
    if runtime_config.is_config_secret(top) or top in runtime_config.get_config_secret_keys_env():
        return "[secret]"
    if isinstance(value, str):
        return _printable(repr(value))
    try:
        return _printable(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__} that is too large to show"


def _printable(text: str) -> str:
    escaped = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:SHOWN])
    return escaped if len(text) <= SHOWN else escaped + "..."


def _fields(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section by their keys in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _types(field: FieldInfo) -> tuple[Any, ...]:
    return field.annotation, *get_args(field.annotation)


def section_of(field: FieldInfo) -> type[Section] | None:
    return next((t for t in _types(field) if isinstance(t, type) and issubclass(t, Section)), None)


def _described(types: Iterable[Any]) -> str:
    """What the first of some types that says so allows: its description, or the values of a literal."""
    for type_ in types:
        if get_origin(type_) is Literal:
            *others, last = get_args(type_)
            return f"{', '.join(others)} or {last}"
        for info in getattr(type_, "__metadata__", ()):
            if isinstance(info, FieldInfo) and info.description:
                return info.description
    return ""


def allowed_values(field: FieldInfo) -> str:
    section = section_of(field)
    mapping = f"a mapping of {', '.join(_fields(section))}" if section else ""
    return mapping or field.description or _described(_types(field))
