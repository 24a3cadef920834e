"""Traces: the AWS distribution of the OpenTelemetry collector beside a task, from OTLP to X-Ray.

https://aws-otel.github.io/docs/setup/ecs
"""

import json

from components.link import Link
from components.sidecar import Sidecar

COLLECTOR = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
MEMORY_MIB = 128
"""Of the task's memory; the collector drops what would exceed it."""


def collector(image: str, region: str) -> Sidecar:
    """The sidecar. Its end does not end the task: traces are worth less than what they trace."""
    return Sidecar(
        name="otel-collector",
        image=image,
        environment={"AOT_CONFIG_CONTENT": configuration(region)},
        health_command=["/healthcheck"],
        memory_mib=MEMORY_MIB,
        stop_timeout_seconds=10,
    )


def configuration(region: str) -> str:
    """The collector's configuration, YAML as JSON; it listens on the task's own loopback only."""
    limit = MEMORY_MIB * 3 // 4
    return json.dumps(
        {
            "extensions": {"health_check": {}},
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "127.0.0.1:4317"},
                        "http": {"endpoint": "127.0.0.1:4318"},
                    }
                }
            },
            "processors": {
                "memory_limiter": {"check_interval": "1s", "limit_mib": limit},
                "resourcedetection": {"detectors": ["env", "ecs"]},
                "batch": {"timeout": "5s"},
            },
            "exporters": {"awsxray": {"region": region}},
            "service": {
                "extensions": ["health_check"],
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": ["memory_limiter", "resourcedetection", "batch"],
                        "exporters": ["awsxray"],
                    }
                },
            },
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def link() -> Link:
    """What OpenTelemetry's libraries read to find the collector."""
    return Link(
        name="tracing",
        environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        },
    )
