"""A Lambda function's variables: its own and those of its links, none given twice, none confidential."""

import re
from collections.abc import Mapping, Sequence

import pulumi

from components.link import Link
from components.task_environment import CONFIDENTIAL

VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
RESERVED = re.compile(
    r"AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_\w+|AWS_ACCESS_KEY\w*|AWS_SECRET_ACCESS_KEY"
    r"|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR"
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""


def function_environment(
    environment: Mapping[str, pulumi.Input[str]], links: Sequence[Link]
) -> Mapping[str, pulumi.Input[str]]:
    """The variables, sorted. Raises `pulumi.RunError` for what collides or what Lambda does not have."""
    givers: dict[str, str] = {}
    values: dict[str, pulumi.Input[str]] = {}
    sources = [("the function itself", environment)]
    for link in links:
        _refuse_what_tasks_only_have(link)
        sources.append((f"link '{link.name}'", link.environment))
    for giver, variables in sources:
        for name, value in variables.items():
            if name in givers:
                raise pulumi.RunError(
                    f"function: variable {name} is given by {givers[name]} and by {giver}; rename or drop one"
                )
            _refuse_bad_name(name, giver)
            givers[name], values[name] = giver, value
    return {name: values[name] for name in sorted(values)}


def _refuse_what_tasks_only_have(link: Link) -> None:
    if link.secrets:
        raise pulumi.RunError(
            f"function: link '{link.name}' gives secrets ({', '.join(sorted(link.secrets))}), which Lambda "
            "reads for no one; let a task of ECS do this"
        )
    if link.ports:
        raise pulumi.RunError(
            f"function: link '{link.name}' is a door in the network, which a function is outside of; "
            "let a task of ECS do this"
        )


def _refuse_bad_name(name: str, giver: str) -> None:
    if not VARIABLE.fullmatch(name) or RESERVED.fullmatch(name):
        raise pulumi.RunError(
            f"function: Lambda takes no variable '{name}' of {giver}; begin with a letter, use A-Z, 0-9, _ "
            "and no name that the runtime sets"
        )
    if CONFIDENTIAL.search(name.upper()):
        raise pulumi.RunError(
            f"function: {name} of {giver} is in environment, where it can be read; "
            "keep it in Secrets Manager and read it there by its ARN"
        )
