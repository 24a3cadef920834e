"""What AWS and GitHub take, as types: a description says, in an error, what is allowed.

Scalars are strict: a YAML `no`, `1e3` or unquoted account id is refused, not converted.
"""

import ipaddress
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict

PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""No public address is in them: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
TAKEN = {"172.17.0.0/16": "Docker's bridge"}
"""Private blocks that hosts use themselves: a VPC over them loses traffic in silence."""

Nat = Literal["none", "single", "per-zone", "regional"]
ImageSource = Literal["build", "local", "release"]
Platform = Literal["linux/amd64", "linux/arm64"]
Architecture = Literal["X86_64", "ARM64"]
EvictionPolicy = Literal[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
]
PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]


def _block(value: str) -> str:
    # IPv4Network also takes netmasks and bare addresses; one spelling keeps comparisons and diffs plain.
    if str(ipaddress.IPv4Network(value)) != value:
        raise ValueError(value)
    return value


def _vpc_block(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    private = any(network.subnet_of(block) for block in PRIVATE)
    if not private or not 16 <= network.prefixlen <= 23:  # noqa: PLR2004 as VpcBlock's description says
        raise ValueError(value)
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError(values)
    return values


def _half_steps(value: float) -> float:
    if not (value * 2).is_integer():
        raise ValueError(value)
    return value


def _digits(value: object) -> object:
    # GitHub's ids have no leading zeros, so that an unquoted one is safe; its tokens carry text.
    return str(value) if type(value) is int and value < 10**20 else value


def _one_of(allowed: Container[int]) -> AfterValidator:
    def check(value: int) -> int:
        if value not in allowed:
            raise ValueError(value)
        return value

    return AfterValidator(check)


def _from_to(low: int, high: int, unit: str) -> Any:
    return Field(ge=low, le=high, description=f"a whole number from {low} to {high} {unit}")


def _text(pattern: str, description: str, longest: int) -> Any:
    # A long counted repetition is slow to compile, so that the length stands beside the pattern.
    return Field(pattern=f"^{pattern}$", max_length=longest, description=description)


Flag = Annotated[bool, Strict(), Field(description="true or false")]
Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]

Region = Annotated[
    Text,
    _text(
        "(af|ap|ca|eu|il|me|mx|sa|us)-(north|south|east|west|central|(north|south)(east|west))-[1-9]",
        "an AWS region of the commercial partition, such as eu-west-1",
        longest=20,
    ),
]
AccountId = Annotated[Text, _text("[0-9]{12}", "an account id: 12 digits, in quotes", longest=12)]
AllowedAccountIds = Annotated[
    tuple[AccountId, ...],
    Field(min_length=1, max_length=1, description="a list of one account id: 12 digits, in quotes"),
]
AccountIds = Annotated[
    tuple[AccountId, ...],
    AfterValidator(_distinct),
    Field(description="a list of different account ids: 12 digits each, in quotes"),
]
TagName = Annotated[
    Text, _text(r"[\p{L}\p{N} _.:/=+@-]+", "a tag's name: 1 to 128 letters, digits, spaces, _.:/=+@-", 128)
]
TagValue = Annotated[
    Text,
    _text(
        r"[\p{L}\p{N} _.:/=+@-]*",
        "at most 256 letters, digits, spaces, _.:/=+@- (numbers, yes and no in quotes)",
        longest=256,
    ),
]
Tags = Annotated[
    Mapping[TagName, TagValue],
    Field(max_length=10, description="a mapping of at most 10 tags (S3 objects take no more) to text"),
]

Block = Annotated[
    Text, AfterValidator(_block), Field(description="an IPv4 block without host bits, such as 10.30.0.0/16")
]
Blocks = Annotated[
    tuple[Block, ...], Field(description="a list of IPv4 blocks of other networks, such as 10.30.0.0/16")
]
VpcBlock = Annotated[
    Block,
    AfterValidator(_vpc_block),
    Field(
        description="a private IPv4 block from /16 to /23 in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 "
        "or 100.64.0.0/10, such as 10.20.0.0/16"
    ),
]
Zone = Annotated[
    Text, _text("[a-z]+-[a-z]+-[1-9][a-h]", "an availability zone of the region, such as eu-west-1a", 21)
]
Zones = Annotated[
    tuple[Zone, ...],
    AfterValidator(_distinct),
    Field(
        min_length=2,
        description="a list of 2 to 8 different availability zones of the region, such as eu-west-1a",
    ),
]

