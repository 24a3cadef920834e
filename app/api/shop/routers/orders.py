"""Orders: placed once per Idempotency-Key, with the event that tells of it; settled by the worker."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Response
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from shop import events
from shop.models import Item, Order, OrderLine
from shop.pages import Cursor, Limit
from shop.pages import Order as PageOrder
from shop.problems import Problem, answers
from shop.schemas import OrderIn, OrderOut, OrderPage
from shop.signed_in import SignedIn
from shop.state import Transaction

router = APIRouter(prefix="/orders", tags=["orders"])

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NEWEST = PageOrder("-placed_at", Order.placed_at, Order.id, descending=True)

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Required. Chosen by the client, the same in every retry of one order; a UUID does well.",
    ),
]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=answers(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, *_REFUSALS),
)
async def place_order(
    body: OrderIn,
    signed: SignedIn,
    session: Transaction,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> OrderOut:
    """The answer of a retry is the order placed before, with `Idempotency-Replayed: true`."""
    if idempotency_key is None:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "Idempotency-Key: this header is missing.", kind="idempotency-key-missing"
        )
    wanted: Counter[UUID] = Counter()
    for line in body.lines:
        wanted[line.item_id] += line.quantity
    user_id = signed.user.id
    fingerprint = _fingerprint(wanted)
    order = await _find(session, user_id, idempotency_key)
    if order is None:
        is_new = await _insert(session, user_id, idempotency_key, fingerprint, wanted)
        order = await _find(session, user_id, idempotency_key)
        if order is None:
            raise RuntimeError("an order that was just inserted, or was in the way, is not there")
        if is_new:
            _tell(session, order)
            return OrderOut.model_validate(order)
    if order.fingerprint != fingerprint:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Idempotency-Key: another order was placed with it.",
            kind="idempotency-key-reused",
        )
    response.headers["Idempotency-Replayed"] = "true"
    return OrderOut.model_validate(order)


@router.get("", responses=answers(HTTPStatus.BAD_REQUEST, *_REFUSALS))
async def list_orders(
    signed: SignedIn, session: Transaction, limit: Limit = 20, cursor: Cursor = None
) -> OrderPage:
    """One's own, the newest first."""
    query = select(Order).where(Order.user_id == signed.user.id).options(selectinload(Order.lines))
    rows = (await session.scalars(_NEWEST.apply(query, cursor, limit))).all()
    page, following = _NEWEST.cut(rows, limit)
    return OrderPage(orders=[OrderOut.model_validate(order) for order in page], next=following)


@router.get("/{order_id}", responses=answers(HTTPStatus.NOT_FOUND, *_REFUSALS))
async def read_order(order_id: UUID, signed: SignedIn, session: Transaction) -> OrderOut:
    order = await session.get(Order, order_id, options=[selectinload(Order.lines)])
    if order is None or (order.user_id != signed.user.id and not signed.is_admin):
        raise Problem(HTTPStatus.NOT_FOUND, f"No order {order_id}.")
    return OrderOut.model_validate(order)


async def _insert(
    session: AsyncSession, user_id: UUID, key: str, fingerprint: bytes, wanted: Mapping[UUID, int]
) -> bool:
    """Whether the order is new; not if one under the same key came first: this waits for its transaction."""
    query = select(Item).where(Item.id.in_(wanted), Item.withdrawn_at.is_(None))
    found = {item.id: item for item in await session.scalars(query)}
    if unknown := [str(item_id) for item_id in wanted if item_id not in found]:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"lines: no item {', '.join(unknown)}.",
            kind="unknown-item",
            items=unknown,
        )
    new = (
        insert(Order)
        .values(
            id=uuid4(),
            user_id=user_id,
            idempotency_key=key,
            fingerprint=fingerprint,
            total_cents=sum(found[item_id].price_cents * quantity for item_id, quantity in wanted.items()),
        )
        .on_conflict_do_nothing(constraint="uq_orders_idempotency")
        .returning(Order.id)
    )
    order_id = await session.scalar(new)
    if order_id is not None:
        session.add_all(
            OrderLine(
                order_id=order_id,
                item_id=item_id,
                position=position,
                name=found[item_id].name,
                quantity=quantity,
                unit_price_cents=found[item_id].price_cents,
            )
            for position, (item_id, quantity) in enumerate(wanted.items())
        )
        await session.flush()
    return order_id is not None


async def _find(session: AsyncSession, user_id: UUID, key: str) -> Order | None:
    query = select(Order).where(Order.user_id == user_id, Order.idempotency_key == key)
    return await session.scalar(query.options(selectinload(Order.lines)))


def _tell(session: AsyncSession, order: Order) -> None:
    lines = [events.Line(item_id=line.item_id, quantity=line.quantity) for line in order.lines]
    placed = events.OrderPlaced(
        order_id=order.id, customer_id=order.user_id, lines=lines, total_cents=order.total_cents
    )
    events.record(session, events.ORDER_PLACED, order.user_id, placed)


def _fingerprint(wanted: Mapping[UUID, int]) -> bytes:
    lines = sorted(f"{item_id}:{quantity}" for item_id, quantity in wanted.items())
    return hashlib.sha256("\n".join(lines).encode()).digest()
