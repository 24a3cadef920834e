"""The front door shows a distribution's site and API as CloudFront would, through the emulator's own edge."""

import http.server
import json
import threading
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from localcloud.frontdoor import FrontDoor
from localcloud.ports import free_port, listen

ALL_METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
SPA = "function handler(event) { var r = event.request; if (r.uri.split('/').pop().indexOf('.') < 0) "
SPA += "{ r.uri = '/index.html'; } return r; }"


class Api(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        said = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "body": body.decode("latin-1"),
        }
        content = json.dumps(said).encode()
        self.send_response(
            303 if self.path.endswith("/redirect") else 404 if self.path.endswith("/missing") else 200
        )
        if self.path.endswith("/redirect"):
            self.send_header("Location", f"https://{self.headers['Host']}/api/elsewhere?x=1")
        self.send_header("Set-Cookie", "one=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/")
        self.send_header("Set-Cookie", "two=2; HttpOnly")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is for failures."""


@pytest.fixture(scope="module")
def domain(local: SimpleNamespace) -> Iterator[str]:
    """A distribution as the site's component makes it: S3 by default, /api/* to a load balancer in a VPC."""
    id_, region = uuid.uuid4().hex[:8], local.region
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    s3, cloudfront, elbv2 = (local.clients.get(name, region) for name in ("s3", "cloudfront", "elbv2"))
    bucket = f"site-{id_}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"<h1>shop</h1>", ContentType="text/html")
    s3.put_object(Bucket=bucket, Key="big.bin", Body=bytes(range(256)) * 4096)
    balancer = elbv2.create_load_balancer(Name=f"lb-{id_}", Type="application", Scheme="internal")
    balancer = balancer["LoadBalancers"][0]
    group = elbv2.create_target_group(
        Name=f"tg-{id_}", Protocol="HTTP", Port=80, TargetType="ip", VpcId="vpc-1"
    )
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    elbv2.register_targets(
        TargetGroupArn=group_arn, Targets=[{"Id": "127.0.0.1", "Port": server.server_address[1]}]
    )
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )  # fmt: skip
    made = cloudfront.create_function(
        Name=f"spa-{id_}", FunctionCode=SPA.encode(),
        FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
    )  # fmt: skip
    cloudfront.publish_function(Name=f"spa-{id_}", IfMatch=made["ETag"])
    function = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    vpc_origin = cloudfront.create_vpc_origin(VpcOriginEndpointConfig={
        "Name": f"api-{id_}", "Arn": balancer["LoadBalancerArn"], "HTTPPort": 80, "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only"})["VpcOrigin"]["Id"]  # fmt: skip
    control = cloudfront.create_origin_access_control(OriginAccessControlConfig={
        "Name": f"oac-{id_}", "SigningProtocol": "sigv4", "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3"})["OriginAccessControl"]["Id"]  # fmt: skip
    methods = {
        "Quantity": 7,
        "Items": ALL_METHODS,
        "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
    }
    behaviour: dict[str, Any] = {
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHING_DISABLED,
    }
    distribution = cloudfront.create_distribution(DistributionConfig={
        "CallerReference": id_, "Comment": "", "Enabled": True, "DefaultRootObject": "index.html",
        "Origins": {"Quantity": 2, "Items": [
            {"Id": "site", "DomainName": f"{bucket}.s3.{region}.amazonaws.com",
             "S3OriginConfig": {"OriginAccessIdentity": ""}, "OriginAccessControlId": control},
            {"Id": "api", "DomainName": balancer["DNSName"],
             "VpcOriginConfig": {"VpcOriginId": vpc_origin}},
        ]},
        "DefaultCacheBehavior": {**behaviour, "TargetOriginId": "site", "FunctionAssociations": {
            "Quantity": 1, "Items": [{"EventType": "viewer-request", "FunctionARN": function}]}},
        "CacheBehaviors": {"Quantity": 1, "Items": [{
            **behaviour, "PathPattern": "/api/*", "TargetOriginId": "api", "AllowedMethods": methods,
            "OriginRequestPolicyId": ALL_VIEWER}]},
    })["Distribution"]  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution["ARN"]}}}]}  # fmt: skip
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    yield distribution["DomainName"]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def door(local: SimpleNamespace, domain: str) -> Iterator[httpx.Client]:
    listener = listen(0)
    front = FrontDoor(listener, local.endpoint)
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as client:
        closed = client.get("/")
        assert (closed.status_code, closed.headers["retry-after"]) == (503, "1"), "not yet open"
        front.open(domain)
        yield client
    front.close()
    assert not front.alive()


def test_site_comes_from_the_bucket_with_its_function(door: httpx.Client) -> None:
    for path in ("/", "/index.html", "/orders/17"):
        answer = door.get(path)
        assert (answer.status_code, answer.text) == (200, "<h1>shop</h1>"), path
        assert answer.headers["content-type"] == "text/html"
    assert door.get("/no-such.css").status_code in {403, 404}


def test_range_of_a_large_file(door: httpx.Client) -> None:
    answer = door.get("/big.bin", headers={"Range": "bytes=256-260"})
    assert (answer.status_code, answer.content) == (206, bytes(range(5)))
    assert answer.headers["content-range"] == f"bytes 256-260/{256 * 4096}"
    assert door.get("/big.bin").content == bytes(range(256)) * 4096
    head = door.head("/big.bin")
    assert (head.headers["content-length"], head.content) == (str(256 * 4096), b"")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_request_reaches_the_api_as_it_was_sent(door: httpx.Client, method: str) -> None:
    body = bytes(range(256)) if method in {"POST", "PUT", "PATCH"} else None
    headers = {"Authorization": "Bearer t", "Cookie": "a=1; b=2", "Idempotency-Key": "k", "X-Own": "v"}
    answer = door.request(method, "/api/a%2Fb/c?q=1&q=2&r=%C3%A9+x", content=body, headers=headers)
    said = answer.json()
    assert (said["method"], said["path"]) == (method, "/api/a%2Fb/c?q=1&q=2&r=%C3%A9+x")
    assert said["body"].encode("latin-1") == (body or b"")
    sent = {name.lower(): value for name, value in said["headers"].items()}
    assert {name: sent[name.lower()] for name in headers} == headers


def test_headers_of_the_api_reach_the_viewer(door: httpx.Client) -> None:
    answer = door.get("/api/x")
    assert answer.headers.get_list("set-cookie") == [
        "one=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/",
        "two=2; HttpOnly",
    ]
    assert answer.headers["content-type"] == "application/json"
    assert "cloudfront" in answer.headers["via"].lower(), "it did come through the distribution"


def test_errors_of_the_api_are_left_alone(door: httpx.Client) -> None:
    answer = door.get("/api/missing")
    assert answer.status_code == 404
    assert answer.json()["path"] == "/api/missing"


def test_redirect_to_the_distribution_stays_at_the_door(door: httpx.Client) -> None:
    answer = door.get("/api/redirect")
    assert (answer.status_code, answer.headers["location"]) == (303, "/api/elsewhere?x=1")


def test_emulator_that_is_away_is_a_502_that_says_so() -> None:
    listener = listen(0)
    front = FrontDoor(listener, f"http://127.0.0.1:{free_port()}")
    front.open("d1.cloudfront.net")
    try:
        answer = httpx.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", trust_env=False)
        assert answer.status_code == 502
        assert answer.text.startswith("The AWS emulator does not answer (ConnectError)")
    finally:
        front.close()
