"""RDS Proxy: a record in the emulator; its endpoints are the real PostgreSQL's, without a pool between."""

from localcloud.kind import Call, Inputs, Kind, Name
from localcloud.making import Making


def endpoint(inputs: Inputs, making: Making) -> Inputs:
    """Services reach the database itself."""
    return {"endpoint": making.cloud.servers.postgres.host}


KINDS = {
    "aws:rds/proxy:Proxy": Kind(
        create=Call("rds.create_db_proxy", renames={"name": "DBProxyName", "auths": "Auth"}),
        result="DBProxy",
        id="{DBProxyName}",
        outputs={"arn": "{DBProxyArn}"},
        after=endpoint,
        name=Name(limit=63, lower=True),
    ),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": Kind(
        create=Call("rds.modify_db_proxy_target_group", fixed={"TargetGroupName": "default"}),
        id="{dbProxyName}",
        outputs={"name": "default"},
    ),
    "aws:rds/proxyTarget:ProxyTarget": Kind(
        create=Call(
            "rds.register_db_proxy_targets",
            renames={
                "dbClusterIdentifier": "DBClusterIdentifiers",
                "dbInstanceIdentifier": "DBInstanceIdentifiers",
            },
        ),
        id="{dbProxyName}/{targetGroupName}",
    ),
    "aws:rds/proxyEndpoint:ProxyEndpoint": Kind(
        create=Call("rds.create_db_proxy_endpoint"),
        result="DBProxyEndpoint",
        id="{DBProxyName}/{DBProxyEndpointName}",
        outputs={"arn": "{DBProxyEndpointArn}"},
        after=endpoint,
    ),
}
