"""What the API's process holds, and how operations reach it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from shop.cache import Cache
from shop.database import Database
from shop.security import AccessTokens, Passwords
from shop.settings import ApiSettings


@dataclass(slots=True)
class State:
    settings: ApiSettings
    database: Database
    cache: Cache
    passwords: Passwords
    access_tokens: AccessTokens
    prepared: bool = False
    """The schema is there."""
    draining: bool = False
    """SIGTERM came: the process serves what still arrives, and says that it is leaving."""


def state_of(request: Request) -> State:
    return cast(State, request.app.state.shop)


StateOf = Annotated[State, Depends(state_of)]


async def _transaction(state: StateOf) -> AsyncIterator[AsyncSession]:
    async with state.database.transaction() as session:
        yield session


# The scope makes the commit precede the answer: nobody is told of what then does not hold.
Transaction = Annotated[AsyncSession, Depends(_transaction, scope="function")]
