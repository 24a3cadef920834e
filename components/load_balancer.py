"""One Application Load Balancer that the services share: internal unless told, logged, strict on headers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, lb, vpc, wafv2

from components.bucket import Bucket
from components.names import refuse_bad_name
from components.network import Network
from components.route import Route, priority_of, refuse_collision

CLOUDFRONT_PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy only: what CloudFront speaks to an origin too."""
LONGEST_IDLE_TIMEOUT_SECONDS = 4000


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    network: Network
    access_logs: Bucket
    """A bucket with `log_delivery`."""
    certificate_arn: pulumi.Input[str] | None = None
    """With a certificate HTTPS on 443; without, HTTP on 80, which only an internal load balancer may do."""
    internal: bool = True
    """For CloudFront's VPC origin alone. Otherwise for everybody, with a certificate and a web ACL."""
    web_acl_arn: pulumi.Input[str] | None = None
    """A regional web ACL. An internal load balancer has CloudFront's before it."""
    protect: bool = True
    idle_timeout_seconds: int = 60
    """Applications must keep idle connections longer than this, or a request meets a closed one: 502."""

    def __post_init__(self) -> None:
        if not self.internal and (self.certificate_arn is None or self.web_acl_arn is None):
            raise pulumi.RunError(
                "load balancer: internal=False needs certificate_arn and web_acl_arn; "
                "give both, or leave it internal behind CloudFront"
            )
        if not 1 <= self.idle_timeout_seconds <= LONGEST_IDLE_TIMEOUT_SECONDS:
            raise pulumi.RunError(
                f"load balancer: idle_timeout_seconds is {self.idle_timeout_seconds}; "
                f"give 1 to {LONGEST_IDLE_TIMEOUT_SECONDS}"
            )


class LoadBalancer(pulumi.ComponentResource):
    """What no route takes is answered 404. Services add their rules; `route` keeps them apart."""

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """The load balancer in CloudWatch's dimensions."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    port: int

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a load balancer's name has 32, with '-alb' and Pulumi's suffix"
        refuse_bad_name("load balancer", name, longest=20, because=because)
        super().__init__("causeway:index:LoadBalancer", name, None, opts)
        self._name = name
        self._routes: list[Route] = []
        self._child = pulumi.ResourceOptions(parent=self)
        self.port = 80 if args.certificate_arn is None else 443
        self.security_group_id = self._make_security_group(args)
        balancer = lb.LoadBalancer(
            f"{name}-alb",
            load_balancer_type="application",
            internal=args.internal,
            ip_address_type="ipv4",
            subnets=args.network.private_subnet_ids if args.internal else args.network.public_subnet_ids,
            security_groups=[self.security_group_id],
            access_logs={"bucket": args.access_logs.name, "enabled": True},
            desync_mitigation_mode="defensive",
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.protect,
            enable_http2=True,
            idle_timeout=args.idle_timeout_seconds,
            xff_header_processing_mode="append",
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.arn, self.arn_suffix = balancer.arn, balancer.arn_suffix
        self.dns_name, self.zone_id = balancer.dns_name, balancer.zone_id
        self.listener_arn = self._make_listeners(args)
        if args.web_acl_arn is not None:
            wafv2.WebAclAssociation(
                f"{name}-web-acl", resource_arn=self.arn, web_acl_arn=args.web_acl_arn, opts=self._child
            )
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name, "listener_arn": self.listener_arn})

    def route(
        self,
        *paths: str,
        hosts: Sequence[str] = (),
        priority: int | None = None,
        health_check_path: str = "/healthz",
    ) -> Route:
        """A route for one service, such as `route("/api/*")`.

        Its priority follows from its hosts and paths, so that another service renumbers none. Raises
        pulumi.RunError where another route already takes the requests or the priority.
        """
        route = Route(
            paths=tuple(paths),
            hosts=tuple(hosts),
            priority=priority_of(paths, hosts) if priority is None else priority,
            health_check_path=health_check_path,
            listener_arn=self.listener_arn,
            security_group_id=self.security_group_id,
            load_balancer_arn_suffix=self.arn_suffix,
        )
        for other in self._routes:
            refuse_collision(route, other)
        self._routes.append(route)
        return route

    def _make_security_group(self, args: LoadBalancerArgs) -> pulumi.Output[str]:
        group = ec2.SecurityGroup(
            f"{self._name}-load-balancer",
            description="The shared load balancer: in from its clients, out to the services it serves",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        if args.internal:
            # The list counts as 55 of the 60 rules of a security group: one port, and no other rule of note.
            cloudfront = ec2.get_managed_prefix_list_output(name=CLOUDFRONT_PREFIX_LIST)
            self._let_in("cloudfront", group, self.port, "CloudFront's VPC origin", list_id=cloudfront.id)
        else:
            self._let_in("internet", group, self.port, "Everybody, by HTTPS")
            self._let_in("redirect", group, 80, "Everybody, to be redirected to HTTPS")
        return group.id

    def _let_in(
        self,
        purpose: str,
        group: ec2.SecurityGroup,
        port: int,
        description: str,
        *,
        list_id: pulumi.Output[str] | None = None,
    ) -> None:
        vpc.SecurityGroupIngressRule(
            f"{self._name}-from-{purpose}",
            security_group_id=group.id,
            description=description,
            prefix_list_id=list_id,
            cidr_ipv4="0.0.0.0/0" if list_id is None else None,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )

    def _make_listeners(self, args: LoadBalancerArgs) -> pulumi.Output[str]:
        """The listener that the services' rules stand on; a public load balancer redirects HTTP to it."""
        https = args.certificate_arn is not None
        listener = lb.Listener(
            f"{self._name}-{'https' if https else 'http'}",
            load_balancer_arn=self.arn,
            port=self.port,
            protocol="HTTPS" if https else "HTTP",
            ssl_policy=TLS_POLICY if https else None,
            certificate_arn=args.certificate_arn,
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
            opts=self._child,
        )
        if not args.internal:
            lb.Listener(
                f"{self._name}-redirect",
                load_balancer_arn=self.arn,
                port=80,
                protocol="HTTP",
                default_actions=[
                    {
                        "type": "redirect",
                        "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
                    }
                ],
                opts=self._child,
            )
        return listener.arn
