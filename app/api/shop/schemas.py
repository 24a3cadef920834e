"""What goes in and out over HTTP. The bounds here are those of the tables, so that no input reaches them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import email_validator
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

# The form of an address is checked, no more: whether it receives mail, only a mail can tell, and a test
# environment's @shop.test is as good as any.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL")  # PostgreSQL's text cannot hold it
    return value


def _encodable(value: SecretStr) -> SecretStr:
    value.get_secret_value().encode()  # half a surrogate pair is a ValueError
    return value


def _address(value: str) -> str:
    try:
        parsed = email_validator.validate_email(value, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return parsed.normalized.lower()


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_without_nul)]
Name = Annotated[Text, StringConstraints(min_length=1)]
Description = Annotated[str, StringConstraints(max_length=5000), AfterValidator(_without_nul)]
Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(_address),
    Field(json_schema_extra={"format": "email"}),
]
Secret = Annotated[SecretStr, Field(max_length=128), AfterValidator(_encodable)]
Password = Annotated[Secret, Field(min_length=8)]
Cents = Annotated[int, Field(ge=0, le=100_000_000)]
Stock = Annotated[int, Field(ge=0, le=1_000_000_000)]
Quantity = Annotated[int, Field(ge=1, le=1000)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserIn(In):
    email: Email
    password: Password
    name: Name


class UserPatch(In):
    name: Name | None = None
    password: Password | None = None
    current_password: Secret | None = None
    """Needed to change the password; every other sign-in of the user then ends."""


class UserOut(Out):
    id: UUID
    email: str
    name: str
    created_at: datetime


class MeOut(UserOut):
    scopes: list[str]


class UserPage(BaseModel):
    users: list[UserOut]
    next: str | None


class TokenOut(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int
    """Seconds until the access token ends."""
    scope: str


class RefreshIn(In):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ItemIn(In):
    name: Name
    description: Description = ""
    price_cents: Cents
    stock: Stock


class ItemPatch(In):
    name: Name | None = None
    description: Description | None = None
    price_cents: Cents | None = None
    stock: Stock | None = None


class ItemOut(Out):
    id: UUID
    name: str
    description: str
    price_cents: int
    stock: int


class ItemPage(BaseModel):
    items: list[ItemOut]
    next: str | None
    """Give it as `cursor` for the next page; null on the last."""


class ItemSort(StrEnum):
    """A minus sign is descending order."""

    NAME = "name"
    NAME_DESCENDING = "-name"
    PRICE = "price_cents"
    PRICE_DESCENDING = "-price_cents"
    OLDEST = "created_at"
    NEWEST = "-created_at"


class LineIn(In):
    item_id: UUID
    quantity: Quantity


class OrderIn(In):
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=50)]


class LineOut(Out):
    item_id: UUID
    name: str
    quantity: int
    unit_price_cents: int


class OrderOut(Out):
    id: UUID
    status: Literal["placed", "fulfilled", "rejected"]
    reason: str | None
    """Why it was rejected."""
    lines: list[LineOut]
    total_cents: int
    placed_at: datetime


class OrderPage(BaseModel):
    orders: list[OrderOut]
    next: str | None
