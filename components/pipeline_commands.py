"""What the stages of the pipeline run, as CodeBuild's buildspecs."""

import json
from collections.abc import Sequence

import pulumi

PULUMI_VERSION = "3.272.0"
PYTHON_VERSION = "3.13"
RELEASE = "release.json"
"""Images by digest, as staging's output `images` has them: what production is pinned to."""


def test() -> list[str]:
    """All that main must pass. By bash, for an artifact of CodePipeline may forget what is executable."""
    return ["bash .ci/run"]


def build(stack: str) -> list[str]:
    """The images, and the key that their repositories are encrypted with; nothing that runs."""
    targets = " ".join(f"--target '**causeway:index:{kind}**'" for kind in ("Key", "Image"))
    return [*_pulumi(), f"pulumi up --yes --skip-preview --stack {stack} {targets}"]


def staging(stack: str) -> list[str]:
    """All of the stack; then writes down which images it runs."""
    return [
        *_pulumi(),
        f"pulumi up --yes --skip-preview --stack {stack}",
        f"pulumi stack output images --json --stack {stack} > {RELEASE}",
    ]


def production(stack: str, role_arn: str | None) -> list[str]:
    """Pins what staging runs, by digest, and deploys that: nothing is built.

    The pin stands in this stack's history: https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_history/
    """
    pin = f"pulumi config set --stack {stack} --path {pulumi.get_project()}:release"
    return [
        *_pulumi(),
        *(_sign_in(role_arn) if role_arn else []),
        "python3 -c 'import json, sys; [print(*image) for image in json.load(sys.stdin).items()]' "
        f'< "$CODEBUILD_SRC_DIR_Release/{RELEASE}" > images.txt',
        f'while read -r image uri; do {pin}.images."$image" "$uri" < /dev/null; done < images.txt',
        f'{pin}.version "$(date -u +%Y.%m.%d)-$CODEBUILD_BUILD_NUMBER"',
        f'{pin}.commit "$COMMIT"',
        f"pulumi up --yes --skip-preview --stack {stack}",
    ]


def buildspec(commands: Sequence[str], *, artifact: str | None = None) -> str:
    """The text of a buildspec. The commands are one script: what fails ends it, and variables stay.

    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
    """
    spec: dict[str, object] = {
        "version": 0.2,
        "env": {"shell": "bash"},
        "phases": {
            "install": {"runtime-versions": {"python": PYTHON_VERSION}},
            "build": {"commands": ["\n".join(["set -euo pipefail", *commands])]},
        },
    }
    if artifact:
        spec["artifacts"] = {"files": [artifact]}
    return json.dumps(spec, indent=2)


def _pulumi() -> list[str]:
    """The CLI of one version, which no script installs, and the environment of the program."""
    url = f"https://get.pulumi.com/releases/sdk/pulumi-v{PULUMI_VERSION}-linux-$arch.tar.gz"
    return [
        'case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac',
        f'curl --fail --silent --show-error --location "{url}"'
        " | tar -xz -C /usr/local/bin --strip-components=1",
        "make setup",
    ]


def _sign_in(role_arn: str) -> list[str]:
    """A profile that takes the role of another account, renewed as long as the deployment lasts."""
    profile = f"[profile deploy]\\nrole_arn = {role_arn}\\ncredential_source = EcsContainer\\n"
    return [
        "mkdir -p ~/.aws",
        f"printf '{profile}' > ~/.aws/config",
        "export AWS_PROFILE=deploy",
    ]
