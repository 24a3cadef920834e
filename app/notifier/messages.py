"""The words for each type of event: short enough for one SMS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CURRENCY = "EUR"


@dataclass(frozen=True)
class Notice:
    event_id: str
    event_type: str
    subject: str | None = None
    """An e-mail's: ASCII, below 100 characters, as SNS wants it."""
    text: str | None = None
    """None: nobody wants to know."""


def notice_of(event: Mapping[str, Any]) -> Notice:
    """What to say of an event of the shop; raises ValueError for what is none."""
    try:
        id_, type_ = str(event["id"]), str(event["type"])
        words = WORDS.get(type_)
        return Notice(id_, type_) if words is None else Notice(id_, type_, *words(event["data"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an event: {type(error).__name__}: {error}") from error


def order_placed(data: Mapping[str, Any]) -> tuple[str, str]:
    number = str(data["order_id"])[:8]
    items = sum(line["quantity"] for line in data["lines"])
    whole, cents = divmod(data["total_cents"], 100)
    noun = "item" if items == 1 else "items"
    return f"Order {number} placed", f"Order {number} placed: {items} {noun}, {whole}.{cents:02} {CURRENCY}"


WORDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {"order.placed": order_placed}
