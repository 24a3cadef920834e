"""The listeners of an Application Load Balancer, and their doors: production, test, redirect to HTTPS."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import ec2, lb, vpc

CLOUDFRONT_PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy only: what CloudFront speaks to an origin too."""
HTTP, HTTPS = 80, 443
TEST_HTTP, TEST_HTTPS = 8080, 8443


def service_listener(
    name: str,
    load_balancer_arn: pulumi.Input[str],
    port: int,
    certificate_arn: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> lb.Listener:
    """A listener that the services' rules stand on; what no rule takes is answered 404."""
    return lb.Listener(
        name,
        load_balancer_arn=load_balancer_arn,
        port=port,
        protocol="HTTP" if certificate_arn is None else "HTTPS",
        ssl_policy=None if certificate_arn is None else TLS_POLICY,
        certificate_arn=certificate_arn,
        default_actions=[
            {
                "type": "fixed-response",
                "fixed_response": {
                    "content_type": "text/plain",
                    "message_body": "Not found",
                    "status_code": "404",
                },
            }
        ],
        opts=opts,
    )


def redirect_listener(
    name: str, load_balancer_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> lb.Listener:
    """HTTP for those who type no https."""
    return lb.Listener(
        name,
        load_balancer_arn=load_balancer_arn,
        port=HTTP,
        protocol="HTTP",
        default_actions=[
            {
                "type": "redirect",
                "redirect": {"port": str(HTTPS), "protocol": "HTTPS", "status_code": "HTTP_301"},
            }
        ],
        opts=opts,
    )


def doors(
    name: str,
    group: ec2.SecurityGroup,
    *,
    internal: bool,
    port: int,
    test_port: int,
    test_cidrs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Who reaches the listeners: CloudFront's VPC origin or everybody, and for tests the addresses named."""

    def let_in(purpose: str, port: int, description: str, **source: pulumi.Input[str]) -> None:
        vpc.SecurityGroupIngressRule(
            f"{name}-from-{purpose}",
            security_group_id=group.id,
            description=description,
            prefix_list_id=source.get("prefix_list_id"),
            cidr_ipv4=source.get("cidr"),
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=opts,
        )

    if internal:
        # The list counts as 55 of the 60 rules of a security group: one port, and few other rules.
        cloudfront = ec2.get_managed_prefix_list_output(name=CLOUDFRONT_PREFIX_LIST)
        let_in("cloudfront", port, "CloudFront's VPC origin", prefix_list_id=cloudfront.id)
    else:
        let_in("internet", port, "Everybody, by HTTPS", cidr="0.0.0.0/0")
        let_in("redirect", HTTP, "Everybody, to be redirected to HTTPS", cidr="0.0.0.0/0")
    for number, cidr in enumerate(test_cidrs, start=1):
        purpose = "tests" if number == 1 else f"tests-{number}"
        let_in(purpose, test_port, "Trying a new version before it has the requests", cidr=cidr)
