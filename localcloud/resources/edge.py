"""What stands before the load balancer: CloudFront, WAF, ACM and Route 53."""

from botocore.exceptions import ClientError

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making
from localcloud.mapper import MappingError

CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""The hosted zone of every distribution's domain name, for alias records."""
TAGGED = Call(
    "cloudfront.tag_resource", fixed={"Resource": "{arn}"}, inputs=["tags"], renames={"tags": "Tags.Items"}
)


def distribution(inputs: Inputs, making: Making) -> Inputs:
    """What CloudFront wants beside, or in another form than, the provider's inputs."""
    result: Inputs = {"comment": "", **inputs}
    result["origins"] = [_origin(one) for one in mappings(inputs.get("origins"))]
    result["defaultCacheBehavior"] = _behavior(mapping(inputs["defaultCacheBehavior"]))
    behaviors = [_behavior(one) for one in mappings(result.pop("orderedCacheBehaviors", None))]
    if behaviors:
        result["cacheBehaviors"] = behaviors
    geo = mapping(mapping(inputs["restrictions"])["geoRestriction"])
    locations: list[str] = geo.pop("locations", None) or []
    result["restrictions"] = {"geoRestriction": {**geo, "quantity": len(locations), "items": locations}}
    logging = mapping(result.pop("loggingConfig", None))
    if logging:
        result["logging"] = {"includeCookies": False, "prefix": "", **logging, "enabled": True}
    return result


def _origin(origin: Inputs) -> Inputs:
    """An origin that is no other kind is S3; CloudFront wants its legacy identity, empty beside OAC."""
    own = any(origin.get(name) for name in ("customOriginConfig", "vpcOriginConfig", "s3OriginConfig"))
    return origin if own else {**origin, "s3OriginConfig": {"originAccessIdentity": ""}}


def _behavior(behavior: Inputs) -> Inputs:
    """The cached methods are part of the allowed ones for CloudFront."""
    result = dict(behavior)
    allowed, cached = result.pop("allowedMethods", None), result.pop("cachedMethods", None)
    if allowed:
        result["allowedMethods"] = {"items": allowed, "cachedMethods": {"items": cached or ["GET", "HEAD"]}}
    return result


def function(inputs: Inputs, making: Making) -> Inputs:
    """A function is published unless told otherwise."""
    return {"comment": "", "publish": True, **inputs}


