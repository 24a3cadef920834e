"""Calls between services by name, through the proxies of Service Connect: retried, spread, measured.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs

from components.cluster import Cluster
from components.link import Link, Port, variable
from components.names import PATTERN


@dataclass(frozen=True, kw_only=True)
class ServiceLink(Link):
    """What a service gives to one that calls it; whoever has it gets a proxy beside it."""


def link(name: str, port: int, security_group_id: pulumi.Input[str]) -> ServiceLink:
    """For the callers of a service: `API_URL` is `http://api:8000`, and its port is open to them."""
    return ServiceLink(
        name=f"{name}-service",
        environment={variable(name, "URL"): f"http://{name}:{port}"},
        ports=[Port(security_group_id=security_group_id, port=port)],
    )


def refuse(connect: str | None, port: int | None, links: Sequence[Link], cluster: Cluster) -> None:
    """Refuse what ECS would when it makes the service."""
    if connect is not None and not PATTERN.fullmatch(connect):
        raise pulumi.RunError(
            f"fargate service: connect is '{connect}'; a name has a-z, 0-9 and single hyphens between"
        )
    if connect is not None and port is None:
        raise pulumi.RunError(f"fargate service: connect '{connect}' needs a port to call; give port")
    if cluster.namespace_arn is None and (connect is not None or _calls(links)):
        raise pulumi.RunError(
            "fargate service: connect and links of services need a namespace; "
            "give the cluster service_connect=True"
        )


def configuration(
    connect: str | None,
    port: int | None,
    links: Sequence[Link],
    cluster: Cluster,
    log_group_name: pulumi.Input[str],
) -> ecs.ServiceServiceConnectConfigurationArgsDict | None:
    """Of a service that is called, that calls, or both; None for one that does neither."""
    if cluster.namespace_arn is None or (connect is None and not _calls(links)):
        return None
    services: list[ecs.ServiceServiceConnectConfigurationServiceArgsDict] = []
    if connect is not None and port is not None:
        services = [
            {
                "port_name": connect,
                "discovery_name": connect,
                "client_alias": [{"port": port, "dns_name": connect}],
            }
        ]
    return {
        "enabled": True,
        "namespace": cluster.namespace_arn,
        "services": services,
        "log_configuration": {
            "log_driver": "awslogs",
            "options": {
                "awslogs-group": log_group_name,
                "awslogs-region": cluster.network.region,
                "awslogs-stream-prefix": "service-connect",
            },
        },
    }


def _calls(links: Sequence[Link]) -> bool:
    return any(isinstance(link, ServiceLink) for link in links)
