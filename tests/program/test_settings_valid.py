"""Any configuration within the limits of AWS loads, and says what its file says."""

import ipaddress
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

Configured = Callable[..., dict[str, str]]
Load = Callable[..., Any]

FARGATE = {
    256: [512, 1024, 2048],
    512: [1024, 2048, 3072, 4096],
    1024: [*range(2048, 8193, 1024)],
    2048: [*range(4096, 16385, 1024)],
    4096: [*range(8192, 30721, 1024)],
    8192: [*range(16384, 61441, 4096)],
    16384: [*range(32768, 122881, 8192)],
}
PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10")]

regions = st.sampled_from(["eu-west-1", "us-east-1", "ap-southeast-2", "me-central-1", "il-central-1"])
accounts = st.text("0123456789", min_size=12, max_size=12)
hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def networks(draw: st.DrawFn, region: str) -> dict[str, Any]:
    space = draw(st.sampled_from(PRIVATE))
    prefix = draw(st.integers(max(16, space.prefixlen), 23))
    slot = draw(st.integers(0, 2 ** (prefix - space.prefixlen) - 1))
    start = int(space.network_address) + slot * 2 ** (32 - prefix)
    letters = draw(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=8, unique=True))
    return {
        "cidr": f"{ipaddress.IPv4Address(start)}/{prefix}",
        "zones": [region + letter for letter in letters],
        "nat": draw(st.sampled_from(["none", "single", "per-zone", "regional"])),
        "reservedCidrs": draw(st.lists(st.sampled_from(["172.20.0.0/16", "52.0.0.0/8", "198.51.100.7/32"]))),
    }


percents = st.none() | st.integers(10, 90)


