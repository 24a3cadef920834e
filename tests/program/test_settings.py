"""Each malformed value is refused in one line: the file, the key, the value and what is allowed."""

from collections.abc import Callable
from typing import Any

import pytest

Refusal = Callable[..., str]
DIGEST = "sha256:" + "0123456789abcdef" * 4
RELEASE = {
    "version": "1.2.3",
    "commit": "0123456789" * 4,
    "images": {"api": f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api@{DIGEST}"},
}
GITHUB = {"repository": "acme/shop", "ownerId": 1, "repositoryId": 2, "environment": "prod"}

NIGHT = {"name": "night", "at": "cron(0 20 * * ? *)", "minimum": 0, "maximum": 0}

ELSEWHERE = {
    "ownRepository": False,
    "externalRepositories": [
        {
            "repository": "docker.io/acme/shop-api",
            "username": "acme",
            "secretArn": "arn:aws:secretsmanager:eu-west-1:012345678901:secret:docker-hub-a1b2c3",
        }
    ],
}

CASES = [
    # what is changed, to what, how the error shows it (with the item of a list), a part of what is allowed
    ("aws:region", "eu-wset-1", "'eu-wset-1'", "such as eu-west-1"),
    ("aws:region", "cn-north-1", "'cn-north-1'", "commercial partition"),
    ("aws:region", False, "false", "such as eu-west-1"),
    ("aws:allowedAccountIds", "012345678901", "'012345678901'", "a list of one account id"),
    ("aws:allowedAccountIds", [], "[]", "a list of one account id"),
    ("aws:allowedAccountIds", ["012345678901", "1" * 12], '["012345678901", "111111111111"]', "one account"),
    ("aws:allowedAccountIds", [12345678901], "[0] is 12345678901", "12 digits, in quotes"),
    ("aws:allowedAccountIds", ["12345678901"], "[0] is '12345678901'", "12 digits, in quotes"),
    ("aws:defaultTags.tags.cost-centre", 4711, "4711", "in quotes"),
    ("aws:defaultTags.tags.owner", False, "false", "in quotes"),
    ("aws:defaultTags.tags", {f"tag{n}": "x" for n in range(11)}, '{"tag0"', "at most 10 tags"),
    ("causeway:network", "hello", "'hello'", "a mapping of cidr, zones, nat, reservedCidrs"),
    ("causeway:network", ["10.0.0.0/16"], '["10.0.0.0/16"]', "a mapping of cidr"),
    ("causeway:network.cidr", "10.20.0.0/24", "'10.20.0.0/24'", "from /16 to /23"),
    ("causeway:network.cidr", "10.0.0.0/15", "'10.0.0.0/15'", "from /16 to /23"),
    ("causeway:network.cidr", "10.20.1.0/16", "'10.20.1.0/16'", "such as 10.20.0.0/16"),
    ("causeway:network.cidr", "10.20.0.0/255.255.0.0", "'10.20.0.0/255.255.0.0'", "such as 10.20.0.0/16"),
    ("causeway:network.cidr", "52.0.0.0/16", "'52.0.0.0/16'", "a private IPv4 block"),
    ("causeway:network.cidr", "172.17.0.0/16", "'172.17.0.0/16'", "does not overlap 172.17.0.0/16 (Docker"),
    ("causeway:network.cidr", "fd00::/16", "'fd00::/16'", "a private IPv4 block"),
    ("causeway:network.cidr", 10.2, "10.2", "a private IPv4 block"),
    ("causeway:network.zones", "eu-west-1a", "'eu-west-1a'", "a list of 2 to 8"),
    ("causeway:network.zones", ["eu-west-1a"], '["eu-west-1a"]', "a list of 2 to 8"),
    ("causeway:network.zones", ["eu-west-1a"] * 2, '["eu-west-1a", "eu-west-1a"]', "2 to 8 different"),
    (
        "causeway:network.zones",
        ["eu-west-1a", "eu-central-1b"],
        "[1] is 'eu-central-1b'",
        "a zone of eu-west-1 (aws:region)",
    ),
    ("causeway:network.zones", ["eu-west-1a", "eu-west-1i"], "[1] is 'eu-west-1i'", "such as eu-west-1a"),
    ("causeway:network.zones", ["us-west-2-lax-1a"], "[0] is 'us-west-2-lax-1a'", "such as eu-west-1a"),
    ("causeway:network.nat", False, "false", "none, single, per-zone or regional"),
    ("causeway:network.nat", "double", "'double'", "none, single, per-zone or regional"),
    (
        "causeway:network.reservedCidrs",
        ["10.30.0.1"],
        "[0] is '10.30.0.1'",
        "an IPv4 block without host bits",
    ),
    ("causeway:images.source", "latest", "'latest'", "build, local or release"),
    ("causeway:images.platforms", [], "[]", "a list of linux/amd64, linux/arm64 or both"),
    ("causeway:images.platforms", ["amd64"], "[0] is 'amd64'", "linux/amd64 or linux/arm64"),
    ("causeway:images.platforms", ["linux/arm64"], '["linux/arm64"]', "architecture X86_64 runs"),
    ("causeway:images.pullAccountIds", [222222222222], "[0] is 222222222222", "12 digits, in quotes"),
    ("causeway:images.pullAccountIds", "222222222222", "'222222222222'", "a list of different account ids"),
    ("causeway:api.cpu", 300, "300", "256, 512, 1024"),
    ("causeway:api.cpu", "1e3", "'1e3'", "256, 512, 1024"),
    ("causeway:api.cpu", 1e3, "1000.0", "256, 512, 1024"),
    ("causeway:api.cpu", True, "true", "256, 512, 1024"),
    ("causeway:worker.memoryMib", 513, "513", "512, 1024 or 2048 MiB with cpu 256"),
    ("causeway:worker.memoryMib", 4096, "4096", "512, 1024 or 2048 MiB with cpu 256"),
    ("causeway:worker.minTasks", 0, "0", "1 or more, or scaling.schedules with one whose minimum is"),
    ("causeway:worker.minTasks", -1, "-1", "from 0 to 5000"),
    ("causeway:worker.minTasks", 5, "5", "at most maxTasks, which is 4"),
    ("causeway:worker.maxTasks", 10**12, "1000000000000", "from 1 to 5000"),
    ("causeway:database.minCapacity", 0.7, "0.7", "in steps of 0.5"),
    ("causeway:database.minCapacity", -0.5, "-0.5", "0 to 256"),
    ("causeway:database.minCapacity", 8, "8", "at most maxCapacity, which is 4"),
    ("causeway:database.maxCapacity", 0.5, "0.5", "1 to 256"),
    ("causeway:database.maxCapacity", 256.5, "256.5", "1 to 256"),
    ("causeway:database.maxCapacity", float("nan"), "NaN", "1 to 256"),
    ("causeway:database.maxCapacity", "4", "'4'", "1 to 256"),
    ("causeway:database.readers", 16, "16", "from 0 to 15"),
    ("causeway:database.backupRetentionDays", 0, "0", "from 1 to 35"),
    ("causeway:database.backupRetentionDays", 36, "36", "from 1 to 35"),
    ("causeway:cache.nodeType", "t4g.micro", "'t4g.micro'", "such as cache.t4g.micro"),
    ("causeway:cache.nodes", 7, "7", "from 1 to 6"),
    ("causeway:cache.evictionPolicy", "lru", "'lru'", "allkeys-lru, allkeys-lfu"),
    ("causeway:cache.snapshotRetentionDays", 36, "36", "from 0 to 35"),
    ("causeway:site.domain", "Shop.Example.Com", "'Shop.Example.Com'", "in lower case"),
    ("causeway:site.domain", "a." * 31 + "com", f"'{'a.' * 31}com'", "at most 64 characters"),
    ("causeway:site.domain", "localhost", "'localhost'", "such as shop.example.com"),
    ("causeway:site.hostedZoneId", "/hostedzone/Z1", "'/hostedzone/Z1'", "a Route 53 hosted zone"),
    ("causeway:site.priceClass", 100, "100", "PriceClass_100, PriceClass_200 or PriceClass_All"),
    ("causeway:logs.retentionDays", 10, "10", "1, 3, 5, 7, 14"),
    ("causeway:logs.retentionDays", True, "true", "1, 3, 5, 7, 14"),
    ("causeway:logs.retentionDays", 0, "0", "1, 3, 5, 7, 14"),
    ("causeway:images.keepBuilds", 0, "0", "from 1 to 10000 images"),
    ("causeway:images.ownRepository", False, "false", "true where externalRepositories is empty"),
    (
        "causeway:images.externalRepositories",
        ["docker.io/a"],
        "[0] is 'docker.io/a'",
        "a mapping of repository",
    ),
    (
        "causeway:registry.replicas",
        {"region": "eu-west-1"},
        '{"region"',
        "a list of mappings of region, accountId",
    ),
    ("causeway:capacity.spotWeight", 101, "101", "from 0 to 100 percent"),
    ("causeway:capacity.ec2", "m7g.large", "'m7g.large'", "a mapping of instanceType, minimum, maximum"),
    ("causeway:capacity.ec2.instanceType", "large", "'large'", "such as m7g.large"),
    ("causeway:capacity.ec2.instanceType", "m7g.large", "'m7g.large'", "of architecture X86_64"),
    (
        "causeway:api.scaling",
        60,
        "60",
        "a mapping of cpuPercent, memoryPercent, schedules, requestsPerTarget",
    ),
    ("causeway:api.scaling.cpuPercent", 95, "95", "from 10 to 90 percent"),
    ("causeway:api.scaling.schedules", "night", "'night'", "a list of mappings of name, at, minimum"),
    ("causeway:api.deployment.strategy", "bluegreen", "'bluegreen'", "rolling, blue-green, linear or canary"),
    ("causeway:api.deployment.canaryPercent", 0, "0", "0.1 to 100 percent"),
    ("causeway:api.deployment.pause", True, "true", "false with strategy rolling"),
    ("causeway:worker.scaling.messagesPerTask", 0, "0", "from 1 to 1000000 messages"),
    ("causeway:database.proxy", "yes", "'yes'", "true or false"),
    ("causeway:database.restoreFromSnapshot", "", "''", "the name or ARN of a snapshot"),
    ("causeway:cache.serverless", True, "true", "a mapping of maxDataGb, maxEcpuPerSecond"),
    ("causeway:backup.retentionDays", 3, "3", "from 7 to 36500 days"),
    ("causeway:site.requestsPer5Minutes", 1, "1", "from 10 to 2000000000"),
    ("causeway:notifications.emails", ["ops"], "[0] is 'ops'", "an e-mail address"),
    ("causeway:notifications.sms", [491701234567], "[0] is 491701234567", "in quotes"),
    (
        "causeway:notifications.https",
        ["http://example.com"],
        "[0] is 'http://example.com'",
        "an https:// URL",
    ),
    ("causeway:alarms.emails", [], "[]", "a list of one or more e-mail addresses"),
    ("causeway:alarms.emails", ["a@b.io", "a@b.io"], '["a@b.io", "a@b.io"]', "a list of different e-mail"),
    ("causeway:budget.monthlyUsd", 99.5, "99.5", "US dollars"),
    ("causeway:state.bucket", "s3://state", "'s3://state'", "the name of the bucket"),
    ("causeway:tracing", "on", "'on'", "true or false"),
    ("causeway:architecture", "arm64", "'arm64'", "X86_64 or ARM64"),
    ("causeway:architecture", '"ARM64"', "'\"ARM64\"'", "X86_64 or ARM64"),
    ("causeway:protect", "no", "'no'", "true or false"),
    ("causeway:protect", "'true'", "\"'true'\"", "true or false"),
    ("causeway:sampleData", 1, "1", "true or false"),
    ("causeway:enableExecuteCommand", [], "[]", "true or false"),
]


@pytest.mark.parametrize(("path", "value", "shown", "allowed"), CASES)
def test_malformed_value_is_one_line(
    refusal: Refusal, path: str, value: Any, shown: str, allowed: str
) -> None:
    item, _, shown = shown.rpartition(" is ")
    line = refusal({path: value})
    start, _, end = line.partition(", must be ")
    assert start.startswith(f"Pulumi.trial.yaml: {path}{item} is {shown}")
    assert allowed in end


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"aws:region": ...}, "aws:region is missing, must be an AWS region"),
        (
            {"aws:allowedAccountIds": ...},
            "aws:allowedAccountIds is missing, must be a list of one account",
        ),
        ({"causeway:network": ...}, "causeway:network is missing, must be a mapping of cidr, zones, nat"),
        ({"causeway:network": {}}, "causeway:network.cidr is missing, must be a private IPv4 block"),
        ({"causeway:network": None}, "causeway:network is missing, must be a mapping of cidr"),
        (
            {"causeway:network.reservedCidrs": ["10.20.128.0/20"]},
            "causeway:network.cidr is '10.20.0.0/16', must be a block that does not overlap 10.20.128.0/20",
        ),
        (
            {"causeway:api": {"cpu": 1024}},
            "causeway:api.memoryMib is 512, must be 2048 to 8192 in steps of 1024 MiB with cpu 1024",
        ),
        (
            {"causeway:api": {"cpu": 8192, "memoryMib": 20481}},
            "causeway:api.memoryMib is 20481, must be 16384 to 61440 in steps of 4096 MiB with cpu 8192",
        ),
        (
            {"causeway:images.source": "release"},
            "causeway:release is missing, must be given (version, commit, images) where images.source is",
        ),
        (
            {"causeway:release": RELEASE},
            "causeway:images.source is 'build', must be release where causeway:release is given",
        ),
        (
            {"causeway:images.source": "release", "causeway:release": RELEASE | {"version": 1.0}},
            "causeway:release.version is 1.0, must be at most 64 letters",
        ),
        (
            {"causeway:images.source": "release", "causeway:release": RELEASE | {"commit": "1e3"}},
            "causeway:release.commit is '1e3', must be a full git commit",
        ),
        (
            {
                "causeway:images.source": "release",
                "causeway:release": RELEASE | {"images": {"api": "shop/api:latest"}},
            },
            "causeway:release.images.api is 'shop/api:latest', must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/",
        ),
        (
            {"causeway:architecture": "ARM64"},
            'causeway:images.platforms is ["linux/amd64"], must be a list with linux/arm64',
        ),
        (
            {"causeway:images.pullAccountIds": ["012345678901"]},
            "causeway:images.pullAccountIds is '012345678901', must be accounts other than the stack's own",
        ),
        (
            {"causeway:site.domain": "shop.example.com"},
            "causeway:site.hostedZoneId is missing, must be the hosted zone of shop.example.com",
        ),
        (
            {"causeway:site.hostedZoneId": "Z0123456789ABC"},
            "causeway:site.domain is missing, must be the domain of hostedZoneId",
        ),
        (
            {"causeway:github": GITHUB | {"repository": "acme/*"}},
            "causeway:github.repository is 'acme/*', must be OWNER/NAME",
        ),
        (
            {"causeway:github": GITHUB | {"environment": "*"}},
            "causeway:github.environment is '*', must be the name of a GitHub environment",
        ),
        (
            {"causeway:github": GITHUB | {"ownerId": "octocat"}},
            "causeway:github.ownerId is 'octocat', must be the number that",
        ),
        ({"causeway:github": {"repository": "acme/shop"}}, "causeway:github.ownerId is missing, must be the"),
        (
            {"causeway:registry.scanFrequency": "SCAN_ON_PUSH"},
            "causeway:registry.owned is false, must be true where anything else of the registry is given",
        ),
        (
            {"causeway:capacity": {"spotWeight": 50, "ec2": {"instanceType": "m7i.large"}}},
            "causeway:capacity.spotWeight is 50, must be 0 with ec2",
        ),
        (
            {"causeway:capacity.ec2.instanceType": "m7i.large", "causeway:network.nat": "none"},
            "causeway:network.nat is 'none', must be single, per-zone or regional with capacity.ec2",
        ),
        (
            {"causeway:tracing": True, "causeway:network.nat": "none"},
            "causeway:network.nat is 'none', must be single, per-zone or regional with tracing",
        ),
        (
            {"causeway:images": ELSEWHERE, "causeway:network.nat": "none"},
            "causeway:network.nat is 'none', must be single, per-zone or regional with images.ownRepository",
        ),
        (
            {"causeway:images": ELSEWHERE | {"pullAccountIds": ["1" * 12]}},
            'causeway:images.pullAccountIds is ["111111111111"], must be empty where ownRepository is false',
        ),
        (
            {"causeway:api.scaling.schedules": [NIGHT, NIGHT]},
            "causeway:api.scaling.schedules[1].name is 'night', must be a name that no other schedule has",
        ),
        (
            {"causeway:api.scaling.schedules": [NIGHT | {"at": "0 20 * * *"}]},
            "causeway:api.scaling.schedules[0].at is '0 20 * * *', must be cron(...) with six fields",
        ),
        (
            {"causeway:api.scaling.schedules": [NIGHT | {"minimum": 2}]},
            "causeway:api.scaling.schedules[0].minimum is 2, must be at most maximum, which is 0",
        ),
        (
            {"causeway:api.scaling.schedules": [NIGHT | {"min": 2}]},
            "causeway:api.scaling.schedules[0].min is no key; did you mean causeway:api.scaling.sche",
        ),
        (
            {"causeway:api.scaling.schedules": [{"name": "night"}]},
            "causeway:api.scaling.schedules[0].at is missing, must be cron(...) with six fields",
        ),
        (
            {"causeway:worker": {"minTasks": 0, "scaling": {"schedules": [NIGHT]}}},
            "causeway:worker.minTasks is 0, must be 1 or more, or scaling.schedules with one",
        ),
        (
            {"causeway:api.scaling.cpuPercent": None},
            "causeway:api.scaling.cpuPercent is missing, must be 10 to 90, or memoryPercent or req",
        ),
        (
            {"causeway:worker.deployment": {"strategy": "canary"}},
            "causeway:worker.deployment is no key, must be one of cpu, maxTasks",
        ),
        (
            {"causeway:database": {"proxy": True, "minCapacity": 0}},
            "causeway:database.minCapacity is 0, must be 0.5 or more with proxy",
        ),
        (
            {"causeway:cache": {"serverless": {}, "nodes": 2}},
            "causeway:cache.nodes is 2, must be left out with serverless",
        ),
        (
            {"causeway:cache": {"serverless": {}, "restoreFromSnapshot": "automatic.shop"}},
            "causeway:cache.restoreFromSnapshot is 'automatic.shop', must be an ARN with serverless",
        ),
        (
            {"causeway:backup": {"monthlyRetentionDays": 365}},
            "causeway:backup.retentionDays is missing, must be a whole number from 7",
        ),
        (
            {"causeway:notifications": {"emails": []}},
            "causeway:notifications.emails is missing, must be a list of e-mail addresses; or give sms",
        ),
        (
            {"causeway:budget": {"monthlyUsd": 100}},
            "causeway:alarms is missing, must be given (emails) where causeway:budget is",
        ),
        (
            {"causeway:pipeline": {"repository": "acme/shop"}},
            "causeway:state.bucket is missing, must be given for the pipeline, or pipeline.acc",
        ),
        (
            {"causeway:pipeline": {"repository": "acme/shop", "productionStack": "staging"}},
            "causeway:pipeline.productionStack is 'staging', must be another stack than stagingStack",
        ),
    ],
)
def test_values_that_do_not_go_together(refusal: Refusal, changes: dict[str, Any], expected: str) -> None:
    assert refusal(changes).startswith(f"Pulumi.trial.yaml: {expected}")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("causeway:netwrok", "is no key; did you mean causeway:network?"),
        ("causeway:network.cdir", "is no key; did you mean causeway:network.cidr?"),
        ("causeway:api.memory_mib", "is no key; did you mean causeway:api.memoryMib?"),
        ("causeway:images.zzz", "is no key, must be one of externalRepositories, keepBuilds"),
        ("causeway:region", "is no key, must be one of alarms, api, architecture"),
        ("aws:regoin", "is no key; did you mean aws:region?"),
        ("aws:defaultTags.tag", "is no key; did you mean aws:defaultTags.tags?"),
        ("causway:network", "has an unknown namespace; did you mean causeway:network?"),
        (
            "kubernetes:context",
            "has an unknown namespace, must be causeway, aws, docker, docker-build",
        ),
        ("nothing", "has an unknown namespace"),
        ("causeway:new\nline\u2028s", "is no key"),
    ],
)
def test_unknown_key_names_the_nearest(refusal: Refusal, key: str, problem: str) -> None:
    shown = key.replace("\n", "\\n").replace("\u2028", "\\u2028")
    assert refusal({key: "x"}).startswith(f"Pulumi.trial.yaml: {shown} {problem}")


def test_unknown_key_comes_before_the_missing_one_that_it_explains(refusal: Refusal) -> None:
    line = refusal({"causeway:network.cidr": ..., "causeway:network.cdir": "10.20.0.0/16"})
    assert "causeway:network.cdir is no key; did you mean causeway:network.cidr?" in line
