"""Whatever a configuration holds: it loads, or it is refused in one line that names a key and the file."""

import json
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pulumi
from hypothesis import assume, given
from hypothesis import strategies as st

Configured = Callable[..., dict[str, str]]
Load = Callable[..., Any]

ACCOUNT = "012345678901"
SECRETS = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
SCHEDULE = {
    "name": "night",
    "at": "cron(0 20 * * ? *)",
    "minimum": 1,
    "maximum": 2,
    "timezone": "Europe/Zurich",
}

COMPLETE: dict[str, Any] = {
    "aws:region": "us-east-1",
    "aws:allowedAccountIds": ["012345678901"],
    "aws:defaultTags": {"tags": {"team": "shop"}},
    "causeway:network": {
        "cidr": "10.20.0.0/16",
        "zones": ["us-east-1a", "us-east-1c"],
        "nat": "regional",
        "reservedCidrs": ["10.21.0.0/16"],
    },
    "causeway:images": {
        "source": "release",
        "platforms": ["linux/arm64"],
        "pullAccountIds": ["1" * 12],
        "keepReleases": 10,
        "keepBuilds": 100,
        "externalRepositories": [
            {
                "repository": "docker.io/acme/shop-api",
                "username": "acme",
                "secretArn": f"{SECRETS}docker-hub-a1b2c3",
                "secretKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0123-4567",
            }
        ],
        "ownRepository": True,
    },
    "causeway:release": {
        "version": "1.2.3",
        "commit": "0123456789" * 4,
        "images": {"api": f"{'1' * 12}.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:{'0' * 64}"},
    },
    "causeway:registry": {
        "owned": True,
        "scanFrequency": "SCAN_ON_PUSH",
        "replicas": [{"region": "eu-west-1", "accountId": "1" * 12}],
        "replicatedPrefixes": ["shop"],
        "replicatingAccountIds": ["2" * 12],
        "dockerHubSecretArn": f"{SECRETS}ecr-pullthroughcache/hub-a1b2c3",
    },
    "causeway:capacity": {
        "spotWeight": 0,
        "ec2": {"instanceType": "m7g.large", "minimum": 1, "maximum": 6, "targetPercent": 80},
    },
    "causeway:api": {
        "cpu": 512,
        "memoryMib": 1024,
        "minTasks": 3,
        "maxTasks": 6,
        "scaling": {
            "cpuPercent": 50,
            "memoryPercent": 70,
            "requestsPerTarget": 1000,
            "schedules": [SCHEDULE],
        },
        "deployment": {
            "strategy": "canary",
            "bakeMinutes": 10,
            "stepPercent": 25,
            "stepMinutes": 3,
            "canaryPercent": 2.5,
            "canaryMinutes": 15,
            "pause": True,
            "pauseMinutes": 30,
        },
    },
    "causeway:worker": {
        "cpu": 512,
        "memoryMib": 1024,
        "minTasks": 3,
        "maxTasks": 6,
        "scaling": {
            "cpuPercent": 50,
            "memoryPercent": 70,
            "messagesPerTask": 20,
            "schedules": [SCHEDULE],
        },
    },
    "causeway:database": {
        "minCapacity": 1,
        "maxCapacity": 8,
        "readers": 1,
        "backupRetentionDays": 14,
        "proxy": True,
        "restoreFromSnapshot": "shop-final-0123abcd",
    },
    "causeway:cache": {
        "nodeType": "cache.r7g.large",
        "nodes": 2,
        "evictionPolicy": "noeviction",
        "snapshotRetentionDays": 3,
        "serverless": None,
        "restoreFromSnapshot": "automatic.shop-cache-2026-07-31-02-00",
    },
    "causeway:backup": {
        "retentionDays": 60,
        "monthlyRetentionDays": 365,
        "schedule": "cron(0 5 * * ? *)",
        "copyToVaultArn": f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:copies",
    },
    "causeway:site": {
        "domain": "shop.example.com",
        "hostedZoneId": "Z1",
        "priceClass": "PriceClass_All",
        "requestsPer5Minutes": 5000,
    },
    "causeway:notifications": {
        "emails": ["orders@example.com"],
        "sms": ["+491701234567"],
        "https": ["https://hooks.example.com/orders"],
    },
    "causeway:alarms": {"emails": ["team@example.com"], "dashboard": False},
    "causeway:budget": {"monthlyUsd": 1000, "anomalyUsd": 50},
    "causeway:github": {
        "repository": "acme/shop",
        "ownerId": 1,
        "repositoryId": 2,
        "environment": "prod",
        "createProvider": False,
        "preview": True,
    },
    "causeway:pipeline": {
        "repository": "acme/shop",
        "branch": "release",
        "connectionArn": f"arn:aws:codeconnections:us-east-1:{ACCOUNT}:connection/0123-4567",
        "stagingStack": "acme/shop/test",
        "productionStack": "acme/shop/live",
        "productionRoleArn": f"arn:aws:iam::{'1' * 12}:role/causeway/pipeline",
        "approvers": ["lead@example.com"],
        "accessTokenSecretArn": f"{SECRETS}token-a1b2c3",
        "passphraseSecretArn": f"{SECRETS}phrase-a1b2c3",
    },
    "causeway:pipelineAccess": {"buildRoleArn": f"arn:aws:iam::{'1' * 12}:role/causeway/build"},
    "causeway:state": {"bucket": "acme-state", "keyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0123-4567"},
    "causeway:logs": {"retentionDays": 30},
    "causeway:architecture": "ARM64",
    "causeway:protect": False,
    "causeway:enableExecuteCommand": True,
    "causeway:tracing": True,
    "causeway:sampleData": True,
}
"""Every key there is, none at its default."""


