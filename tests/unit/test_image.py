"""Images: three sources, one uri; immutable tags that follow from the content; pulled by who may."""

import json
import os
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.external_repository import ExternalRepository
from components.fingerprint import fingerprint
from components.image import Image, ImageArgs
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

DIGEST = "sha256:" + "ab" * 32
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/api-repository"


@pytest.fixture
def build(key: Any, source: Path) -> Any:
    def make(preview: bool = False, **arguments: Any) -> Run:
        def program() -> Image:
            image = Image("api", ImageArgs(**{"context": str(source), "key": key(), **arguments}))
            pulumi.export("uri", image.uri)
            pulumi.export("digest", image.digest)
            pull = image.pull()
            pulumi.export("pull", pull.statement() if pull else None)
            return image

        return record(program, preview=preview)

    return make


PULL = {
    "Effect": "Allow",
    "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
}


def test_local(build: Any, within: Any, one: Any, source: Path) -> None:
    run = build(source="local")
    assert within(run, "Image") == [("docker:index/image:Image", "api-image")]
    uri = f"causeway/api:{fingerprint(source, 'Dockerfile', {})}"
    folder = os.path.relpath(source)
    inputs = one(run, "docker:index/image:Image", "api-image").inputs
    assert (inputs["imageName"], inputs["skipPush"]) == (uri, True)
    assert (inputs["build"]["context"], inputs["build"]["dockerfile"]) == (folder, f"{folder}/Dockerfile")
    assert run.outputs["uri"] == uri
    assert run.outputs.get("pull") is None
    component = one(run, "causeway:index:Image", "api")
    assert component.inputs == {"context": str(source), "source": "local"}


def test_build_children(build: Any, within: Any, one: Any, source: Path) -> None:
    run = build(source="build", platforms=["linux/amd64", "linux/arm64"], build_args={"A": "b"})
    assert within(run, "Image") == [
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "api-lifecycle"),
        ("aws:ecr/repository:Repository", "api-repository"),
        ("docker-build:index:Image", "api-image"),
    ]
    repository = one(run, "aws:ecr/repository:Repository", "api-repository")
    assert repository.options.protect
    assert repository.inputs == {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filter": "cache*", "filterType": "WILDCARD"},
            {"filter": "running-*", "filterType": "WILDCARD"},
        ],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [
            {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shop-key"}
        ],
        "forceDelete": False,
    }
    image = one(run, "docker-build:index:Image", "api-image").inputs
    tag = fingerprint(source, "Dockerfile", {"A": "b"}, ["linux/amd64", "linux/arm64"])
    assert image["tags"] == [f"{REGISTRY}/api-repository:{tag}", f"{REGISTRY}/api-repository:running-test"]
    assert (image["push"], image["buildOnPreview"]) == (True, False)
    assert image["platforms"] == ["linux/amd64", "linux/arm64"]
    assert image["cacheFrom"] == [{"registry": {"ref": f"{REGISTRY}/api-repository:cache"}}]
    assert image["cacheTo"][0]["registry"]["mode"] == "max"
    assert "4dabf18193072939515e22adb298388d" in image["registries"], "the registry's password is a secret"
    digest = run.outputs["digest"]
    assert run.outputs["uri"] == f"{REGISTRY}/api-repository@{digest}"
    assert run.outputs["pull"] == {**PULL, "Resource": [REPOSITORY]}


def lifecycle(run: Run, one: Any) -> list[dict[str, Any]]:
    rules = json.loads(one(run, "aws:ecr/lifecyclePolicy:LifecyclePolicy", "api-lifecycle").inputs["policy"])
    return sorted(rules["rules"], key=lambda rule: rule["rulePriority"])


def expired(rules: list[dict[str, Any]], images: list[set[str]]) -> list[set[str]]:
    """What ECR expires of images (tags, oldest first): a rule that matches shields from later ones."""
    gone: list[set[str]] = []
    shielded: list[set[str]] = []
    for rule in rules:
        selection = rule["selection"]
        if selection["tagStatus"] == "untagged":
            continue
        (pattern,) = selection["tagPatternList"]
        matching = [tags for tags in images if any(fnmatchcase(tag, pattern) for tag in tags)]
        surplus = matching[: max(0, len(matching) - selection["countNumber"])]
        gone += [tags for tags in surplus if tags not in shielded and tags not in gone]
        shielded += matching
    return gone


