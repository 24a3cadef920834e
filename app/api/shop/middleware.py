"""Around every request: its id, its line in the log, its headers, and an answer whatever happens."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop import logs, problems
from shop.state import State

log = logging.getLogger("shop.access")

_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
_HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestContext:
    """Plain ASGI: Starlette's BaseHTTPMiddleware would run the application in another context."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else str(uuid4())
        token = logs.request_id.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers.setdefault("cache-control", "no-store")
                headers.setdefault("x-content-type-options", "nosniff")
                if self._state.draining:
                    # The load balancer then sends nothing more down a connection about to close.
                    headers["connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("defect", extra={"method": scope["method"], "path": scope["path"]})
            if status:  # half an answer is out: the server breaks the connection off
                raise
            await problems.defect()(scope, receive, send_with_headers)
        finally:
            level = logging.DEBUG if scope["path"] in _HEALTH else logging.INFO
            fields = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "milliseconds": round((time.perf_counter() - started) * 1000, 1),
            }
            log.log(level, "request", extra=fields)
            logs.request_id.reset(token)
