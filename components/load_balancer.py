"""One Application Load Balancer that the services share: internal unless told, logged, strict on headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, lb, vpc, wafv2

from components import listener, share
from components.alarm import Alarm
from components.answer import FixedResponse, Redirect
from components.bucket import Bucket
from components.load_balancer_alarms import load_balancer_alarms
from components.match import Match, refuse_bad_cidr
from components.names import refuse_bad_name
from components.network import Network
from components.route import Attachment, Entrance, Rewrite, Route, priority_of, refuse_collision
from components.target_group import Sticky

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
    test_cidrs: Sequence[str] | None = None
    """Who may try a new version on the test listener, 8443 or 8080; None is the network's own addresses."""
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
        for cidr in self.test_cidrs or ():
            refuse_bad_cidr(cidr)


class LoadBalancer(pulumi.ComponentResource):
    """What no route takes is answered 404. Services add their rules; `route` keeps them apart.

    About 18 $ a month and 6 for each unit of capacity, whatever the number of services.
    """

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    """The load balancer in CloudWatch's dimensions."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    test_listener_arn: pulumi.Output[str]
    port: int
    test_port: int
    has_web_acl: bool

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a load balancer's name has 32, with '-alb' and Pulumi's suffix"
        refuse_bad_name("load balancer", name, longest=20, because=because)
        super().__init__("causeway:index:LoadBalancer", name, None, opts)
        self._name, self._network = name, args.network
        self.has_web_acl = args.web_acl_arn is not None
        self._routes: list[Route] = []
        self._child = pulumi.ResourceOptions(parent=self)
        https = args.certificate_arn is not None
        self.port = listener.HTTPS if https else listener.HTTP
        self.test_port = listener.TEST_HTTPS if https else listener.TEST_HTTP
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
        self._make_listeners(args)
        if args.web_acl_arn is not None:
            wafv2.WebAclAssociation(
                f"{name}-web-acl", resource_arn=self.arn, web_acl_arn=args.web_acl_arn, opts=self._child
            )
        self.register_outputs({"arn": self.arn, "dns_name": self.dns_name, "listener_arn": self.listener_arn})

    def route(
        self,
        *paths: str,
        hosts: Sequence[str] = (),
        match: Match | None = None,
        priority: int | None = None,
        health_check_path: str = "/healthz",
        sticky: Sticky | None = None,
        rewrites: Sequence[Rewrite] = (),
    ) -> Route:
        """A route for one service, such as `route("/api/*")`; `match` for more than hosts and paths.

        Its priority follows from its match, so that another service renumbers none. Raises pulumi.RunError
        where another route already takes the requests or the priority.
        """
        if match is not None and (paths or hosts):
            raise pulumi.RunError(f"load balancer: route {match} has its hosts and paths in match alone")
        match = match or Match(paths=tuple(paths), hosts=tuple(hosts))
        route = Route(
            match=match,
            entrance=Entrance(
                listener_arn=self.listener_arn,
                test_listener_arn=self.test_listener_arn,
                security_group_id=self.security_group_id,
                arn_suffix=self.arn_suffix,
            ),
            priority=priority_of(match) if priority is None else priority,
            health_check_path=health_check_path,
            sticky=sticky,
            rewrites=rewrites,
        )
        for other in self._routes:
            refuse_collision(route, other)
        self._routes.append(route)
        return route

    def answer(self, name: str, route: Route, answer: Redirect | FixedResponse) -> None:
        """Answer a route without a service: `answer("old", route("/old/*"), Redirect(...))`."""
        self._rule(name, route, answer.action())

    def split(
        self, route: Route, weights: Mapping[str, int], *, sticky_seconds: int | None = None
    ) -> Mapping[str, Attachment]:
        """Share a route between services by weight, such as `{"api": 95, "api-next": 5}`; each takes its
        own attachment. `sticky_seconds` keeps a client with the service that answered it first."""
        share.refuse_bad_weights(route, weights, sticky_seconds)
        groups = share.make_groups(route, weights, self._network.vpc_id, self)
        action = share.forward(groups, weights, sticky_seconds)
        rule = self._rule("-".join(groups), route, action)
        return {
            service: Attachment(
                title=f"the share of '{service}' in {route}",
                target_group_arn=group.arn,
                target_group_arn_suffix=group.arn_suffix,
                security_group_id=self.security_group_id,
                load_balancer_arn_suffix=self.arn_suffix,
                needs=[rule],
            )
            for service, group in groups.items()
        }

    def alarms(self, *, error_percent: float = 5, latency_seconds: float = 2) -> list[Alarm]:
        """Errors of the services, requests that none answered, and the slowest percent of the answers."""
        return load_balancer_alarms(
            self._name, self.arn_suffix, error_percent=error_percent, latency_seconds=latency_seconds
        )

    def let_in(self, name: str, security_group_id: pulumi.Input[str]) -> vpc.SecurityGroupIngressRule:
        """Open the production listener to another security group, such as a network load balancer's."""
        return vpc.SecurityGroupIngressRule(
            f"{self._name}-from-{name}",
            security_group_id=self.security_group_id,
            description=f"From {name}",
            referenced_security_group_id=security_group_id,
            ip_protocol="tcp",
            from_port=self.port,
            to_port=self.port,
            opts=self._child,
        )

    def _rule(self, name: str, route: Route, action: lb.ListenerRuleActionArgsDict) -> lb.ListenerRule:
        route.take(name)
        return lb.ListenerRule(
            f"{self._name}-{name}-rule",
            listener_arn=self.listener_arn,
            priority=route.priority,
            conditions=route.match.conditions(),
            transforms=route.transforms(),
            actions=[action],
            opts=self._child,
        )

    def _make_security_group(self, args: LoadBalancerArgs) -> pulumi.Output[str]:
        group = ec2.SecurityGroup(
            f"{self._name}-load-balancer",
            description="The shared load balancer: in from its clients, out to the services it serves",
            vpc_id=args.network.vpc_id,
            opts=self._child,
        )
        listener.doors(
            self._name,
            group,
            internal=args.internal,
            port=self.port,
            test_port=self.test_port,
            test_cidrs=[args.network.cidr] if args.test_cidrs is None else args.test_cidrs,
            opts=self._child,
        )
        return group.id

    def _make_listeners(self, args: LoadBalancerArgs) -> None:
        """The listeners that the services' rules stand on; a public load balancer redirects HTTP to them."""
        scheme = "http" if args.certificate_arn is None else "https"
        production, test = (
            listener.service_listener(
                f"{self._name}-{purpose}", self.arn, port, args.certificate_arn, self._child
            )
            for purpose, port in ((scheme, self.port), ("test", self.test_port))
        )
        self.listener_arn, self.test_listener_arn = production.arn, test.arn
        if not args.internal:
            listener.redirect_listener(f"{self._name}-redirect", self.arn, self._child)
