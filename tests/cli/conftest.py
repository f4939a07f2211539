"""Running command lines on a temporary home, in this process, with the real store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipstream.cli.keys import fernet_keys
from slipstream.cli.main import main
from slipstream.config import load_config
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.json import JsonValue
from slipstream.model.schedule import Cron
from slipstream.model.version import ParsedFile
from slipstream.store import open_store
from slipstream.store.interface import Store


@dataclass(frozen=True, slots=True)
class Done:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> JsonValue:
        """What it printed, as JSON."""
        value: JsonValue = json.loads(self.out)
        return value


Slipstream = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that the command line finds through the environment."""
    path = tmp_path / "home"
    monkeypatch.setenv("SLIPSTREAM_HOME", str(path))
    for variable in ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "SLIPSTREAM_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    return path


@pytest.fixture
def slipstream(home: Path, capsys: pytest.CaptureFixture[str]) -> Slipstream:
    """Runs `slipstream WORDS…` and gives its exit code and what it printed."""

    def run(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The home's store, as a server that runs on it would have it open."""
    home.mkdir(mode=0o700, exist_ok=True)
    config = load_config(home=home, environ={})
    opened = open_store(
        config.text("database", "sql_alchemy_conn"),
        fernet_keys=fernet_keys(config),
        xcom_url=str(home / "xcom"),
    )
    opened.migrate()
    yield opened
    opened.close()


def tasks(*specs: TaskSpec) -> dict[str, TaskSpec]:
    """Tasks by id, their downstreams filled in from the upstreams."""
    return {
        spec.task_id: replace(
            spec,
            downstream=tuple(other.task_id for other in specs if spec.task_id in other.upstream),
        )
        for spec in specs
    }


SALES = DagSpec(
    dag_id="sales",
    description="What was sold",
    tags=("daily",),
    schedule=Cron(expression="0 6 * * *"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    params={"day": {"value": 1, "schema": {"type": "integer"}}},
    tasks=tasks(
        TaskSpec(task_id="load", owner="ada"),
        TaskSpec(task_id="clean", upstream=("load",), owner="ada"),
        TaskSpec(task_id="report", upstream=("clean",), owner="bob"),
    ),
    fileloc="/dags/sales.py",
    relative_fileloc="sales.py",
)


@pytest.fixture
def sales(store: Store) -> DagSpec:
    """A DAG of three tasks in a row, in the store."""
    parsed = ParsedFile(
        fileloc=SALES.fileloc,
        relative_fileloc=SALES.relative_fileloc,
        dags=(SALES,),
        sources={"sales.py": "…"},
        duration_seconds=0.25,
        parsed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    store.record_parsed([parsed])
    return SALES
