"""The resource types that the local cloud knows, by Pulumi's token; a token that is not here is an error."""

from localcloud.resources import (
    backup,
    compute,
    costs,
    edge,
    elasticache,
    events,
    functions,
    identity,
    load_balancing,
    messaging,
    monitoring,
    network,
    rds,
    rds_proxy,
    registry,
    storage,
)

KINDS = {
    **backup.KINDS,
    **compute.KINDS,
    **costs.KINDS,
    **edge.KINDS,
    **elasticache.KINDS,
    **events.KINDS,
    **functions.KINDS,
    **identity.KINDS,
    **load_balancing.KINDS,
    **messaging.KINDS,
    **monitoring.KINDS,
    **network.KINDS,
    **rds.KINDS,
    **rds_proxy.KINDS,
    **registry.KINDS,
    **storage.KINDS,
}
INVOKES = {**network.INVOKES, **registry.INVOKES}
