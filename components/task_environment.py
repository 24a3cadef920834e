"""A task's variables: its own and those of its links, none given twice, none confidential in plain sight."""

import re
from collections.abc import Mapping, Sequence

import pulumi

from components.link import Link, SecretValue

CONFIDENTIAL = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ACCESS_KEY|PRIVATE_KEY|SIGNING_KEY)$")
"""Names whose values everybody who may describe a task definition could read."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Variables = tuple[dict[str, pulumi.Input[str]], dict[str, SecretValue]]


def variables(
    port: int | None,
    environment: Mapping[str, pulumi.Input[str]],
    secrets: Mapping[str, SecretValue],
    links: Sequence[Link],
) -> Variables:
    """The plain variables and the secrets of a task. Raises pulumi.RunError for what collides."""
    sources: list[tuple[str, Mapping[str, pulumi.Input[str]], Mapping[str, SecretValue]]] = [
        ("the task itself", environment, secrets)
    ]
    if port is not None:
        sources.append((f"its port {port}", {"PORT": str(port)}, {}))
    for link in links:
        _refuse_bad_link(link, links)
        sources.append((f"link '{link.name}'", link.environment, link.secrets))
    givers: dict[str, str] = {}
    for giver, plain, confidential in sources:
        for name in (*plain, *confidential):
            _refuse_bad_name(name, giver, givers)
            givers[name] = giver
        for name, value in plain.items():
            _refuse_bad_value(name, value, giver)
    return (
        {name: value for _, plain, _ in sources for name, value in plain.items()},
        {name: value for _, _, confidential in sources for name, value in confidential.items()},
    )


def _refuse_bad_link(link: object, links: Sequence[Link]) -> None:
    if not isinstance(link, Link):
        raise pulumi.RunError(
            f"task: links has a {type(link).__name__}, which has no door; give what its verb makes, "
            "such as database.link() or queue.send()"
        )
    if sum(isinstance(other, Link) and other.name == link.name for other in links) > 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise pulumi.RunError(f"task: link '{link.name}' is given twice; leave one out")


def _refuse_bad_name(name: str, giver: str, givers: Mapping[str, str]) -> None:
    if name in givers:
        raise pulumi.RunError(
            f"task: variable {name} is given by {givers[name]} and by {giver}; rename or leave out one"
        )
    if not VARIABLE.fullmatch(name):
        raise pulumi.RunError(f"task: '{name}' of {giver} is no environment variable; use A-Z, 0-9 and _")


def _refuse_bad_value(name: str, value: object, giver: str) -> None:
    if CONFIDENTIAL.search(name.upper()):
        raise pulumi.RunError(
            f"task: {name} of {giver} is in environment, where it can be read; give it in secrets, "
            "from Secrets Manager"
        )
    if not isinstance(value, (str, pulumi.Output)):
        raise pulumi.RunError(f"task: variable {name} of {giver} is {value!r}; give text, '{value}'")
