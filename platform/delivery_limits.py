"""What registries, GitHub and AWS's delivery take, as types: see `limits`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from scalars import Text, Whole, distinct, from_to, text

ImageSource = Literal["build", "local", "release"]
Platform = Literal["linux/amd64", "linux/arm64"]
ScanFrequency = Literal["CONTINUOUS_SCAN", "SCAN_ON_PUSH"]


def _digits(value: object) -> object:
    # GitHub's ids have no leading zeros, so that an unquoted one is safe; its tokens carry text.
    return str(value) if type(value) is int and value < 10**20 else value


Platforms = Annotated[
    tuple[Platform, ...],
    AfterValidator(distinct),
    Field(min_length=1, description="a list of linux/amd64, linux/arm64 or both"),
]
KeptImages = Annotated[Whole, from_to(1, 10_000, "images")]
ReleaseVersion = Annotated[
    Text,
    text(
        "[0-9A-Za-z][0-9A-Za-z._-]*",
        "at most 64 letters, digits, dots and dashes (in quotes where it could be a number)",
        longest=64,
    ),
]
Commit = Annotated[
    Text, text("[0-9a-f]{40}", "a full git commit: 40 hexadecimal digits, in quotes", longest=40)
]
ImageName = Annotated[
    Text, text("[a-z][a-z0-9-]*", "an image's name: at most 63 lower-case letters, digits, dashes", 63)
]
PINNED = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST, or the same of another registry"
ImageUri = Annotated[
    Text,
    text(
        "[a-z0-9-]+([.][a-z0-9-]+)+(:[0-9]+)?/[a-z0-9][a-z0-9._/-]+@sha256:[0-9a-f]{64}",
        PINNED,
        longest=400,
    ),
]
ImageUris = Annotated[
    Mapping[ImageName, ImageUri],
    Field(min_length=1, description=f"a mapping of the images' names to {PINNED}"),
]

Repository = Annotated[
    Text,
    text(
        "[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]+",
        "OWNER/NAME of a GitHub repository, without wildcards",
        longest=140,
    ),
]
GithubId = Annotated[
    Text,
    BeforeValidator(_digits),
    text("[1-9][0-9]*", "the number that `gh api repos/OWNER/NAME` shows as .owner.id or .id", longest=20),
]
GithubEnvironment = Annotated[
    Text,
    text(
        "[A-Za-z0-9][A-Za-z0-9._-]*",
        "the name of a GitHub environment: letters, digits, dots and dashes, without wildcards",
        longest=100,
    ),
]

ExternalRepository = Annotated[
    Text,
    text(
        "[a-z0-9-]+([.][a-z0-9-]+)+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+",
        "registry and path without a tag, such as docker.io/acme/shop-api",
        longest=255,
    ),
]
Username = Annotated[Text, text(r"[^\s:]+", "the user who signs in there", longest=128)]
SecretArn = Annotated[
    Text,
    text(
        r"arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+",
        "the ARN of a secret in Secrets Manager",
        longest=600,
    ),
]
KeyArn = Annotated[
    Text, text("arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[a-z0-9-]+", "the ARN of a KMS key", longest=200)
]
StateBucket = Annotated[
    Text, text("[a-z0-9][a-z0-9.-]+[a-z0-9]", "the name of the bucket with Pulumi's state", longest=63)
]
Prefixes = Annotated[
    tuple[
        Annotated[
            Text,
            text(
                "[a-z0-9][a-z0-9._/-]+",
                "the beginning of repositories' names, without wildcards",
                longest=256,
            ),
        ],
        ...,
    ],
    AfterValidator(distinct),
    Field(description="a list of beginnings of repositories' names, without wildcards"),
]

RoleArn = Annotated[
    Text, text(r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+", "the ARN of one role", longest=600)
]
ConnectionArn = Annotated[
    Text,
    text(
        "arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[a-z0-9-]+",
        "the ARN of a connection of CodeConnections",
        longest=256,
    ),
]
StackName = Annotated[
    Text, text("[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,2}", "the name of a stack", longest=300)
]
Branch = Annotated[Text, text("[A-Za-z0-9][A-Za-z0-9._/-]*", "the name of a branch", longest=255)]
