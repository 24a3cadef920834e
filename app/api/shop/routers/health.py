"""Whether the process lives, whether it can serve, and what its cache does. Not routed from outside."""

from dataclasses import asdict
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from shop.database import is_unavailable
from shop.state import State, StateOf

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def health() -> dict[str, str]:
    """Touches nothing: an outage of the database must not restart every task."""
    return {"status": "alive"}


@router.get("/readyz")
async def readiness(state: StateOf) -> JSONResponse:
    """Without Valkey the shop is slower, and still ready."""
    database = await _database(state)
    ready = database == "ok" and not state.draining
    body = {
        "status": "ready" if ready else "draining" if state.draining else "unready",
        "database": database,
        "cache": "ok" if await state.cache.is_available() else "unavailable",
    }
    return JSONResponse(body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/metrics")
async def metrics(state: StateOf) -> PlainTextResponse:
    """Prometheus's text format."""
    lines = ["# TYPE shop_cache_total counter"]
    lines += [
        f'shop_cache_total{{result="{name}"}} {count}' for name, count in asdict(state.cache.counters).items()
    ]
    return PlainTextResponse("\n".join(lines) + "\n")


async def _database(state: State) -> str:
    if not state.prepared:
        return "preparing"
    try:
        await state.database.ping()
    except Exception as error:
        if not is_unavailable(error):
            raise
        return "unavailable"
    return "ok"
