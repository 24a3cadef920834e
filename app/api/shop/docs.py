"""The OpenAPI pages at /api/docs: Swagger UI from our own address, under the site's strict CSP.

FastAPI's own page takes its files from a third party and has an inline script; this one has neither.
"""

import importlib.util
import json
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>{title}: API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/api/docs/assets/swagger-ui.css" />
    <script defer src="/api/docs/assets/swagger-ui-bundle.js"></script>
    <script defer src="/api/docs/start.js"></script>
  </head>
  <body><main id="swagger-ui"></main></body>
</html>
"""
START = """"use strict";
SwaggerUIBundle({options}).initOAuth({{ clientId: "", usePkceWithAuthorizationCodeGrant: false }});
"""


def install(app: FastAPI) -> None:
    """Serve the pages of `app`, whose own are off."""
    options = {
        "url": app.openapi_url,
        "dom_id": "#swagger-ui",
        "deepLinking": True,
        "persistAuthorization": False,  # a token outlives no page
        "tryItOutEnabled": True,
    }

    @app.get("/api/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE.format(title=app.title))

    @app.get("/api/docs/start.js", include_in_schema=False)
    def start() -> Response:
        return Response(START.format(options=json.dumps(options)), media_type="text/javascript")

    app.mount("/api/docs/assets", StaticFiles(directory=_assets()), name="docs")


def _assets() -> Path:
    spec = importlib.util.find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("fastapi-offline, which has the files of Swagger UI, is not installed")
    return Path(spec.origin).parent / "static"
