"""The load balancer, its target groups, listeners and rules."""

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making

LOAD_BALANCER = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
TARGET_GROUP = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "slowStart": "slow_start.duration_seconds",
    "stickiness.enabled": "stickiness.enabled",
    "stickiness.type": "stickiness.type",
    "stickiness.cookieDuration": "stickiness.lb_cookie.duration_seconds",
}
LISTENER = {
    "routingHttpResponseServerEnabled": "routing.http.response.server.enabled",
    "tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds",
}
LOGS = {"enabled": "enabled", "bucket": "bucket", "prefix": "prefix"}
ACTION = {
    "targetGroupArn": "TargetGroupArn",
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixedResponse": "FixedResponseConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "authenticateCognito": "AuthenticateCognitoConfig",
}
CONDITION = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "queryStrings": ("query-string", "QueryStringConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def flat_logs(inputs: Inputs, making: Making) -> Inputs:
    """The load balancer's kinds of logs are attributes, such as `access_logs.s3.enabled`."""
    result = dict(inputs)
    for name in ("accessLogs", "connectionLogs"):
        for key, value in mapping(result.pop(name, None)).items():
            result[f"{name}.{key}"] = value
    return result


def flat_stickiness(inputs: Inputs, making: Making) -> Inputs:
    """A target group's stickiness is a set of attributes; its health check, members of the group."""
    result = dict(inputs)
    for key, value in mapping(result.pop("stickiness", None)).items():
        result[f"stickiness.{key}"] = value
    check = mapping(result.pop("healthCheck", None))
    names = {
        "enabled": "healthCheckEnabled",
        "interval": "healthCheckIntervalSeconds",
        "path": "healthCheckPath",
        "port": "healthCheckPort",
        "protocol": "healthCheckProtocol",
        "timeout": "healthCheckTimeoutSeconds",
        "healthyThreshold": "healthyThresholdCount",
        "unhealthyThreshold": "unhealthyThresholdCount",
    }
    for key, value in check.items():
        if key == "matcher":
            grpc = str(result.get("protocolVersion", "")).upper() == "GRPC"
            result["matcher"] = {"grpcCode" if grpc else "httpCode": value}
        else:
            result[names.get(key, f"healthCheck.{key}")] = value
    return result


def listener(inputs: Inputs, making: Making) -> Inputs:
    """A listener's certificate is a list of one; its protocol is HTTP unless told."""
    result = {"protocol": "HTTP", **inputs}
    if result.get("certificateArn"):
        result["certificates"] = [{"certificateArn": result.pop("certificateArn")}]
    return result


def rule(inputs: Inputs, making: Making) -> Inputs:
    """Conditions of a rule name their field; actions are told by their type."""
    conditions: list[Inputs] = []
    for condition in mappings(inputs.get("conditions")):
        for name, value in condition.items():
            if value is None:
                continue
            field, config = CONDITION.get(name, (name, name))
            inner = {"values": value} if name == "queryStrings" else value
            conditions.append({"field": field, config: inner})
    result = {**inputs, "conditions": conditions}
    if inputs.get("transforms"):
        result["transforms"] = [transform(one) for one in mappings(inputs["transforms"])]
    return result


def transform(inputs: Inputs) -> Inputs:
    """A transform has one rewrite in Pulumi, a list of them for the load balancer."""
    return {
        name: {"rewrites": [value["rewrite"]]} if name.endswith("RewriteConfig") else value
        for name, value in inputs.items()
    }


_LOGS_ATTRIBUTES = {
    f"{name}.{key}": f"{prefix}.s3.{attribute}"
    for name, prefix in (("accessLogs", "access_logs"), ("connectionLogs", "connection_logs"))
    for key, attribute in LOGS.items()
}
_ACTIONS = {
    f"{list_}.{name}": member for list_ in ("actions", "defaultActions") for name, member in ACTION.items()
}
_FORWARD = {
    f"{list_}.forward.{name}": member
    for list_ in ("actions", "defaultActions")
    for name, member in {"targetGroups": "TargetGroups", "stickiness": "TargetGroupStickinessConfig"}.items()
} | {
    f"{list_}.forward.{name}": member
    for list_ in ("actions", "defaultActions")
    for name, member in {
        "targetGroups.arn": "TargetGroupArn",
        "stickiness.duration": "DurationSeconds",
    }.items()
}

KINDS = {
    "aws:lb/loadBalancer:LoadBalancer": Kind(
        create=Call("elbv2.create_load_balancer", renames={"loadBalancerType": "Type"}),
        then=[
            Call(
                "elbv2.modify_load_balancer_attributes",
                fixed={"LoadBalancerArn": "{id}"},
                inputs=[*LOAD_BALANCER, *_LOGS_ATTRIBUTES],
                attributes={**LOAD_BALANCER, **_LOGS_ATTRIBUTES},
            )
        ],
        prepare=lambda inputs, making: {
            **{k: v for k, v in flat_logs(inputs, making).items() if k != "internal"},
            "scheme": "internal" if inputs.get("internal") else "internet-facing",
        },
        result="LoadBalancers.0",
        id="{LoadBalancerArn}",
        outputs={
            "arn": "{LoadBalancerArn}",
            "dnsName": "{DNSName}",
            "zoneId": "{CanonicalHostedZoneId}",
        },
        after=lambda inputs, making: {"arnSuffix": str(making.scope["id"]).split(":loadbalancer/", 1)[1]},
        name=Name(limit=32),
    ),
    "aws:lb/targetGroup:TargetGroup": Kind(
        create=Call("elbv2.create_target_group"),
        then=[
            Call(
                "elbv2.modify_target_group_attributes",
                fixed={"TargetGroupArn": "{id}"},
                inputs=[*TARGET_GROUP],
                attributes=TARGET_GROUP,
            )
        ],
        prepare=flat_stickiness,
        result="TargetGroups.0",
        id="{TargetGroupArn}",
        outputs={"arn": "{TargetGroupArn}"},
        after=lambda inputs, making: {"arnSuffix": str(making.scope["id"]).rsplit(":", 1)[1]},
        name=Name(limit=32),
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Kind(
        create=Call("elbv2.register_targets"),
        prepare=lambda inputs, _: {
            "targetGroupArn": inputs["targetGroupArn"],
            "targets": [{"id": inputs["targetId"], "port": inputs.get("port")}],
        },
        id="{targetGroupArn}",
    ),
    "aws:lb/listener:Listener": Kind(
        create=Call("elbv2.create_listener", renames={**_ACTIONS, **_FORWARD}),
        then=[
            Call(
                "elbv2.modify_listener_attributes",
                fixed={"ListenerArn": "{id}"},
                inputs=[*LISTENER],
                attributes=LISTENER,
            )
        ],
        prepare=listener,
        result="Listeners.0",
        id="{ListenerArn}",
        outputs={"arn": "{ListenerArn}"},
    ),
    "aws:lb/listenerRule:ListenerRule": Kind(
        create=Call("elbv2.create_rule", renames={**_ACTIONS, **_FORWARD}),
        prepare=rule,
        result="Rules.0",
        id="{RuleArn}",
        outputs={"arn": "{RuleArn}"},
    ),
}
