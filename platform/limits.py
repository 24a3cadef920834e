"""What AWS and GitHub take, as types: each value's description says, in an error, what is allowed.

Scalars are strict: a YAML `no`, `1e3` or unquoted account id is refused, not converted.
"""

import ipaddress
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict

Flag = Annotated[bool, Strict(), Field(description="true or false")]
Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]

PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""Blocks that no public address answers from: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
TAKEN = {"172.17.0.0/16": "Docker's bridge"}
"""Private blocks that hosts use themselves: a VPC over them loses traffic in silence."""


def _block(value: str) -> str:
    # IPv4Network also takes netmasks and bare addresses; one spelling keeps comparisons and diffs plain.
    if str(ipaddress.IPv4Network(value)) != value:
        raise ValueError(value)
    return value


def _private(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    if not any(network.subnet_of(block) for block in PRIVATE):
        raise ValueError(value)
    return value


def _vpc_size(value: str) -> str:
    if not 16 <= ipaddress.IPv4Network(value).prefixlen <= 23:  # noqa: PLR2004 named in the description
        raise ValueError(value)
    return value


def _half_steps(value: float) -> float:
    if not (value * 2).is_integer():
        raise ValueError(value)
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError(values)
    return values


def _one_of(allowed: Container[int]) -> AfterValidator:
    def check(value: int) -> int:
        if value not in allowed:
            raise ValueError(value)
        return value

    return AfterValidator(check)


def _digits(value: object) -> object:
    # GitHub's ids have no leading zeros, so that an unquoted one is safe; its tokens carry text.
    return str(value) if type(value) is int and value < 10**20 else value


Block = Annotated[Text, AfterValidator(_block)]
VpcBlock = Annotated[
    Block,
    AfterValidator(_private),
    AfterValidator(_vpc_size),
    Field(
        description="a private IPv4 block from /16 to /23 in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 "
        "or 100.64.0.0/10, such as 10.20.0.0/16"
    ),
]
Blocks = Annotated[
    tuple[Block, ...],
    Field(description="a list of IPv4 blocks that other networks use, such as 10.30.0.0/16"),
]

Region = Annotated[
    Text,
    Field(
        pattern="^(af|ap|ca|eu|il|me|mx|sa|us)-(north|south|east|west|central|(north|south)(east|west))-[1-9]$",
        description="an AWS region of the commercial partition, such as eu-west-1",
    ),
]
Zone = Annotated[Text, Field(pattern="^[a-z]+-[a-z]+-[1-9][a-h]$")]
Zones = Annotated[
    tuple[Zone, ...],
    AfterValidator(_distinct),
    Field(
        min_length=2,
        description="a list of 2 to 8 different availability zones of the region, such as eu-west-1a",
    ),
]

AccountId = Annotated[Text, Field(pattern="^[0-9]{12}$")]
AllowedAccountIds = Annotated[
    tuple[AccountId, ...],
    Field(min_length=1, max_length=1, description="a list of exactly one account id: 12 digits, in quotes"),
]
AccountIds = Annotated[
    tuple[AccountId, ...],
    AfterValidator(_distinct),
    Field(description="a list of different account ids: 12 digits each, in quotes"),
]
TagName = Annotated[Text, Field(min_length=1, max_length=128, pattern=r"^[\p{L}\p{N} _.:/=+@-]+$")]
TagValue = Annotated[Text, Field(max_length=256, pattern=r"^[\p{L}\p{N} _.:/=+@-]*$")]
Tags = Annotated[
    Mapping[TagName, TagValue],
    Field(
        max_length=10,  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
        description="at most 10 tags (S3 objects take no more), names to text (quote numbers, yes and no) "
        "of letters, digits, spaces and _.:/=+@-",
    ),
]

Platforms = Annotated[
    tuple[Literal["linux/amd64", "linux/arm64"], ...],
    AfterValidator(_distinct),
    Field(min_length=1, description="a list of linux/amd64, linux/arm64 or both"),
]
ReleaseVersion = Annotated[
    Text,
    Field(
        pattern="^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$",
        description="at most 64 letters, digits, dots and dashes (in quotes where it could be a number)",
    ),
]
Commit = Annotated[
    Text, Field(pattern="^[0-9a-f]{40}$", description="a full git commit: 40 hexadecimal digits, in quotes")
]
ImageName = Annotated[Text, Field(pattern="^[a-z][a-z0-9-]{0,62}$")]
ImageUri = Annotated[
    Text,
    Field(
        pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9][a-z0-9._/-]{1,255}@sha256:[0-9a-f]{64}$"
    ),
]
ImageUris = Annotated[
    Mapping[ImageName, ImageUri],
    Field(
        min_length=1,
        description="images by name, each as ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:DIGEST",
    ),
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
MemoryMib = Annotated[
    Whole, Field(ge=512, le=122880, description="a number of MiB that Fargate offers with the cpu")
]
TaskCount = Annotated[
    Whole,
    Field(ge=1, le=5000, description="a whole number from 1 to 5000 (the quota of tasks per ECS service)"),
]
Architecture = Annotated[Literal["X86_64", "ARM64"], Field(description="X86_64 or ARM64")]

MinCapacity = Annotated[
    float,
    Strict(),
    AfterValidator(_half_steps),
    Field(ge=0, le=256, description="from 0 to 256 Aurora capacity units in steps of 0.5"),
]
MaxCapacity = Annotated[
    float,
    Strict(),
    AfterValidator(_half_steps),
    Field(ge=1, le=256, description="from 1 to 256 Aurora capacity units in steps of 0.5"),
]
Readers = Annotated[Whole, Field(ge=0, le=15, description="a whole number from 0 to 15")]
BackupDays = Annotated[Whole, Field(ge=1, le=35, description="a whole number of days from 1 to 35")]

NodeType = Annotated[
    Text,
    Field(
        pattern=r"^cache\.[a-z][0-9][a-z]*\.(micro|small|medium|large|[0-9]*xlarge)$",
        description="an ElastiCache node type, such as cache.t4g.micro",
    ),
]
CacheNodes = Annotated[
    Whole, Field(ge=1, le=6, description="a whole number from 1 to 6 (a primary and up to 5 replicas)")
]
EvictionPolicy = Annotated[
    Literal[
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
        "noeviction",
    ],
    Field(
        description="allkeys-lru, allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, volatile-random, "
        "volatile-ttl or noeviction"
    ),
]
SnapshotDays = Annotated[
    Whole, Field(ge=0, le=35, description="a whole number of days from 0 (no snapshots) to 35")
]

LOG_RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
LogDays = Annotated[
    Whole,
    _one_of(LOG_RETENTION_DAYS),
    Field(description=f"days as CloudWatch offers them: {', '.join(map(str, sorted(LOG_RETENTION_DAYS)))}"),
]

Domain = Annotated[
    Text,
    Field(
        max_length=64,  # of a certificate's first name: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
        pattern="^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$",
        description="a host name of at most 64 characters in lower case, such as shop.example.com",
    ),
]
HostedZoneId = Annotated[
    Text,
    Field(
        pattern="^Z[A-Z0-9]{1,31}$",
        description="the id of a Route 53 hosted zone, such as Z0123456789ABCDEF",
    ),
]
PriceClass = Annotated[
    Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"],
    Field(description="PriceClass_100, PriceClass_200 or PriceClass_All"),
]

Repository = Annotated[
    Text,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$",
        description="OWNER/NAME of a GitHub repository, without wildcards",
    ),
]
GithubId = Annotated[
    Text,
    BeforeValidator(_digits),
    Field(
        pattern="^[1-9][0-9]{0,19}$",
        description="the number that `gh api repos/OWNER/NAME` shows as .owner.id or .id",
    ),
]
GithubEnvironment = Annotated[
    Text,
    Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="the name of a GitHub environment: letters, digits, dots and dashes, without wildcards",
    ),
]
