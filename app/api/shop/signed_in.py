"""Who asks, and with which scopes: `SignedIn` for any user, `Admin` for those who run the shop."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from sqlalchemy import func, select

from shop.models import TokenFamily, User
from shop.problems import Problem
from shop.security import InvalidTokenError
from shop.state import StateOf, Transaction

SCOPES = {"user": "Sign in, place and read one's own orders.", "admin": "Run the shop: items, all users."}

_bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token", scopes=SCOPES, auto_error=False)


@dataclass(frozen=True, slots=True)
class Signed:
    user: User
    family_id: UUID
    scopes: frozenset[str]

    @property
    def is_admin(self) -> bool:
        return "admin" in self.scopes


def allowed_scopes(user: User) -> frozenset[str]:
    return frozenset({"user", "admin"} if user.is_admin else {"user"})


async def _signed_in(
    needed: SecurityScopes,
    state: StateOf,
    session: Transaction,
    token: Annotated[str | None, Depends(_bearer)],
) -> Signed:
    """One read: the user, by a sign-in that was not ended. So sign-out ends access tokens as well."""
    challenge = f'Bearer scope="{needed.scope_str}"' if needed.scopes else "Bearer"
    if token is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "Sign in first.", headers={"WWW-Authenticate": challenge})
    challenge += ', error="invalid_token"'
    refused = Problem(
        HTTPStatus.UNAUTHORIZED,
        "The access token is invalid or has ended.",
        kind="invalid-token",
        headers={"WWW-Authenticate": challenge},
    )
    try:
        access = state.access_tokens.read(token)
    except InvalidTokenError:
        raise refused from None
    user = await session.scalar(
        select(User)
        .join(TokenFamily, TokenFamily.user_id == User.id)
        .where(
            User.id == access.user_id,
            TokenFamily.id == access.family_id,
            TokenFamily.revoked_at.is_(None),
            TokenFamily.expires_at > func.now(),
        )
    )
    if user is None:
        raise refused
    scopes = access.scopes & allowed_scopes(user)
    if not scopes.issuperset(needed.scopes):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"This needs the scope {needed.scope_str}.",
            kind="insufficient-scope",
            headers={"WWW-Authenticate": f'Bearer scope="{needed.scope_str}", error="insufficient_scope"'},
        )
    return Signed(user, access.family_id, scopes)


SignedIn = Annotated[Signed, Security(_signed_in, scopes=["user"])]
Admin = Annotated[Signed, Security(_signed_in, scopes=["admin"])]
