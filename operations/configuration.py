"""The table of docs/configuration.md, from the settings themselves: `python -m operations.configuration`."""

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from operations.stack_file import ROOT, project_name

START, END = "<!-- made by python -m operations.configuration -->", "<!-- end -->"
PAGE = ROOT / "docs" / "configuration.md"


def table() -> str:
    """A row for each key: its default and what is allowed, by the words of the errors that refuse it."""
    rows = ["| key | default | allowed |", "|---|---|---|"]
    rows += [f"| `{key}` | {default} | {allowed} |" for key, default, allowed in _keys()]
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with its table made anew."""
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}"


def _keys() -> Iterator[tuple[str, str, str]]:
    sys.path.insert(0, str(ROOT / "platform"))
    settings: Any = importlib.import_module("settings")
    refusals: Any = importlib.import_module("refusals")
    for name, field in settings.Settings.model_fields.items():
        key = field.alias or name
        namespace = "aws" if key in refusals.AWS_FIELDS else project_name()
        yield from _rows(refusals, f"{namespace}:{key}", field)


def _rows(refusals: Any, key: str, field: Any) -> Iterator[tuple[str, str, str]]:
    """Of a value one, of a section those of its keys, of a list of sections both."""
    section = refusals.section_of(field)
    listed = refusals.is_list(field)
    if section is None or listed:
        yield key, _default(field), refusals.allowed_values(field)
    for name, inner in section.model_fields.items() if section else ():
        yield from _rows(refusals, f"{key}{'[]' if listed else ''}.{inner.alias or name}", inner)


def _default(field: Any) -> str:
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, (), {}) else f"`{json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
