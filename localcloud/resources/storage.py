"""S3: the bucket, the resources that are its settings, and its objects."""

import base64
import json
from pathlib import Path
from urllib.parse import urlencode

import pulumi

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making
from localcloud.mapper import MappingError

REGION_OF_ALL = "us-east-1"
"""The one region that is not named in a location constraint."""


def located(inputs: Inputs, making: Making) -> Inputs:
    """A bucket outside us-east-1 says where it is."""
    if making.region == REGION_OF_ALL:
        return inputs
    return {**inputs, "createBucketConfiguration": {"locationConstraint": making.region}}


def put_object(inputs: Inputs, making: Making) -> Inputs:
    """An object's content is text, base64, or an asset: text or a file."""
    result = {
        name: value for name, value in inputs.items() if name not in ("source", "tags", "contentBase64")
    }
    source = inputs.get("source")
    if isinstance(source, pulumi.FileAsset):
        result["body"] = Path(str(source.path)).read_bytes()
    elif isinstance(source, pulumi.StringAsset):
        result["body"] = str(source.text).encode()
    elif source is not None:
        raise MappingError(f"source is a {type(source).__name__}; give a FileAsset or a StringAsset")
    elif inputs.get("contentBase64"):
        result["body"] = base64.b64decode(str(inputs["contentBase64"]))
    else:
        result["body"] = str(result.pop("content", "")).encode()
    tags = {**making.cloud.default_tags, **mapping(inputs.get("tags"))}
    if tags:
        result["tagging"] = urlencode(tags)
    return result


def lifecycle(inputs: Inputs, making: Making) -> Inputs:
    """Terraform's provider lets a rule without a filter be; S3 wants one of prefix or filter."""
    rules = [{"filter": {"prefix": ""}, **rule} for rule in mappings(inputs.get("rules"))]
    return {**{k: v for k, v in inputs.items() if k != "rules"}, "lifecycleRules": rules}


def policy_text(inputs: Inputs, making: Making) -> Inputs:
    """A policy may be a mapping in Pulumi; it is text for S3."""
    policy = inputs["policy"]
    return {**inputs, "policy": policy if isinstance(policy, str) else json.dumps(policy)}


KINDS = {
    "aws:s3/bucket:Bucket": Kind(
        create=Call("s3.create_bucket", renames={"objectLockEnabled": "ObjectLockEnabledForBucket"}),
        then=[
            Call(
                "s3.put_bucket_tagging",
                fixed={"Bucket": "{id}"},
                inputs=["tags"],
                renames={"tags": "Tagging.TagSet"},
            )
        ],
        prepare=located,
        id="{bucket}",
        outputs={
            "arn": "arn:aws:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
        },
        name=Name("bucket", limit=63, lower=True),
        ignored=["forceDestroy"],
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Kind(create=Call("s3.put_bucket_versioning"), id="{bucket}"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Kind(
        create=Call(
            "s3.put_bucket_encryption",
            renames={
                "rules": "ServerSideEncryptionConfiguration.Rules",
                "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
                "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
            },
        ),
        id="{bucket}",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Kind(
        create=Call(
            "s3.put_public_access_block",
            under="PublicAccessBlockConfiguration",
            fixed={"Bucket": "{bucket}"},
        ),
        id="{bucket}",
        ignored=["skipDestroy"],
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Kind(
        create=Call("s3.put_bucket_ownership_controls", renames={"rule": "OwnershipControls.Rules"}),
        id="{bucket}",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind(
        create=Call(
            "s3.put_bucket_lifecycle_configuration",
            renames={
                "lifecycleRules": "LifecycleConfiguration.Rules",
                "lifecycleRules.id": "ID",
                "lifecycleRules.noncurrentVersionExpiration.noncurrentDays": "NoncurrentDays",
            },
        ),
        prepare=lifecycle,
        id="{bucket}",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Kind(
        create=Call("s3.put_bucket_policy"), prepare=policy_text, id="{bucket}"
    ),
    "aws:s3/bucketLogging:BucketLogging": Kind(
        create=Call(
            "s3.put_bucket_logging",
            under="BucketLoggingStatus.LoggingEnabled",
            fixed={"Bucket": "{bucket}"},
        ),
        id="{bucket}",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": Kind(
        create=Call("s3.put_bucket_cors", renames={"corsRules": "CORSConfiguration.CORSRules"}), id="{bucket}"
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(
        create=Call("s3.put_object", renames={"kmsKeyId": "SSEKMSKeyId"}),
        prepare=put_object,
        id="{bucket}/{key}",
        outputs={"arn": "arn:aws:s3:::{bucket}/{key}"},
        ignored=["forceDestroy", "etag", "sourceHash"],
    ),
}
