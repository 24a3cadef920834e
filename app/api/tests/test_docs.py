"""The OpenAPI pages: whole, from our own address, and fit for a CSP without inline script."""

import re

import httpx


async def test_the_page_names_only_files_that_we_serve(client: httpx.AsyncClient) -> None:
    page = await client.get("/api/docs")

    assert page.status_code == 200
    assert "://" not in page.text
    assert re.search(r"<script(?![^>]*\ssrc=)", page.text) is None
    sources = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(sources) == 3
    for source in sources:
        assert (await client.get(source)).status_code == 200, source


async def test_it_starts_with_our_schema_and_offers_the_password_flow(client: httpx.AsyncClient) -> None:
    start = (await client.get("/api/docs/start.js")).text
    schema = (await client.get("/api/openapi.json")).json()

    assert '"url": "/api/openapi.json"' in start
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert scheme["flows"]["password"]["tokenUrl"] == "/api/auth/token"
