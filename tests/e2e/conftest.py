"""A server with a home of its own, and people who use it with a browser.

They need Chromium and the package playwright: `make e2e`. Without them the tests say so.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.servers import RunningServer, environment, running

from slipstream.api.ui.pages import FOLDER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 60_000
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

DAGS = {
    "orders.py": """
from airflow.sdk import DAG, Param, TaskGroup, task

with DAG("orders", params={"rows": Param(3, type="integer", minimum=1)}, tags=["shop"]) as dag:
    @task
    def read(params):
        print(f"Reading {params['rows']} rows.")
        return list(range(params["rows"]))

    @task
    def double(number):
        return 2 * number

    doubled = double.expand(number=read())
    with TaskGroup("report"):
        @task
        def total(numbers):
            return sum(numbers)

        total(doubled)
""",
    "broken.py": """
from airflow.sdk import DAG, task

with DAG("broken") as dag:
    @task
    def load():
        raise ValueError("the table is gone")

    load()
""",
    "typo.py": "from airflow.sdk import DAG\nimport nothing_of_that_name\n",
}


@pytest.fixture(scope="module")
def dag_files() -> Mapping[str, str]:
    """`{name: text}`; a module that has files of its own gives others."""
    return DAGS


@pytest.fixture(scope="module")
def dags_folder(tmp_path_factory: pytest.TempPathFactory, dag_files: Mapping[str, str]) -> Path:
    """The DAG files."""
    folder = tmp_path_factory.mktemp("home") / "dags"
    folder.mkdir()
    for name, text in dag_files.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def server(dags_folder: Path) -> Iterator[RunningServer]:
    """A server with a user `admin`, and one `viewer` with the password `look`."""
    yield from serving(dags_folder.parent)


def serving(home: Path) -> Iterator[RunningServer]:
    """Such a server on that home, until the next step."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    if not (FOLDER / "index.html").exists():
        pytest.skip("the web app is not built: make ui")
    viewer = ["--username", "viewer", "--role", "viewer", "--password", "look"]
    with running(home, "standalone") as started:
        subprocess.run(
            [sys.executable, "-m", "slipstream", "users", "create", *viewer],
            env=environment(home),
            check=True,
            timeout=60,
        )
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_api.sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of a person who is not logged in. Nothing may be wrong in the browser's console, and
    nothing may be asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=server.url)
    context.set_default_timeout(PATIENCE_MS)
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((server.url, "data:", "blob:"))
            else wrong.append(request.url)
        ),
    )
    yield opened
    context.close()
    assert not wrong


@pytest.fixture(scope="module")
def admin_password(server: RunningServer) -> str:
    """The one that the server printed."""
    found = re.search(r"user admin with the password (\S+)", server.greeting)
    assert found, server.greeting
    return found.group(1)


@pytest.fixture
def log_in(page: Page, admin_password: str) -> Callable[[str, str], None]:
    """Fills the login in, that of the administrator unless told otherwise."""

    def do(name: str = "admin", password: str = "") -> None:
        page.goto("/")
        page.get_by_label("User name").fill(name)
        page.get_by_role("textbox", name="Password").fill(password or admin_password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Home").wait_for()

    return do
