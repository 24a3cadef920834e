"""A site on S3 and its API behind one CloudFront name: private origins, TLS, security headers, logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pulumi
from pulumi_aws import cloudfront, route53

from components.bucket import Bucket, BucketArgs
from components.certificate import Certificate, CertificateArgs, refuse_bad_domain
from components.distribution_log import log_distribution
from components.load_balancer import LoadBalancer
from components.security_headers import CONTENT_SECURITY_POLICY, security_headers
from components.site_files import site_files, upload

if TYPE_CHECKING:
    from pulumi_aws.cloudfront import (
        DistributionDefaultCacheBehaviorArgsDict,
        DistributionOrderedCacheBehaviorArgsDict,
        DistributionOriginArgsDict,
        DistributionViewerCertificateArgsDict,
    )

# Managed policies have the same ids in every account.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

READS = ["GET", "HEAD"]
EVERY_METHOD = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

LONGEST_NAME = 40
"""A VPC origin's name has 64 characters at most, of which the load balancer's id and scheme take 24."""

SPA_FALLBACK = """\
// An address without a file name is a view of the application: index.html shows it.
// Only the site's own behaviour runs this, so the API's 404s stay what they are.
function handler(event) {
    var request = event.request;
    if (!request.uri.split('/').pop().includes('.')) {
        request.uri = '/index.html';
    }
    return request;
}
"""


@dataclass(frozen=True, kw_only=True)
class StaticSiteArgs:
    directory: str
    """Folder with the site's files, from the project's root, such as `app/web`."""
    api: LoadBalancer
    """Internal; reached over HTTPS where it listens on 443, else over HTTP."""
    api_paths: Sequence[str] = ("/api/*",)
    logs: Bucket
    """A bucket with `log_delivery`, for the access logs of CloudFront and S3."""
    web_acl_arn: pulumi.Input[str]
    """A web ACL for CloudFront: see `WebAcl`."""
    domain: str | None = None
    """Own host name. Without one it is CloudFront's, whose certificate admits TLS 1.0 too."""
    hosted_zone_id: str | None = None
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    content_security_policy: str = CONTENT_SECURITY_POLICY
    force_destroy: bool = False
    protect: bool = True

    def __post_init__(self) -> None:
        if (self.domain is None) != (self.hosted_zone_id is None):
            raise pulumi.RunError(
                f"site: domain is {self.domain}, hosted_zone_id {self.hosted_zone_id}; give both or neither"
            )
        if self.domain is not None:
            refuse_bad_domain(self.domain)
        for path in self.api_paths:
            if not path.startswith("/"):
                raise pulumi.RunError(f"site: the API's path '{path}' must begin with '/', such as '/api/*'")
        if not self.logs.log_delivery:
            raise pulumi.RunError("site: logs needs a bucket made with log_delivery=True")


