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
    namespace = project_name()
    for name, field in settings.Settings.model_fields.items():
        key = field.alias or name
        full = f"{'aws' if key in settings.AWS_FIELDS else namespace}:{key}"
        section = settings.section_of(field)
        if section is None:
            yield full, _default(field), settings.allowed_values(field)
            continue
        for inner_name, inner in section.model_fields.items():
            yield f"{full}.{inner.alias or inner_name}", _default(inner), settings.allowed_values(inner)


def _default(field: Any) -> str:
    if field.is_required():
        return "*required*"
    value = field.get_default(call_default_factory=True)
    return "" if value in (None, (), {}) else f"`{json.dumps(value)}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
