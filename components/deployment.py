"""How a new version of a service takes over from the old one, and what takes it back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import ecs

Strategy = Literal["rolling", "blue-green", "linear", "canary"]
STRATEGIES: dict[Strategy, str] = {
    "rolling": "ROLLING",
    "blue-green": "BLUE_GREEN",
    "linear": "LINEAR",
    "canary": "CANARY",
}
LONGEST_MINUTES = 24 * 60
LONGEST_PAUSE_MINUTES = 14 * 24 * 60
START_MINUTES = 20
"""What a deployment takes beside its waits: the provider's own timeout for a service."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """`rolling` replaces task by task. The others start the new version beside the old one, let it be tried
    on the load balancer's test listener, then shift the requests: all at once (`blue-green`), step by step
    (`linear`), or a few percent first (`canary`). For so long they cost twice the tasks.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service-options.html
    """

    strategy: Strategy = "rolling"
    bake_minutes: int = 5
    """The old version stays ready for so long after the last shift. The alarm needs 3 minutes to tell."""
    step_percent: float = 20
    """Of the requests, each step of `linear`."""
    step_minutes: int = 5
    canary_percent: float = 10
    """Of the requests, the first step of `canary`."""
    canary_minutes: int = 10
    pause: bool = False
    """Wait on the test listener until somebody says CONTINUE or ROLLBACK; not for `rolling`."""
    pause_minutes: int = 60
    """Nobody says anything: the deployment is rolled back. `pulumi up` waits as long."""
    rollback_alarms: Sequence[pulumi.Input[str]] = ()
    """Names of alarms, beside the service's own, that take a deployment back."""

    def __post_init__(self) -> None:
        _refuse_outside("bake_minutes", self.bake_minutes, 0, LONGEST_MINUTES)
        _refuse_outside("step_percent", self.step_percent, 3, 100)
        _refuse_outside("step_minutes", self.step_minutes, 0, LONGEST_MINUTES)
        _refuse_outside("canary_percent", self.canary_percent, 0.1, 100)
        _refuse_outside("canary_minutes", self.canary_minutes, 0, LONGEST_MINUTES)
        _refuse_outside("pause_minutes", self.pause_minutes, 1, LONGEST_PAUSE_MINUTES)
        if self.pause and not self.shifts_traffic:
            raise pulumi.RunError(
                "deployment: pause waits before requests are shifted, and rolling shifts none; "
                "give strategy blue-green, linear or canary"
            )

    @property
    def shifts_traffic(self) -> bool:
        """Whether two versions stand beside each other and the load balancer moves from one to the other."""
        return self.strategy != "rolling"

    @property
    def timeout_minutes(self) -> int:
        """How long an `up` may have to wait until the service is steady."""
        waits = self.bake_minutes if self.shifts_traffic else 0
        if self.strategy == "linear":
            waits += (math.ceil(100 / self.step_percent) - 1) * self.step_minutes
        if self.strategy == "canary":
            waits += self.canary_minutes
        return START_MINUTES + waits + (self.pause_minutes if self.pause else 0)

    def configuration(self) -> ecs.ServiceDeploymentConfigurationArgsDict:
        """As a service takes it. The strategy is always said: left out, ECS would keep the one before."""
        configuration: ecs.ServiceDeploymentConfigurationArgsDict = {"strategy": STRATEGIES[self.strategy]}
        if self.shifts_traffic:
            configuration["bake_time_in_minutes"] = str(self.bake_minutes)
        if self.strategy == "linear":
            configuration["linear_configuration"] = {
                "step_percent": self.step_percent,
                "step_bake_time_in_minutes": str(self.step_minutes),
            }
        if self.strategy == "canary":
            configuration["canary_configuration"] = {
                "canary_percent": self.canary_percent,
                "canary_bake_time_in_minutes": str(self.canary_minutes),
            }
        if self.pause:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
            configuration["lifecycle_hooks"] = [
                {
                    "target_type": "PAUSE",
                    "lifecycle_stages": ["POST_TEST_TRAFFIC_SHIFT"],
                    "timeout_configuration": {
                        "timeout_in_minutes": str(self.pause_minutes),
                        "action": "ROLLBACK",
                    },
                }
            ]
        return configuration


def _refuse_outside(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise pulumi.RunError(f"deployment: {name} is {value}; ECS takes {least} to {most}")
