"""The part of Airflow's metadata databases that is read, made with plain SQL.

The columns are those of Airflow 2.10 and 3.3, on SQLite and PostgreSQL.
"""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

KEY = Fernet.generate_key().decode()

_COMMON = """
CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);
CREATE TABLE connection (id INTEGER PRIMARY KEY, conn_id VARCHAR(250) UNIQUE,
  conn_type VARCHAR(500),
  description TEXT, host VARCHAR(500), schema VARCHAR(500), login TEXT, password TEXT,
  port INTEGER, is_encrypted BOOLEAN, is_extra_encrypted BOOLEAN, extra TEXT);
CREATE TABLE variable (id INTEGER PRIMARY KEY, "key" VARCHAR(250) UNIQUE, val TEXT,
  description TEXT, is_encrypted BOOLEAN);
CREATE TABLE slot_pool (id INTEGER PRIMARY KEY, pool VARCHAR(256) UNIQUE, slots INTEGER,
  description TEXT, include_deferred BOOLEAN);
"""
_TWO = """
CREATE TABLE dag (dag_id VARCHAR(250) PRIMARY KEY, is_paused BOOLEAN, is_active BOOLEAN,
  fileloc VARCHAR(2000), description TEXT);
CREATE TABLE dag_code (fileloc_hash BIGINT PRIMARY KEY, fileloc VARCHAR(2000),
  last_updated TIMESTAMP, source_code TEXT);
CREATE TABLE serialized_dag (dag_id VARCHAR(250) PRIMARY KEY, data JSON, data_compressed BINARY,
  last_updated TIMESTAMP);
CREATE TABLE dag_run (id INTEGER PRIMARY KEY, dag_id VARCHAR(250), run_id VARCHAR(250),
  run_type VARCHAR(50), state VARCHAR(50), execution_date TIMESTAMP, queued_at TIMESTAMP,
  start_date TIMESTAMP, end_date TIMESTAMP, data_interval_start TIMESTAMP,
  data_interval_end TIMESTAMP, conf BINARY);
CREATE TABLE dag_run_note (dag_run_id INTEGER PRIMARY KEY, content VARCHAR(1000));
CREATE TABLE task_instance (task_id VARCHAR(250), dag_id VARCHAR(250), run_id VARCHAR(250),
  map_index INTEGER, state VARCHAR(20), try_number INTEGER, max_tries INTEGER, start_date TIMESTAMP,
  end_date TIMESTAMP, hostname VARCHAR(1000), pid INTEGER, queued_dttm TIMESTAMP,
  rendered_map_index VARCHAR(250), operator VARCHAR(1000),
  PRIMARY KEY (dag_id, task_id, run_id, map_index));
CREATE TABLE task_instance_note (task_id VARCHAR(250), dag_id VARCHAR(250), run_id VARCHAR(250),
  map_index INTEGER, content VARCHAR(1000));
CREATE TABLE task_instance_history (id INTEGER PRIMARY KEY, task_id VARCHAR(250),
  dag_id VARCHAR(250), run_id VARCHAR(250), map_index INTEGER, try_number INTEGER,
  state VARCHAR(20), max_tries INTEGER, start_date TIMESTAMP, end_date TIMESTAMP,
  hostname VARCHAR(1000), pid INTEGER, queued_dttm TIMESTAMP, rendered_map_index VARCHAR(250));
"""
_THREE = """
CREATE TABLE dag (dag_id VARCHAR(250) PRIMARY KEY, is_paused BOOLEAN, is_stale BOOLEAN,
  fileloc VARCHAR(2000), description TEXT);
CREATE TABLE dag_code (id VARCHAR(36) PRIMARY KEY, fileloc VARCHAR(2000), last_updated TIMESTAMP,
  source_code TEXT);
CREATE TABLE serialized_dag (id VARCHAR(36) PRIMARY KEY, dag_id VARCHAR(250), data JSON,
  data_compressed BINARY, last_updated TIMESTAMP);
CREATE TABLE dag_run (id INTEGER PRIMARY KEY, dag_id VARCHAR(250), run_id VARCHAR(250),
  run_type VARCHAR(50), state VARCHAR(50), logical_date TIMESTAMP, queued_at TIMESTAMP,
  start_date TIMESTAMP, end_date TIMESTAMP, data_interval_start TIMESTAMP,
  data_interval_end TIMESTAMP, run_after TIMESTAMP, triggered_by VARCHAR(50),
  triggering_user_name VARCHAR(512), conf JSON);
CREATE TABLE dag_run_note (dag_run_id INTEGER PRIMARY KEY, content VARCHAR(1000));
CREATE TABLE task_instance (id VARCHAR(36) PRIMARY KEY, task_id VARCHAR(250), dag_id VARCHAR(250),
  run_id VARCHAR(250), map_index INTEGER, state VARCHAR(20), try_number INTEGER, max_tries INTEGER,
  start_date TIMESTAMP, end_date TIMESTAMP, hostname VARCHAR(1000), pid INTEGER,
  scheduled_dttm TIMESTAMP, queued_dttm TIMESTAMP, rendered_map_index VARCHAR(250),
  operator VARCHAR(1000));
CREATE TABLE task_instance_note (ti_id VARCHAR(36) PRIMARY KEY, content VARCHAR(1000));
CREATE TABLE task_instance_history (task_instance_id VARCHAR(36) PRIMARY KEY,
  task_id VARCHAR(250), dag_id VARCHAR(250), run_id VARCHAR(250), map_index INTEGER,
  try_number INTEGER, state VARCHAR(20), max_tries INTEGER, start_date TIMESTAMP,
  end_date TIMESTAMP, hostname VARCHAR(1000), pid INTEGER, scheduled_dttm TIMESTAMP,
  queued_dttm TIMESTAMP, rendered_map_index VARCHAR(250));
"""


