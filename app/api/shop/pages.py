"""Cursor pages: a cursor names the last row seen, so that rows added meanwhile shift nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import TypeAdapter
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from shop.problems import Problem

Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]


@dataclass(frozen=True, slots=True)
class Order:
    """By which column a list is sorted; the id breaks ties."""

    name: str
    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[UUID]
    descending: bool = False

    def apply(self, query: Select[Any], cursor: str | None, limit: int) -> Select[Any]:
        """One row more than a page, which tells whether another page follows."""
        both = tuple_(self.column, self.id)
        if cursor is not None:
            seen = self._decode(cursor)
            query = query.where(both < seen if self.descending else both > seen)
        keys = (self.column.desc(), self.id.desc()) if self.descending else (self.column, self.id)
        return query.order_by(*keys).limit(limit + 1)

    def cut(self, rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], str | None]:
        """The rows of the page, and the cursor of the next."""
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        value = getattr(last, self.column.key)
        text = value.isoformat() if isinstance(value, datetime) else value
        plain = json.dumps([self.name, text, str(last.id)]).encode()
        return rows[:limit], base64.urlsafe_b64encode(plain).rstrip(b"=").decode()

    def _decode(self, cursor: str) -> tuple[Any, UUID]:
        try:
            plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            name, value, last = _PARTS.validate_python(plain)
            value = TypeAdapter(self.column.type.python_type).validate_python(value)
            if name == self.name and _is_storable(value):
                return value, last
        except (ValueError, OverflowError):  # of base64, json, pydantic, and the two below
            raise _invalid() from None
        raise _invalid()


_PARTS = TypeAdapter[tuple[str, str | int, UUID]](tuple[str, str | int, UUID])


def _is_storable(value: Any) -> bool:
    """Whether the database could hold it; if not, the list never gave it."""
    match value:
        case int():
            return abs(value) < 2**31
        case datetime():
            return value.astimezone(UTC).year > 0
        case _:
            return b"\x00" not in str(value).encode()


def _invalid() -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "cursor: not one that this list gave.", kind="invalid-cursor")
