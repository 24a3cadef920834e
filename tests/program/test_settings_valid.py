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


@st.composite
def services(draw: st.DrawFn) -> dict[str, int]:
    cpu = draw(st.sampled_from(sorted(FARGATE)))
    low, high = sorted(draw(st.tuples(st.integers(1, 5000), st.integers(1, 5000))))
    return {"cpu": cpu, "memoryMib": draw(st.sampled_from(FARGATE[cpu])), "minTasks": low, "maxTasks": high}


@st.composite
def databases(draw: st.DrawFn) -> dict[str, Any]:
    high = draw(st.integers(2, 512)) / 2
    return {
        "minCapacity": draw(st.integers(0, int(high * 2))) / 2,
        "maxCapacity": high,
        "readers": draw(st.integers(0, 15)),
        "backupRetentionDays": draw(st.integers(1, 35)),
    }


caches = st.fixed_dictionaries(
    {
        "nodeType": st.sampled_from(["cache.t4g.micro", "cache.r7g.16xlarge", "cache.c7gn.xlarge"]),
        "nodes": st.integers(1, 6),
        "evictionPolicy": st.sampled_from(["allkeys-lru", "volatile-ttl", "noeviction"]),
        "snapshotRetentionDays": st.integers(0, 35),
    }
)
sites = st.fixed_dictionaries(
    {
        "domain": st.from_regex(r"\A([a-z0-9]{1,8}\.){1,3}(com|io|xn--p1ai)\Z"),
        "hostedZoneId": st.from_regex(r"\AZ[A-Z0-9]{1,31}\Z"),
        "priceClass": st.sampled_from(["PriceClass_100", "PriceClass_200", "PriceClass_All"]),
    }
)
githubs = st.fixed_dictionaries(
    {
        "repository": st.from_regex(r"\A[A-Za-z0-9]{1,39}/[A-Za-z0-9._-]{1,40}\Z"),
        "ownerId": st.integers(1, 10**10).map(str),
        "repositoryId": st.integers(1, 10**10).map(str),
        "environment": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z"),
        "createProvider": st.booleans(),
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
        "causeway:images": {"source": source, "platforms": platforms, "pullAccountIds": pullers},
        "causeway:architecture": architecture,
    }
    if source == "release":
        required["causeway:release"] = draw(releases)
    optional = st.fixed_dictionaries(
        {},
        optional={
            "causeway:api": services(),
            "causeway:worker": services(),
            "causeway:database": databases(),
            "causeway:cache": caches,
            "causeway:site": sites,
            "causeway:github": githubs,
            "causeway:logs": st.sampled_from([{"retentionDays": days} for days in (1, 30, 545, 3653)]),
            "causeway:protect": st.booleans(),
            "causeway:enableExecuteCommand": st.booleans(),
            "causeway:sampleData": st.booleans(),
        },
    )
    return required | draw(optional)


@given(config=configurations())
def test_valid_configuration_loads_as_it_is_written(
    load: Load, configured: Configured, config: dict[str, Any]
) -> None:
    settings = load(configured({}, config)).model_dump(mode="json", by_alias=True)
    for key, value in config.items():
        assert settings[key.partition(":")[2]] == json.loads(json.dumps(value))


@given(config=configurations(), data=st.data())
def test_any_part_of_a_valid_section_may_be_left_to_its_default(
    load: Load, configured: Configured, config: dict[str, Any], data: st.DataObject
) -> None:
    """Only the key may be left out that no other of its section must go with."""
    free = {
        "causeway:network": ["nat", "reservedCidrs"],
        "causeway:cache": ["nodeType", "nodes", "evictionPolicy", "snapshotRetentionDays"],
        "causeway:database": ["minCapacity", "readers", "backupRetentionDays"],
        "causeway:site": ["priceClass"],
        "causeway:github": ["createProvider"],
    }
    present = [(key, name) for key, names in free.items() if key in config for name in names]
    key, name = data.draw(st.sampled_from(present))
    if name == "minCapacity" and config[key]["maxCapacity"] < 0.5:
        return
    left = {nested: value for nested, value in config[key].items() if nested != name}
    settings = load(configured({}, config | {key: left})).model_dump(mode="json", by_alias=True)
    assert {nested: settings[key.partition(":")[2]][nested] for nested in left} == left
