"""Bucket: private, encrypted, TLS only, and open to exactly the log deliveries it was made for."""

import json
from typing import Any

import pulumi
import pytest

from components.bucket import Bucket, BucketArgs
from components.key import Key, KeyArgs
from components.link import Link
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

KINDS = {
    "bucket": "aws:s3/bucket:Bucket",
    "public-access-block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "ownership": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "policy": "aws:s3/bucketPolicy:BucketPolicy",
}


def logs() -> Bucket:
    return Bucket("logs", BucketArgs(log_delivery=True, account_id=ACCOUNT, region=REGION))


def one(run: Run, name: str) -> Resource:
    (found,) = [resource for resource in run.resources if resource.name == name]
    return found


def statements(run: Run, name: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(one(run, name).inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_shortest_call_is_a_closed_bucket() -> None:
    run = record(lambda: Bucket("docs", BucketArgs()))

    assert {(r.name, r.type) for r in run.resources} == {
        ("docs", "causeway:index:Bucket"),
        *((f"docs-{purpose}", kind) for purpose, kind in KINDS.items()),
    }
    assert all(r.options.parent.endswith("causeway:index:Bucket::docs") for r in run.resources[1:])
    bucket = one(run, "docs-bucket")
    assert bucket.inputs == {"forceDestroy": False}
    assert bucket.options.protect
    assert one(run, "docs-public-access-block").inputs == {
        "bucket": "docs-bucket",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert one(run, "docs-ownership").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert one(run, "docs-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert one(run, "docs-encryption").inputs["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]


def test_it_keeps_house_and_keeps_objects() -> None:
    run = record(lambda: Bucket("docs", BucketArgs()))

    lifecycle = one(run, "docs-lifecycle")
    assert lifecycle.inputs["rules"] == [
        {
            "id": "housekeeping",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "expiration": {"expiredObjectDeleteMarker": True},
        }
    ]
    assert any(urn.endswith("::docs-versioning") for urn in lifecycle.options.dependencies)


def test_it_expires_objects_and_lets_go_when_told() -> None:
    run = record(
        lambda: Bucket(
            "docs", BucketArgs(expire_after_days=90, versioning=False, protect=False, force_destroy=True)
        )
    )

    assert one(run, "docs-lifecycle").inputs["rules"][0]["expiration"] == {"days": 90}
    assert one(run, "docs-versioning").inputs["versioningConfiguration"] == {"status": "Suspended"}
    assert one(run, "docs-bucket").inputs == {"forceDestroy": True}
    assert not one(run, "docs-bucket").options.protect


def test_its_policy_denies_what_is_not_tls_1_2() -> None:
    run = record(lambda: Bucket("docs", BucketArgs()))

    found = statements(run, "docs-policy")
    assert set(found) == {"TlsOnly", "Tls12AndNewer"}
    for statement in found.values():
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        bucket, objects = statement["Resource"]
        assert objects == f"{bucket}/*"
    assert found["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert found["Tls12AndNewer"]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def test_logs_come_from_this_account_only() -> None:
    found = statements(record(logs), "logs-policy")

    assert set(found) == {
        "TlsOnly",
        "Tls12AndNewer",
        "LoadBalancersLog",
        "CloudFrontLogs",
        "NetworkLoadBalancersAskWhoseBucketItIs",
        "NetworkLoadBalancersLog",
        "S3Logs",
    }
    balancers, cloudfront, s3 = found["LoadBalancersLog"], found["CloudFrontLogs"], found["S3Logs"]
    network, asks = found["NetworkLoadBalancersLog"], found["NetworkLoadBalancersAskWhoseBucketItIs"]
    for statement in (balancers, cloudfront, network, s3):
        assert (statement["Effect"], statement["Action"]) == ("Allow", "s3:PutObject")
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    bucket = found["TlsOnly"]["Resource"][0]
    assert balancers["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert balancers["Resource"] == [f"{bucket}/AWSLogs/{ACCOUNT}/*", f"{bucket}/*/AWSLogs/{ACCOUNT}/*"]
    assert balancers["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/*"
    }
    assert cloudfront["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert cloudfront["Resource"] == [f"{bucket}/AWSLogs/{ACCOUNT}/*"]
    assert cloudfront["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"
    assert cloudfront["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"
    }
    assert (network["Principal"], network["Resource"]) == (cloudfront["Principal"], cloudfront["Resource"])
    assert network["Condition"]["StringEquals"] == cloudfront["Condition"]["StringEquals"]
    for statement in (network, asks):
        delivery = f"arn:aws:logs:{REGION}:{ACCOUNT}:*"
        assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": delivery}
    assert (asks["Action"], asks["Resource"]) == ("s3:GetBucketAcl", bucket)
    assert s3["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert s3["Resource"] == [f"{bucket}/s3/*"]


def test_who_uses_a_log_bucket_waits_for_its_policy() -> None:
    run = record(lambda: Bucket("docs", BucketArgs(access_logs=logs())))

    logging = one(run, "docs-access-logs")
    assert logging.type == "aws:s3/bucketLogging:BucketLogging"
    assert logging.inputs == {
        "bucket": "docs-bucket",
        "targetBucket": "logs-bucket",
        "targetPrefix": "s3/docs/",
    }
    assert any(urn.endswith("::logs-policy") for urn in logging.options.dependencies)


def test_one_distribution_reads_when_let() -> None:
    arn = "arn:aws:cloudfront::111111111111:distribution/E1"

    def build() -> None:
        Bucket("files", BucketArgs(read_by_cloudfront=True)).let_cloudfront_read(arn)

    run = record(build)

    assert len(run.of_type(KINDS["policy"])) == 1
    found = statements(run, "files-policy")
    assert set(found) == {"TlsOnly", "Tls12AndNewer", "CloudFrontReads", "CloudFrontLists"}
    bucket = found["TlsOnly"]["Resource"][0]
    for sid, action, resource in (
        ("CloudFrontReads", "s3:GetObject", f"{bucket}/*"),
        ("CloudFrontLists", "s3:ListBucket", bucket),
    ):
        assert found[sid] == {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceArn": arn}},
        }


def test_a_second_policy_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="read_by_cloudfront"):
        record(
            lambda: Bucket("docs", BucketArgs()).let_cloudfront_read("arn:aws:cloudfront::1:distribution/E1")
        )


def test_a_key_encrypts_and_comes_with_the_links() -> None:
    def build() -> tuple[Link, Link]:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        bucket = Bucket("docs", BucketArgs(key=key))
        return bucket.read(), bucket.write()

    run = record(build)

    (rule,) = one(run, "docs-encryption").inputs["rules"]
    assert rule["bucketKeyEnabled"] is True
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith("key/shop-key")
    read, write = run.value
    assert [list(permission.actions) for permission in read.permissions] == [
        ["s3:GetObject"],
        ["s3:ListBucket"],
        ["kms:Decrypt"],
    ]
    assert [list(permission.actions) for permission in write.permissions] == [
        ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    assert set(read.environment) == set(write.environment) == {"DOCS_BUCKET"}
    assert read.secrets == {}
    assert read.ports == ()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"expire_after_days": 0}, "expire_after_days is 0; give 1 or more"),
        ({"log_delivery": True}, "log_delivery needs account_id and region"),
        (
            {"log_delivery": True, "account_id": ACCOUNT, "region": REGION, "read_by_cloudfront": True},
            "not both",
        ),
    ],
)
def test_what_cannot_work_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        BucketArgs(**args)
    assert "\n" not in str(refusal.value)


def test_logs_under_a_key_are_refused() -> None:
    def build() -> None:
        key = Key("shop", KeyArgs(account_id=ACCOUNT, region=REGION))
        BucketArgs(log_delivery=True, account_id=ACCOUNT, region=REGION, key=key)

    with pytest.raises(pulumi.RunError, match="SSE-S3 only"):
        record(build)


def test_logs_into_a_bucket_that_takes_none_are_refused() -> None:
    with pytest.raises(pulumi.RunError, match="log_delivery=True"):
        record(lambda: BucketArgs(access_logs=Bucket("docs", BucketArgs())))
