"""The headers with which CloudFront tells a browser what a site may not do."""

import pulumi
from pulumi_aws import cloudfront

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'"
)
"""No `upgrade-insecure-requests`: CloudFront redirects to HTTPS, and a laptop serves this over HTTP."""

TWO_YEARS = 63_072_000
"""Seconds; what browsers ask of a site that means it."""


def security_headers(
    name: str, content_security_policy: str, *, opts: pulumi.ResourceOptions
) -> cloudfront.ResponseHeadersPolicy:
    """A response headers policy that overrides what the origin says, for a site and its API alike."""
    return cloudfront.ResponseHeadersPolicy(
        f"{name}-headers",
        comment=f"Security headers of {name}",
        security_headers_config={
            "content_security_policy": {
                "content_security_policy": content_security_policy,
                "override": True,
            },
            "content_type_options": {"override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
            "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
            "strict_transport_security": {
                "access_control_max_age_sec": TWO_YEARS,
                "include_subdomains": True,
                "override": True,
            },
        },
        custom_headers_config={
            "items": [
                {
                    "header": "permissions-policy",
                    "value": "camera=(), geolocation=(), microphone=(), payment=()",
                    "override": True,
                },
                {"header": "cross-origin-opener-policy", "value": "same-origin", "override": True},
            ]
        },
        opts=opts,
    )
