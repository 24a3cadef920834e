"""Access logs of a CloudFront distribution into a bucket: standard logging v2, which needs no ACLs."""

import pulumi
from pulumi_aws import cloudwatch

REGION = "us-east-1"
"""Where CloudFront's deliveries are kept, wherever the bucket is."""

FIELDS = [
    "date",
    "time",
    "x-edge-location",
    "x-edge-request-id",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
    "c-ip",
    "c-port",
    "x-forwarded-for",
    "cs-method",
    "cs-protocol",
    "cs-protocol-version",
    "x-host-header",
    "cs(Host)",
    "cs-uri-stem",
    "cs-uri-query",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-bytes",
    "sc-status",
    "sc-bytes",
    "sc-content-type",
    "sc-content-len",
    "time-taken",
    "time-to-first-byte",
    "ssl-protocol",
    "ssl-cipher",
]
"""What to log of a request. Not `cs(Cookie)`: a session must not be read from a log.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-logs-reference.html
"""


def log_distribution(
    name: str,
    *,
    distribution_arn: pulumi.Input[str],
    bucket_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Delivers JSON to `AWSLogs/ACCOUNT/CloudFront/DISTRIBUTION/yyyy/MM/dd/` of a bucket with `log_delivery`.

    The older kind (`logging_config` of a distribution) writes with ACLs, which BucketOwnerEnforced
    forbids.
    """
    source = cloudwatch.LogDeliverySource(
        f"{name}-log-source",
        log_type="ACCESS_LOGS",
        resource_arn=distribution_arn,
        region=REGION,
        opts=opts,
    )
    destination = cloudwatch.LogDeliveryDestination(
        f"{name}-log-destination",
        output_format="json",
        delivery_destination_configuration={"destination_resource_arn": bucket_arn},
        region=REGION,
        opts=opts,
    )
    cloudwatch.LogDelivery(
        f"{name}-log-delivery",
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        record_fields=FIELDS,
        s3_delivery_configurations=[
            {"suffix_path": "{DistributionId}/{yyyy}/{MM}/{dd}", "enable_hive_compatible_path": False}
        ],
        region=REGION,
        opts=opts,
    )
