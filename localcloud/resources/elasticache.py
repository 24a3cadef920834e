"""ElastiCache: records in the emulator, with the real Valkey behind them."""

from xml.sax.saxutils import escape

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making


def parameters(inputs: Inputs, making: Making) -> Inputs:
    """The group's parameters are kept for the cache that will name the group."""
    given = mappings(inputs.get("parameters"))
    making.cloud.shared[f"parameters/{inputs['name']}"] = {one["name"]: str(one["value"]) for one in given}
    return {**described(inputs, making), "parameters": given or None}


def described(inputs: Inputs, making: Making) -> Inputs:
    """A group without a description is described as the provider does."""
    return {"description": "Managed by Pulumi", **inputs}


def escaped(inputs: Inputs, making: Making) -> Inputs:
    """The emulator answers with the access string as it was sent, `&*` and all, which is no XML."""
    making.scope["escaped"] = escape(str(inputs["accessString"]))
    return inputs


def user(inputs: Inputs, making: Making) -> Inputs:
    """Make an ElastiCache user in the real Valkey too."""
    mode = mapping(inputs.get("authenticationMode"))
    passwords: list[str] = mode.get("passwords") or inputs.get("passwords") or []
    making.cloud.servers.valkey.create_user(
        str(inputs["userName"]), str(passwords[0]) if passwords else None, str(inputs["accessString"])
    )
    return {}


def cache(inputs: Inputs, making: Making) -> Inputs:
    """Give the real Valkey the parameters of the group, and tell its address. It has one shard."""
    server = making.cloud.servers.valkey
    settings: dict[str, str] = making.cloud.shared.get(f"parameters/{inputs.get('parameterGroupName')}", {})
    server.configure({name: value for name, value in settings.items() if name != "cluster-enabled"})
    return {
        "primaryEndpointAddress": server.host,
        "readerEndpointAddress": server.host,
        "configurationEndpointAddress": server.host,
        "port": server.port,
    }


def serverless(inputs: Inputs, making: Making) -> Inputs:
    """A serverless cache is the same real Valkey, which does not speak cluster mode."""
    server = making.cloud.servers.valkey
    return {"endpoints": [{"address": server.host, "port": server.port}]}


def log_deliveries(inputs: Inputs, making: Making) -> Inputs:
    """A log's destination is a name in Pulumi, and details by its type in ElastiCache."""
    details = {
        "cloudwatch-logs": ("cloudWatchLogsDetails", "logGroup"),
        "kinesis-firehose": ("kinesisFirehoseDetails", "deliveryStream"),
    }
    result = dict(inputs)
    deliveries: list[Inputs] = []
    for one in mappings(inputs.get("logDeliveryConfigurations")):
        rest = {name: value for name, value in one.items() if name != "destination"}
        outer, inner = details[str(one["destinationType"])]
        deliveries.append({**rest, "destinationDetails": {outer: {inner: one["destination"]}}})
    if deliveries:
        result["logDeliveryConfigurations"] = deliveries
    return result


KINDS = {
    "aws:elasticache/subnetGroup:SubnetGroup": Kind(
        create=Call(
            "elasticache.create_cache_subnet_group",
            renames={"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
        ),
        prepare=described,
        id="{name}",
        outputs={"arn": "arn:aws:elasticache:{region}:{account}:subnetgroup:{name}"},
        name=Name(lower=True),
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": Kind(
        create=Call(
            "elasticache.create_cache_parameter_group",
            renames={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
        ),
        then=[
            Call(
                "elasticache.modify_cache_parameter_group",
                fixed={"CacheParameterGroupName": "{name}"},
                inputs=["parameters"],
                renames={
                    "parameters": "ParameterNameValues",
                    "parameters.name": "ParameterName",
                    "parameters.value": "ParameterValue",
                },
            )
        ],
        prepare=parameters,
        id="{name}",
        outputs={"arn": "arn:aws:elasticache:{region}:{account}:parametergroup:{name}"},
        name=Name(lower=True),
    ),
    "aws:elasticache/user:User": Kind(
        create=Call(
            "elasticache.create_user",
            fixed={"AccessString": "{escaped}"},
            renames={"accessString": "AccessString"},
        ),
        prepare=escaped,
        id="{userId}",
        outputs={"arn": "{ARN}"},
        after=user,
    ),
    "aws:elasticache/userGroup:UserGroup": Kind(
        create=Call("elasticache.create_user_group"), id="{userGroupId}", outputs={"arn": "{ARN}"}
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Kind(
        create=Call(
            "elasticache.create_replication_group",
            renames={
                "description": "ReplicationGroupDescription",
                "nodeType": "CacheNodeType",
                "parameterGroupName": "CacheParameterGroupName",
                "subnetGroupName": "CacheSubnetGroupName",
                "maintenanceWindow": "PreferredMaintenanceWindow",
            },
        ),
        prepare=log_deliveries,
        result="ReplicationGroup",
        id="{ReplicationGroupId}",
        outputs={"arn": "{ARN}"},
        after=cache,
        name=Name("replicationGroupId", limit=40, lower=True),
        ignored=["applyImmediately", "finalSnapshotIdentifier"],
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": Kind(
        create=Call(
            "elasticache.create_serverless_cache",
            renames={
                "name": "ServerlessCacheName",
                "snapshotArnsToRestores": "SnapshotArnsToRestore",
                "cacheUsageLimits.ecpuPerSeconds": "ECPUPerSecond",
            },
        ),
        result="ServerlessCache",
        id="{ServerlessCacheName}",
        outputs={"arn": "{ARN}"},
        after=serverless,
        name=Name(limit=40, lower=True),
    ),
    "aws:elasticache/cluster:Cluster": Kind(
        create=Call(
            "elasticache.create_cache_cluster",
            renames={
                "clusterId": "CacheClusterId",
                "nodeType": "CacheNodeType",
                "azMode": "AZMode",
                "parameterGroupName": "CacheParameterGroupName",
                "subnetGroupName": "CacheSubnetGroupName",
                "maintenanceWindow": "PreferredMaintenanceWindow",
            },
        ),
        result="CacheCluster",
        id="{CacheClusterId}",
        outputs={"arn": "{ARN}", "clusterAddress": "{CacheClusterId}.cfg.cache.internal"},
        name=Name("clusterId", limit=50, lower=True),
    ),
}