@dataclass(slots=True)
class AirflowDatabase:
    """A database as a release of Airflow would have left it."""

    url: str
    generation: int
    runs: int = 0

    def create(self) -> None:
        """The tables, and the entries that every deployment has."""
        script = _COMMON + (_TWO if self.generation == 2 else _THREE)
        if self.url.startswith("postgresql"):
            script = script.replace("TIMESTAMP", "TIMESTAMPTZ").replace("BINARY", "BYTEA")
        for statement in script.split(";\n"):
            if statement.strip():
                self.execute(statement)
        self.execute("INSERT INTO alembic_version VALUES ('5f2621c13b39')")
        self.insert("slot_pool", pool="default_pool", slots=128, include_deferred=False)

    def execute(self, statement: str, values: Sequence[dict[str, Any]] = ()) -> None:
        engine = create_engine(
            self.url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool
        )
        with engine.begin() as connection:
            connection.execute(text(statement), values or None)

    def insert(self, table: str, **values: Any) -> None:
        self.insert_many(table, [values])

    def insert_many(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        names = rows[0]
        numbered = "id" not in names and table in ("connection", "variable", "slot_pool")
        if numbered:
            rows = [{**row, "id": abs(hash(str(row))) % 2**31} for row in rows]
            names = rows[0]
        self.execute(
            f"INSERT INTO {table} ({', '.join(names)}) "
            f"VALUES ({', '.join(':' + name for name in names)})",
            rows,
        )

    def add_dag(self, dag_id: str, *, paused: bool, edges: dict[str, list[str]]) -> None:
        fileloc = f"/airflow/dags/{dag_id}.py"
        state = {"is_active": True} if self.generation == 2 else {"is_stale": False}
        self.insert("dag", dag_id=dag_id, is_paused=paused, fileloc=fileloc, **state)
        tasks = [
            {"task_id": name, "task_type": "BashOperator", "downstream_task_ids": below}
            for name, below in edges.items()
        ]
        data = json.dumps(
            {"dag": {"tasks": [{"__var": one, "__type": "operator"} for one in tasks]}}
        )
        packed = self.generation == 3
        self.insert(
            "serialized_dag",
            dag_id=dag_id,
            data=None if packed else data,
            data_compressed=zlib.compress(data.encode()) if packed else None,
            last_updated="2026-01-01 00:00:00+00:00",
            **({"id": dag_id} if packed else {}),
        )
        self.insert(
            "dag_code",
            fileloc=fileloc,
            source_code=f"# the file of {dag_id}",
            last_updated="2026-01-01 00:00:00+00:00",
            **({"id": dag_id} if packed else {"fileloc_hash": abs(hash(dag_id)) % 2**31}),
        )

    def add_run(
        self, dag_id: str, day: str, *, state: str = "success", conf: Any = None, **more: Any
    ) -> str:
        self.runs += 1
        run_id = more.pop("run_id", f"scheduled__{day}T00:00:00+00:00")
        values: dict[str, Any] = {
            "id": self.runs,
            "dag_id": dag_id,
            "run_id": run_id,
            "run_type": "scheduled",
            "state": state,
            "start_date": f"{day} 00:00:01.5+00:00",
            "end_date": f"{day} 00:01:00+00:00" if state in ("success", "failed") else None,
            "data_interval_start": f"{day} 00:00:00+00:00",
            "data_interval_end": f"{day} 00:00:00+00:00",
        }
        if self.generation == 2:
            values |= {"execution_date": f"{day} 00:00:00+00:00", "conf": pickle.dumps(conf or {})}
        else:
            values |= {
                "logical_date": f"{day} 00:00:00+00:00",
                "run_after": f"{day} 00:00:00+00:00",
                "triggered_by": "TIMETABLE",
                "conf": json.dumps(conf or {}),
            }
        self.insert("dag_run", **values | more)
        return run_id

    def add_instance(self, dag_id: str, run_id: str, task_id: str, **more: Any) -> None:
        values: dict[str, Any] = {
            "dag_id": dag_id,
            "run_id": run_id,
            "task_id": task_id,
            "map_index": -1,
            "state": "success",
            "try_number": 1,
            "max_tries": 0,
            "start_date": "2026-01-01 00:00:02+00:00",
            "end_date": "2026-01-01 00:00:03+00:00",
            "hostname": "worker-1",
            "operator": "BashOperator",
        }
        if self.generation == 3:
            values["id"] = f"{run_id[-30:-15]}/{task_id}/{more.get('map_index', -1)}"
        self.insert("task_instance", **values | more)


def sealed(value: str, key: str = KEY) -> str:
    return Fernet(key).encrypt(value.encode()).decode()
