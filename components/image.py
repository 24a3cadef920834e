"""A container image by its digest: built into this machine, or built and pushed, or pinned to a release."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pulumi
from pulumi_aws import ecr

from components import image_lifecycle
from components.external_repository import ExternalRepository
from components.fingerprint import fingerprint
from components.image_repository import PULL_ACTIONS, repository
from components.key import Key
from components.link import Permission, SecretValue
from components.names import refuse_bad_name

PINNED = re.compile(r"(?P<repository>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[a-z0-9._/-]+?)(:[\w.-]+)?"
)


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
    keep_releases: int = 50
    """Releases (tags `release-*`) that stay; what a stack runs (tags `running-*`) always stays."""
    keep_builds: int = 1000
    """Builds that stay. Production pinned by hand, without a release's tag, is but a build."""
    external_repositories: Sequence[ExternalRepository] = ()
    """Of Docker Hub and others: a build goes there too; a release may be pulled from there."""
    own_repository: bool = True
    """False: no repository of ECR; tasks run what went to the first of `external_repositories`."""

    def __post_init__(self) -> None:
        self._refuse_repositories()
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

    def _refuse_repositories(self) -> None:
        if self.keep_releases < 1 or self.keep_builds < 1:
            raise pulumi.RunError(
                f"image {self.context}: keep_releases is {self.keep_releases} and keep_builds "
                f"{self.keep_builds}; give 1 or more"
            )
        if not self.own_repository and not self.external_repositories:
            raise pulumi.RunError(
                f"image {self.context}: own_repository is False and external_repositories is empty; "
                "give one to push to"
            )
        if not self.own_repository and self.pull_account_ids:
            raise pulumi.RunError(
                f"image {self.context}: pull_account_ids are let into a repository of ECR, and "
                "own_repository is False; drop one"
            )
        names = [external.repository for external in self.external_repositories]
        if len(set(names)) < len(names):
            raise pulumi.RunError(f"image {self.context}: an external repository is given twice: {names}")

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
    pull_secret: SecretValue | None
    """What ECS signs in with, where the image comes from an external repository that is told here."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a repository's name has 256, with '-repository' and Pulumi's suffix"
        refuse_bad_name("image", name, longest=237, because=because)
        inputs = {"context": args.context, "source": args.source, "uri": args.uri}
        super().__init__("causeway:index:Image", name, inputs, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.repository_arn = self.pull_secret = None
        self.platforms = tuple(args.platforms) if args.source == "build" else ()
        if args.source == "local":
            self._build_locally(args)
        elif args.source == "build":
            self._build_and_push(args)
        else:
            self._pin(str(args.uri), args.external_repositories)
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

        # The repository's tags are immutable, so that a tag must follow from the content.
        tag = fingerprint(args.folder, args.dockerfile, args.build_args, args.platforms)
        registries: list[docker_build.RegistryArgsDict] = [
            {"address": external.address, "username": external.username, "password": external.password()}
            for external in args.external_repositories
        ]
        repositories = [pulumi.Output.from_input(one.repository) for one in args.external_repositories]
        tags = [pulumi.Output.concat(one, ":", tag) for one in repositories]
        if args.own_repository:
            own = repository(
                self._name,
                key=args.key,
                protect=args.protect,
                lifecycle=image_lifecycle.policy(args.keep_releases, args.keep_builds),
                pull_account_ids=args.pull_account_ids,
                parent=self,
            )
            token = ecr.get_authorization_token_output(registry_id=own.registry_id)
            registries.insert(
                0,
                {
                    "address": own.repository_url,
                    "username": token.user_name,
                    "password": pulumi.Output.secret(token.password),
                },
            )
            repositories.insert(0, own.repository_url)
            running = image_lifecycle.running_tag(pulumi.get_stack())
            tags = [pulumi.Output.concat(own.repository_url, ":", name) for name in (tag, running)] + tags
            self.repository_arn = own.arn
        else:
            self.pull_secret = args.external_repositories[0].pull_secret()
        cache = pulumi.Output.concat(repositories[0], ":cache")
        image = docker_build.Image(
            f"{self._name}-image",
            context={"location": args.path},
            dockerfile={"location": f"{args.path}/{args.dockerfile}"},
            build_args=args.build_args,
            platforms=[docker_build.Platform(platform) for platform in args.platforms],
            tags=tags,
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
            registries=registries,
            opts=self._child,
        )
        self.digest = image.digest
        self.uri = pulumi.Output.concat(repositories[0], "@", image.digest)

    def _pin(self, uri: str, externals: Sequence[ExternalRepository]) -> None:
        source, digest = uri.rsplit("@", 1)
        self.uri, self.digest = pulumi.Output.from_input(uri), pulumi.Output.from_input(digest)
        self.pull_secret = next((one.pull_secret() for one in externals if one.repository == source), None)
        registry = ECR.fullmatch(source)
        if registry:
            arn = f"arn:aws:ecr:{registry['region']}:{registry['account']}:repository/{registry['name']}"
            self.repository_arn = pulumi.Output.from_input(arn)
