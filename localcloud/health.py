"""Health checks of tasks: those of target groups over HTTP, and those of containers by a command."""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.ports import LOOPBACK


@dataclass(frozen=True, kw_only=True)
class TargetGroup:
    """A target group that the tasks of a service are registered with, as the load balancer's API has it."""

    arn: str
    path: str
    matcher: str
    interval_seconds: float
    timeout_seconds: float
    healthy_threshold: int
    unhealthy_threshold: int
    deregistration_delay_seconds: float

    @classmethod
    def describe(cls, elbv2: Any, arn: str) -> "TargetGroup":
        """Ask the API. Values that it leaves out are ELB's own defaults."""
        group: dict[str, Any] = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        matcher: dict[str, str] = group.get("Matcher") or {}
        attributes = {
            attribute["Key"]: attribute["Value"]
            for attribute in elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        }
        return cls(
            arn=arn,
            path=str(group.get("HealthCheckPath") or "/"),
            matcher=matcher.get("HttpCode") or "200",
            interval_seconds=float(group.get("HealthCheckIntervalSeconds") or 30),
            timeout_seconds=float(group.get("HealthCheckTimeoutSeconds") or 5),
            healthy_threshold=int(group.get("HealthyThresholdCount") or 5),
            unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
            deregistration_delay_seconds=float(attributes.get("deregistration_delay.timeout_seconds", "300")),
        )

    def probe(self, port: int) -> str | None:
        """One request as the load balancer makes it: what is wrong with the answer, or None."""
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=self.timeout_seconds)
        try:
            connection.request("GET", self.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"GET {self.path}: {error}"
        finally:
            connection.close()
        return (
            None
            if matches(self.matcher, status)
            else f"GET {self.path} answered {status}, not {self.matcher}"
        )


def matches(matcher: str, status: int) -> bool:
    """Whether a status is one of a matcher such as `200`, `200,204` or `200-299`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if re.fullmatch(r"\d+", low) and int(low) <= status <= int(high or low):
            return True
    return False


class Check:
    """Judges by repeated probes. While nothing is known it probes quickly: at start a person is waiting."""

    def __init__(
        self,
        probe: Callable[[], str | None],
        *,
        interval_seconds: float,
        start_interval_seconds: float,
        healthy_threshold: int,
        unhealthy_threshold: int,
        grace_seconds: float,
    ) -> None:
        self._probe = probe
        self._interval = interval_seconds
        self._start_interval = min(start_interval_seconds, interval_seconds)
        self._healthy_threshold = healthy_threshold
        self._tolerated_seconds = (unhealthy_threshold - 1) * interval_seconds
        self._grace_until = time.monotonic() + grace_seconds
        self._due = 0.0
        self._successes = 0
        self._failing_since: float | None = None
        self.healthy = False
        self.failed = False
        self.problem: str | None = "not checked yet"

    def run_when_due(self) -> None:
        if time.monotonic() < self._due:
            return
        self.problem = self._probe()
        now = time.monotonic()
        if self.problem is None:
            self._successes += 1
            self._failing_since = None
            self.healthy = self.healthy or self._successes >= self._healthy_threshold
        else:
            self._successes = 0
            # Failures are counted in time, so that quick probes at the start are no harsher than slow ones.
            self._failing_since = self._failing_since or max(now, self._grace_until)
            if now - self._failing_since >= self._tolerated_seconds and now >= self._grace_until:
                self.healthy, self.failed = False, True
        self._due = now + (self._interval if self.healthy else self._start_interval)


def container_check(definition: Mapping[str, Any], run: Callable[[list[str], float], int | None]) -> Check:
    """The check of a container's `healthCheck`; `run` executes a command within seconds for an exit code."""
    words = [str(word) for word in definition["command"]]
    command = ["/bin/sh", "-c", *words[1:]] if words[0] == "CMD-SHELL" else words[1:]
    timeout = float(definition.get("timeout") or 5)

    def probe() -> str | None:
        code = run(command, timeout)
        if code is None:
            return f"health check command took more than {timeout:.0f} s"
        return None if code == 0 else f"health check command ended with exit code {code}"

    return Check(
        probe,
        interval_seconds=float(definition.get("interval") or 30),
        start_interval_seconds=1.0,
        healthy_threshold=1,
        unhealthy_threshold=int(definition.get("retries") or 3),
        grace_seconds=float(definition.get("startPeriod") or 0),
    )
