"""A VPC in three tiers over several zones: nothing gets a public address by itself, the data tier has no
way out, AWS's own APIs are reached without the internet, every flow is logged under the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import ec2, vpc

from components.flow_log import log_flows
from components.key import Key
from components.names import refuse_bad_name
from components.subnets import TIERS, Tier, allocate

INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sns", "sqs", "ssmmessages")
"""What a Fargate task calls to start (registry, secrets, logs), to work, and for ECS Exec."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    cidr: str
    """The VPC's addresses, from /16 to /23."""
    zones: Sequence[str]
    """Availability Zones, such as `eu-west-1a`; two or more. The first has the NAT gateway of `single`."""
    region: str
    key: Key
    nat: Literal["none", "single", "per-zone", "regional"] = "single"
    """The private tier's way to the internet: some 35 $ a month each. `regional` is one over all zones."""
    interface_endpoints: Sequence[str] = INTERFACE_ENDPOINTS
    """AWS APIs with a door in the VPC, some 8 $ a month, API and zone. The others need a NAT gateway."""
    log_retention_days: int = 90

    def __post_init__(self) -> None:
        allocate(self.cidr, self.zones)
        for zone in self.zones:
            if zone[:-1] != self.region:
                raise pulumi.RunError(
                    f"network: zone '{zone}' is not of region {self.region}; "
                    f"give zones such as {self.region}a, in the stack's network settings"
                )
        if len(self.zones) < 2:  # noqa: PLR2004 a load balancer and a database subnet group take two
            raise pulumi.RunError(
                f"network: zones has {len(self.zones)}, a load balancer and a database need 2 or more; "
                "add one to the stack's network settings"
            )