@st.composite
def schedules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Each by a name of its own; one of them starts a task, so that there may be none at other times."""
    names = draw(st.lists(st.sampled_from(["night", "morning", "sale-2", "x"]), unique=True, max_size=3))
    hours = ["cron(0 20 * * ? *)", "cron(30 6 ? * MON-FRI *)", "rate(2 hours)", "at(2030-01-31T03:00:00)"]
    zones = ["UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires"]
    return [
        {
            "name": name,
            "at": draw(st.sampled_from(hours)),
            "minimum": draw(st.integers(0 if position else 1, 5)),
            "maximum": draw(st.integers(5, 5000)),
            "timezone": draw(st.sampled_from(zones)),
        }
        for position, name in enumerate(names)
    ]


@st.composite
def services(draw: st.DrawFn, wishes: dict[str, Any]) -> dict[str, Any]:
    cpu = draw(st.sampled_from(sorted(FARGATE)))
    plan = draw(schedules())
    low, high = sorted(draw(st.tuples(st.integers(0 if plan else 1, 5000), st.integers(1, 5000))))
    return {
        "cpu": cpu,
        "memoryMib": draw(st.sampled_from(FARGATE[cpu])),
        "minTasks": low,
        "maxTasks": high,
        "scaling": {
            "memoryPercent": draw(percents),
            "schedules": plan,
            **{name: draw(values) for name, values in wishes.items()},
        },
    }


workers = services({"cpuPercent": percents, "messagesPerTask": st.integers(1, 1_000_000)})
apis = services({"cpuPercent": st.integers(10, 90), "requestsPerTarget": st.none() | st.integers(1, 10**7)})
deployments = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from(["blue-green", "linear", "canary"]),
        "bakeMinutes": st.integers(0, 1440),
        "stepPercent": st.integers(3, 100) | st.floats(3, 100),
        "stepMinutes": st.integers(0, 1440),
        "canaryPercent": st.floats(0.1, 100),
        "canaryMinutes": st.integers(0, 1440),
        "pause": st.booleans(),
        "pauseMinutes": st.integers(1, 20_160),
    }
)
capacities = st.fixed_dictionaries({"spotWeight": st.integers(0, 100), "ec2": st.none()})


@st.composite
def databases(draw: st.DrawFn) -> dict[str, Any]:
    high = draw(st.integers(2, 512)) / 2
    low = draw(st.integers(0, int(high * 2))) / 2
    return {
        "minCapacity": low,
        "maxCapacity": high,
        "readers": draw(st.integers(0, 15)),
        "backupRetentionDays": draw(st.integers(1, 35)),
        "proxy": draw(st.booleans()) and low > 0,
        "restoreFromSnapshot": draw(st.sampled_from([None, "shop-final-0123abcd"])),
    }


caches = st.fixed_dictionaries(
    {
        "nodeType": st.sampled_from(["cache.t4g.micro", "cache.r7g.16xlarge", "cache.c7gn.xlarge"]),
        "nodes": st.integers(1, 6),
        "evictionPolicy": st.sampled_from(["allkeys-lru", "volatile-ttl", "noeviction"]),
        "snapshotRetentionDays": st.integers(0, 35),
        "serverless": st.none(),
        "restoreFromSnapshot": st.sampled_from([None, "automatic.shop-cache", "arn:aws:s3:::bucket/a.rdb"]),
    }
)
serverless_caches = st.fixed_dictionaries(
    {
        "snapshotRetentionDays": st.integers(0, 35),
        "serverless": st.fixed_dictionaries(
            {"maxDataGb": st.integers(1, 5000), "maxEcpuPerSecond": st.integers(1000, 15_000_000)}
        ),
        "restoreFromSnapshot": st.sampled_from([None, "arn:aws:s3:::bucket/a.rdb"]),
    }
)
backups = st.fixed_dictionaries(
    {
        "retentionDays": st.integers(7, 36_500),
        "monthlyRetentionDays": st.none() | st.integers(7, 36_500),
        "schedule": st.just("cron(0 4 * * ? *)"),
        "copyToVaultArn": st.none(),
    }
)
addresses = st.lists(st.from_regex(r"\A[a-z]{1,9}@[a-z]{1,9}\.com\Z"), min_size=1, max_size=3, unique=True)
watching = st.fixed_dictionaries(
    {"causeway:alarms": st.fixed_dictionaries({"emails": addresses, "dashboard": st.booleans()})},
    optional={
        "causeway:budget": st.fixed_dictionaries(
            {"monthlyUsd": st.integers(1, 10**8), "anomalyUsd": st.none() | st.integers(1, 10**8)}
        ),
        "causeway:notifications": st.fixed_dictionaries(
            {
                "emails": addresses,
                "sms": st.lists(st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z"), unique=True, max_size=2),
                "https": st.sampled_from([[], ["https://hooks.example.com/orders?x=1"]]),
            }
        ),
    },
)
sites = st.fixed_dictionaries(
    {
        "domain": st.from_regex(r"\A([a-z0-9]{1,8}\.){1,3}(com|io|xn--p1ai)\Z"),
        "hostedZoneId": st.from_regex(r"\AZ[A-Z0-9]{1,31}\Z"),
        "priceClass": st.sampled_from(["PriceClass_100", "PriceClass_200", "PriceClass_All"]),
        "requestsPer5Minutes": st.integers(10, 2_000_000_000),
    }
)
githubs = st.fixed_dictionaries(
    {
        "repository": st.from_regex(r"\A[A-Za-z0-9]{1,39}/[A-Za-z0-9._-]{1,40}\Z"),
        "ownerId": st.integers(1, 10**10).map(str),
        "repositoryId": st.integers(1, 10**10).map(str),
        "environment": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z"),
        "createProvider": st.booleans(),
        "preview": st.booleans(),
    }
)
releases = st.fixed_dictionaries(
    {
        "version": st.from_regex(r"\A[0-9A-Za-z][0-9A-Za-z._-]{0,63}\Z"),
        "commit": hexadecimal.map(lambda digits: digits[:40]),
        "images": st.dictionaries(
            st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z"),
            hexadecimal.map(lambda digits: f"{'1' * 12}.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:{digits}"),
            min_size=1,
        ),
    }
)


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    region, account = draw(regions), draw(accounts)
    architecture, own = draw(st.sampled_from([("X86_64", "linux/amd64"), ("ARM64", "linux/arm64")]))
    platforms = draw(st.sampled_from([[own], ["linux/amd64", "linux/arm64"]]))
    pullers = draw(st.lists(accounts.filter(lambda other: other != account), unique=True, max_size=3))
    source = draw(st.sampled_from(["build", "local", "release"]))
    required = {
        "aws:region": region,
        "aws:allowedAccountIds": [account],
        "causeway:network": draw(networks(region)),
        "causeway:images": {
            "source": source,
            "platforms": platforms,
            "pullAccountIds": pullers,
            "keepReleases": draw(st.integers(1, 10_000)),
            "keepBuilds": draw(st.integers(1, 10_000)),
            "externalRepositories": [],
            "ownRepository": True,
        },
        "causeway:architecture": architecture,
    }
    if source == "release":
        required["causeway:release"] = draw(releases)
    optional = st.fixed_dictionaries(
        {},
        optional={
            "causeway:capacity": capacities,
            "causeway:api": st.builds(lambda api, way: api | {"deployment": way}, apis, deployments),
            "causeway:worker": workers,
            "causeway:database": databases(),
            "causeway:backup": backups,
            "causeway:site": sites,
            "causeway:github": githubs,
            "causeway:logs": st.sampled_from([{"retentionDays": days} for days in (1, 30, 545, 3653)]),
            "causeway:protect": st.booleans(),
            "causeway:enableExecuteCommand": st.booleans(),
            "causeway:sampleData": st.booleans(),
        },
    )
    cache = draw(st.sampled_from([{}, {"causeway:cache": caches}, {"causeway:cache": serverless_caches}]))
    return required | draw(optional) | draw(st.fixed_dictionaries(cache)) | draw(st.just({}) | watching)


@given(config=configurations())
def test_valid_configuration_loads_as_it_is_written(
    load: Load, configured: Configured, config: dict[str, Any]
) -> None:
    settings = load(configured({}, config)).model_dump(mode="json", by_alias=True)
    for key, value in config.items():
        loaded, given = settings[key.partition(":")[2]], json.loads(json.dumps(value))
        assert ({name: loaded[name] for name in given} if isinstance(given, dict) else loaded) == given


@given(config=configurations(), data=st.data())
def test_any_part_of_a_valid_section_may_be_left_to_its_default(
    load: Load, configured: Configured, config: dict[str, Any], data: st.DataObject
) -> None:
    """Only the key may be left out that no other of its section must go with."""
    free = {
        "causeway:network": ["nat", "reservedCidrs"],
        "causeway:images": ["keepReleases", "keepBuilds", "externalRepositories", "ownRepository"],
        "causeway:capacity": ["spotWeight", "ec2"],
        "causeway:cache": ["snapshotRetentionDays", "restoreFromSnapshot"],
        "causeway:database": ["readers", "backupRetentionDays", "proxy", "restoreFromSnapshot"],
        "causeway:backup": ["monthlyRetentionDays", "schedule", "copyToVaultArn"],
        "causeway:site": ["priceClass", "requestsPer5Minutes"],
        "causeway:github": ["createProvider", "preview"],
    }
    present = [(key, name) for key, names in free.items() if key in config for name in names]
    key, name = data.draw(st.sampled_from(present))
    left = {nested: value for nested, value in config[key].items() if nested != name}
    settings = load(configured({}, config | {key: left})).model_dump(mode="json", by_alias=True)
    assert {nested: settings[key.partition(":")[2]][nested] for nested in left} == left
