"""Passwords (Argon2id), access tokens (JWT, one algorithm, this environment only) and refresh tokens."""

import asyncio
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from shop.settings import ApiSettings

ALGORITHM = "HS256"
TYPE = "at+jwt"
"""RFC 9068: the header tells an access token from any other JWT under the same key."""


class Passwords:
    """Argon2id with OWASP's parameters for little memory: 19 MiB and some 30 ms of a core each.

    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        # A flood of sign-ins must take neither all the memory nor all the threads of a small task.
        self._turns = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, hashed: str | None, password: str) -> bool:
        """Takes as long when there is no such user, so that time tells nothing."""
        async with self._turns:
            return await asyncio.to_thread(self._verify, hashed or self._nobody, password) and bool(hashed)

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


class InvalidTokenError(Exception):
    """The access token is not one of ours, or no longer."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a valid access token says."""

    user_id: UUID
    family_id: UUID
    scopes: frozenset[str]


class AccessTokens:
    def __init__(self, settings: ApiSettings) -> None:
        self._key = settings.jwt_signing_key.get_secret_value()
        self._key_id = hashlib.sha256(self._key.encode()).hexdigest()[:16]
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self.seconds = settings.access_token_minutes * 60

    def issue(self, access: Access) -> str:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(access.user_id),
            "sid": str(access.family_id),
            "scope": " ".join(sorted(access.scopes)),
            "iat": now,
            "exp": now + self.seconds,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"typ": TYPE, "kid": self._key_id})

    def read(self, token: str) -> Access:
        try:
            decoded = jwt.decode_complete(
                token,
                self._key,
                algorithms=[ALGORITHM],  # never the token's own word
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["iss", "aud", "sub", "sid", "scope", "iat", "exp", "jti"],
                    "strict_aud": True,
                },
            )
            header: dict[str, Any] = decoded["header"]
            claims: dict[str, Any] = decoded["payload"]
            if header.get("typ") != TYPE or header.get("kid") != self._key_id:
                raise InvalidTokenError
            return Access(UUID(claims["sub"]), UUID(claims["sid"]), frozenset(claims["scope"].split()))
        except (jwt.PyJWTError, ValueError, AttributeError, TypeError) as error:
            raise InvalidTokenError from error


def new_refresh_token() -> tuple[str, bytes]:
    """The token for the client, and the hash to keep: 256 random bits need no slow hash."""
    token = secrets.token_urlsafe(32)
    return token, hash_refresh_token(token)


def hash_refresh_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
