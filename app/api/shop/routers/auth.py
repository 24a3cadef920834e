"""Sign-in: OAuth2's password flow for the shop's own clients, with refresh tokens that are used once."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import OAuth2PasswordRequestForm
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from shop.models import RefreshToken, TokenFamily, User
from shop.problems import Problem, answers
from shop.schemas import MeOut, RefreshIn, TokenOut, UserOut
from shop.security import Access, hash_refresh_token, new_refresh_token
from shop.signed_in import SignedIn, allowed_scopes
from shop.state import State, StateOf, Transaction

router = APIRouter(prefix="/auth", tags=["auth"])


@router.post("/token", responses=answers(HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED))
async def sign_in(
    form: Annotated[OAuth2PasswordRequestForm, Depends()], state: StateOf, session: Transaction
) -> TokenOut:
    """`username` is the e-mail address. Without `scope`, every scope that the user may have."""
    email = form.username.strip().lower()
    # A NUL is in no address, and nothing to ask PostgreSQL about.
    user = None if "\x00" in email else await session.scalar(select(User).where(User.email == email))
    password_hash = user.password_hash if user else None
    # No connection is held while the password is checked.
    await session.commit()
    if not await state.passwords.matches(password_hash, form.password) or user is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "E-mail address or password is wrong.",
            kind="invalid-credentials",
            headers={"WWW-Authenticate": "Bearer"},
        )
    scopes = frozenset(form.scopes) or allowed_scopes(user)
    if not scopes <= allowed_scopes(user):
        raise Problem(HTTPStatus.BAD_REQUEST, "scope: more than this user may have.", kind="invalid-scope")
    if state.passwords.is_outdated(user.password_hash):
        user.password_hash = await state.passwords.hash(form.password)
    await session.execute(
        delete(TokenFamily).where(TokenFamily.user_id == user.id, TokenFamily.expires_at < func.now())
    )
    family = TokenFamily(
        user_id=user.id,
        scope=" ".join(sorted(scopes)),
        expires_at=datetime.now(UTC) + timedelta(days=state.settings.sign_in_days),
    )
    session.add(family)
    await session.flush()
    return _issue(state, session, family, scopes)


@router.post("/refresh", responses=answers(HTTPStatus.UNAUTHORIZED))
async def refresh(body: RefreshIn, state: StateOf, session: Transaction) -> TokenOut:
    """The next pair of tokens. A refresh token that comes twice was copied: the whole sign-in ends."""
    refused = Problem(
        HTTPStatus.UNAUTHORIZED,
        "The refresh token is invalid or was used; sign in again.",
        kind="invalid-refresh-token",
        headers={"WWW-Authenticate": "Bearer"},
    )
    token = await session.scalar(
        select(RefreshToken)
        .join(RefreshToken.family)
        .join(TokenFamily.user)
        .where(RefreshToken.token_hash == hash_refresh_token(body.refresh_token))
        .options(contains_eager(RefreshToken.family).contains_eager(TokenFamily.user))
        .with_for_update(of=[RefreshToken, TokenFamily])  # two at once: the second sees the first's use
    )
    if token is None or token.family.revoked_at or token.family.expires_at <= datetime.now(UTC):
        raise refused
    if token.used_at is not None:
        token.family.revoked_at = datetime.now(UTC)
        await session.commit()
        raise refused
    token.used_at = datetime.now(UTC)
    scopes = frozenset(token.family.scope.split()) & allowed_scopes(token.family.user)
    return _issue(state, session, token.family, scopes)


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def sign_out(body: RefreshIn, session: Transaction) -> None:
    """Ends the sign-in that the token belongs to, its access tokens included; twice does no harm."""
    family = select(RefreshToken.family_id).where(
        RefreshToken.token_hash == hash_refresh_token(body.refresh_token)
    )
    await session.execute(
        update(TokenFamily)
        .where(TokenFamily.id.in_(family), TokenFamily.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


@router.get("/me", responses=answers(HTTPStatus.UNAUTHORIZED))
async def me(signed: SignedIn) -> MeOut:
    user = UserOut.model_validate(signed.user)
    return MeOut(**user.model_dump(), scopes=sorted(signed.scopes))


def _issue(state: State, session: AsyncSession, family: TokenFamily, scopes: frozenset[str]) -> TokenOut:
    token, token_hash = new_refresh_token()
    session.add(RefreshToken(token_hash=token_hash, family_id=family.id))
    return TokenOut(
        access_token=state.access_tokens.issue(Access(family.user_id, family.id, scopes)),
        refresh_token=token,
        expires_in=state.access_tokens.seconds,
        scope=" ".join(sorted(scopes)),
    )
