"""A container image by its digest: built into this machine, or built and pushed, or pinned to a release."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pulumi
from pulumi_aws import ecr

from components.fingerprint import fingerprint
from components.key import Key
from components.link import Permission
from components.names import refuse_bad_name

PINNED = re.compile(r"(?P<repository>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[a-z0-9._/-]+?)(:[\w.-]+)?"
)
UNTAGGED_DAYS = 14
PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    context: str
    """Folder of the Dockerfile, from the root of the project: `app/api`."""
    source: Literal["local", "build", "release"]
    """`local`: into this machine's Docker. `build`: to this stack's repository. `release`: nothing built."""
    uri: str | None = None
    """With `release`: what to run, `REPOSITORY@sha256:...`."""
    platforms: Sequence[str] = ("linux/amd64",)
    pull_account_ids: Sequence[str] = ()
    """Other accounts, such as production's, that may pull what is built here."""
    key: Key
    dockerfile: str = "Dockerfile"
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    """Never a secret: they stay in the image's history."""
    protect: bool = True

    def __post_init__(self) -> None:
        if self.source != "release":
            if self.uri is not None:
                raise pulumi.RunError(
                    f"image {self.context}: uri is for source release, and source is {self.source}; drop one"
                )
            if not self.folder.is_dir():
                raise pulumi.RunError(
                    f"image: there is no folder '{self.context}' in {pulumi.get_root_directory()}; "
                    "correct `context` in platform/__main__.py"
                )
            if not (self.folder / self.dockerfile).is_file():
                raise pulumi.RunError(
                    f"image: there is no {self.dockerfile} in '{self.context}'; "
                    "add it, or name it by `dockerfile` in platform/__main__.py"
                )
        elif self.uri is None or not PINNED.fullmatch(self.uri):
            raise pulumi.RunError(
                f"image {self.context}: uri is {self.uri!r}; a release is pinned by digest, "
                "such as REPOSITORY@sha256:..., under `release` in the stack's file"
            )

    @property
    def folder(self) -> Path:
        return Path(pulumi.get_root_directory()) / self.context

    @property
    def path(self) -> str:
        """The folder from where the program runs, so that the state of one machine suits another."""
        return os.path.relpath(self.folder)


class Image(pulumi.ComponentResource):
    """What a task runs. Its inputs name the folder it comes from, for tools."""

    uri: pulumi.Output[str]
    """By digest; of `local` by a tag that follows from the folder's content."""
    digest: pulumi.Output[str]
    repository_arn: pulumi.Output[str] | None
    platforms: Sequence[str]
    """Empty for what is not built here."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a repository's name has 256, with '-repository' and Pulumi's suffix"
        refuse_bad_name("image", name, longest=237, because=because)
        inputs = {"context": args.context, "source": args.source, "uri": args.uri}
        super().__init__("causeway:index:Image", name, inputs, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.repository_arn = None
        self.platforms = tuple(args.platforms) if args.source == "build" else ()
        if args.source == "local":
            self._build_locally(args)
        elif args.source == "build":
            self._build_and_push(args)
        else:
            self._pin(str(args.uri))
        self.register_outputs({"uri": self.uri, "digest": self.digest})

    def pull(self) -> Permission | None:
        """Permission to pull this image and no other; None where it is in no repository of ECR."""
        if self.repository_arn is None:
            return None
        return Permission(actions=PULL_ACTIONS, resources=[self.repository_arn])

    def _build_locally(self, args: ImageArgs) -> None:
        import pulumi_docker as docker  # noqa: PLC0415 0.15 s of import, for the stacks that build so

        tag = fingerprint(args.folder, args.dockerfile, args.build_args)
        image = docker.Image(
            f"{self._name}-image",
            image_name=f"{pulumi.get_project()}/{self._name}:{tag}",
            build={
                "context": args.path,
                "dockerfile": f"{args.path}/{args.dockerfile}",
                "args": args.build_args,
            },
            skip_push=True,
            opts=self._child,
        )
        self.uri, self.digest = image.image_name, image.repo_digest

    def _build_and_push(self, args: ImageArgs) -> None:
        import pulumi_docker_build as docker_build  # noqa: PLC0415 0.15 s of import, likewise

        repository = self._make_repository(args)
        token = ecr.get_authorization_token_output(registry_id=repository.registry_id)
        # The repository's tags are immutable, so that a tag must follow from the content.
        tag = fingerprint(args.folder, args.dockerfile, args.build_args, args.platforms)
        cache = pulumi.Output.concat(repository.repository_url, ":cache")
        image = docker_build.Image(
            f"{self._name}-image",
            context={"location": args.path},
            dockerfile={"location": f"{args.path}/{args.dockerfile}"},
            build_args=args.build_args,
            platforms=[docker_build.Platform(platform) for platform in args.platforms],
            tags=[pulumi.Output.concat(repository.repository_url, ":", tag)],
            push=True,
            build_on_preview=False,
            cache_from=[{"registry": {"ref": cache}}],
            cache_to=[
                {
                    "registry": {
                        "ref": cache,
                        "mode": docker_build.CacheMode.MAX,
                        "image_manifest": True,
                        "oci_media_types": True,
                    }
                }
            ],
            registries=[
                {
                    "address": repository.repository_url,
                    "username": token.user_name,
                    "password": pulumi.Output.secret(token.password),
                }
            ],
            opts=self._child,
        )
        self.digest = image.digest
        self.uri = pulumi.Output.concat(repository.repository_url, "@", image.digest)
        self.repository_arn = repository.arn

    def _make_repository(self, args: ImageArgs) -> ecr.Repository:
        repository = ecr.Repository(
            f"{self._name}-repository",
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[{"filter": "cache*", "filter_type": "WILDCARD"}],
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key.arn}],
            force_delete=False,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        # Every image built has a tag for ever. No count or age may expire those: production may run, or a
        # rollback need, any of them. Without a tag are only earlier caches.
        untagged = {
            "rulePriority": 1,
            "description": f"Earlier build caches, after {UNTAGGED_DAYS} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        }
        ecr.LifecyclePolicy(
            f"{self._name}-lifecycle",
            repository=repository.name,
            policy=pulumi.Output.json_dumps({"rules": [untagged]}),
            opts=self._child,
        )
        if args.pull_account_ids:
            pull = {
                "Sid": "OtherAccountsPull",
                "Effect": "Allow",
                "Principal": {
                    "AWS": [f"arn:aws:iam::{account}:root" for account in sorted(args.pull_account_ids)]
                },
                "Action": list(PULL_ACTIONS),
            }
            ecr.RepositoryPolicy(
                f"{self._name}-pull",
                repository=repository.name,
                policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [pull]}),
                opts=self._child,
            )
        return repository

    def _pin(self, uri: str) -> None:
        repository, digest = uri.rsplit("@", 1)
        self.uri, self.digest = pulumi.Output.from_input(uri), pulumi.Output.from_input(digest)
        registry = ECR.fullmatch(repository)
        if registry:
            arn = f"arn:aws:ecr:{registry['region']}:{registry['account']}:repository/{registry['name']}"
            self.repository_arn = pulumi.Output.from_input(arn)
