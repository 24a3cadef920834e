"""What is watched of an Application Load Balancer: errors, requests nobody answered, and slowness."""

import pulumi

from components.alarm import Alarm, Metric

LEAST_REQUESTS = 20
"""In five minutes; of fewer, one failure is no rate."""
UNANSWERED = 10


def load_balancer_alarms(
    name: str, arn_suffix: pulumi.Output[str], *, error_percent: float, latency_seconds: float
) -> list[Alarm]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"""

    def metric(metric_name: str, stat: str = "Sum") -> Metric:
        return Metric(
            namespace="AWS/ApplicationELB",
            name=metric_name,
            dimensions={"LoadBalancer": arn_suffix},
            stat=stat,
        )

    of = f"load balancer {name}"
    return [
        Alarm(
            name=f"{name}-load-balancer-errors",
            of=of,
            title="Answered 5xx by services, percent",
            description=f"Services behind {name} answer {error_percent:g} % of requests, or more, with 5xx: "
            "read their logs",
            metrics={"requests": metric("RequestCount"), "errors": metric("HTTPCode_Target_5XX_Count")},
            expression=f"IF(requests >= {LEAST_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)",
            threshold=error_percent,
            periods=2,
        ),
        Alarm(
            name=f"{name}-load-balancer-unanswered",
            of=of,
            title="Answered 5xx by the load balancer",
            description=f"Load balancer {name} found no healthy task, or none that answered in time: look at "
            "the services' tasks and health checks",
            metrics={"unanswered": metric("HTTPCode_ELB_5XX_Count")},
            threshold=UNANSWERED,
            periods=1,
        ),
        Alarm(
            name=f"{name}-load-balancer-latency",
            of=of,
            title="Slowest percent of answers, seconds",
            description=f"One in a hundred answers behind {name} takes {latency_seconds:g} s or longer: look "
            "at the services' CPU, then at the database and the cache",
            metrics={"latency": metric("TargetResponseTime", "p99")},
            threshold=latency_seconds,
        ),
    ]
