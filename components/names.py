"""Names that AWS would refuse late, refused at once."""

import re

import pulumi

PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What load balancers, repositories and all others take alike."""


def refuse_bad_name(kind: str, name: str, *, longest: int, because: str) -> None:
    """Refuse a component's name that its children cannot bear; `because` says what takes the rest."""
    if not PATTERN.fullmatch(name):
        raise pulumi.RunError(
            f"{kind} '{name}': a name has a-z, 0-9 and single hyphens between; change it "
            "in platform/__main__.py"
        )
    if len(name) > longest:
        raise pulumi.RunError(
            f"{kind} '{name}': the name has {len(name)} characters, at most {longest} fit, for {because}; "
            "shorten it in platform/__main__.py"
        )
