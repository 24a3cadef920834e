"""One local address for the site and its API: passes every request to the emulator's CloudFront.

The distribution's own behaviours, functions and origins answer, as at the edge. All that is done here is
what a viewer's name lookup and TLS would do.
"""

import re
import threading
from collections.abc import AsyncIterator
from socket import socket
from urllib.parse import urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
"""RFC 9110, 7.6.1: of one connection, not of the message."""
TIMEOUT = httpx.Timeout(65.0, connect=5.0)
"""Longer than the 60 s after which CloudFront itself gives up on an origin."""


class FrontDoor:
    """Listens on a socket in a thread of its own. Until `open` it answers 503."""

    def __init__(self, listener: socket, endpoint: str) -> None:
        """`endpoint` is the emulator's."""
        self._endpoint = urlsplit(endpoint)
        self._domain: str | None = None
        self._listener = listener
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
            trust_env=False,
        )
        application = Starlette(routes=[Route("/{path:path}", self._answer, methods=METHODS)])
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="front-door", daemon=True)
        self._thread.start()

    def open(self, domain: str) -> None:
        """Serve the distribution of a domain name, `<id>.cloudfront.net`."""
        self._domain = domain

    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self, timeout_seconds: float = 2.0) -> None:
        self._server.should_exit = True
        self._thread.join(timeout_seconds)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])

    async def _answer(self, request: Request) -> Response:
        if self._domain is None:
            return PlainTextResponse(
                "The local cloud is still starting.\n",
                503,
                headers={"Retry-After": "1", "Cache-Control": "no-store"},
            )
        raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
        query: bytes = request.scope["query_string"]
        url = httpx.URL(
            scheme=self._endpoint.scheme,
            host=self._endpoint.hostname or "",
            port=self._endpoint.port,
            raw_path=raw_path + (b"?" + query if query else b""),
        )
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name not in HOP_BY_HOP and name not in {b"host", b"x-forwarded-proto"}
        ]
        headers += [(b"host", self._domain.encode()), (b"x-forwarded-proto", b"https")]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        outgoing = self._client.build_request(
            request.method, url, headers=headers, content=request.stream() if has_body else None
        )
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.HTTPError as error:
            return PlainTextResponse(
                f"The AWS emulator does not answer ({type(error).__name__}): see .local/logs/aws.log\n",
                502,
                headers={"Cache-Control": "no-store"},
            )
        response = StreamingResponse(
            self._body(answer), answer.status_code, background=BackgroundTask(answer.aclose)
        )
        response.raw_headers = [
            (name.lower(), self._local(name.lower(), value))
            for name, value in answer.headers.raw
            if name.lower() not in HOP_BY_HOP
        ]
        return response

    def _local(self, name: bytes, value: bytes) -> bytes:
        """A redirect to the distribution's name, which only this door knows how to reach, made relative."""
        if name != b"location":
            return value
        return re.sub(rb"^https?://%s(?=/|$)" % re.escape((self._domain or "").encode()), b"", value) or b"/"

    @staticmethod
    async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
        async for chunk in answer.aiter_raw():
            yield chunk
