"""What the emulator does not have: calls that are checked against AWS's shape, recorded, and not sent.

`python -m localcloud.recorded` prints the table of docs/local-cloud.md; a test holds the two to be the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.kind import Kind
from localcloud.resources import KINDS


@dataclass(frozen=True, kw_only=True, order=True)
class Row:
    """One call that is recorded, of one resource type."""

    type: str
    operation: str
    reason: str


def rows() -> Sequence[Row]:
    """Every call that is recorded and not emulated, by resource type."""
    found: list[Row] = []
    for type_, kind in KINDS.items():
        found += _of(type_, kind)
        if kind.instead is not None:
            found += _of(f"{type_} ({kind.instead.input}={kind.instead.value})", kind.instead.kind)
    return sorted(found)


def table() -> str:
    """The rows as Markdown."""
    lines = ["| Resource type | Call | Why |", "|---|---|---|"]
    lines += [f"| `{row.type}` | `{row.operation}` | {row.reason} |" for row in rows()]
    return "\n".join(lines)


def _of(type_: str, kind: Kind) -> list[Row]:
    calls = [call for call in (kind.create, *kind.then) if call.recorded]
    return [
        Row(type=type_, operation=call.operation, reason=call.recorded) for call in calls if call.recorded
    ]


if __name__ == "__main__":
    print(table())
