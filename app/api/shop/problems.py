"""Errors as `application/problem+json` (RFC 9457). What a client may learn of a defect is its request id."""

import logging
import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from shop.database import is_unavailable

log = logging.getLogger(__name__)


class ProblemOut(BaseModel):
    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """An answer other than success. `kind` names it to programs; without one the status says enough."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = headers
        self.members = members

    def response(self) -> JSONResponse:
        return JSONResponse(
            {
                "type": f"urn:shop:problem:{self.kind}" if self.kind else "about:blank",
                "title": self.status.phrase,
                "status": self.status.value,
                "detail": self.detail,
                **self.members,
            },
            status_code=self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def answers(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer with, for its OpenAPI `responses`."""
    content = {"application/problem+json": {"schema": ProblemOut.model_json_schema()}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    app.exception_handler(Problem)(_problem)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    for kind in (DBAPIError, PoolTimeoutError, ConnectionError, TimeoutError, socket.gaierror):
        app.exception_handler(kind)(_unavailable)


async def _problem(_request: Request, error: Problem) -> JSONResponse:
    return error.response()


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Names each field and what is wrong; never echoes the input, which may be a password."""
    fields = [{"field": ".".join(map(str, one["loc"])), "detail": one["msg"]} for one in error.errors()]
    detail = "; ".join(f"{one['field']}: {one['detail']}" for one in fields)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, kind="invalid", errors=fields).response()


async def _http(_request: Request, error: HTTPException) -> JSONResponse:
    return Problem(HTTPStatus(error.status_code), error.detail, headers=error.headers).response()


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    if not is_unavailable(error):
        raise error
    log.warning("database unavailable", extra={"error": f"{type(error).__name__}: {error}"})
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The shop cannot reach its database; try again shortly.",
        kind="unavailable",
        headers={"Retry-After": "2"},
    ).response()


def defect() -> JSONResponse:
    """The answer when the code is at fault."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "The shop failed; the X-Request-Id header names the incident."
    ).response()
