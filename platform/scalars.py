"""What every limit is made of: strict scalars, and descriptions that an error shows as what is allowed.

A YAML `no`, `1e3` or unquoted account id is refused, not converted.
"""

from collections.abc import Container
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses a list that names one thing twice."""
    if len(set(values)) != len(values):
        raise ValueError(values)
    return values


def one_of(allowed: Container[int]) -> AfterValidator:
    """For numbers that AWS has a list of."""

    def check(value: int) -> int:
        if value not in allowed:
            raise ValueError(value)
        return value

    return AfterValidator(check)


def from_to(low: int, high: int, unit: str) -> Any:
    """For a `Whole` of some unit."""
    return Field(ge=low, le=high, description=f"a whole number from {low} to {high} {unit}")


def text(pattern: str, description: str, longest: int) -> Any:
    """For a `Text`. A long counted repetition is slow to compile: the length stands beside the pattern."""
    return Field(pattern=f"^{pattern}$", max_length=longest, description=description)


Flag = Annotated[bool, Strict(), Field(description="true or false")]
Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
