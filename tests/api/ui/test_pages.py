"""The web app's files: one page for all addresses, files that may be kept for ever."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from starlette.applications import Starlette

from slipstream.api.settings import ApiSettings
from slipstream.api.ui.pages import page_routes


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """An app of one page and one file, and something beside it that is none of its files."""
    folder = tmp_path / "dist"
    (folder / "static").mkdir(parents=True)
    (folder / "index.html").write_text("<html><head></head><body>app</body></html>")
    (folder / "static" / "main-1a2b.js").write_text("run()")
    (folder / "static" / "main-1a2b.js.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret.txt").write_text("secret")
    return folder


class Browser:
    """Asks for pages of an app."""

    def __init__(self, portal: BlockingPortal, folder: Path, base_path: str = "") -> None:
        settings = ApiSettings(log_dir=folder, base_path=base_path)
        self._app = Starlette(routes=page_routes(settings, folder))
        self._portal = portal

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._portal.call(self._get, path, headers)

    async def _get(self, path: str, headers: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers={"accept": "text/html", **(headers or {})})


@pytest.fixture
def browser(portal: BlockingPortal, built: Path) -> Browser:
    return Browser(portal, built)


@pytest.mark.parametrize("path", ["/", "/dags", "/dags/etl/runs/manual__2026/tasks/load.insert"])
def test_every_address_is_the_same_page(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert '<base href="/">' in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_knows_the_prefix_that_it_is_served_below(
    portal: BlockingPortal, built: Path
) -> None:
    assert '<base href="/flow/">' in Browser(portal, built, "/flow").get("/dags").text


@pytest.mark.parametrize("accepted", ["*/*", "application/json"])
def test_a_program_is_given_no_page_for_what_is_not_there(browser: Browser, accepted: str) -> None:
    assert browser.get("/dagz", headers={"accept": accepted}).status_code == 404


@pytest.mark.parametrize("path", ["/api/v2/nothing", "/ui/nothing", "/auth/x", "/static/none.js"])
def test_what_is_no_page_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_files_are_sent_small_and_kept_for_ever(browser: Browser) -> None:
    small = browser.get("/static/main-1a2b.js", headers={"accept-encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert small.text == "run()"
    assert "immutable" in small.headers["cache-control"]
    assert "javascript" in small.headers["content-type"]
    plain = browser.get("/static/main-1a2b.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == "run()"


@pytest.mark.parametrize("path", ["/static/../../secret.txt", "/static/%2e%2e/%2e%2e/secret.txt"])
def test_nothing_beside_the_files_is_sent(browser: Browser, path: str) -> None:
    assert "secret" not in browser.get(path).text


def test_pages_load_nothing_from_elsewhere_and_stand_in_no_frame(browser: Browser) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_without_the_app_the_page_says_how_to_get_it(
    portal: BlockingPortal, tmp_path: Path
) -> None:
    answer = Browser(portal, tmp_path / "dist").get("/dags")
    assert answer.status_code == 503
    assert "make ui" in answer.text
