"""Repairs of ministack 1.5.33, made in its own process: without them it differs from AWS in what we rely on.

Each says what the emulator does instead. With a newer version, try what happens without them.
"""

import importlib
from typing import Any, cast


def apply() -> None:
    """Make every repair; called before the emulator starts to serve."""
    cloudfront, s3, alb = (
        importlib.import_module(f"ministack.services.{name}") for name in ("cloudfront", "s3", "alb")
    )
    identify_targets_by_port(alb)
    keep_exit_codes(importlib.import_module("ministack.services.ecs"))
    reach_origins_as_cloudfront(cloudfront, s3, alb, importlib.import_module("ministack.core.iam_evaluator"))


def keep_exit_codes(ecs: Any) -> None:
    """Let a container's exit code be what its agent reports, as in ECS: ministack 1.5.33 acknowledges and

    forgets, and then says 0 of every task that is stopped.
    """
    acknowledge = ecs._ACTION_MAP["SubmitContainerStateChange"]

    def submit(request: Any) -> Any:
        task = ecs._resolve_task(
            request.get("task", ""), ecs._resolve_cluster_name(request.get("cluster", ""))
        )
        for container in task["containers"] if task else ():
            if container["name"] == request.get("containerName") and "exitCode" in request:
                container["exitCode"] = request["exitCode"]
        return acknowledge(request)

    ecs._ACTION_MAP["SubmitContainerStateChange"] = submit


def identify_targets_by_port(alb: Any) -> None:
    """Let a target be its address and its port, as in AWS: ministack 1.5.33 knows it by the address only,

    so that of several tasks on 127.0.0.1 it would keep the first and forget all with any.
    """

    def register(parameters: Any) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        registered = alb._targets.setdefault(group, [])
        for target in with_ports(group, alb._parse_targets_param(parameters)):
            if target not in registered:
                registered.append(target)
        return alb._empty("RegisterTargets")

    def deregister(parameters: Any) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        if group not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{group}' not found.")
        gone = with_ports(group, alb._parse_targets_param(parameters))
        alb._targets[group] = [target for target in alb._targets.get(group, []) if target not in gone]
        return alb._empty("DeregisterTargets")

    def with_ports(group: str, targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        default = alb._tgs[group].get("Port")
        return [{**target, "Port": target.get("Port") or default} for target in targets]

    alb._ACTION_MAP.update(RegisterTargets=register, DeregisterTargets=deregister)


def reach_origins_as_cloudfront(cloudfront: Any, s3: Any, alb: Any, evaluator: Any) -> None:
    """Let the edge reach its origins as CloudFront does; ministack 1.5.33

    - takes its own fetch from S3 for plain HTTP, which every bucket's policy denies;
    - takes a VPC origin for `match-viewer`, whatever that origin says, and refuses HTTPS to a load balancer.
    """
    fetch, parse = s3.serve_cloudfront_origin_fetch, cloudfront._dataplane_origin

    def fetch_over_tls(*args: Any, **kwargs: Any) -> Any:
        before = evaluator._request_origin.get()
        evaluator.pin_request_origin(before[0], True)
        try:
            return fetch(*args, **kwargs)
        finally:
            evaluator.pin_request_origin(*before)

    def origin_of(element: Any) -> Any:
        origin = parse(element)
        vpc = cloudfront._find(element, "VpcOriginConfig")
        known = cloudfront._vpc_origins.get(cloudfront._text(vpc, "VpcOriginId")) if vpc is not None else None
        if known is not None:
            endpoint = known["VpcOriginEndpointConfig"]
            origin |= {
                "protocol_policy": endpoint["OriginProtocolPolicy"],
                "http_port": endpoint["HTTPPort"],
                "https_port": endpoint["HTTPSPort"],
            }
        return origin

    async def from_balancer(  # noqa: PLR0917 the emulator calls it so
        balancer: Any, origin: Any, method: str, uri: str, query: str, headers: Any, body: bytes,
        viewer_is_https: bool, client_ip: str, viewer_xff: str,
    ) -> Any:  # fmt: skip
        host, port, https = cloudfront._origin_connect_target(origin, viewer_is_https)
        protocol = "HTTPS" if https else "HTTP"
        if not any(
            listener["LoadBalancerArn"] == balancer["LoadBalancerArn"]
            and (listener.get("Port"), listener.get("Protocol")) == (port, protocol)
            for listener in alb._listeners.values()
        ):
            raise cloudfront.OriginUnreachable(f"no {protocol} listener on port {port} of {host}")
        sent = cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff)
        status, answered, data = await alb.dispatch_request(
            balancer, method, uri, {name.lower(): value for name, value in sent.items()}, body or b"",
            cloudfront.parse_qs(query, keep_blank_values=True), port,
            client_ip="127.0.0.1", raw_query_string=query,
        )  # fmt: skip
        if isinstance(data, cloudfront.StreamingResponse):
            data = await cloudfront._collect_streaming_body(data, origin.get("read_timeout", 30))
        pairs: list[tuple[str, str]] = [
            (n, v)
            for n, vs in answered.items()
            for v in cast("list[str]", vs if isinstance(vs, list) else [vs])
        ]
        return status, "", pairs, data

    s3.serve_cloudfront_origin_fetch = fetch_over_tls
    cloudfront._dataplane_origin = origin_of
    cloudfront._fetch_from_alb_origin = from_balancer