class Network(pulumi.ComponentResource):
    """Subnets by tier and zone, routes, NAT, endpoints, flow logs; the default security group is emptied."""

    vpc_id: pulumi.Output[str]
    cidr: str
    region: str
    zones: tuple[str, ...]
    nat: Literal["none", "single", "per-zone", "regional"]
    interface_endpoints: tuple[str, ...]
    """The AWS APIs that need no way to the internet."""
    public_subnet_ids: list[pulumi.Output[str]]
    private_subnet_ids: list[pulumi.Output[str]]
    data_subnet_ids: list[pulumi.Output[str]]
    endpoint_security_group_id: pulumi.Output[str]
    """Known once the endpoints stand: what opens its way to them may start to use them."""
    s3_prefix_list_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        because = "a role's name has 64, with '-flow-logs' and Pulumi's suffix"
        refuse_bad_name("network", name, longest=46, because=because)
        super().__init__("causeway:index:Network", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.cidr, self.region, self.zones, self.nat = args.cidr, args.region, tuple(args.zones), args.nat
        self.interface_endpoints = tuple(args.interface_endpoints)
        self._vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=self._child,
        )
        self.vpc_id = self._vpc.id
        ec2.DefaultSecurityGroup(
            f"{name}-default-security-group", vpc_id=self.vpc_id, ingress=[], egress=[], opts=self._child
        )
        self._subnets = self._make_subnets(allocate(args.cidr, args.zones))
        self.public_subnet_ids = [self._subnets["public", zone].id for zone in self.zones]
        self.private_subnet_ids = [self._subnets["private", zone].id for zone in self.zones]
        self.data_subnet_ids = [self._subnets["data", zone].id for zone in self.zones]
        private_tables = self._make_routes(args.nat)
        self._make_endpoints(args.interface_endpoints, private_tables)
        log_flows(name, self.vpc_id, key=args.key, retention_days=args.log_retention_days, parent=self)
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids})

    def _make_subnets(self, blocks: Mapping[Tier, Mapping[str, str]]) -> dict[tuple[Tier, str], ec2.Subnet]:
        return {
            (tier, zone): ec2.Subnet(
                f"{self._name}-{tier}-{zone[-1]}",
                vpc_id=self.vpc_id,
                cidr_block=blocks[tier][zone],
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._name}-{tier}-{zone[-1]}"},
                opts=self._child,
            )
            for tier in TIERS
            for zone in self.zones
        }

    def _make_routes(self, nat: str) -> list[ec2.RouteTable]:
        """Public to the internet gateway, private to the NAT gateway, data nowhere. Gives the private tables,
        one a zone whatever the NAT, so that another NAT changes routes and no table."""
        gateway = ec2.InternetGateway(f"{self._name}-internet-gateway", vpc_id=self.vpc_id, opts=self._child)
        public = self._route_table("public", [("public", zone) for zone in self.zones])
        self._route("public", public, gateway_id=gateway.id)
        self._route_table("data", [("data", zone) for zone in self.zones])
        nats = self._make_nats(nat, gateway)
        tables: list[ec2.RouteTable] = []
        for zone in self.zones:
            tier = f"private-{zone[-1]}"
            table = self._route_table(tier, [("private", zone)])
            if nats:
                self._route(tier, table, nat_gateway_id=nats.get(zone, nats[self.zones[0]]).id)
            tables.append(table)
        return tables

    def _make_nats(self, nat: str, gateway: ec2.InternetGateway) -> dict[str, ec2.NatGateway]:
        """NAT gateways by zone; a single or regional one stands under the first."""
        child = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        if nat == "regional":
            regional = ec2.NatGateway(
                f"{self._name}-nat", availability_mode="regional", vpc_id=self.vpc_id, opts=child
            )
            return {self.zones[0]: regional}
        zones = {"none": (), "single": self.zones[:1], "per-zone": self.zones}[nat]
        nats: dict[str, ec2.NatGateway] = {}
        for zone in zones:
            address = ec2.Eip(f"{self._name}-nat-address-{zone[-1]}", domain="vpc", opts=child)
            nats[zone] = ec2.NatGateway(
                f"{self._name}-nat-{zone[-1]}",
                subnet_id=self._subnets["public", zone].id,
                allocation_id=address.id,
                tags={"Name": f"{self._name}-{zone[-1]}"},
                opts=child,
            )
        return nats

    def _route_table(self, purpose: str, subnets: Sequence[tuple[Tier, str]]) -> ec2.RouteTable:
        table = ec2.RouteTable(
            f"{self._name}-{purpose}",
            vpc_id=self.vpc_id,
            tags={"Name": f"{self._name}-{purpose}"},
            opts=self._child,
        )
        for tier, zone in subnets:
            ec2.RouteTableAssociation(
                f"{self._name}-{tier}-{zone[-1]}",
                route_table_id=table.id,
                subnet_id=self._subnets[tier, zone].id,
                opts=self._child,
            )
        return table

    def _route(
        self,
        purpose: str,
        table: ec2.RouteTable,
        *,
        gateway_id: pulumi.Output[str] | None = None,
        nat_gateway_id: pulumi.Output[str] | None = None,
    ) -> None:
        ec2.Route(
            f"{self._name}-{purpose}-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._child,
        )

    def _make_endpoints(self, services: Sequence[str], tables: Sequence[ec2.RouteTable]) -> None:
        s3 = ec2.VpcEndpoint(
            f"{self._name}-endpoint-s3",
            vpc_id=self.vpc_id,
            service_name=f"com.amazonaws.{self.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            opts=self._child,
        )
        self.s3_prefix_list_id = s3.prefix_list_id
        group = ec2.SecurityGroup(
            f"{self._name}-endpoints",
            description="Interface endpoints of AWS APIs",
            vpc_id=self.vpc_id,
            opts=self._child,
        )
        ingress = vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-from-vpc",
            security_group_id=group.id,
            description="HTTPS from this VPC",
            cidr_ipv4=self.cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._child,
        )
        endpoints = [
            ec2.VpcEndpoint(
                f"{self._name}-endpoint-{service.replace('.', '-')}",
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{self.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group.id],
                opts=self._child,
            )
            for service in services
        ]
        standing = [group.id, ingress.id, *(endpoint.id for endpoint in endpoints)]
        self.endpoint_security_group_id = pulumi.Output.all(*standing).apply(lambda ids: str(ids[0]))
