"""What deploys may do at the edge of the platform."""

from components.deploy_statement import EDGE_REGION, Statements, allow


def edge(here: str, account_id: str, hosted_zone_id: str | None) -> Statements:
    """CloudFront, its web ACL and logs, and the certificate and records of a domain."""
    global_region = f"{EDGE_REGION}:{account_id}"
    certificates = [f"arn:aws:acm:{place}:certificate/*" for place in dict.fromkeys((here, global_region))]
    domain = [
        allow(
            "acm",
            """AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate
            RemoveTagsFromCertificate RequestCertificate UpdateCertificateOptions""",
            *certificates,
        ),
        allow(
            "route53",
            "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets",
            f"arn:aws:route53:::hostedzone/{hosted_zone_id}",
        ),
        allow("route53", "GetChange", "arn:aws:route53:::change/*"),
    ]
    return [
        allow(
            "cloudfront",
            """AllowVendedLogDeliveryForResource CreateDistribution CreateFunction
            CreateOriginAccessControl CreateResponseHeadersPolicy CreateVpcOrigin DeleteDistribution
            DeleteFunction DeleteOriginAccessControl DeleteResponseHeadersPolicy DeleteVpcOrigin
            DescribeFunction GetDistribution GetDistributionConfig GetFunction GetOriginAccessControl
            GetOriginAccessControlConfig GetResponseHeadersPolicy GetResponseHeadersPolicyConfig
            GetVpcOrigin ListTagsForResource PublishFunction TagResource UntagResource UpdateDistribution
            UpdateFunction UpdateOriginAccessControl UpdateResponseHeadersPolicy UpdateVpcOrigin""",
            f"arn:aws:cloudfront::{account_id}:*",
        ),
        allow(
            "wafv2",
            """CreateWebACL DeleteLoggingConfiguration DeleteWebACL GetLoggingConfiguration GetWebACL
            ListTagsForResource PutLoggingConfiguration TagResource UntagResource UpdateWebACL""",
            f"arn:aws:wafv2:{global_region}:global/*",
            f"arn:aws:wafv2:{here}:regional/*",
        ),
        allow(
            "wafv2",
            "AssociateWebACL DisassociateWebACL GetWebACLForResource",
            f"arn:aws:wafv2:{here}:regional/*",
            f"arn:aws:elasticloadbalancing:{here}:loadbalancer/app/*",
        ),
        allow(
            "logs",
            """CreateDelivery DeleteDelivery DeleteDeliveryDestination DeleteDeliverySource GetDelivery
            GetDeliveryDestination GetDeliverySource ListTagsForResource PutDeliveryDestination
            PutDeliverySource TagResource UntagResource UpdateDeliveryConfiguration""",
            *[
                f"arn:aws:logs:{global_region}:{kind}:*"
                for kind in ("delivery", "delivery-destination", "delivery-source")
            ],
        ),
        # WAF's log: it writes the log group's policy in the caller's name.
        allow("logs", "CreateLogDelivery DeleteLogDelivery DescribeResourcePolicies PutResourcePolicy", "*"),
        *(domain if hosted_zone_id else []),
    ]
