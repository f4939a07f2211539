"""Values between forked tasks of a real server, through its store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import running
from tests.cli.test_standalone import slipstream

pytestmark = pytest.mark.processes

ROUND_TRIPS = """
import dataclasses, datetime, decimal, pathlib, uuid, zoneinfo
import attrs, numpy, pandas, pendulum, polars, pyarrow, pydantic
from airflow.sdk import Asset, ObjectStoragePath, dag, task

@dataclasses.dataclass
class Point:
    x: int
    when: datetime.datetime

@attrs.define
class Box:
    content: tuple

class Model(pydantic.BaseModel):
    name: str

class Versioned:
    __version__ = 3

    def __init__(self, text):
        self.text = text

    def serialize(self):
        return {"text": self.text}

    @staticmethod
    def deserialize(data, version):
        assert version == 3
        return Versioned(data["text"])

    def __eq__(self, other):
        return self.text == other.text

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
VALUES = {
    "any key: ü/ 1": {"a": [1, None, (2, 3)], "n": float("inf")},
    "moment": datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
    "pendulum": pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    "duration": datetime.timedelta(days=-1, microseconds=5),
    "time": datetime.time(1, 2),
    "decimal": decimal.Decimal("1.10"),
    "uuid": uuid.UUID(int=7),
    "path": pathlib.Path("/a/b"),
    "bytes": b"\\x00\\xff",
    "set": {1, 2},
    "dataclass": Point(1, datetime.datetime(2026, 1, 1)),
    "attrs": Box((1, (2,))),
    "pydantic": Model(name="m"),
    "versioned": Versioned("v"),
    "asset": Asset("orders", uri="s3://b/orders"),
    "store path": ObjectStoragePath("s3://aws@bucket/key"),
    "number": numpy.float32(1.5),
    "large": "x" * 300_000,
}
ARRAY = numpy.arange(12.0).reshape(3, 4)
FRAME = pandas.DataFrame(
    {"i": [1, 2], "s": ["a", None], "t": pandas.to_datetime(["2026-01-01", None])},
    index=pandas.Index(["p", "q"], name="k"),
)
POLARS = polars.DataFrame({"a": [1, None], "b": [[1], [2, 3]]})
ARROW = pyarrow.table({"a": [1, 2]})

@dag(schedule=None, is_paused_upon_creation=False)
def round_trips():
    @task
    def push(ti):
        for key, value in VALUES.items():
            ti.xcom_push(key, value)
        ti.xcom_push("array", ARRAY)
        ti.xcom_push("polars", POLARS)
        ti.xcom_push("arrow", ARROW)
        return FRAME

    @task(multiple_outputs=True)
    def split():
        return {"first": (1, 2), "second": {"x": Point(2, datetime.datetime(2026, 1, 1))}}

    @task(do_xcom_push=False)
    def silent():
        return 5

    @task
    def check(frame, first, ti):
        pandas.testing.assert_frame_equal(frame, FRAME)
        for key, value in VALUES.items():
            found = ti.xcom_pull("push", key=key)
            assert found == value and type(found) is type(value), (key, found)
        numpy.testing.assert_array_equal(ti.xcom_pull("push", key="array"), ARRAY)
        assert ti.xcom_pull("push", key="polars").equals(POLARS)
        assert ti.xcom_pull("push", key="arrow").equals(ARROW)
        assert first == (1, 2)
        assert ti.xcom_pull("split", key="second")["x"].x == 2
        assert ti.xcom_pull("silent") is None
        assert ti.xcom_pull(["split", "silent"], key="first") == [(1, 2), None]

    parts = split()
    silent() >> check(push(), parts["first"])

round_trips()
"""

SHELF = """
import json, os, pathlib
from airflow.models.xcom import BaseXCom

SHELF = pathlib.Path(os.environ["SLIPSTREAM_HOME"]) / "shelf"

class ShelfXCom(BaseXCom):
    @staticmethod
    def serialize_value(value, *, key, task_id, run_id, map_index, **_):
        SHELF.mkdir(exist_ok=True)
        path = SHELF / f"{task_id}-{key}-{os.getpid()}"
        path.write_text(json.dumps(value))
        return BaseXCom.serialize_value(str(path))

    @staticmethod
    def deserialize_value(result):
        return json.loads(pathlib.Path(BaseXCom.deserialize_value(result)).read_text())

    @staticmethod
    def purge(xcom, *_):
        pathlib.Path(xcom.value).unlink()
