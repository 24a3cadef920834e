"""Which images a repository keeps: what any stack runs, the last releases, and builds by the thousand.

An image that a rule matches by its tags cannot be expired by a rule after it:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

import json
from collections.abc import Mapping

UNTAGGED_DAYS = 14
RUNNING = "running-"
RELEASE = "release-"
MOVING_TAGS = ("cache*", f"{RUNNING}*")
"""Tags that go from one image to the next, in repositories whose tags are immutable otherwise."""
STACKS = 1000
"""More than can run one image: what runs is never expired."""


def running_tag(stack: str) -> str:
    """The tag on what a stack runs. `Image` sets the builder's own; a promotion moves the other stack's."""
    return f"{RUNNING}{stack}"


def release_tag(version: str) -> str:
    """The tag that a promotion puts on what it promotes."""
    return f"{RELEASE}{version}"


def policy(keep_releases: int = 50, keep_builds: int = 1000) -> str:
    """The text of a repository's lifecycle policy."""
    every: dict[str, object] = {"countType": "imageCountMoreThan"}
    rules: list[tuple[str, Mapping[str, object]]] = [
        ("What a stack runs, always", {**_tagged(f"{RUNNING}*"), **every, "countNumber": STACKS}),
        (
            f"The last {keep_releases} releases",
            {**_tagged(f"{RELEASE}*"), **every, "countNumber": keep_releases},
        ),
        (
            f"Earlier build caches, after {UNTAGGED_DAYS} days",
            {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
        ),
        # By number and not by age: where nothing is built, nothing expires.
        (f"The last {keep_builds} builds", {**_tagged("*"), **every, "countNumber": keep_builds}),
    ]
    return json.dumps({"rules": [_rule(number, *rule) for number, rule in enumerate(rules, start=1)]})


def cache_policy(days: int) -> str:
    """For copies of what another registry has: all go by age, for a pull brings them back."""
    selection = {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }
    return json.dumps({"rules": [_rule(1, f"Copies, after {days} days", selection)]})


def _tagged(pattern: str) -> dict[str, object]:
    # One pattern a rule: of several, an image must match all.
    return {"tagStatus": "tagged", "tagPatternList": [pattern]}


def _rule(priority: int, description: str, selection: Mapping[str, object]) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