def leaves(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


LEAVES = sorted(leaves(COMPLETE))
NAMED_BY_USERS = {"aws:defaultTags.tags", "causeway:release.images"}
SECTIONS = sorted({leaf.rpartition(".")[0] for leaf in LEAVES} - {""} - NAMED_BY_USERS)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
never_right = st.one_of(
    st.just(float("nan")),
    st.just(float("-inf")),
    st.integers(max_value=-1),
    st.integers(min_value=10**20),
    st.text().map(lambda text: f"{text}\n;"),
    st.text().map(lambda text: f"{text}\u2028"),
    st.text(min_size=1000, max_size=1010),
    st.sampled_from(["~", "no;", "\x00", "\ud800", "\u202eabc", "\U0001f600"]),
    st.lists(st.lists(st.integers(), max_size=2), min_size=1, max_size=3),
    st.dictionaries(st.text(), st.integers(), min_size=1, max_size=3),
)
"""Values that no key takes."""


def outcome(load: Load, config: dict[str, str]) -> Any:
    """The settings, or the line that refuses them; any other exception is a failure of the test."""
    try:
        return load(config)
    except pulumi.RunError as error:
        line = str(error)
        assert len(line.splitlines()) == 1, line
        assert line.isprintable(), line
        assert line.startswith("Pulumi.trial.yaml: "), line
        assert len(line) < 700, line
        return line


def test_the_complete_configuration_names_every_key(
    load: Load, configured: Configured, settings_module: ModuleType
) -> None:
    settings = load(configured({}, COMPLETE)).model_dump(mode="json", by_alias=True)
    expected = json.loads(json.dumps(COMPLETE))
    expected["causeway:github"] |= {"ownerId": "1", "repositoryId": "2"}
    assert settings == {key.partition(":")[2]: value for key, value in expected.items()}

    defaults = settings_module.Settings.model_fields.values()
    assert not [field.alias for field in defaults if settings[field.alias] == field.default]


@given(path=st.sampled_from(LEAVES), value=never_right)
def test_a_wrong_value_is_named(load: Load, configured: Configured, path: str, value: Any) -> None:
    line = outcome(load, configured({path: value}, COMPLETE))
    assert isinstance(line, str), f"{path} took {value!r}"
    assert line.startswith(f"Pulumi.trial.yaml: {path}"), line


@given(path=st.sampled_from(SECTIONS), value=never_right | st.just([]) | st.just(""))
def test_a_wrong_section_is_named(load: Load, configured: Configured, path: str, value: Any) -> None:
    line = outcome(load, configured({path: value}, COMPLETE))
    assert isinstance(line, str), f"{path} took {value!r}"
    assert line.startswith(f"Pulumi.trial.yaml: {path}"), line


@given(section=st.sampled_from([None, *SECTIONS]), name=st.text(), value=anything)
def test_an_unknown_key_is_named(
    load: Load, configured: Configured, section: str | None, name: str, value: Any
) -> None:
    values = json.loads(json.dumps(COMPLETE))
    parent = values
    for part in section.split(".") if section else ():
        parent = parent[part]
    key = name if section else f"causeway:{name}"
    assume(key not in parent)
    parent[key] = value
    line = outcome(load, configured({}, values))
    assert isinstance(line, str), line
    shown = f"{section}.{name}" if section else key
    assert re.search(r" is no key(; did you mean|, must be one of) ", line), line
    assert line.startswith(f"Pulumi.trial.yaml: {shown}") or not (shown.isprintable() and len(shown) < 100)


texts = st.text() | anything.map(json.dumps)


@given(config=st.dictionaries(st.sampled_from(sorted(COMPLETE)) | st.text(), texts))
def test_any_text_by_any_key(load: Load, configured: Configured, config: dict[str, str]) -> None:
    outcome(load, config)
    outcome(load, configured({}, COMPLETE) | config)


@given(path=st.sampled_from(LEAVES), value=anything)
def test_any_value_of_any_key(load: Load, configured: Configured, path: str, value: Any) -> None:
    result = outcome(load, configured({path: value}, COMPLETE))
    if isinstance(result, str):
        assert re.match(r"Pulumi\.trial\.yaml: (aws|causeway):\w+", result), result