"""

RETRIED = """
import os
from datetime import timedelta
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def retried():
    @task(retries=1, retry_delay=timedelta(0))
    def flaky(ti):
        assert ti.xcom_pull("flaky", key="note") is None, "an earlier try's value is there"
        ti.xcom_push("note", ti.try_number)
        if ti.try_number == 1:
            ti.xcom_push("stale", "from the first try")
            raise ValueError("once more")
        return [1, 2]

    @task
    def double(x):
        return x * 2

    @task
    def check(doubled, ti):
        assert list(doubled) == [2, 4]
        assert ti.xcom_pull("flaky", key="note") == 2
        assert ti.xcom_pull("flaky", key="stale") is None
        return "checked"

    check(double.expand(x=flaky()))

retried()
"""


REMEMBERING = """
from datetime import timedelta
from airflow.sdk import NEVER_EXPIRE, Asset, dag, task

ORDERS = Asset("orders", uri="s3://b/orders")

@dag(schedule=None, is_paused_upon_creation=False)
def remembering():
    @task(retries=1, retry_delay=timedelta(0), outlets=[ORDERS])
    def submit(task_state_store=None, asset_state_store=None, ti=None):
        state = asset_state_store[ORDERS]
        job = task_state_store.get("job")
        if job is None:
            assert ti.try_number == 1
            task_state_store.set("job", {"id": 7}, retention=NEVER_EXPIRE)
            state.set("runs", state.get("runs", 0) + 1)
            raise ValueError("the connection is lost")
        assert ti.try_number == 2 and job == {"id": 7}
        return state.get("runs")

    @task(inlets=[ORDERS])
    def look(runs, task_state_store=None, asset_state_store=None):
        assert task_state_store.get("job", "nothing") == "nothing"
        assert asset_state_store.get("runs") == runs
        asset_state_store.delete("nothing")

    look(submit())

remembering()
"""


def run(home: Path, dag_id: str, source: str) -> None:
    """Write the file, trigger its DAG and see it succeed."""
    (home / "dags" / f"{dag_id}.py").write_text(source)
    wait_for_dag(home, dag_id)
    triggered = slipstream(home, "dags", "trigger", dag_id, "--run-id", "mine")
    assert triggered.returncode == 0, triggered.stderr
    state = end_of_run(home, dag_id)
    logs = "\n".join(path.read_text() for path in (home / "logs").rglob("*.log"))
    assert state == "success", logs


def test_every_kind_of_value_comes_back_in_another_process(tmp_path: Path) -> None:
    for name in ("numpy", "pandas", "polars", "pyarrow", "upath"):
        pytest.importorskip(name)
    home = tmp_path / "home"
    with running(home, "standalone"):
        run(home, "round_trips", ROUND_TRIPS)
    assert any(path.stat().st_size > 300_000 for path in (home / "xcom").rglob("*"))


def test_a_retry_starts_without_the_values_of_the_try_before(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, "standalone"):
        run(home, "retried", RETRIED)


def test_a_task_remembers_across_its_tries_and_an_asset_across_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, "standalone"):
        run(home, "remembering", REMEMBERING)
    with closing(sqlite3.connect(home / "slipstream.db")) as database:
        found = database.execute(
            "SELECT asset_uri, key, value, writer_kind, task_id FROM asset_state_store"
        ).fetchall()
        assert found == [("s3://b/orders", "runs", "1", "task", "submit")]
        assert database.execute("SELECT key, expires_at FROM task_state_store").fetchall() == [
            ("job", None)
        ]


def test_a_custom_class_runs_in_the_tasks_processes_and_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "slipstream.toml").write_text('[core]\nxcom_backend = "shelf.ShelfXCom"\n')
    (home / "dags" / "shelf.py").write_text(SHELF)
    with running(home, "standalone") as server:
        run(home, "retried", RETRIED)
        kept = {path.name.rpartition("-")[0]: path for path in (home / "shelf").iterdir()}
        # What the first try pushed was purged when the second one began.
        assert sorted(kept) == [
            "check-return_value",
            "double-return_value",
            "flaky-note",
            "flaky-return_value",
        ]
        writers = {int(path.name.rpartition("-")[2]) for path in (home / "shelf").iterdir()}
        assert server.process.pid not in writers
    assert json.loads(kept["flaky-note"].read_text()) == 2
