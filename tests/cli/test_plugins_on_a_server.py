"""A server with plugins: their applications answer, the server lives on without them."""

from __future__ import annotations

import os
import signal
import urllib.error
from pathlib import Path

import pytest
from tests.cli.servers import eventually, processes_of, running

PLUGIN = """
import os
from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI

app = FastAPI()

@app.get("/pid")
def pid(): return os.getpid()

@app.get("/dies")
def dies(): os._exit(1)

class P(AirflowPlugin):
    name = "p"
    fastapi_apps = [{"app": app, "url_prefix": "/p", "name": "P"}]
    appbuilder_views = [{"name": "Old", "category": "C", "view": object()}]
"""


@pytest.mark.processes
def test_an_application_of_a_plugin_is_served_beside_the_api(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "plugins").mkdir(parents=True)
    (home / "plugins" / "p.py").write_text(PLUGIN)
    with running(home, "standalone") as server:
        pid = server.get("/p/pid")
        assert isinstance(pid, int)
        assert pid != server.process.pid
        with pytest.raises(urllib.error.HTTPError) as failed:
            server.get("/p/dies")
        assert failed.value.code == 502
        failed.value.close()
        assert server.get("/p/pid") != pid
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        eventually(lambda: not processes_of(home))
    said = (home / "standalone.stderr").read_text()
    assert said.count("appbuilder_views of the plugin p are listed and not served") == 1
