"""The statements of a bucket's policy: who may not come in without TLS, who delivers logs, who reads."""

from collections.abc import Mapping, Sequence

import pulumi

Statements = Sequence[Mapping[str, object]]


def tls_only(arn: pulumi.Output[str]) -> Statements:
    """Denies everyone, the account's own roles too, what does not come over TLS 1.2 or newer (S3.5)."""
    conditions: dict[str, dict[str, object]] = {
        "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
        "Tls12AndNewer": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
    return [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, pulumi.Output.concat(arn, "/*")],
            "Condition": condition,
        }
        for sid, condition in conditions.items()
    ]


def log_delivery(arn: pulumi.Output[str], *, account_id: str, region: str) -> Statements:
    """Lets load balancers, CloudFront (standard logging v2) and S3 itself write logs, for this account only.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """

    def put(sid: str, service: str, *, paths: Sequence[str], source_arn: str) -> dict[str, object]:
        equals = {"aws:SourceAccount": account_id}
        if service == "delivery.logs":
            # CloudWatch Logs delivers with this ACL, and looks for a statement with this condition:
            # not finding one, it would add its own to the policy, behind Pulumi's back.
            equals["s3:x-amz-acl"] = "bucket-owner-full-control"
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": [pulumi.Output.concat(arn, path) for path in paths],
            "Condition": {"StringEquals": equals, "ArnLike": {"aws:SourceArn": source_arn}},
        }

    vended = f"/AWSLogs/{account_id}/*"
    delivery = f"arn:aws:logs:{region}:{account_id}:*"
    return [
        put(
            "LoadBalancersLog",
            "logdelivery.elasticloadbalancing",
            paths=[vended, f"/*{vended}"],  # with and without a prefix
            source_arn=f"arn:aws:elasticloadbalancing:{region}:{account_id}:loadbalancer/*",
        ),
        put(
            "CloudFrontLogs",
            "delivery.logs",
            paths=[vended],
            source_arn=f"arn:aws:logs:us-east-1:{account_id}:delivery-source:*",
        ),
        {
            "Sid": "NetworkLoadBalancersAskWhoseBucketItIs",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": delivery},
            },
        },
        put("NetworkLoadBalancersLog", "delivery.logs", paths=[vended], source_arn=delivery),
        put("S3Logs", "logging.s3", paths=["/s3/*"], source_arn="arn:aws:s3:::*"),
    ]


def cloudfront_reads(arn: pulumi.Output[str], distribution_arn: pulumi.Input[str]) -> Statements:
    """Lets one distribution read; and list, so that a missing object is a 404 and not a 403.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """

    def allow(sid: str, action: str, resource: pulumi.Output[str]) -> dict[str, object]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
        }

    return [
        allow("CloudFrontReads", "s3:GetObject", pulumi.Output.concat(arn, "/*")),
        allow("CloudFrontLists", "s3:ListBucket", arn),
    ]
