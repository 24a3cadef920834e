"""Users: anyone registers; a user reads and changes itself, an admin reads all."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from shop.models import TokenFamily, User
from shop.pages import Cursor, Limit, Order
from shop.problems import Problem, answers
from shop.schemas import UserIn, UserOut, UserPage, UserPatch
from shop.signed_in import Admin, SignedIn
from shop.state import StateOf, Transaction

router = APIRouter(prefix="/users", tags=["users"])

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@router.post("", status_code=HTTPStatus.CREATED, responses=answers(HTTPStatus.CONFLICT))
async def register(body: UserIn, state: StateOf, session: Transaction) -> UserOut:
    password_hash = await state.passwords.hash(body.password.get_secret_value())
    user = User(email=body.email, name=body.name, password_hash=password_hash)
    session.add(user)
    try:
        await session.flush()
    except IntegrityError:
        raise Problem(
            HTTPStatus.CONFLICT, "email: someone has registered with it already.", kind="email-taken"
        ) from None
    return UserOut.model_validate(user)


@router.get("", responses=answers(HTTPStatus.BAD_REQUEST, *_REFUSALS))
async def list_users(
    _admin: Admin, session: Transaction, limit: Limit = 20, cursor: Cursor = None
) -> UserPage:
    order = Order("email", User.email, User.id)
    rows = (await session.scalars(order.apply(select(User), cursor, limit))).all()
    page, following = order.cut(rows, limit)
    return UserPage(users=[UserOut.model_validate(user) for user in page], next=following)


@router.get("/{user_id}", responses=answers(HTTPStatus.NOT_FOUND, *_REFUSALS))
async def read_user(user_id: UUID, signed: SignedIn, session: Transaction) -> UserOut:
    user = signed.user if user_id == signed.user.id else None
    if user is None and signed.is_admin:
        user = await session.get(User, user_id)
    if user is None:
        raise _unknown(user_id)
    return UserOut.model_validate(user)


@router.patch("/{user_id}", responses=answers(HTTPStatus.NOT_FOUND, *_REFUSALS))
async def change_user(
    user_id: UUID, body: UserPatch, signed: SignedIn, state: StateOf, session: Transaction
) -> UserOut:
    """One's own name, or password with `current_password`."""
    user = signed.user
    if user_id != user.id:
        raise _unknown(user_id)
    if body.name is not None:
        user.name = body.name
    if body.password is not None:
        current = body.current_password.get_secret_value() if body.current_password else ""
        if not await state.passwords.matches(user.password_hash, current):
            raise Problem(
                HTTPStatus.FORBIDDEN, "current_password: not the user's.", kind="invalid-credentials"
            )
        user.password_hash = await state.passwords.hash(body.password.get_secret_value())
        await session.execute(
            update(TokenFamily)
            .where(
                TokenFamily.user_id == user.id,
                TokenFamily.id != signed.family_id,
                TokenFamily.revoked_at.is_(None),
            )
            .values(revoked_at=func.now())
        )
    return UserOut.model_validate(user)


def _unknown(user_id: UUID) -> Problem:
    """Also for another's id: whether it exists is nobody's business."""
    return Problem(HTTPStatus.NOT_FOUND, f"No user {user_id}.")
