"""Target groups of tasks: health-checked over HTTP, drained before a task stops, sticky only by wish."""

import re
from dataclasses import dataclass

import pulumi
from pulumi_aws import lb

DEREGISTRATION_SECONDS = 30
"""Requests under way have this long when a task is replaced; then it gets SIGTERM."""
PORT = 80
"""Only a default: every task registers with its own port. A port of the service's here would replace the
group, which its listener rule holds on to, whenever the service's port changes."""
CHECK: lb.TargetGroupHealthCheckArgsDict = {
    "interval": 15,
    "timeout": 5,
    "healthy_threshold": 2,
    "unhealthy_threshold": 3,
}
"""In seconds and in a row: a task is in after 30 seconds, and out after 45."""
LONGEST_STICKY_SECONDS = 7 * 24 * 60 * 60
COOKIE = re.compile(r"[A-Za-z0-9_-]{1,255}")
RESERVED_COOKIES = ("AWSALB", "AWSALBAPP", "AWSALBTG")


@dataclass(frozen=True, kw_only=True)
class Sticky:
    """A client comes back to the task that answered it first. Load spreads worse, and a task that goes takes
    its sessions along: keep sessions in the cache rather, and use it for what cannot."""

    seconds: int = 24 * 60 * 60
    cookie: str | None = None
    """A cookie of the application's to follow; without, the load balancer sets its own."""

    def __post_init__(self) -> None:
        if not 1 <= self.seconds <= LONGEST_STICKY_SECONDS:
            raise pulumi.RunError(
                f"sticky: seconds is {self.seconds}; a load balancer takes 1 to {LONGEST_STICKY_SECONDS}"
            )
        if self.cookie is not None and (
            not COOKIE.fullmatch(self.cookie) or self.cookie.upper().startswith(RESERVED_COOKIES)
        ):
            raise pulumi.RunError(
                f"sticky: cookie '{self.cookie}' must be a cookie's name that starts with none of "
                f"{', '.join(RESERVED_COOKIES)}"
            )

    def stickiness(self) -> lb.TargetGroupStickinessArgsDict:
        """As a target group takes it."""
        if self.cookie is None:
            return {"type": "lb_cookie", "enabled": True, "cookie_duration": self.seconds}
        return {
            "type": "app_cookie",
            "enabled": True,
            "cookie_name": self.cookie,
            "cookie_duration": self.seconds,
        }


def http_target_group(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    health_check_path: str,
    sticky: Sticky | None,
    parent: pulumi.Resource,
) -> lb.TargetGroup:
    """A target group of an Application Load Balancer for the tasks of one service."""
    return lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        target_type="ip",
        protocol="HTTP",
        port=PORT,
        deregistration_delay=DEREGISTRATION_SECONDS,
        load_balancing_algorithm_type="least_outstanding_requests",
        # Said where it is off too: left out, the provider would keep what was on.
        stickiness=sticky.stickiness() if sticky else {"type": "lb_cookie", "enabled": False},
        health_check={
            "enabled": True,
            "protocol": "HTTP",
            "port": "traffic-port",
            "path": health_check_path,
            "matcher": "200",
            **CHECK,
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def load_balancer_target_group(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    port: int,
    https: bool,
    parent: pulumi.Resource,
) -> lb.TargetGroup:
    """A target group whose one target is an Application Load Balancer."""
    return lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        target_type="alb",
        protocol="TCP",
        port=port,
        health_check={
            "enabled": True,
            "protocol": "HTTPS" if https else "HTTP",
            "port": "traffic-port",
            "path": "/",
            # What no route takes is answered 404, by a load balancer that is well.
            "matcher": "200-499",
            **CHECK,
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def network_target_group(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    udp: bool,
    health_check_port: int | None,
    health_check_path: str | None,
    preserve_client_address: bool,
    parent: pulumi.Resource,
) -> lb.TargetGroup:
    """A target group of a Network Load Balancer for the tasks of one service."""
    check: lb.TargetGroupHealthCheckArgsDict = {
        "enabled": True,
        "protocol": "TCP" if health_check_path is None else "HTTP",
        "port": "traffic-port" if health_check_port is None else str(health_check_port),
        **CHECK,
    }
    if health_check_path is not None:
        check |= {"path": health_check_path, "matcher": "200"}
    return lb.TargetGroup(
        name,
        vpc_id=vpc_id,
        target_type="ip",
        protocol="UDP" if udp else "TCP",
        port=PORT,
        deregistration_delay=DEREGISTRATION_SECONDS,
        connection_termination=True,
        preserve_client_ip="true" if udp or preserve_client_address else "false",  # UDP cannot do else
        health_check=check,
        opts=pulumi.ResourceOptions(parent=parent),
    )
