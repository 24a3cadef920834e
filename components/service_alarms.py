"""What is watched of an ECS service: whether it has the tasks it should have, and whether they suffice."""

import pulumi

from components.alarm import MINUTE_SECONDS, Alarm, Metric

BUSY_PERCENT = 90
"""For a quarter of an hour: autoscaling had time, and is at its limit or is not asked to."""


def service_alarms(
    name: str, cluster_name: pulumi.Output[str], service_name: pulumi.Output[str]
) -> list[Alarm]:
    """Errors and latency are the load balancer's to tell.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
    """

    def metric(namespace: str, metric_name: str) -> Metric:
        return Metric(
            namespace=namespace,
            name=metric_name,
            dimensions={"ClusterName": cluster_name, "ServiceName": service_name},
            stat="Average",
        )

    of = f"service {name}"
    return [
        Alarm(
            name=f"{name}-service-cpu",
            of=of,
            title="CPU, percent",
            description=f"Service {name} uses {BUSY_PERCENT} % of its CPU: raise its most tasks or its cpu",
            metrics={"cpu": metric("AWS/ECS", "CPUUtilization")},
            threshold=BUSY_PERCENT,
        ),
        Alarm(
            name=f"{name}-service-memory",
            of=of,
            title="Memory, percent",
            description=f"Service {name} uses {BUSY_PERCENT} % of its memory, and ECS kills a task at 100: "
            "raise memory_mib, or look for a leak",
            metrics={"memory": metric("AWS/ECS", "MemoryUtilization")},
            threshold=BUSY_PERCENT,
        ),
        Alarm(
            name=f"{name}-service-tasks",
            of=of,
            title="Tasks missing",
            description=f"Service {name} has fewer tasks than it should: they stop or do not start; read the "
            "service's events and the stopped tasks' reasons",
            metrics={
                "desired": metric("ECS/ContainerInsights", "DesiredTaskCount"),
                "running": metric("ECS/ContainerInsights", "RunningTaskCount"),
            },
            expression="FILL(desired, 0) - FILL(running, 0)",
            threshold=1,
            # Longer than a start or a Spot interruption takes; a task that dies again and again is found too.
            period_seconds=MINUTE_SECONDS,
            periods=10,
            within=15,
        ),
    ]
