"""The resource types that the local cloud knows, by Pulumi's token; a token that is not here is an error."""

from localcloud.resources import (
    compute,
    edge,
    elasticache,
    functions,
    identity,
    load_balancing,
    messaging,
    monitoring,
    network,
    rds,
    registry,
    storage,
)

KINDS = {
    **compute.KINDS,
    **edge.KINDS,
    **elasticache.KINDS,
    **functions.KINDS,
    **identity.KINDS,
    **load_balancing.KINDS,
    **messaging.KINDS,
    **monitoring.KINDS,
    **network.KINDS,
    **rds.KINDS,
    **registry.KINDS,
    **storage.KINDS,
}
INVOKES = {**network.INVOKES, **registry.INVOKES}