def record(inputs: Inputs, making: Making) -> Inputs:
    """A record set is one change of its zone."""
    known = {
        "type": "type",
        "ttl": "TTL",
        "setIdentifier": "setIdentifier",
        "healthCheckId": "healthCheckId",
    }
    name = f"{inputs['name']}".rstrip(".")
    zone_id, zone_name = _zone(making, str(inputs["zoneId"]), name)
    if name != zone_name and not name.endswith(f".{zone_name}"):
        name = f"{name}.{zone_name}"
    making.scope["fqdn"] = name
    set_: Inputs = {"name": f"{name}."}
    set_.update({member: inputs[key] for key, member in known.items() if inputs.get(key) is not None})
    if inputs.get("records"):
        set_["resourceRecords"] = [{"value": value} for value in inputs["records"]]
    for alias in mappings(inputs.get("aliases")):
        set_["aliasTarget"] = {
            "DNSName": alias["name"],
            "hostedZoneId": alias["zoneId"],
            "evaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    used = {*known, "name", "zoneId", "records", "aliases", "allowOverwrite"}
    rest = {key: value for key, value in inputs.items() if key not in used}
    change = {"action": action, "resourceRecordSet": set_}
    return {**rest, "hostedZoneId": zone_id, "changeBatch": {"changes": [change]}}


def _zone(making: Making, zone_id: str, name: str) -> tuple[str, str]:
    """Id and name of a zone. One that is not of this program is outside it: a stand-in takes its place."""
    route53 = making.client("route53")
    with making.cloud.exclusive:
        stand_in = making.cloud.shared.get(f"zone/{zone_id}", zone_id)
        try:
            zone = route53.get_hosted_zone(Id=stand_in)["HostedZone"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchHostedZone":
                raise
            domain = ".".join(name.split(".")[-2:])
            zone = route53.create_hosted_zone(Name=domain, CallerReference=zone_id)["HostedZone"]
            making.cloud.shared[f"zone/{zone_id}"] = zone["Id"]
    return str(zone["Id"]), str(zone["Name"]).rstrip(".")


def validation_options(inputs: Inputs, making: Making) -> Inputs:
    """The records by which a certificate is validated."""
    acm = making.client("acm")
    certificate = acm.describe_certificate(CertificateArn=making.scope["id"])["Certificate"]
    options: list[Inputs] = []
    for one in certificate.get("DomainValidationOptions", []):
        wanted = one.get("ResourceRecord", {})
        options.append(
            {
                "domainName": one["DomainName"],
                "resourceRecordName": wanted.get("Name"),
                "resourceRecordType": wanted.get("Type"),
                "resourceRecordValue": wanted.get("Value"),
            }
        )
    return {"domainValidationOptions": options, "status": certificate["Status"]}


def issued(inputs: Inputs, making: Making) -> Inputs:
    """A certificate that cannot be issued ends the deployment, as the provider's wait would."""
    if making.scope["Status"] == "FAILED":
        raise MappingError(f"certificate {inputs['certificateArn']} could not be validated")
    return {}


KINDS = {
    "aws:cloudfront/distribution:Distribution": Kind(
        create=Call(
            "cloudfront.create_distribution",
            under="DistributionConfig",
            fixed={"DistributionConfig.CallerReference": "{unique}"},
            renames={
                "origins.originId": "Id",
                "origins.customHeaders.name": "HeaderName",
                "origins.customHeaders.value": "HeaderValue",
            },
        ),
        then=[TAGGED],
        prepare=distribution,
        result="Distribution",
        id="{Id}",
        outputs={
            "arn": "{ARN}",
            "domainName": "{DomainName}",
            "hostedZoneId": CLOUDFRONT_ZONE,
            "etag": "{ETag}",
            "callerReference": "{unique}",
        },
        ignored=["waitForDeployment", "retainOnDelete"],
    ),
    "aws:cloudfront/function:Function": Kind(
        create=Call(
            "cloudfront.create_function",
            renames={
                "code": "FunctionCode",
                "comment": "FunctionConfig.Comment",
                "runtime": "FunctionConfig.Runtime",
                "keyValueStoreAssociations": "FunctionConfig.KeyValueStoreAssociations",
            },
        ),
        then=[
            Call("cloudfront.publish_function", fixed={"Name": "{name}", "IfMatch": "{ETag}"}, when="publish")
        ],
        prepare=function,
        id="{name}",
        outputs={"arn": "{FunctionSummary.FunctionMetadata.FunctionARN}", "etag": "{ETag}"},
        name=Name(limit=64),
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Kind(
        create=Call("cloudfront.create_origin_access_control", under="OriginAccessControlConfig"),
        result="OriginAccessControl",
        id="{Id}",
        name=Name(limit=64),
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Kind(
        create=Call("cloudfront.create_response_headers_policy", under="ResponseHeadersPolicyConfig"),
        result="ResponseHeadersPolicy",
        id="{Id}",
        name=Name(limit=128),
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": Kind(
        create=Call("cloudfront.create_cache_policy", under="CachePolicyConfig"),
        result="CachePolicy",
        id="{Id}",
        name=Name(limit=128),
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": Kind(
        create=Call("cloudfront.create_origin_request_policy", under="OriginRequestPolicyConfig"),
        result="OriginRequestPolicy",
        id="{Id}",
        name=Name(limit=128),
    ),
    "aws:cloudfront/vpcOrigin:VpcOrigin": Kind(
        create=Call("cloudfront.create_vpc_origin"),
        then=[TAGGED],
        result="VpcOrigin",
        id="{Id}",
        outputs={"arn": "{Arn}", "etag": "{ETag}"},
    ),
    "aws:wafv2/webAcl:WebAcl": Kind(
        create=Call("wafv2.create_web_acl"),
        result="Summary",
        id="{Id}",
        outputs={"arn": "{ARN}"},
        name=Name(limit=128),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Kind(
        create=Call("wafv2.associate_web_acl", renames={"webAclArn": "WebACLArn"}),
        id="{webAclArn},{resourceArn}",
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Kind(
        create=Call(
            "wafv2.put_logging_configuration",
            under="LoggingConfiguration",
            recorded="WAF does not log in the emulator",
        ),
        id="{resourceArn}",
    ),
    "aws:acm/certificate:Certificate": Kind(
        create=Call("acm.request_certificate"),
        id="{CertificateArn}",
        outputs={"arn": "{CertificateArn}"},
        after=validation_options,
        ignored=["earlyRenewalDuration"],
    ),
    "aws:acm/certificateValidation:CertificateValidation": Kind(
        create=Call("acm.describe_certificate"),
        result="Certificate",
        id="{certificateArn}",
        after=issued,
        ignored=["validationRecordFqdns"],
    ),
    "aws:route53/record:Record": Kind(
        create=Call("route53.change_resource_record_sets"),
        prepare=record,
        id="{zoneId}_{fqdn}_{type}",
        outputs={"fqdn": "{fqdn}"},
    ),
}
