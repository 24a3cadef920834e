"""A TLS certificate of ACM that proves itself, and renews, through the domain's hosted zone."""

import re
from dataclasses import dataclass

import pulumi
from pulumi_aws import acm, route53

MAXIMUM_LENGTH = 64
"""What ACM takes as a certificate's first name."""

_DOMAIN = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    domain: str
    """One name, such as `shop.example.com`."""
    hosted_zone_id: pulumi.Input[str]
    """The Route 53 zone of the domain, in this account."""
    region: str | None = None
    """Where the certificate is used: `us-east-1` for CloudFront; None is the stack's region."""

    def __post_init__(self) -> None:
        refuse_bad_domain(self.domain)


class Certificate(pulumi.ComponentResource):
    arn: pulumi.Output[str]
    """Known only when ACM has issued the certificate: a listener refuses one that is pending."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("causeway:index:Certificate", name, None, opts)
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain,
            validation_method="DNS",
            options={"certificate_transparency_logging_preference": "ENABLED"},
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        option = certificate.domain_validation_options[0]
        record = route53.Record(
            f"{name}-validation-record",
            zone_id=args.hosted_zone_id,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=300,
            # ACM asks for the same record in every region: the site's certificate in us-east-1 and a
            # load balancer's in the stack's region share it.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        validation = acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


def refuse_bad_domain(domain: str) -> None:
    """Raises `pulumi.RunError` for what ACM or Route 53 would refuse in mid-deploy."""
    if not _DOMAIN.fullmatch(domain) or len(domain) > MAXIMUM_LENGTH:
        raise pulumi.RunError(
            f"domain '{domain}': give a host name of at most {MAXIMUM_LENGTH} characters in lower case, "
            "such as shop.example.com, without https:// or a path"
        )
