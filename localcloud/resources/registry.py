"""ECR: repositories and their policies, and the token that a push signs in with."""

import base64
from typing import Any

from localcloud.kind import Call, Kind, Name
from localcloud.making import Making

REGISTRY = "the emulator has no settings of the registry"


def authorization_token(arguments: dict[str, Any], making: Making) -> dict[str, Any]:
    """The invoke `ecr.getAuthorizationToken`: user and password as the provider splits them."""
    token = making.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    return {
        **arguments,
        "id": making.region,
        "authorizationToken": token["authorizationToken"],
        "expiresAt": token["expiresAt"].isoformat(),
        "password": password,
        "proxyEndpoint": token["proxyEndpoint"],
        "userName": user,
    }


KINDS = {
    "aws:ecr/repository:Repository": Kind(
        create=Call("ecr.create_repository", renames={"name": "repositoryName"}),
        result="repository",
        id="{name}",
        outputs={"arn": "{repositoryArn}", "repositoryUrl": "{repositoryUri}", "registryId": "{registryId}"},
        name=Name(limit=256, lower=True),
        ignored=["forceDelete"],
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Kind(
        create=Call(
            "ecr.put_lifecycle_policy",
            renames={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        ),
        id="{repository}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Kind(
        create=Call(
            "ecr.set_repository_policy", renames={"repository": "repositoryName", "policy": "policyText"}
        ),
        id="{repository}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Kind(
        create=Call("ecr.put_registry_scanning_configuration", recorded=REGISTRY),
        id="{account}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Kind(
        create=Call("ecr.put_replication_configuration", recorded=REGISTRY),
        id="{account}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/registryPolicy:RegistryPolicy": Kind(
        create=Call("ecr.put_registry_policy", renames={"policy": "policyText"}, recorded=REGISTRY),
        id="{account}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": Kind(
        create=Call("ecr.create_pull_through_cache_rule", recorded=REGISTRY),
        id="{ecrRepositoryPrefix}",
        outputs={"registryId": "{account}"},
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Kind(
        create=Call("ecr.create_repository_creation_template", recorded=REGISTRY),
        id="{prefix}",
        outputs={"registryId": "{account}"},
    ),
}

INVOKES = {"aws:ecr/getAuthorizationToken:getAuthorizationToken": authorization_token}
