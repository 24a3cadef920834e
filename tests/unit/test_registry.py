"""The account's registry: scanned, replicated by whole names, Docker Hub through a cache; owned once."""

import json
from typing import Any

import pulumi
import pytest

from components.registry import Registry, RegistryArgs, Replica
from operations.program import Run
from operations.recording import ACCOUNT, REGION, record

OTHER = "222222222222"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
SCANNING = ("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration", "registry-scanning")
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
IMMUTABLE = {
    "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
    "imageTagMutabilityExclusionFilters": [
        {"filter": "cache*", "filterType": "WILDCARD"},
        {"filter": "running-*", "filterType": "WILDCARD"},
    ],
    "encryptionConfigurations": [{"encryptionType": "AES256"}],
}


def build(**arguments: Any) -> Run:
    def program() -> Registry:
        return Registry("registry", RegistryArgs(**{"account_id": ACCOUNT, "region": REGION, **arguments}))

    return record(program)


def test_the_least(within: Any, one: Any) -> None:
    run = build()
    assert within(run, "Registry") == [SCANNING]
    assert one(run, *SCANNING).inputs == {
        "scanType": "ENHANCED",
        "rules": [
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
        ],
    }
    assert one(run, "causeway:index:Registry", "registry").inputs == {}


def test_replicated_to_another_region_and_another_account(within: Any, one: Any) -> None:
    run = build(
        replicas=[Replica(region="eu-central-1"), Replica(region=REGION, account_id=OTHER)],
        replicated_prefixes=["api-"],
    )
    replication = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
    assert within(run, "Registry") == [
        SCANNING,
        (replication, "registry-replication"),
        (TEMPLATE, "registry-eu-central-1-template"),
    ]
    made = one(run, replication, "registry-replication")
    assert made.inputs["replicationConfiguration"] == {
        "rules": [
            {
                "destinations": [
                    {"region": "eu-central-1", "registryId": ACCOUNT},
                    {"region": REGION, "registryId": OTHER},
                ],
                "repositoryFilters": [{"filter": "api-", "filterType": "PREFIX_MATCH"}],
            }
        ]
    }
    template = one(run, TEMPLATE, "registry-eu-central-1-template")
    assert template.urn in made.options.dependencies
    assert template.inputs["region"] == "eu-central-1"
    assert (template.inputs["prefix"], template.inputs["appliedFors"]) == ("ROOT", ["REPLICATION"])
    assert {key: template.inputs[key] for key in IMMUTABLE} == IMMUTABLE
    assert len(json.loads(template.inputs["lifecyclePolicy"])["rules"]) == 4


def test_without_prefixes_everything_is_replicated(one: Any) -> None:
    run = build(replicas=[Replica(region="eu-central-1")])
    made = one(run, "aws:ecr/replicationConfiguration:ReplicationConfiguration", "registry-replication")
    assert made.inputs["replicationConfiguration"]["rules"] == [
        {"destinations": [{"region": "eu-central-1", "registryId": ACCOUNT}]}
    ]


def test_other_accounts_may_replicate_into_it_and_no_more(within: Any, one: Any) -> None:
    run = build(replicating_account_ids=[OTHER])
    assert within(run, "Registry") == [
        ("aws:ecr/registryPolicy:RegistryPolicy", "registry-policy"),
        SCANNING,
        (TEMPLATE, "registry-replicated-template"),
    ]
    policy = one(run, "aws:ecr/registryPolicy:RegistryPolicy", "registry-policy")
    assert json.loads(policy.inputs["policy"])["Statement"] == [
        {
            "Sid": "OtherAccountsReplicate",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{OTHER}:root"]},
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
        }
    ]
    template = one(run, TEMPLATE, "registry-replicated-template")
    assert template.urn in policy.options.dependencies
    assert {key: template.inputs[key] for key in IMMUTABLE} == IMMUTABLE


def test_docker_hub_through_a_cache(within: Any, one: Any) -> None:
    run = build(docker_hub_secret_arn=SECRET)
    rule = ("aws:ecr/pullThroughCacheRule:PullThroughCacheRule", "registry-docker-hub")
    assert within(run, "Registry") == [rule, SCANNING, (TEMPLATE, "registry-docker-hub-template")]
    assert one(run, *rule).inputs == {
        "ecrRepositoryPrefix": "docker-hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
        "credentialArn": SECRET,
    }
    template = one(run, TEMPLATE, "registry-docker-hub-template")
    assert template.urn in one(run, *rule).options.dependencies
    assert template.inputs["appliedFors"] == ["PULL_THROUGH_CACHE"]
    assert template.inputs["imageTagMutability"] == "MUTABLE"
    (expiry,) = json.loads(template.inputs["lifecyclePolicy"])["rules"]
    assert (expiry["selection"]["countType"], expiry["selection"]["countNumber"]) == ("sinceImagePushed", 90)

    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    assert run.value.cached("python:3.13-slim") == f"{host}/docker-hub/library/python:3.13-slim"
    assert run.value.cached("grafana/grafana") == f"{host}/docker-hub/grafana/grafana"
    assert run.value.pull_cached().statement() == {
        "Effect": "Allow",
        "Action": [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:BatchImportUpstreamImage",
            "ecr:CreateRepository",
            "ecr:GetDownloadUrlForLayer",
        ],
        "Resource": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/docker-hub/*"],
    }
    with pytest.raises(pulumi.RunError, match="z' is no image of Docker Hub"):
        run.value.cached("docker.io/x:y z")


def test_no_cache_no_uri() -> None:
    with pytest.raises(pulumi.RunError, match="python through the cache needs docker_hub_secret_arn"):
        build().value.cached("python")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"account_id": "1"}, "account_id is '1'; give the 12 digits"),
        ({"replicating_account_ids": ["*"]}, "replicating_account_ids is '\\*'; give the 12 digits"),
        ({"replicating_account_ids": [ACCOUNT]}, "its own account"),
        ({"replicated_prefixes": ["api"]}, "there are no replicas; give one"),
        (
            {"replicated_prefixes": ["*"], "replicas": [Replica(region="eu-central-1")]},
            "replicated_prefixes has '\\*'",
        ),
        ({"replicas": [Replica(region=REGION)]}, f"in {REGION} of {ACCOUNT}, where the registry is"),
        ({"replicas": [Replica(region="eu-central-1")] * 2}, "is given twice"),
        ({"docker_hub_secret_arn": "hub"}, "docker_hub_secret_arn is 'hub'; ECR takes a secret of"),
        (
            {"docker_hub_secret_arn": SECRET.replace("ecr-pullthroughcache/", "")},
            "whose name begins with ecr-pullthroughcache/",
        ),
        ({"docker_hub_secret_arn": SECRET.replace(REGION, "us-east-1")}, f"ECR takes a secret of {REGION}"),
    ],
)
def test_refuses_what_cannot_work(arguments: Any, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(**arguments)
    assert "\n" not in str(refusal.value)


def test_refuses_a_region_that_is_none() -> None:
    with pytest.raises(pulumi.RunError, match="a replica's region is 'Frankfurt'; give one such as"):
        Replica(region="Frankfurt")
