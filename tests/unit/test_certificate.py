"""Certificate: proved through DNS, issued before anyone uses it, in the region that wants it."""

from typing import Any

import pulumi
import pytest

from components.certificate import Certificate, CertificateArgs
from operations.program import Run
from operations.recording import record


def build(**args: Any) -> Run:
    def program() -> None:
        certificate = Certificate(
            "site", CertificateArgs(**{"domain": "shop.example.com", "hosted_zone_id": "Z1", **args})
        )
        pulumi.export("certificate", certificate.arn)

    return record(program)


def test_it_proves_itself_through_the_hosted_zone() -> None:
    run = build()

    certificate, record_, validation = (
        run.of_type(type_)[0]
        for type_ in (
            "aws:acm/certificate:Certificate",
            "aws:route53/record:Record",
            "aws:acm/certificateValidation:CertificateValidation",
        )
    )
    assert [(r.type, r.name) for r in run.resources] == [
        ("causeway:index:Certificate", "site"),
        (certificate.type, "site-certificate"),
        (record_.type, "site-validation-record"),
        (validation.type, "site-validation"),
    ]
    assert certificate.inputs == {
        "domainName": "shop.example.com",
        "validationMethod": "DNS",
        "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
    }
    assert record_.inputs == {
        "zoneId": "Z1",
        "name": "_validate.example.com.",
        "type": "CNAME",
        "records": ["_value.acm-validations.aws."],
        "ttl": 300,
        "allowOverwrite": True,
    }
    assert validation.inputs["certificateArn"].endswith("certificate/site-certificate")
    assert any(urn.endswith("::site-validation-record") for urn in validation.options.dependencies)


def test_its_region_is_the_users() -> None:
    run = build(region="us-east-1")

    regional = [resource for resource in run.resources if resource.type.startswith("aws:acm/")]
    assert [resource.inputs["region"] for resource in regional] == ["us-east-1", "us-east-1"]


def test_its_arn_waits_for_the_validation() -> None:
    def program() -> None:
        certificate = Certificate("site", CertificateArgs(domain="a.example.com", hosted_zone_id="Z1"))
        Certificate("next", CertificateArgs(domain="b.example.com", hosted_zone_id=certificate.arn))

    (user,) = [r for r in record(program).resources if r.name == "next-validation-record"]
    assert any(urn.endswith("::site-validation") for urn in user.options.dependencies)


def test_a_wildcard_is_a_domain() -> None:
    assert CertificateArgs(domain="*.example.com", hosted_zone_id="Z1").domain == "*.example.com"


@pytest.mark.parametrize(
    "domain",
    ["https://shop.example.com", "Shop.example.com", "localhost", "shop.example.com/", "", "a" * 62 + ".com"],
)
def test_what_acm_would_refuse_late_is_refused(domain: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        CertificateArgs(domain=domain, hosted_zone_id="Z1")
    assert str(refusal.value).startswith(f"domain '{domain}': give a host name of at most 64 characters")
    assert "\n" not in str(refusal.value)
