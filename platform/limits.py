"""What AWS takes, as types: a description says, in an error, what is allowed."""

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from scalars import Number, Text, Whole, distinct, from_to, one_of, text

PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""No public address is in them: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
TAKEN = {"172.17.0.0/16": "Docker's bridge"}
"""Private blocks that hosts use themselves: a VPC over them loses traffic in silence."""

Nat = Literal["none", "single", "per-zone", "regional"]
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


def _half_steps(value: float) -> float:
    if not (value * 2).is_integer():
        raise ValueError(value)
    return value


Region = Annotated[
    Text,
    text(
        "(af|ap|ca|eu|il|me|mx|sa|us)-(north|south|east|west|central|(north|south)(east|west))-[1-9]",
        "an AWS region of the commercial partition, such as eu-west-1",
        longest=20,
    ),
]
AccountId = Annotated[Text, text("[0-9]{12}", "an account id: 12 digits, in quotes", longest=12)]
AllowedAccountIds = Annotated[
    tuple[AccountId, ...],
    Field(min_length=1, max_length=1, description="a list of one account id: 12 digits, in quotes"),
]
AccountIds = Annotated[
    tuple[AccountId, ...],
    AfterValidator(distinct),
    Field(description="a list of different account ids: 12 digits each, in quotes"),
]
TagName = Annotated[
    Text, text(r"[\p{L}\p{N} _.:/=+@-]+", "a tag's name: 1 to 128 letters, digits, spaces, _.:/=+@-", 128)
]
TagValue = Annotated[
    Text,
    text(
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
    Text, text("[a-z]+-[a-z]+-[1-9][a-h]", "an availability zone of the region, such as eu-west-1a", 21)
]
Zones = Annotated[
    tuple[Zone, ...],
    AfterValidator(distinct),
    Field(
        min_length=2,
        description="a list of 2 to 8 different availability zones of the region, such as eu-west-1a",
    ),
]

Capacity = Annotated[Number, AfterValidator(_half_steps)]
MinCapacity = Annotated[
    Capacity, Field(ge=0, le=256, description="0 to 256 Aurora capacity units in steps of 0.5")
]
MaxCapacity = Annotated[
    Capacity, Field(ge=1, le=256, description="1 to 256 Aurora capacity units in steps of 0.5")
]
Readers = Annotated[Whole, from_to(0, 15, "readers")]
BackupDays = Annotated[Whole, from_to(1, 35, "days")]

NodeType = Annotated[
    Text,
    text(
        "cache[.][a-z][0-9][a-z]*[.](micro|small|medium|large|[0-9]*xlarge)",
        "an ElastiCache node type, such as cache.t4g.micro",
        longest=30,
    ),
]
CacheNodes = Annotated[Whole, from_to(1, 6, "nodes: a primary and its replicas")]
SnapshotDays = Annotated[Whole, from_to(0, 35, "days, where 0 takes no snapshots")]
CacheGigabytes = Annotated[Whole, from_to(1, 5000, "GB")]
CacheUnits = Annotated[Whole, from_to(1000, 15_000_000, "ElastiCache units a second")]
Snapshot = Annotated[
    Text, text("[A-Za-z][A-Za-z0-9.:/_-]*", "the name or ARN of a snapshot, such as shop-final-0123abcd", 512)
]
CopyDays = Annotated[Whole, from_to(7, 36_500, "days: a copy is locked for its first 7")]
BackupSchedule = Annotated[
    Text, text("cron[(][^()]+[)]", "a cron in UTC with six fields, such as cron(0 4 * * ? *)", longest=100)
]
VaultArn = Annotated[
    Text,
    text(
        "arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]+",
        "the ARN of a backup vault of another region or account",
        longest=200,
    ),
]

# fmt: off
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)
# fmt: on
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
LogDays = Annotated[
    Whole,
    one_of(LOG_RETENTION_DAYS),
    Field(description=f"days as CloudWatch offers them: {', '.join(map(str, LOG_RETENTION_DAYS))}"),
]

Domain = Annotated[
    Text,
    text(  # 64: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
        "([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]",
        "a host name of at most 64 characters in lower case, such as shop.example.com",
        longest=64,
    ),
]
HostedZoneId = Annotated[
    Text, text("Z[A-Z0-9]+", "the id of a Route 53 hosted zone, such as Z0123456789ABCDEF", longest=32)
]
WebRequests = Annotated[Whole, from_to(10, 2_000_000_000, "requests of one address in five minutes")]

Emails = Annotated[
    tuple[
        Annotated[Text, text(r"[^@\s]+@[^@\s]+[.][^@\s.]+", "an e-mail address: team@example.com", 254)], ...
    ],
    AfterValidator(distinct),
    Field(description="a list of different e-mail addresses, such as team@example.com"),
]
PhoneNumbers = Annotated[
    tuple[
        Annotated[Text, text("[+][1-9][0-9]{6,14}", "+ and 7 to 15 digits, in quotes: '+491701234567'", 16)],
        ...,
    ],
    AfterValidator(distinct),
    Field(description="a list of different telephone numbers, in quotes, such as '+491701234567'"),
]
HttpsUrls = Annotated[
    tuple[
        Annotated[Text, text(r"https://[^\s@/]+(/[^\s]*)?", "an https:// URL without credentials", 2048)], ...
    ],
    AfterValidator(distinct),
    Field(description="a list of different https:// URLs without credentials"),
]
Usd = Annotated[Whole, from_to(1, 100_000_000, "US dollars")]
