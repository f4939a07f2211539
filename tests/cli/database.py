"""What a home's database holds, asked directly: a command line costs a process a look."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import psycopg
from tests.cli.servers import eventually


def wait_for_dag(home: Path, dag_id: str) -> None:
    """Until the server has the DAG."""
    eventually(lambda: _asked(home, f"SELECT 1 FROM dag WHERE dag_id = '{dag_id}'"))


def end_of_run(home: Path, dag_id: str, run_id: str = "mine") -> str:
    """The state of the run, once it has ended."""
    wanted = f"dag_id = '{dag_id}' AND run_id = '{run_id}' AND state IN ('success', 'failed')"
    (state,) = eventually(lambda: _asked(home, f"SELECT state FROM dag_run WHERE {wanted}"))
    return str(state)


def _asked(home: Path, statement: str) -> tuple[object, ...] | None:
    """The first row."""
    url = _url(home)
    if url:
        with psycopg.connect(url) as connection:
            return connection.execute(statement.encode()).fetchone()
    with closing(sqlite3.connect(home / "slipstream.db", timeout=30)) as database:
        row: tuple[object, ...] | None = database.execute(statement).fetchone()
        return row


def _url(home: Path) -> str:
    """Of a PostgreSQL database, if the home's settings name one."""
    settings = home / "slipstream.toml"
    if not settings.exists():
        return ""
    database = tomllib.loads(settings.read_text()).get("database", {})
    return str(database.get("sql_alchemy_conn", ""))