Platforms = Annotated[
    tuple[Platform, ...],
    AfterValidator(_distinct),
    Field(min_length=1, description="a list of linux/amd64, linux/arm64 or both"),
]
ReleaseVersion = Annotated[
    Text,
    _text(
        "[0-9A-Za-z][0-9A-Za-z._-]*",
        "at most 64 letters, digits, dots and dashes (in quotes where it could be a number)",
        longest=64,
    ),
]
Commit = Annotated[
    Text, _text("[0-9a-f]{40}", "a full git commit: 40 hexadecimal digits, in quotes", longest=40)
]
ImageName = Annotated[
    Text, _text("[a-z][a-z0-9-]*", "an image's name: at most 63 lower-case letters, digits, dashes", 63)
]
PINNED = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST"
ImageUri = Annotated[
    Text,
    _text(
        "[0-9]{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com/[a-z0-9][a-z0-9._/-]+@sha256:[0-9a-f]{64}",
        PINNED,
        longest=400,
    ),
]
ImageUris = Annotated[
    Mapping[ImageName, ImageUri],
    Field(min_length=1, description=f"a mapping of the images' names to {PINNED}"),
]

FARGATE_MEMORY_MIB: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size"""
Cpu = Annotated[
    Whole,
    _one_of(FARGATE_MEMORY_MIB),
    Field(description="256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units (1024 are one vCPU)"),
]
MemoryMib = Annotated[Whole, _from_to(512, 122880, "MiB that Fargate offers with the cpu")]
TaskCount = Annotated[Whole, _from_to(1, 5000, "tasks (the quota of an ECS service)")]

Capacity = Annotated[float, Strict(), AfterValidator(_half_steps)]
MinCapacity = Annotated[
    Capacity, Field(ge=0, le=256, description="0 to 256 Aurora capacity units in steps of 0.5")
]
MaxCapacity = Annotated[
    Capacity, Field(ge=1, le=256, description="1 to 256 Aurora capacity units in steps of 0.5")
]
Readers = Annotated[Whole, _from_to(0, 15, "readers")]
BackupDays = Annotated[Whole, _from_to(1, 35, "days")]

NodeType = Annotated[
    Text,
    _text(
        "cache[.][a-z][0-9][a-z]*[.](micro|small|medium|large|[0-9]*xlarge)",
        "an ElastiCache node type, such as cache.t4g.micro",
        longest=30,
    ),
]
CacheNodes = Annotated[Whole, _from_to(1, 6, "nodes: a primary and its replicas")]
SnapshotDays = Annotated[Whole, _from_to(0, 35, "days, where 0 takes no snapshots")]

# fmt: off
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)
# fmt: on
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
LogDays = Annotated[
    Whole,
    _one_of(LOG_RETENTION_DAYS),
    Field(description=f"days as CloudWatch offers them: {', '.join(map(str, LOG_RETENTION_DAYS))}"),
]

Domain = Annotated[
    Text,
    _text(  # 64: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
        "([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "a host name of at most 64 characters in lower case, such as shop.example.com",
        longest=64,
    ),
]
HostedZoneId = Annotated[
    Text, _text("Z[A-Z0-9]+", "the id of a Route 53 hosted zone, such as Z0123456789ABCDEF", longest=32)
]

Repository = Annotated[
    Text,
    _text(
        "[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]+",
        "OWNER/NAME of a GitHub repository, without wildcards",
        longest=140,
    ),
]
GithubId = Annotated[
    Text,
    BeforeValidator(_digits),
    _text("[1-9][0-9]*", "the number that `gh api repos/OWNER/NAME` shows as .owner.id or .id", longest=20),
]
GithubEnvironment = Annotated[
    Text,
    _text(
        "[A-Za-z0-9][A-Za-z0-9._-]*",
        "the name of a GitHub environment: letters, digits, dots and dashes, without wildcards",
        longest=100,
    ),
]
