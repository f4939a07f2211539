"""Two teams share a server: each finds what is its own, and what is for all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import RunningServer, environment, eventually, running, token

pytestmark = pytest.mark.processes

FILE = """
import os
from airflow.sdk import DAG, BaseHook, Variable, task
from looking import Waits

TOP = [Variable.get(key, default=None) for key in ("of_alpha", "of_beta", "of_all")]

def failed(context):
    Variable.set("told_NAME", Variable.get("of_NAME", default="nothing"))

with DAG("NAME", schedule=None, is_paused_upon_creation=False, on_success_callback=failed):
    @task
    def look():
        os.environ["AIRFLOW_VAR__ALPHA___HERE"] = "alpha's"
        os.environ["AIRFLOW_VAR_HERE"] = "all's"
        found = {"top": TOP, "here": Variable.get("here")}
        for key in ("of_alpha", "of_beta", "of_all"):
            found[key] = Variable.get(key, default=None)
            try:
                found["db_" + key] = BaseHook.get_connection(key).host
            except Exception as error:
                found["db_" + key] = type(error).__name__
        return found

    look()
    Waits(task_id="wait")

with DAG("pooled_NAME", schedule=None, is_paused_upon_creation=False):
    @task(pool="of_alpha")
    def work():
        pass

    work()
"""
SETTINGS = """
[core]
multi_team = true

[dag_processor]
dag_bundle_config_list = '''{bundles}'''
"""
TRIGGER = """
import asyncio, os
from airflow.sdk import BaseOperator, Variable
from airflow.triggers.base import BaseTrigger, TriggerEvent

class Looks(BaseTrigger):
    def serialize(self):
        return "looking.Looks", {}

    async def run(self):
        os.environ["AIRFLOW_VAR__ALPHA___THERE"] = "alpha's"
        os.environ["AIRFLOW_VAR_THERE"] = "all's"
        keys = ("there", "of_alpha", "of_beta", "of_all")
        yield TriggerEvent(
            [await asyncio.to_thread(Variable.get, key, default=None) for key in keys]
        )

class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Looks(), method_name="done")

    def done(self, context, event):
        return event
"""
NAMES = ("alpha", "beta", "shared")


def bundle(name: str) -> dict[str, object]:
    path = "airflow.dag_processing.bundles.local.LocalDagBundle"
    found = {"name": f"{name}s", "classpath": path, "kwargs": {"path": f"files/{name}"}}
    return found if name == "shared" else {**found, "team_name": name}


def command(home: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def settled(server: RunningServer, who: dict[str, str]) -> None:
    """What belongs to the teams and to all."""
    for name, team in (("of_alpha", "alpha"), ("of_beta", "beta"), ("of_all", None)):
        body = {"key": name, "value": name, "team_name": team}
        server.post("/api/v2/variables", body, **who)
        body = {"connection_id": name, "conn_type": "http", "host": name, "team_name": team}
        server.post("/api/v2/connections", body, **who)
    server.post("/api/v2/pools", {"name": "of_alpha", "slots": 2, "team_name": "alpha"}, **who)


def test_two_teams_share_a_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    listed = json.dumps([bundle(name) for name in NAMES])
    (home / "slipstream.toml").write_text(SETTINGS.format(bundles=listed))
    (home / "site").mkdir()
    (home / "site" / "looking.py").write_text(TRIGGER)
    command(home, "db", "migrate")
    command(home, "teams", "sync")
    with running(home, "standalone") as server:
        who = {"Authorization": token(server)}
        settled(server, who)
        for name in NAMES:
            folder = home / "files" / name
            (folder / "d.py").write_text(FILE.replace("NAME", name))
        for name in NAMES:
            wait_for_dag(home, f"pooled_{name}")
        for name in NAMES:
            for dag_id in (name, f"pooled_{name}"):
                body = {"dag_run_id": "mine", "logical_date": None}
                server.post(f"/api/v2/dags/{dag_id}/dagRuns", body, **who)
        found, triggered = {}, {}
        for name in NAMES:
            assert end_of_run(home, name) == "success"
            found[name] = pushed(server, who, name, "look")
            triggered[name] = pushed(server, who, name, "wait")
        missing = "AirflowNotFoundException"
        assert found == {
            "alpha": {
                "top": ["of_alpha", None, "of_all"],
                "here": "alpha's",
                "of_alpha": "of_alpha",
                "db_of_alpha": "of_alpha",
                "of_beta": None,
                "db_of_beta": missing,
                "of_all": "of_all",
                "db_of_all": "of_all",
            },
            "beta": {
                "top": [None, "of_beta", "of_all"],
                "here": "all's",
                "of_alpha": None,
                "db_of_alpha": missing,
                "of_beta": "of_beta",
                "db_of_beta": "of_beta",
                "of_all": "of_all",
                "db_of_all": "of_all",
            },
            "shared": {
                "top": [None, None, "of_all"],
                "here": "all's",
                "of_alpha": None,
                "db_of_alpha": missing,
                "of_beta": None,
                "db_of_beta": missing,
                "of_all": "of_all",
                "db_of_all": "of_all",
            },
        }
        assert triggered == {
            "alpha": ["alpha's", "of_alpha", None, "of_all"],
            "beta": ["all's", None, "of_beta", "of_all"],
            "shared": ["all's", None, None, "of_all"],
        }
        dags = server.get("/api/v2/dags", **who)
        assert isinstance(dags, dict)
        assert {one["dag_id"]: one["bundle_name"] for one in dags["dags"]}["beta"] == "betas"
        assert end_of_run(home, "pooled_alpha") == "success"
        reason = eventually(lambda: held(home))
        assert "belongs to the team 'alpha', and its DAG to the team 'beta'" in reason
        told = eventually(lambda: callback_of(server, who))
        assert told == {"value": "of_beta", "team_name": "beta"}


def pushed(server: RunningServer, who: dict[str, str], dag_id: str, task_id: str) -> object:
    """What the task has returned."""
    task = f"/api/v2/dags/{dag_id}/dagRuns/mine/taskInstances/{task_id}"
    answer = server.get(f"{task}/xcomEntries/return_value?deserialize=true", **who)
    assert isinstance(answer, dict)
    return answer["value"]


def held(home: Path) -> str | None:
    """Why the task waits, once it waits for the pool."""
    said = command(home, "why", "pooled_beta", "mine", "work")
    return said if "pool" in said else None


def callback_of(server: RunningServer, who: dict[str, str]) -> dict[str, object] | None:
    """What the DAG's callback has found, as the variable that it made."""
    listed = server.get("/api/v2/variables?variable_key_pattern=told_beta", **who)
    assert isinstance(listed, dict)
    for one in listed["variables"]:
        return {name: one[name] for name in ("value", "team_name")}
    return None
