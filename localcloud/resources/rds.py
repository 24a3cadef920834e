"""RDS: records in the emulator, with the real PostgreSQL behind them."""

import json
import secrets

from localcloud.kind import Call, Inputs, Kind, Name, mapping, mappings
from localcloud.making import Making


def parameters(inputs: Inputs, making: Making) -> Inputs:
    """Parameters of a group are applied at once unless they say otherwise."""
    given = [{"applyMethod": "immediate", **one} for one in mappings(inputs.get("parameters"))]
    return {**described(inputs, making), "parameters": given or None}


def described(inputs: Inputs, making: Making) -> Inputs:
    """A group without a description is described as the provider does."""
    return {"description": "Managed by Pulumi", **inputs}


def database(inputs: Inputs, making: Making) -> Inputs:
    """Make the database and its master user in the real PostgreSQL, and tell its address.

    The master's password is in Secrets Manager, as RDS keeps it when it manages it.
    """
    user = str(inputs.get("masterUsername") or "postgres")
    outputs: Inputs = {}
    if inputs.get("manageMasterUserPassword"):
        arn, password = _managed_secret(inputs, making, user)
        secret = {
            "secretArn": arn,
            "kmsKeyId": inputs.get("masterUserSecretKmsKeyId"),
            "secretStatus": "active",
        }
        outputs["masterUserSecrets"] = [secret]
    else:
        password = str(inputs["masterPassword"])
    server = making.cloud.servers.postgres
    server.create_database(str(inputs.get("databaseName") or "postgres"), user, password)
    return {**outputs, "endpoint": server.host, "readerEndpoint": server.host, "port": server.port}


def _managed_secret(inputs: Inputs, making: Making, user: str) -> tuple[str, str]:
    """The ARN of the master's secret, and the password in it; the emulator may have made it."""
    manager = making.client("secretsmanager")
    made = mapping(making.scope.get("MasterUserSecret"))
    if made.get("SecretArn"):
        content = json.loads(manager.get_secret_value(SecretId=made["SecretArn"])["SecretString"])
        return str(made["SecretArn"]), str(content["password"])
    password = secrets.token_urlsafe(32)
    key = inputs.get("masterUserSecretKmsKeyId")
    answer = manager.create_secret(
        Name=f"rds!cluster-{making.unique(32)}",
        SecretString=json.dumps({"username": user, "password": password}),
        **({"KmsKeyId": key} if key else {}),
    )
    return str(answer["ARN"]), password


def instance(inputs: Inputs, making: Making) -> Inputs:
    """An instance of a cluster is the same real server."""
    server = making.cloud.servers.postgres
    return {"endpoint": server.host, "port": server.port}


def _rds_parameters(word: str) -> Kind:
    """A parameter group, `db` or `db_cluster`."""
    name = "DBParameterGroupName" if word == "db" else "DBClusterParameterGroupName"
    arn = "pg" if word == "db" else "cluster-pg"
    return Kind(
        create=Call(
            f"rds.create_{word}_parameter_group", renames={"name": name, "family": "DBParameterGroupFamily"}
        ),
        then=[
            Call(
                f"rds.modify_{word}_parameter_group",
                fixed={name: "{name}"},
                inputs=["parameters"],
                renames={"parameters.name": "ParameterName", "parameters.value": "ParameterValue"},
            )
        ],
        prepare=parameters,
        id="{name}",
        outputs={"arn": "arn:aws:rds:{region}:{account}:" + arn + ":{name}"},
        name=Name(lower=True),
        ignored=["skipDestroy"],
    )


KINDS = {
    "aws:rds/subnetGroup:SubnetGroup": Kind(
        create=Call(
            "rds.create_db_subnet_group",
            renames={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        ),
        prepare=described,
        id="{name}",
        outputs={"arn": "arn:aws:rds:{region}:{account}:subgrp:{name}"},
        name=Name(lower=True),
    ),
    "aws:rds/parameterGroup:ParameterGroup": _rds_parameters("db"),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _rds_parameters("db_cluster"),
    "aws:rds/cluster:Cluster": Kind(
        create=Call(
            "rds.create_db_cluster",
            renames={
                "clusterIdentifier": "DBClusterIdentifier",
                "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
                "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
                "performanceInsightsEnabled": "EnablePerformanceInsights",
                "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
                "masterPassword": "MasterUserPassword",
            },
        ),
        result="DBCluster",
        id="{DBClusterIdentifier}",
        outputs={"arn": "{DBClusterArn}", "clusterResourceId": "{DbClusterResourceId}"},
        after=database,
        name=Name("clusterIdentifier", limit=63, lower=True),
        ignored=[
            "allowMajorVersionUpgrade",
            "applyImmediately",
            "deleteAutomatedBackups",
            "finalSnapshotIdentifier",
            "skipFinalSnapshot",
        ],
    ),
    "aws:rds/clusterInstance:ClusterInstance": Kind(
        create=Call(
            "rds.create_db_instance",
            renames={
                "clusterIdentifier": "DBClusterIdentifier",
                "identifier": "DBInstanceIdentifier",
                "instanceClass": "DBInstanceClass",
                "performanceInsightsEnabled": "EnablePerformanceInsights",
                "caCertIdentifier": "CACertificateIdentifier",
            },
        ),
        result="DBInstance",
        id="{DBInstanceIdentifier}",
        outputs={"arn": "{DBInstanceArn}"},
        after=instance,
        name=Name("identifier", limit=63, lower=True),
        ignored=["applyImmediately", "forceDestroy"],
    ),
    "aws:rds/eventSubscription:EventSubscription": Kind(
        create=Call(
            "rds.create_event_subscription",
            renames={"name": "SubscriptionName", "snsTopic": "SnsTopicArn"},
            recorded="RDS sends no events in the emulator",
        ),
        id="{name}",
        name=Name(limit=255),
    ),
}
