"""IAM, KMS and Secrets Manager."""

from typing import Any

from localcloud.kind import Call, Kind, Name
from localcloud.making import Making


def secret_version(arguments: dict[str, Any], making: Making) -> dict[str, Any]:
    """The invoke `secretsmanager.getSecretVersion`."""
    wanted = {"SecretId": str(arguments["secretId"])}
    wanted |= {
        member: str(arguments[name])
        for name, member in (("versionId", "VersionId"), ("versionStage", "VersionStage"))
        if arguments.get(name)
    }
    answer = making.client("secretsmanager").get_secret_value(**wanted)
    return {
        **arguments,
        "id": f"{answer['ARN']}|{answer['VersionId']}",
        "arn": answer["ARN"],
        "versionId": answer["VersionId"],
        "secretString": answer.get("SecretString", ""),
    }


KINDS = {
    "aws:iam/role:Role": Kind(
        create=Call(
            "iam.create_role", renames={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
        ),
        result="Role",
        id="{RoleName}",
        outputs={"arn": "{Arn}", "name": "{RoleName}", "uniqueId": "{RoleId}"},
        name=Name(limit=64),
        ignored=["forceDetachPolicies"],
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        create=Call(
            "iam.put_role_policy",
            renames={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        ),
        id="{role}:{name}",
        name=Name(limit=128),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Kind(
        create=Call("iam.attach_role_policy", renames={"role": "RoleName"}), id="{role}/{policyArn}"
    ),
    "aws:iam/policy:Policy": Kind(
        create=Call("iam.create_policy", renames={"name": "PolicyName", "policy": "PolicyDocument"}),
        result="Policy",
        id="{Arn}",
        outputs={"arn": "{Arn}"},
        name=Name(limit=128),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Kind(
        create=Call("iam.create_instance_profile", renames={"name": "InstanceProfileName"}),
        then=[
            Call(
                "iam.add_role_to_instance_profile",
                fixed={"InstanceProfileName": "{name}"},
                inputs=["role"],
                renames={"role": "RoleName"},
            )
        ],
        result="InstanceProfile",
        id="{InstanceProfileName}",
        outputs={"arn": "{Arn}", "uniqueId": "{InstanceProfileId}"},
        name=Name(limit=128),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Kind(
        create=Call(
            "iam.create_open_id_connect_provider",
            renames={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
        ),
        id="{OpenIDConnectProviderArn}",
        outputs={"arn": "{OpenIDConnectProviderArn}"},
    ),
    "aws:kms/key:Key": Kind(
        create=Call("kms.create_key", renames={"customerMasterKeySpec": "KeySpec"}),
        then=[
            Call(
                "kms.enable_key_rotation",
                fixed={"KeyId": "{id}"},
                when="enableKeyRotation",
                inputs=["rotationPeriodInDays"],
            )
        ],
        result="KeyMetadata",
        id="{KeyId}",
        outputs={"arn": "{Arn}", "keyId": "{KeyId}"},
        ignored=["deletionWindowInDays"],
    ),
    "aws:kms/alias:Alias": Kind(
        create=Call("kms.create_alias", renames={"name": "AliasName"}),
        id="{name}",
        outputs={"arn": "arn:aws:kms:{region}:{account}:{name}"},
        name=Name(prefix="alias/", limit=256),
    ),
    "aws:secretsmanager/secret:Secret": Kind(
        create=Call("secretsmanager.create_secret", fixed={"ClientRequestToken": "{unique}"}),
        then=[
            Call(
                "secretsmanager.put_resource_policy",
                fixed={"SecretId": "{id}"},
                inputs=["policy"],
                renames={"policy": "ResourcePolicy"},
            )
        ],
        id="{ARN}",
        outputs={"arn": "{ARN}"},
        name=Name(limit=512),
        ignored=["recoveryWindowInDays", "forceOverwriteReplicaSecret"],
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Kind(
        create=Call("secretsmanager.put_secret_value", fixed={"ClientRequestToken": "{unique}"}),
        id="{ARN}|{VersionId}",
        outputs={"arn": "{ARN}", "versionId": "{VersionId}", "secretArn": "{ARN}"},
    ),
}

INVOKES = {"aws:secretsmanager/getSecretVersion:getSecretVersion": secret_version}
