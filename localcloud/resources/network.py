"""EC2's network: VPC, subnets, routes, gateways, security groups and their rules, endpoints, flow logs."""

from typing import Any

from localcloud.kind import Call, Inputs, Kind, Name, Variant
from localcloud.making import Making

ARN = "arn:aws:ec2:{region}:{account}"


def permission(inputs: Inputs, making: Making) -> Inputs:
    """A rule resource as the one permission of an authorize call."""
    description = {"description": inputs["description"]} if inputs.get("description") else {}
    sources = {
        "ipRanges": ("cidrIpv4", "cidrIp"),
        "ipv6Ranges": ("cidrIpv6", "cidrIpv6"),
        "prefixListIds": ("prefixListId", "prefixListId"),
        "userIdGroupPairs": ("referencedSecurityGroupId", "groupId"),
    }
    rule: dict[str, Any] = {"ipProtocol": inputs.get("ipProtocol")}
    for name in ("fromPort", "toPort"):
        if inputs.get(name) is not None:
            rule[name] = inputs[name]
    consumed = {"ipProtocol", "fromPort", "toPort", "description"}
    for member, (name, inner) in sources.items():
        consumed.add(name)
        if inputs.get(name):
            rule[member] = [{inner: inputs[name], **description}]
    rest = {name: value for name, value in inputs.items() if name not in consumed}
    return {**rest, "ipPermissions": [rule]}


def empty_group(inputs: Inputs, making: Making) -> Inputs:
    """The rules that AWS gives to a new group are taken away, as the provider does."""
    _revoke(making, str(making.scope["id"]))
    return {}


def _revoke(making: Making, group_id: str) -> dict[str, Any]:
    ec2 = making.client("ec2")
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=group["IpPermissionsEgress"])
    return group


def default_group(inputs: Inputs, making: Making) -> Inputs:
    """AWS made the group with the VPC: it is found by it, and emptied."""
    filters = [
        {"name": "vpc-id", "values": [inputs["vpcId"]]},
        {"name": "group-name", "values": ["default"]},
    ]
    rest = {name: value for name, value in no_rules(inputs, making).items() if name != "vpcId"}
    return {**rest, "filters": filters}


def vpc_parts(inputs: Inputs, making: Making) -> Inputs:
    """The ids of what AWS makes with a VPC."""
    ec2 = making.client("ec2")
    mine = [{"Name": "vpc-id", "Values": [making.scope["id"]]}]
    groups = ec2.describe_security_groups(Filters=[*mine, {"Name": "group-name", "Values": ["default"]}])
    main = {"Name": "association.main", "Values": ["true"]}
    tables = ec2.describe_route_tables(Filters=[*mine, main])["RouteTables"]
    return {
        "defaultSecurityGroupId": groups["SecurityGroups"][0]["GroupId"],
        **({"mainRouteTableId": tables[0]["RouteTableId"]} if tables else {}),
        **({"defaultRouteTableId": tables[0]["RouteTableId"]} if tables else {}),
    }


def no_rules(inputs: Inputs, making: Making) -> Inputs:
    """Inline rules fight with rule resources: only their absence is taken."""
    return {name: value for name, value in inputs.items() if name not in ("ingress", "egress") or value}


def managed_prefix_list(arguments: dict[str, Any], making: Making) -> dict[str, Any]:
    """The invoke `ec2.getManagedPrefixList`, by name; AWS has one for CloudFront's origin-facing hosts."""
    ec2 = making.client("ec2")
    filters = [{"Name": "prefix-list-name", "Values": [arguments["name"]]}]
    lists = ec2.describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    found = next((one for one in lists if one["PrefixListName"] == arguments["name"]), None)
    if found is None:  # the emulator knows AWS's own lists no more than it has their addresses
        found = ec2.create_managed_prefix_list(
            PrefixListName=arguments["name"], MaxEntries=1, AddressFamily="IPv4"
        )["PrefixList"]
    return {**arguments, "id": found["PrefixListId"], "arn": found["PrefixListArn"], "entries": []}


def _rule(direction: str) -> Kind:
    return Kind(
        create=Call(
            f"ec2.authorize_security_group_{direction}",
            renames={"securityGroupId": "GroupId", "ipPermissions": "IpPermissions"},
        ),
        prepare=permission,
        result="SecurityGroupRules.0",
        id="{SecurityGroupRuleId}",
        outputs={"arn": ARN + ":security-group-rule/{id}", "securityGroupRuleId": "{id}"},
        tag_as="security-group-rule",
    )


