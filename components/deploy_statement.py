"""A statement of what deploys may do: exact actions of one service, on ARNs."""

from collections.abc import Mapping, Sequence

Statement = Mapping[str, object]
Statements = Sequence[Statement]

EDGE_REGION = "us-east-1"
"""Where AWS wants whatever belongs to CloudFront."""


def allow(
    service: str, actions: str, *resources: str, condition: Mapping[str, object] | None = None
) -> Statement:
    """A statement for the actions of one service, named without it."""
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in actions.split()],
        "Resource": list(resources),
    }
    return {**statement, "Condition": condition} if condition else statement