class StaticSite(pulumi.ComponentResource):
    url: pulumi.Output[str]
    distribution_id: pulumi.Output[str]
    distribution_domain: pulumi.Output[str]
    """CloudFront's own name for the site, such as `d111111abcdef8.cloudfront.net`."""
    bucket_name: pulumi.Output[str]

    def __init__(self, name: str, args: StaticSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if len(name) > LONGEST_NAME:
            raise pulumi.RunError(
                f"site '{name}': the name has {len(name)} characters, AWS takes at most {LONGEST_NAME} here; "
                "shorten it in platform/__main__.py"
            )
        files = site_files(args.directory)
        super().__init__("causeway:index:StaticSite", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = Bucket(
            f"{name}-files",
            BucketArgs(
                access_logs=args.logs,
                read_by_cloudfront=True,
                force_destroy=args.force_destroy,
                protect=args.protect,
            ),
            self._child,
        )
        distribution = self._distribute(args, bucket)
        bucket.let_cloudfront_read(distribution.arn)
        log_distribution(name, distribution_arn=distribution.arn, bucket_arn=args.logs.arn, opts=self._child)
        upload(name, files, bucket_name=bucket.name, parent=self)
        self._point_domain(args, distribution)
        self.distribution_id, self.distribution_domain = distribution.id, distribution.domain_name
        self.bucket_name = bucket.name
        self.url = pulumi.Output.concat("https://", args.domain or distribution.domain_name)
        self.register_outputs({"url": self.url, "distribution_id": self.distribution_id})

    def _distribute(self, args: StaticSiteArgs, bucket: Bucket) -> cloudfront.Distribution:
        headers = security_headers(self._name, args.content_security_policy, opts=self._child)
        return cloudfront.Distribution(
            f"{self._name}-distribution",
            comment=f"{pulumi.get_project()} {pulumi.get_stack()}: {self._name}",
            enabled=True,
            aliases=[args.domain] if args.domain else [],
            origins=[self._files_origin(bucket), self._api_origin(args.api)],
            default_cache_behavior=self._files_behavior(headers.id),
            ordered_cache_behaviors=[_api_behavior(path, headers.id) for path in args.api_paths],
            default_root_object="index.html",
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args.price_class,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate=self._viewer_certificate(args),
            web_acl_id=args.web_acl_arn,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )

    def _files_origin(self, bucket: Bucket) -> "DistributionOriginArgsDict":
        control = cloudfront.OriginAccessControl(
            f"{self._name}-access-control",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        return {
            "origin_id": "files",
            "domain_name": bucket.domain_name,
            "origin_access_control_id": control.id,
        }

    def _api_origin(self, api: LoadBalancer) -> "DistributionOriginArgsDict":
        scheme = "https" if api.port == 443 else "http"  # noqa: PLR2004 the port says what it is
        origin = cloudfront.VpcOrigin(
            f"{self._name}-api-origin",
            vpc_origin_endpoint_config={
                # AWS wants it unique in the account: it bears the id of what it leads to, so that a
                # replacement can stand beside it.
                "name": api.arn.apply(lambda arn: f"{self._name}-{arn.rsplit('/', 1)[-1]}-{scheme}"),
                "arn": api.arn,
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": f"{scheme}-only",
                "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
            },
            # It cannot be updated while a distribution uses it, not even in its tags: replace it, and
            # leave it alone when the provider's default tags change.
            opts=pulumi.ResourceOptions(
                parent=self,
                replace_on_changes=["vpc_origin_endpoint_config"],
                ignore_changes=["tags", "tagsAll"],
            ),
        )
        return {
            "origin_id": "api",
            "domain_name": api.dns_name,
            # Kept alive for less long than the load balancer's 60 s, so that CloudFront closes first.
            "vpc_origin_config": {"vpc_origin_id": origin.id, "origin_keepalive_timeout": 30},
        }

    def _files_behavior(self, headers_id: pulumi.Output[str]) -> "DistributionDefaultCacheBehaviorArgsDict":
        fallback = cloudfront.Function(
            f"{self._name}-fallback",
            comment="Shows index.html at an address without a file name",
            runtime="cloudfront-js-2.0",
            code=SPA_FALLBACK,
            publish=True,
            opts=self._child,
        )
        return {
            "target_origin_id": "files",
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": READS,
            "cached_methods": READS,
            "cache_policy_id": CACHING_OPTIMIZED,
            "compress": True,
            "response_headers_policy_id": headers_id,
            "function_associations": [{"event_type": "viewer-request", "function_arn": fallback.arn}],
        }

    def _viewer_certificate(self, args: StaticSiteArgs) -> "DistributionViewerCertificateArgsDict":
        if args.domain is None or args.hosted_zone_id is None:
            return {"cloudfront_default_certificate": True}
        certificate = Certificate(
            self._name,
            CertificateArgs(domain=args.domain, hosted_zone_id=args.hosted_zone_id, region="us-east-1"),
            self._child,
        )
        return {
            "acm_certificate_arn": certificate.arn,
            "minimum_protocol_version": "TLSv1.2_2021",
            "ssl_support_method": "sni-only",
        }

    def _point_domain(self, args: StaticSiteArgs, distribution: cloudfront.Distribution) -> None:
        if args.domain is None or args.hosted_zone_id is None:
            return
        for type_ in ("A", "AAAA"):
            route53.Record(
                f"{self._name}-alias-{type_.lower()}",
                zone_id=args.hosted_zone_id,
                name=args.domain,
                type=type_,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,  # CloudFront has none to evaluate
                    }
                ],
                opts=self._child,
            )


def _api_behavior(path: str, headers_id: pulumi.Output[str]) -> "DistributionOrderedCacheBehaviorArgsDict":
    """Nothing cached, everything forwarded: the viewer's host, cookies and query string too."""
    return {
        "path_pattern": path,
        "target_origin_id": "api",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": EVERY_METHOD,
        "cached_methods": READS,
        "cache_policy_id": CACHING_DISABLED,
        "origin_request_policy_id": ALL_VIEWER,
        "response_headers_policy_id": headers_id,
    }
