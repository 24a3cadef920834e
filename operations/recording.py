"""Records what a program, or one component, registers: the graph that tests and tools read."""

import asyncio
import contextvars
import hashlib
import re
from collections.abc import Callable
from typing import Any, cast

from pulumi.runtime import Mocks, set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs
from pulumi.runtime.stack import run_in_stack

from operations.program import ROOT, Run, configure

ACCOUNT = "111111111111"
REGION = "eu-west-1"


class RecordingMocks(Mocks):
    """Answers each registration with its inputs and plausible computed outputs; makes nothing."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        if not args.custom and args.resource_id in (None, ""):
            return None, dict(inputs)
        kind = args.typ.rsplit(":", 1)[-1]
        physical = str(inputs.get("name") or args.name)
        service = args.typ.split(":")[1].split("/")[0]
        computed: dict[str, Any] = {
            "name": physical,
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind.lower()}/{physical}",
            "url": f"https://{service}.{REGION}.amazonaws.com/{ACCOUNT}/{physical}",
            "keyId": f"key-{args.name}",
            "address": f"{physical}.{service}.internal",
            "endpoint": f"{physical}.{service}.internal",
            "endpoints": [{"address": f"{physical}.{service}.internal", "port": 6379}],
            "readerEndpoint": f"{physical}-ro.{service}.internal",
            "configurationEndpointAddress": f"{physical}.cfg.internal",
            "clusterAddress": f"{physical}.cfg.internal",
            "replicationGroupId": physical,
            "clusterResourceId": f"cluster-{args.name}",
            "primaryEndpointAddress": f"{physical}.cache.internal",
            "port": 5432,
            "dnsName": f"{physical}.elb.amazonaws.com",
            "arnSuffix": f"{kind.lower()}/{physical}/0123456789abcdef",
            "zoneId": "Z0123456789ABC",
            "domainName": f"{physical}.cloudfront.net",
            "bucketRegionalDomainName": f"{physical}.s3.{REGION}.amazonaws.com",
            "bucket": physical,
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{physical}",
            "registryId": ACCOUNT,
            "digest": "sha256:" + hashlib.sha256(args.name.encode()).hexdigest(),
            "hostedZoneId": "Z0123456789ABC",
            "prefixListId": "pl-0123456789abcdef0",
            "etag": "etag",
            "latestVersion": 1,
            "masterUserSecrets": [
                {
                    "secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{physical}",
                    "kmsKeyId": "key",
                    "secretStatus": "active",
                }
            ],
            "domainValidationOptions": [
                {
                    "domainName": inputs.get("domainName", "example.com"),
                    "resourceRecordName": "_validate.example.com.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_value.acm-validations.aws.",
                }
            ],
        }
        identity = re.sub(r"[^a-z0-9-]", "-", physical.lower()) + "-id"
        return args.resource_id or identity, {**computed, **inputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        known: dict[str, dict[str, Any]] = {
            "aws:ec2/getManagedPrefixList:getManagedPrefixList": {"id": "pl-0123456789abcdef0"},
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
                "userName": "AWS",
                "password": "token",
                "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
            },
            "aws:secretsmanager/getSecretVersion:getSecretVersion": {
                "secretString": '{"username": "name", "password": "password"}',
            },
        }
        if args.token not in known:
            raise NotImplementedError(f"the recording mocks know no answer to {args.token}")
        return known[args.token], []


def record(
    build: Callable[[], Any],
    *,
    stack: str = "test",
    preview: bool = False,
    config: dict[str, str] | None = None,
) -> Run:
    """Run `build`, such as `lambda: Redis("cache", ...)`, and give what it registered.

    What `build` returns is `run.value`; raises what `build` raises.
    """
    values = {"aws:region": REGION, **(config or {})}
    return contextvars.copy_context().run(_record, build, stack, preview, values)


def _record(build: Callable[[], Any], stack: str, preview: bool, values: dict[str, str]) -> Run:
    result = Run()
    with configure(
        result, RecordingMocks(), project="causeway", stack=stack, preview=preview, root=ROOT
    ) as loop:
        set_all_config(values)

        async def program() -> None:
            result.value = build()
            for _ in range(2):  # registrations start before the SDK waits for every output
                await asyncio.sleep(0)

        loop.run_until_complete(run_in_stack(program))
    return result
