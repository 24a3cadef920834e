"""What an order that was placed does to the stock: all of it is taken, or none and the order is rejected."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shop import items
from shop.cache import Cache
from shop.database import Database
from shop.events import ORDER_PLACED, Event, OrderPlaced, PoisonError
from shop.models import Item, Order, ProcessedEvent

log = logging.getLogger(__name__)

CONSUMER = "fulfilment"
KEPT = timedelta(days=30)


class Fulfilment:
    """Handles an event once: its effect and the note that it was handled are one transaction."""

    def __init__(self, database: Database, cache: Cache | None) -> None:
        self._database = database
        self._cache = cache

    async def __call__(self, event: Event) -> None:
        if event.type != ORDER_PLACED:
            return  # the topic tells more than this consumer wants to know
        try:
            placed = OrderPlaced.model_validate(event.data)
        except ValidationError as error:
            raise PoisonError(f"not an {ORDER_PLACED}: {error}") from error
        async with self._database.transaction() as session:
            if not await self._is_first(session, event):
                log.info("already handled", extra={"event_id": event.id, "order_id": placed.order_id})
                return
            order, changed = await self._settle(session, placed)
        log.info(
            "order settled", extra={"order_id": order.id, "status": order.status, "reason": order.reason}
        )
        if self._cache is not None:
            for item in changed:
                await items.write_through(self._cache, item)

    async def forget_processed(self) -> None:
        """No queue keeps a message longer than 14 days, nor its dead letters another 14."""
        async with self._database.transaction() as session:
            await session.execute(
                delete(ProcessedEvent).where(ProcessedEvent.processed_at < datetime.now(UTC) - KEPT)
            )

    async def _is_first(self, session: AsyncSession, event: Event) -> bool:
        """A delivery of the same event meanwhile waits here for this transaction's end."""
        note = insert(ProcessedEvent).values(consumer=CONSUMER, event_id=event.id)
        fresh = await session.scalar(note.on_conflict_do_nothing().returning(ProcessedEvent.event_id))
        return fresh is not None

    async def _settle(self, session: AsyncSession, placed: OrderPlaced) -> tuple[Order, Sequence[Item]]:
        order = await session.get(Order, placed.order_id, with_for_update=True)
        if order is None:
            raise PoisonError(f"no order {placed.order_id}")
        if order.status != "placed":
            return order, []
        wanted = {line.item_id: line.quantity for line in placed.lines}
        # In the order of the ids, as every other order does: two that want the same items do not deadlock.
        query = select(Item).where(Item.id.in_(wanted)).order_by(Item.id).with_for_update()
        stock = (await session.scalars(query)).all()
        short = [item.name for item in stock if item.stock < wanted[item.id]]
        order.settled_at = datetime.now(UTC)
        if short:
            order.status, order.reason = "rejected", f"Not enough in stock: {', '.join(short)}."
            return order, []
        for item in stock:
            item.stock -= wanted[item.id]
        order.status = "fulfilled"
        return order, stock
