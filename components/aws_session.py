"""The AWS session of what the engine runs itself: the account that the AWS provider uses, and no other."""

import json
from collections.abc import Callable
from typing import Any, cast

UNSUPPORTED = ("assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles")
"""Ways of the provider's to credentials that are given here by AWS's own environment variables instead."""


class CredentialsError(Exception):
    """The stack's file asks for credentials in a way that cannot be followed here."""


def client(service: str, region: str, get: Callable[[str], Any]) -> Any:
    """A boto3 client as the keys of `aws` in the stack's file say; `get` reads one, such as `aws:profile`.

    Raises CredentialsError.
    """
    import boto3  # noqa: PLC0415 0.3 s of import, for what only an `up` does
    from botocore.config import Config  # noqa: PLC0415 likewise

    for key in UNSUPPORTED:
        if get(f"aws:{key}"):
            raise CredentialsError(
                f"aws:{key} is set in the stack's file, where only the AWS provider reads it; "
                "set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or AWS_CONFIG_FILE, in the environment"
            )
    session: Any = boto3.session.Session(
        profile_name=get("aws:profile"),
        aws_access_key_id=get("aws:accessKey"),
        aws_secret_access_key=get("aws:secretKey"),
        aws_session_token=get("aws:token"),
        region_name=region,
    )
    endpoints = _endpoints(get("aws:endpoints"))
    for role in _listed(get("aws:assumeRoles")):
        sts = session.client("sts", endpoint_url=endpoints.get("sts"))
        wanted = {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName") or "causeway"}
        if role.get("externalId"):
            wanted["ExternalId"] = role["externalId"]
        given = sts.assume_role(**wanted)["Credentials"]
        session = boto3.session.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=region,
        )
    retries = Config(retries={"total_max_attempts": 8, "mode": "standard"})
    return session.client(service, endpoint_url=endpoints.get(service), config=retries)


def _endpoints(value: Any) -> dict[str, str]:
    return {service: url for entry in _listed(value) for service, url in entry.items()}


def _listed(value: Any) -> list[dict[str, Any]]:
    """A list of the stack's file, which comes as JSON."""
    found = json.loads(value) if isinstance(value, str) and value else value
    return cast("list[dict[str, Any]]", found or [])
