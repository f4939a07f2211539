"""The web app's own files: one page for every screen, and what it loads.

They are built from `ui/` when the package is built; a checkout without them says how to get them.
"""

from __future__ import annotations

from functools import cache
from html import escape
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from slipstream.api.known_methods import methods_of, not_allowed
from slipstream.api.settings import ApiSettings

FOLDER: Final = Path(__file__).parent / "dist"
"""Where the package's build puts them."""

_NOT_PAGES: Final = ("api/", "auth/", "ui/", "static/", "docs")
_HEADERS: Final = {
    # Styles are set on elements by the components themselves; scripts come from files alone.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}

_NOT_BUILT: Final = """<!doctype html><html lang="en"><title>Slipstream</title>
<h1>The web app is not built</h1>
<p>This is a checkout of the source. <code>make ui</code> builds the app; the server need not be
started anew. The <a href="docs">REST API</a> works without it.</p></html>"""


def page_routes(settings: ApiSettings, folder: Path = FOLDER) -> list[Route]:
    """The app's files, and its page at every other path. They must be the last routes tried."""

    @cache
    def page(_changed: float) -> str:
        html = (folder / "index.html").read_text("utf-8")
        base = escape(f"{settings.base_path}/", quote=True)
        return html.replace("<head>", f'<head><base href="{base}">', 1)

    def asset(request: Request) -> Response:
        """A file; its name holds a hash of what is in it."""
        root = folder / "static"
        path = (root / request.path_params["name"]).resolve()
        if not path.is_relative_to(root.resolve()) or not path.is_file():
            raise HTTPException(404)
        headers = _HEADERS | _FOR_EVER | {"Vary": "Accept-Encoding"}
        small = path.with_name(f"{path.name}.gz")
        if "gzip" in request.headers.get("accept-encoding", "") and small.is_file():
            kind = guess_type(path.name)[0] or "application/octet-stream"
            return FileResponse(
                small, headers=headers | {"Content-Encoding": "gzip"}, media_type=kind
            )
        return FileResponse(path, headers=headers)

    def show(request: Request) -> Response:
        """The page, which finds out by its address what to show."""
        path = request.path_params["path"]
        # Programs that ask for something that is not there must not be given a page.
        is_browser = "text/html" in request.headers.get("accept", "")
        if path.startswith(_NOT_PAGES) or (path and not is_browser):
            known = methods_of(request)
            raise not_allowed(known) if known else HTTPException(404)
        try:
            changed = (folder / "index.html").stat().st_mtime
        except FileNotFoundError:
            return HTMLResponse(_NOT_BUILT, 503)
        return HTMLResponse(page(changed), headers=_HEADERS | _ASK_AGAIN)

    return [
        Route("/static/{name:path}", asset, methods=["GET"]),
        Route("/{path:path}", show, methods=["GET"]),
    ]