def test_lifecycle_spares_what_runs_and_the_last_releases(build: Any, one: Any) -> None:
    rules = lifecycle(build(source="build", keep_releases=2, keep_builds=3), one)
    assert [(r["selection"]["tagStatus"], r["selection"].get("tagPatternList")) for r in rules] == [
        ("tagged", ["running-*"]),
        ("tagged", ["release-*"]),
        ("untagged", None),
        ("tagged", ["*"]),
    ]
    assert all(rule["action"] == {"type": "expire"} for rule in rules)
    images = [
        {"a", "running-prod", "release-0"},
        {"b", "release-1"},
        {"c"},
        {"d", "release-2"},
        {"e", "release-3"},
        *({f"f{number}"} for number in range(4)),
        {"running-test", "g"},
    ]
    assert expired(rules, images) == [{"b", "release-1"}, {"c"}, {"f0"}, {"f1"}]


def test_lifecycle_by_default_keeps_what_a_hand_may_have_pinned(build: Any, one: Any) -> None:
    rules = lifecycle(build(source="build"), one)
    assert [rule["selection"]["countNumber"] for rule in rules] == [1000, 50, 14, 1000]
    assert rules[2]["selection"]["countType"] == "sinceImagePushed", "by age only what has no tag"
    assert {rules[n]["selection"]["countType"] for n in (0, 1, 3)} == {"imageCountMoreThan"}


SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:docker-hub-AbCdEf"
HUB = {"repository": "docker.io/acme/shop-api", "username": "acme", "secret_arn": SECRET}
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"


def pulled_with(run: Run) -> Any:
    secret = run.value.pull_secret
    return secret and (secret.arn, secret.kms_key_arn)


def test_pushed_to_docker_hub_too(build: Any, within: Any, one: Any, source: Path) -> None:
    run = build(source="build", external_repositories=[ExternalRepository(**HUB)])
    assert len(within(run, "Image")) == 3
    image = one(run, "docker-build:index:Image", "api-image").inputs
    tag = fingerprint(source, "Dockerfile", {}, ["linux/amd64"])
    assert image["tags"] == [
        f"{REGISTRY}/api-repository:{tag}",
        f"{REGISTRY}/api-repository:running-test",
        f"docker.io/acme/shop-api:{tag}",
    ]
    registries = image["registries"]["value"]
    assert [registry["address"] for registry in registries] == [f"{REGISTRY}/api-repository", "docker.io"]
    assert (registries[1]["username"], registries[1]["password"]) == ("acme", "password")
    assert SECRET_SIGNATURE in image["registries"], "the registries' passwords are secrets"
    assert run.outputs["uri"].startswith(f"{REGISTRY}/api-repository@sha256:")
    assert pulled_with(run) is None


def test_run_from_another_registry(build: Any, within: Any, one: Any, source: Path) -> None:
    hub = ExternalRepository(**HUB, secret_key_arn="key")
    run = build(source="build", own_repository=False, external_repositories=[hub])
    assert within(run, "Image") == [("docker-build:index:Image", "api-image")]
    image = one(run, "docker-build:index:Image", "api-image").inputs
    assert image["tags"] == [
        f"docker.io/acme/shop-api:{fingerprint(source, 'Dockerfile', {}, ['linux/amd64'])}"
    ]
    assert image["cacheTo"][0]["registry"]["ref"] == "docker.io/acme/shop-api:cache"
    assert run.outputs["uri"] == f"docker.io/acme/shop-api@{run.outputs['digest']}"
    assert run.outputs.get("pull") is None
    assert pulled_with(run) == (SECRET, "key")


