"""`/openapi.json`, and the pages that show it: Swagger UI and ReDoc, with all that they load.

Their files come with the package `fastapi-offline`; of its code nothing is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from slipstream.api.call import Deployment
from slipstream.api.document_keeping import kept_document
from slipstream.api.openapi import openapi_document
from slipstream.api.operation import Operation

_FILES: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js")
_TITLE: Final = "Slipstream"
_NO_ICON: Final = "data:,"
_HEADERS: Final = {
    # The pages' libraries would fetch a logo here and there: browsers are told not to.
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data: blob:"
}


def document_routes(operations: Sequence[Operation], deployment: Deployment) -> list[Route]:
    """`/openapi.json` and, if the settings show them, `/docs` and `/redoc`."""
    base = deployment.settings.base_path
    document_url, files = f"{base}/openapi.json", f"{base}/docs"

    @cache
    def document() -> bytes:
        return kept_document(
            deployment.settings.cache_dir,
            operations,
            base,
            lambda: msgspec.json.encode(openapi_document(operations, deployment)),
        )

    def openapi(_: Request) -> Response:
        # Runs in a thread: others are answered while it is made.
        return Response(document(), media_type="application/json")

    def swagger(_: Request) -> HTMLResponse:
        from fastapi.openapi.docs import get_swagger_ui_html

        page = get_swagger_ui_html(
            openapi_url=document_url,
            title=_TITLE,
            swagger_js_url=f"{files}/swagger-ui-bundle.js",
            swagger_css_url=f"{files}/swagger-ui.css",
            swagger_favicon_url=_NO_ICON,
        )
        return HTMLResponse(page.body, headers=_HEADERS)

    def redoc(_: Request) -> HTMLResponse:
        from fastapi.openapi.docs import get_redoc_html

        page = get_redoc_html(
            openapi_url=document_url,
            title=_TITLE,
            redoc_js_url=f"{files}/redoc.standalone.js",
            redoc_favicon_url=_NO_ICON,
            with_google_fonts=False,
        )
        return HTMLResponse(page.body, headers=_HEADERS)

    routes = [Route("/openapi.json", openapi)]
    if deployment.settings.show_api_docs:
        routes += [Route("/docs", swagger), Route("/redoc", redoc), Route("/docs/{name}", _file)]
    return routes


def _file(request: Request) -> FileResponse:
    """A file of the pages."""
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_folder() / name, headers={"Cache-Control": "public, max-age=86400"})


@cache
def _folder() -> Path:
    """Where the package keeps the files; it is not imported for that."""
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise HTTPException(404, "The package fastapi-offline, which has this file, is missing.")
    return Path(next(iter(spec.submodule_search_locations))) / "static"
