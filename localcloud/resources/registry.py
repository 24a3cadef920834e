"""ECR: repositories and their policies, and the token that a push signs in with."""

import base64
from typing import Any

from localcloud.kind import Call, Kind, Name
from localcloud.making import Making


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
}

INVOKES = {"aws:ecr/getAuthorizationToken:getAuthorizationToken": authorization_token}
