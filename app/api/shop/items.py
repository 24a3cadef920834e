"""Items as the cache keeps them: the JSON that the API answers with."""

import hashlib
from uuid import UUID

from shop.cache import Cache
from shop.models import Item
from shop.schemas import ItemOut

ITEM_SECONDS = 60.0
PAGE_SECONDS = 5.0
"""Short, for a page also goes stale by orders; what an admin changes forgets all pages at once."""

_GENERATION = "shop:1:items:generation"


def item_key(item_id: UUID) -> str:
    return f"shop:1:item:{item_id}"  # the 1 goes up when the JSON's shape changes


async def page_key(cache: Cache, *parameters: object) -> str:
    digest = hashlib.sha256(repr(parameters).encode()).hexdigest()[:32]
    return f"shop:1:items:{await cache.generation(_GENERATION)}:{digest}"


async def forget_pages(cache: Cache) -> None:
    await cache.next_generation(_GENERATION)


def serialize(item: Item) -> bytes:
    return ItemOut.model_validate(item).model_dump_json().encode()


async def write_through(cache: Cache, item: Item) -> None:
    """What was withdrawn is kept as nothing, lest a read under way bring it back."""
    value = serialize(item) if item.withdrawn_at is None else b""
    await cache.write(item_key(item.id), ITEM_SECONDS, value)