REGIONAL_NAT = Kind(
    create=Call("ec2.create_nat_gateway", recorded="the emulator has no regional NAT gateway"),
    id="nat-{unique}",
    tag_as="natgateway",
)

KINDS = {
    "aws:ec2/vpc:Vpc": Kind(
        create=Call("ec2.create_vpc"),
        then=[
            Call(
                "ec2.modify_vpc_attribute",
                fixed={"VpcId": "{id}"},
                inputs=["enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"],
                each=True,
            )
        ],
        result="Vpc",
        id="{VpcId}",
        outputs={"arn": ARN + ":vpc/{id}"},
        tag_as="vpc",
        after=vpc_parts,
    ),
    "aws:ec2/subnet:Subnet": Kind(
        create=Call("ec2.create_subnet"),
        then=[
            Call(
                "ec2.modify_subnet_attribute",
                fixed={"SubnetId": "{id}"},
                inputs=["mapPublicIpOnLaunch", "assignIpv6AddressOnCreation", "enableDns64"],
                each=True,
            )
        ],
        result="Subnet",
        id="{SubnetId}",
        outputs={"arn": ARN + ":subnet/{id}"},
        tag_as="subnet",
    ),
    "aws:ec2/internetGateway:InternetGateway": Kind(
        create=Call("ec2.create_internet_gateway"),
        then=[Call("ec2.attach_internet_gateway", fixed={"InternetGatewayId": "{id}"}, inputs=["vpcId"])],
        result="InternetGateway",
        id="{InternetGatewayId}",
        outputs={"arn": ARN + ":internet-gateway/{id}"},
        tag_as="internet-gateway",
    ),
    "aws:ec2/eip:Eip": Kind(
        create=Call("ec2.allocate_address"),
        id="{AllocationId}",
        outputs={"arn": ARN + ":elastic-ip/{id}", "allocationId": "{id}", "publicIp": "{PublicIp}"},
        tag_as="elastic-ip",
    ),
    "aws:ec2/natGateway:NatGateway": Kind(
        create=Call("ec2.create_nat_gateway"),
        result="NatGateway",
        id="{NatGatewayId}",
        tag_as="natgateway",
        instead=Variant("availabilityMode", "regional", REGIONAL_NAT),
    ),
    "aws:ec2/routeTable:RouteTable": Kind(
        create=Call("ec2.create_route_table"),
        result="RouteTable",
        id="{RouteTableId}",
        outputs={"arn": ARN + ":route-table/{id}"},
        tag_as="route-table",
    ),
    "aws:ec2/route:Route": Kind(create=Call("ec2.create_route"), id="r-{routeTableId}{unique}"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Kind(
        create=Call("ec2.associate_route_table"), id="{AssociationId}"
    ),
    "aws:ec2/securityGroup:SecurityGroup": Kind(
        create=Call("ec2.create_security_group", renames={"name": "GroupName", "description": "Description"}),
        prepare=lambda inputs, making: {
            "description": "Managed by Pulumi",
            **no_rules(inputs, making),
        },
        id="{GroupId}",
        outputs={"arn": ARN + ":security-group/{id}"},
        name=Name(),
        tag_as="security-group",
        ignored=["revokeRulesOnDelete"],
        after=empty_group,
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Kind(
        create=Call("ec2.describe_security_groups"),
        then=[Call("ec2.create_tags", fixed={"Resources": ["{id}"]}, inputs=["tags"])],
        prepare=default_group,
        result="SecurityGroups.0",
        id="{GroupId}",
        outputs={"arn": ARN + ":security-group/{id}", "name": "default"},
        after=empty_group,
        ignored=["revokeRulesOnDelete"],
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("egress"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Kind(
        create=Call("ec2.create_vpc_endpoint", renames={"policy": "PolicyDocument"}),
        result="VpcEndpoint",
        id="{VpcEndpointId}",
        outputs={"arn": ARN + ":vpc-endpoint/{id}"},
        tag_as="vpc-endpoint",
        ignored=["autoAccept"],
    ),
    "aws:ec2/flowLog:FlowLog": Kind(
        create=Call(
            "ec2.create_flow_logs",
            fixed={"ResourceType": "VPC", "ClientToken": "{unique}"},
            renames={"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn"},
        ),
        id="{FlowLogIds.0}",
        outputs={"arn": ARN + ":vpc-flow-log/{id}"},
        tag_as="vpc-flow-log",
    ),
}

INVOKES = {"aws:ec2/getManagedPrefixList:getManagedPrefixList": managed_prefix_list}