def test_a_preview_reads_no_password(build: Any, one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise AssertionError("read in a preview")

    monkeypatch.setattr("pulumi_aws.secretsmanager.get_secret_version_output", refuse)
    run = build(source="build", preview=True, external_repositories=[ExternalRepository(**HUB)])
    registries = one(run, "docker-build:index:Image", "api-image").inputs["registries"]["value"]
    assert registries[1]["password"] == ""


def test_release_of_a_private_registry(build: Any) -> None:
    external = [ExternalRepository(**HUB)]
    release = build(source="release", uri=f"docker.io/acme/shop-api@{DIGEST}", external_repositories=external)
    assert pulled_with(release) == (SECRET, None)
    other = build(source="release", uri=f"{REGISTRY}/api@{DIGEST}", external_repositories=external)
    assert pulled_with(other) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repository": "acme/shop-api"}, "external repository is 'acme/shop-api'; give registry and path"),
        ({"repository": "docker.io/acme/api:v1"}, "without a tag"),
        ({"repository": "docker.io/Acme/api"}, "external repository is 'docker.io/Acme/api'"),
        ({"username": ""}, "has no username; give one"),
        ({"secret_arn": "hunter2"}, "give the ARN of a secret in Secrets Manager"),
    ],
)
def test_refuses_a_repository_that_no_image_goes_to(change: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        ExternalRepository(**{**HUB, **change})
    assert "\n" not in str(refusal.value)


def test_other_accounts_may_pull_and_no_more(build: Any, one: Any) -> None:
    run = build(source="build", pull_account_ids=["222222222222"])
    policy = json.loads(one(run, "aws:ecr/repositoryPolicy:RepositoryPolicy", "api-pull").inputs["policy"])
    assert policy["Statement"] == [
        {**PULL, "Sid": "OtherAccountsPull", "Principal": {"AWS": ["arn:aws:iam::222222222222:root"]}}
    ]


def test_release(build: Any, within: Any) -> None:
    run = build(source="release", context="no/such/folder", uri=f"{REGISTRY}/shop/api@{DIGEST}")
    assert within(run, "Image") == []
    assert (run.outputs["uri"], run.outputs["digest"]) == (f"{REGISTRY}/shop/api@{DIGEST}", DIGEST)
    assert run.outputs["pull"]["Resource"] == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop/api"]


def test_release_of_another_registry_needs_no_permission(build: Any) -> None:
    assert build(source="release", uri=f"ghcr.io/org/api@{DIGEST}").outputs.get("pull") is None


def test_preview_with_nothing_known(build: Any, within: Any, unknown: None) -> None:
    assert len(within(build(source="build", preview=True), "Image")) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "build", "context": "no/such/folder"}, "there is no folder 'no/such/folder' in "),
        ({"source": "local", "context": "no/such/folder"}, "there is no folder"),
        ({"source": "build", "dockerfile": "Other"}, "there is no Other in "),
        ({"source": "build", "uri": f"x@{DIGEST}"}, "uri is for source release, and source is build"),
        ({"source": "build", "own_repository": False}, "external_repositories is empty; give one"),
        (
            {
                "source": "build",
                "own_repository": False,
                "external_repositories": [ExternalRepository(**HUB)],
                "pull_account_ids": ["222222222222"],
            },
            "pull_account_ids are let into a repository of ECR",
        ),
        ({"source": "build", "external_repositories": [ExternalRepository(**HUB)] * 2}, "given twice"),
        ({"source": "build", "keep_releases": 0}, "keep_releases is 0 and keep_builds 1000; give 1 or more"),
        ({"source": "release"}, "uri is None; a release is pinned by digest"),
        ({"source": "release", "uri": "repository:tag"}, "uri is 'repository:tag'; a release is pinned"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str, build: Any) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


def tag(folder: Path, dockerfile: str = "Dockerfile", **build_args: str) -> str:
    return fingerprint(folder, dockerfile, build_args)


def test_a_tag_follows_from_the_content_alone(source: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(source, elsewhere)
    os.utime(elsewhere / "main", (0, 0))
    assert tag(elsewhere) == tag(source)
    assert tag(source, A="b") != tag(source)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "main").write_text("other"),
        lambda folder: (folder / "main").rename(folder / "renamed"),
        lambda folder: (folder / "main").chmod(0o755),
        lambda folder: (folder / "Dockerfile").write_text("FROM other"),
        lambda folder: (folder / "link").symlink_to("main"),
    ],
)
def test_a_tag_follows_a_change(change: Any, source: Path) -> None:
    before = tag(source)
    change(source)
    assert tag(source) != before


@pytest.mark.parametrize(
    ("rules", "ignored", "counted"),
    [
        ("*.pyc\ntests/\n# main\n", ["a.pyc", "tests/x"], ["main", "b/a.pyc"]),
        ("**/*.pyc", ["a.pyc", "b/c/a.pyc"], ["main"]),
        ("**/__pycache__", ["__pycache__/x", "b/__pycache__/x"], ["main"]),
        ("**\n!shop\n**/*.pyc", ["main", "tests/x", "shop/a.pyc"], ["shop/x", "shop/y/z"]),
        ("*\n!shop/keep", ["main", "shop/x"], ["shop/keep"]),
        ("[ab]?", ["a1", "b2/x"], ["c1", "a12"]),
        ("/main\n", ["main"], ["b/main"]),
    ],
)
def test_dockerignore(rules: str, ignored: list[str], counted: list[str], source: Path) -> None:
    (source / "main").unlink()
    (source / ".dockerignore").write_text(f"{rules}\n.dockerignore\n")
    empty = tag(source)
    for name in (*ignored, *counted):
        path = source / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("content")
        assert (tag(source) == empty) == (name in ignored), name
        path.unlink()


def test_the_dockerfile_counts_though_ignored(source: Path) -> None:
    (source / ".dockerignore").write_text("**\n")
    before = tag(source)
    (source / "Dockerfile").write_text("FROM other")
    assert tag(source) != before
