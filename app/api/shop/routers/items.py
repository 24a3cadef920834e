"""Items: anyone reads, through the cache; admins write, through the cache."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shop import items
from shop.models import Item
from shop.pages import Cursor, Limit, Order
from shop.problems import Problem, answers
from shop.schemas import ItemIn, ItemOut, ItemPage, ItemPatch, ItemSort
from shop.signed_in import Admin
from shop.state import State, StateOf, Transaction

router = APIRouter(prefix="/items", tags=["items"])

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "name": Item.name,
    "price_cents": Item.price_cents,
    "created_at": Item.created_at,
}

Search = Annotated[
    str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a name or description.")
]


@router.get("", response_model=ItemPage, responses=answers(HTTPStatus.BAD_REQUEST))
async def list_items(
    state: StateOf, limit: Limit = 20, cursor: Cursor = None, q: Search = None, sort: ItemSort = ItemSort.NAME
) -> Response:
    async def load() -> bytes:
        return await _load_page(state, limit, cursor, q, sort)

    key = await items.page_key(state.cache, limit, cursor, q, str(sort))
    return _json(await state.cache.read(key, items.PAGE_SECONDS, load))


@router.get("/{item_id}", response_model=ItemOut, responses=answers(HTTPStatus.NOT_FOUND))
async def read_item(item_id: UUID, state: StateOf) -> Response:
    async def load() -> bytes | None:
        async with state.database.transaction() as session:
            item = await session.get(Item, item_id)
            return items.serialize(item) if item and item.withdrawn_at is None else None

    body = await state.cache.read(items.item_key(item_id), items.ITEM_SECONDS, load)
    if not body:
        raise _unknown(item_id)
    return _json(body)


@router.post("", status_code=HTTPStatus.CREATED, responses=answers(*_REFUSALS))
async def add_item(body: ItemIn, _admin: Admin, state: StateOf, session: Transaction) -> ItemOut:
    item = Item(**body.model_dump())
    session.add(item)
    return await _save(state, session, item)


@router.patch("/{item_id}", responses=answers(HTTPStatus.NOT_FOUND, *_REFUSALS))
async def change_item(
    item_id: UUID, body: ItemPatch, _admin: Admin, state: StateOf, session: Transaction
) -> ItemOut:
    item = await _find(session, item_id)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(item, name, value)
    return await _save(state, session, item)


@router.delete(
    "/{item_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=answers(HTTPStatus.NOT_FOUND, *_REFUSALS),
)
async def withdraw_item(item_id: UUID, _admin: Admin, state: StateOf, session: Transaction) -> None:
    """It is no longer shown nor sold; orders that hold it keep it."""
    item = await _find(session, item_id)
    item.withdrawn_at = datetime.now(UTC)
    await _save(state, session, item)


async def _load_page(state: State, limit: int, cursor: str | None, q: str | None, sort: ItemSort) -> bytes:
    column = sort.removeprefix("-")
    order = Order(sort, _COLUMNS[column], Item.id, descending=sort.startswith("-"))
    query = select(Item).where(Item.withdrawn_at.is_(None))
    if q:
        query = query.where(
            or_(Item.name.icontains(q, autoescape=True), Item.description.icontains(q, autoescape=True))
        )
    async with state.database.transaction() as session:
        rows = (await session.scalars(order.apply(query, cursor, limit))).all()
    page, following = order.cut(rows, limit)
    shown = ItemPage(items=[ItemOut.model_validate(item) for item in page], next=following)
    return shown.model_dump_json().encode()


async def _find(session: AsyncSession, item_id: UUID) -> Item:
    """Locked: the worker may be taking from the stock."""
    item = await session.get(Item, item_id, with_for_update=True)
    if item is None or item.withdrawn_at is not None:
        raise _unknown(item_id)
    return item


async def _save(state: State, session: AsyncSession, item: Item) -> ItemOut:
    """Commits first: the cache must not tell of what then does not hold."""
    await session.commit()
    await items.write_through(state.cache, item)
    await items.forget_pages(state.cache)
    return ItemOut.model_validate(item)


def _unknown(item_id: UUID) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"No item {item_id}.")


def _json(body: bytes | None) -> Response:
    return Response(body, media_type="application/json")
