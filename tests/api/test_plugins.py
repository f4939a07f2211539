"""Plugins over HTTP: what they add, their applications and their middlewares.

The process of plugins is a real one; the server's own application runs in this one.
"""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client

from slipstream.api.app import create_app
from slipstream.api.plugin_apps.gate import PluginGate
from slipstream.api.plugin_apps.host import PluginHost
from slipstream.api.plugin_apps.orders import Told
from slipstream.api.settings import ApiSettings
from slipstream.sdk._conf import read_settings_anew
from slipstream.store.interface import Store

APP = """
import os, pathlib
from airflow.plugins_manager import AirflowPlugin
from airflow.listeners import hookimpl
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()

@app.get("/who")
def who(): return {"pid": os.getpid()}

@app.post("/echo")
async def echo(request: Request):
    body = await request.body()
    return {"length": len(body), "query": request.url.query, "path": request.url.path}

@app.get("/parts")
def parts(): return StreamingResponse(str(n) * 100_000 for n in range(5))

@app.get("/fails")
def fails(): raise RuntimeError("no")

@app.get("/dies")
def dies(): os._exit(3)

class Ear:
    @hookimpl
    def on_starting(self, component): note("starting", component)
    @hookimpl
    def before_stopping(self, component): note("stopping", component)

def note(what, component):
    with open(pathlib.Path(__file__).parent / "noted", "a") as file:
        print(what, component.job_type, file=file)

class P(AirflowPlugin):
    name = "apps"
    fastapi_apps = [
        {"app": app, "url_prefix": "/mine", "name": "Mine"},
        {"app": app, "url_prefix": "/api/v2/mine", "name": "Reserved"},
    ]
    external_views = [{"name": "Docs", "href": "http://docs"}]
    appbuilder_menu_items = [{"name": "Menu", "href": "http://menu"}]
    listeners = [Ear()]

class Nowhere(AirflowPlugin):
    name = "nowhere"
    fastapi_apps = [{"app": app, "name": "Nowhere"}]
"""

MIDDLEWARE = """
from airflow.plugins_manager import AirflowPlugin

class Stamp:
    def __init__(self, app, text): self.app, self.text = app, text
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/forbidden":
            await send({"type": "http.response.start", "status": 451, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        async def stamped(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", self.text.encode())]
            await send(message)
        await self.app(scope, receive, stamped)

class M(AirflowPlugin):
    name = "middle"
    fastapi_root_middlewares = [
        {"middleware": Stamp, "args": ["hello"], "kwargs": {}, "name": "Stamp"}
    ]
"""

Hosted = Callable[..., "Client"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The plugins folder."""
    folder = tmp_path / "home" / "plugins"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SLIPSTREAM_HOME", str(tmp_path / "home"))
    read_settings_anew()
    yield folder
    monkeypatch.undo()
    read_settings_anew()


@contextmanager
def plugin_host(folder: Path, **files: str) -> Iterator[PluginHost]:
    """A host with these plugins; it has left no process when the block is over."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    host = PluginHost(folder.parent / "run")
    before = set(psutil.Process().children())
    try:
        host.start(["scheduler"])
        yield host
    finally:
        host.stop(["scheduler"])
    assert set(psutil.Process().children()) == before


@pytest.fixture
def client_of(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> Callable[[PluginHost], Client]:
    """A signed-in client of a server with these plugins."""

    def make(host: PluginHost) -> Client:
        app = create_app(store, settings=settings, plugins=host.told)
        return Client(portal, PluginGate(app, host))

    return make


def test_without_plugins_there_is_nothing_to_list(api: Client) -> None:
    assert api.get("/plugins").json() == {"plugins": [], "total_entries": 0}
    assert api.get("/plugins/importErrors").json() == {"import_errors": [], "total_entries": 0}


def test_applications_answer_from_a_process_of_their_own(
    folder: Path, client_of: Callable[[PluginHost], Client]
) -> None:
    with plugin_host(folder, apps=APP, bad="1 / 0") as host:
        client = client_of(host)
        pid = client.get("/mine/who").json()["pid"]
        assert pid in {child.pid for child in psutil.Process().children()}
        told = client.post("/mine/echo?a=1", json="x" * 300_000).json()
        assert told == {"length": 300_002, "query": "a=1", "path": "/mine/echo"}
        assert len(client.get("/mine/parts").content) == 500_000
        assert client.get("/mine/no").status_code == 404
        assert client.get("/mine/fails").status_code == 500
        # What is no plugin's is the server's own.
        assert client.get("/minerals").status_code == 404
        (plugin,) = client.get("/plugins").json()["plugins"]
        assert plugin["source"] == "$PLUGINS_FOLDER/apps.py"
        assert [view["name"] for view in plugin["external_views"]] == ["Docs", "Menu"]
        errors = {
            e["source"]: e["error"]
            for e in client.get("/plugins/importErrors").json()["import_errors"]
        }
        assert "ZeroDivisionError" in errors[str(folder / "bad.py")]
        assert "server's own" in errors["apps: fastapi app 'Reserved'"]
        assert "url_prefix" in errors["nowhere: fastapi app 'Nowhere'"]
    assert (folder / "noted").read_text().split("\n") == [
        "starting SchedulerJob",
        "stopping SchedulerJob",
        "",
    ]


def test_a_process_that_died_is_started_again(
    folder: Path, client_of: Callable[[PluginHost], Client]
) -> None:
    with plugin_host(folder, apps=APP) as host:
        client = client_of(host)
        answer = client.get("/mine/dies")
        assert answer.status_code == 502
        first = client.get("/mine/who").json()["pid"]
        os.kill(first, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], 10)
        assert client.get("/mine/who").json()["pid"] != first


def test_middlewares_stand_around_every_request(
    folder: Path, client_of: Callable[[PluginHost], Client]
) -> None:
    with plugin_host(folder, apps=APP, middle=MIDDLEWARE) as host:
        client = client_of(host)
        own = client.get("/plugins")
        assert (own.status_code, own.headers["x-stamp"]) == (200, "hello")
        assert client.get("/mine/who").headers["x-stamp"] == "hello"
        assert client.get("/forbidden").status_code == 451
        made = client.post("/variables", {"key": "k", "value": "v" * 200_000})
        assert made.status_code == 201
        assert client.get("/variables/k").json()["value"] == "v" * 200_000


def test_plugins_without_anything_to_serve_leave_no_process(folder: Path) -> None:
    # Other tests of this process may have servers of their own.
    before = psutil.Process().children()
    with plugin_host(
        folder,
        one="from airflow.plugins_manager import AirflowPlugin\nclass P(AirflowPlugin): name = 'p'",
    ) as host:
        assert [one["name"] for one in host.told().plugins] == ["p"]
        assert set(psutil.Process().children()) <= set(before)


def test_a_plugin_that_kills_its_process_is_an_import_error(folder: Path) -> None:
    with plugin_host(folder, bad="import os\nos._exit(9)") as host:
        assert host.told() == Told(
            import_errors={"plugins": "Their process could not be used: it ended (exit code 9)"}
        )
