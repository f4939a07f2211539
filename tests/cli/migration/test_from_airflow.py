"""`slipstream migrate from-airflow`, on databases with the tables of Airflow 2.10 and 3.3."""

from __future__ import annotations

import csv
import hashlib
import os
import pickle
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.cli.conftest import Done, Slipstream
from tests.cli.migration.airflow_database import KEY, AirflowDatabase, sealed
from tests.postgres.server import PostgresServer

from slipstream.cli.deployment import Deployment
from slipstream.config import load_config
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store.airflow import SourceError, open_source
from slipstream.store.airflow.values import conf_of
from slipstream.store.records import Window

SOURCES = [
    pytest.param(("sqlite", 2)),
    pytest.param(("sqlite", 3)),
    pytest.param(("postgres", 2), marks=pytest.mark.postgres),
    pytest.param(("postgres", 3), marks=pytest.mark.postgres),
]


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AIRFLOW__"):
            monkeypatch.delenv(name)


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> AirflowDatabase:
    kind, generation = request.param
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/airflow.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.new_database()
    database = AirflowDatabase(url, generation)
    database.create()
    fill(database)
    return database


def fill(database: AirflowDatabase) -> None:
    database.insert(
        "connection",
        conn_id="warehouse",
        conn_type="postgres",
        host="db",
        schema="sales",
        login="u",
        password=sealed("s3cret"),
        port=5432,
        is_encrypted=True,
        is_extra_encrypted=True,
        extra=sealed('{"sslmode": "require"}'),
    )
    database.insert(
        "variable", key="token", val=sealed("abc"), description="of the API", is_encrypted=True
    )
    database.insert("variable", key="plain", val="1", is_encrypted=False)
    database.insert("slot_pool", pool="small", slots=3, description="few", include_deferred=True)
    database.add_dag("etl", paused=False, edges={"extract": ["load"], "load": []})
    database.add_dag("idle", paused=True, edges={"only": []})
    first = database.add_run("etl", "2026-01-01", conf={"who": "me", "n": [1, 2]})
    database.add_instance("etl", first, "extract", try_number=2, max_tries=2)
    for index in range(3):
        database.add_instance("etl", first, "load", map_index=index)
    # A task that the file does not have any more.
    database.add_instance("etl", first, "retired", state="skipped", try_number=0)
    history = {
        "task_id": "extract",
        "dag_id": "etl",
        "run_id": first,
        "map_index": -1,
        "try_number": 1,
        "state": "failed",
        "max_tries": 2,
        "start_date": "2026-01-01 00:00:01+00:00",
    }
    number = {"task_instance_id": "t1"} if database.generation == 3 else {"id": 1}
    database.insert("task_instance_history", **history, **number)
    database.insert("dag_run_note", dag_run_id=1, content="a note")
    second = database.add_run("etl", "2026-01-02", state="failed")
    database.add_instance("etl", second, "extract", state="failed")
    database.add_instance("etl", second, "load", state="scheduled", try_number=0)
    database.add_run("etl", "2026-01-03", state="running")


def move(slipstream: Slipstream, database: AirflowDatabase, tmp_path: Path, *words: str) -> Done:
    keys = tmp_path / "keys"
    keys.write_text(f"{Fernet.generate_key().decode()}\n{KEY}\n")
    return slipstream(
        "migrate",
        "from-airflow",
        "--database-url",
        database.url,
        "--fernet-key-file",
        str(keys),
        "-o",
        "json",
        *words,
    )


def counts(done: Done) -> dict[str, tuple[int, int, int, int]]:
    assert isinstance(done.json, list)
    return {
        row["part"]: (row["brought"], row["same"], row["kept"], row["left_out"])  # type: ignore[call-overload,index]
        for row in done.json
    }


@pytest.mark.parametrize(("generation", "release"), [(2, "2.10.5"), (3, "3.3.2")])
def test_the_tables_of_these_tests_have_no_column_that_airflow_has_not(
    generation: int, release: str, tmp_path: Path
) -> None:
    """The columns beside this file were read off databases that these releases had made."""
    database = AirflowDatabase(f"sqlite:///{tmp_path}/airflow.db", generation)
    database.create()
    with Path(__file__).with_name("columns_of_airflow.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["release"] == release]
    tables = {row["table"]: set(row["columns"].split()) for row in rows}
    with sqlite3.connect(tmp_path / "airflow.db") as connection:
        made = {
            name: {column[1] for column in connection.execute(f"PRAGMA table_info({name})")}
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert made.keys() == tables.keys()
    assert {name: columns - tables[name] for name, columns in made.items()} == {
        name: set() for name in made
    }


def test_everything_is_brought_over(
    slipstream: Slipstream, home: Path, source: AirflowDatabase, tmp_path: Path
) -> None:
    done = move(slipstream, source, tmp_path)
    assert done.code == 0, done.err
    assert counts(done) == {
        "connections": (1, 0, 0, 0),
        "variables": (2, 0, 0, 0),
        "pools": (1, 1, 0, 0),
        "paused": (2, 0, 0, 0),
        "history": (2, 0, 0, 1),
    }
    assert "1 runs have not ended" in done.err
    with Deployment(load_config(home=home)) as deployment:
        store = deployment.store
        connection = store.get_connection("warehouse")
        assert connection is not None
        assert (connection.password, connection.extra) == ("s3cret", '{"sslmode": "require"}')
        variable = store.get_variable("token")
        assert variable is not None
        assert (variable.value, variable.description) == ("abc", "of the API")
        pool = store.get_pool("small")
        assert pool is not None
        assert (pool.slots, pool.include_deferred) == (3, True)
        assert not store.get_dag("etl").is_paused
        assert store.get_dag("idle").is_paused
        run = store.get_run("etl", "scheduled__2026-01-01T00:00:00+00:00")
        assert (run.state, run.run_type, run.triggered_by) == (
            RunState.SUCCESS,
            RunType.SCHEDULED,
            TriggeredBy.TIMETABLE,
        )
        assert run.conf == {"who": "me", "n": [1, 2]}
        assert run.note == "a note"
        assert run.start_date == datetime(2026, 1, 1, 0, 0, 1, 500000, UTC)
        extract = store.get_instance("etl", run.run_id, TaskKey("extract")).instance
        assert (extract.state, extract.try_number, extract.hostname) == (
            TaskState.SUCCESS,
            2,
            "worker-1",
        )
        former, latest = store.list_attempts("etl", run.run_id, TaskKey("extract"), Window()).items
        assert (former.try_number, former.state) == (1, TaskState.FAILED)
        assert (latest.try_number, latest.state) == (2, TaskState.SUCCESS)
        for index in range(3):
            store.get_instance("etl", run.run_id, TaskKey("load", index))
        store.get_instance("etl", run.run_id, TaskKey("retired"))
        second = store.get_run("etl", "scheduled__2026-01-02T00:00:00+00:00")
        left = store.get_instance("etl", second.run_id, TaskKey("load")).instance
        assert left.state is TaskState.NONE
        assert "it was scheduled when its run had ended" in left.reason
        version = store.get_version(run.version_id)
        assert version.spec.tasks["load"].upstream == ("extract",)
        assert list(version.spec.tasks) == ["extract", "retired", "load"] or set(
            version.spec.tasks
        ) == {"extract", "load", "retired"}
        assert store.get_sources(version.source_hash) == {
            "/airflow/dags/etl.py": "# the file of etl"
        }


def test_again_it_brings_what_is_new(
    slipstream: Slipstream, home: Path, source: AirflowDatabase, tmp_path: Path
) -> None:
    move(slipstream, source, tmp_path)
    slipstream("dags", "pause", "etl")
    third = source.add_run("etl", "2026-01-04")
    source.add_instance("etl", third, "brand_new")
    done = move(slipstream, source, tmp_path)
    assert counts(done) == {
        "connections": (0, 1, 0, 0),
        "variables": (0, 2, 0, 0),
        "pools": (0, 2, 0, 0),
        "paused": (0, 0, 2, 0),
        "history": (1, 2, 0, 1),
    }
    with Deployment(load_config(home=home)) as deployment:
        assert deployment.store.get_dag("etl").is_paused
        run = deployment.store.get_run("etl", third)
        assert "brand_new" in deployment.store.get_version(run.version_id).spec.tasks


@pytest.fixture
def small(tmp_path: Path) -> AirflowDatabase:
    database = AirflowDatabase(f"sqlite:///{tmp_path}/airflow.db", 3)
    database.create()
    return database


def test_the_source_is_not_changed(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    file = tmp_path / "airflow.db"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.chmod(0o444)
    assert move(slipstream, small, tmp_path).code == 0
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    reading = open_source(small.url, ())
    with reading._database.reading() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM variable")
    reading.close()


def test_a_dry_run_brings_nothing(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    done = move(slipstream, small, tmp_path, "--dry-run")
    assert counts(done)["history"] == (2, 0, 0, 1)
    assert "this was a dry run" in done.err
    assert slipstream("variables", "get", "token").code == 1
    assert slipstream("dags", "list", "-o", "json").json == []


def test_what_is_here_already_is_kept_unless_told_otherwise(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    slipstream("variables", "set", "plain", "mine")
    slipstream("pools", "set", "small", "9", "mine")
    done = move(slipstream, small, tmp_path, "--only", "variables,pools")
    assert counts(done) == {"variables": (1, 0, 1, 0), "pools": (0, 1, 1, 0)}
    assert "variable plain: is here already and differs" in done.err
    assert slipstream("variables", "get", "plain").out.strip() == "mine"
    move(slipstream, small, tmp_path, "--only", "variables", "--overwrite")
    assert slipstream("variables", "get", "plain").out.strip() == "1"


def test_a_secret_that_no_key_opens_is_named_and_the_rest_comes(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    other = Fernet.generate_key().decode()
    small.insert("variable", key="closed", val=sealed("x", other), is_encrypted=True)
    done = move(slipstream, small, tmp_path, "--only", "variables,connections")
    assert done.code == 1
    assert counts(done)["variables"] == (2, 0, 0, 1)
    assert "variable closed: none of the Fernet keys opens it" in done.err
    assert done.err.count("Name the Fernet keys that sealed these variables") == 1
    assert "sealed these connections" not in done.err
    without = slipstream("migrate", "from-airflow", "--database-url", small.url, "-o", "json")
    assert "connection warehouse: it is encrypted, and no Fernet key was given" in without.err


def test_runs_before_a_day_are_left_out(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    done = move(slipstream, small, tmp_path, "--only", "history", "--since", "2026-01-02")
    assert counts(done)["history"][0] == 1
    assert move(slipstream, small, tmp_path, "--since", "soon").code == 1


def test_a_run_of_a_date_that_is_taken_here_is_left_out(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    small.add_dag("etl", paused=False, edges={"a": []})
    small.add_run("etl", "2026-01-01", run_id="one")
    move(slipstream, small, tmp_path)
    small.execute("UPDATE dag_run SET run_id = 'renamed'")
    done = move(slipstream, small, tmp_path, "--only", "history")
    assert counts(done)["history"] == (0, 0, 0, 1)
    assert "runs of the same logical date" in done.err


def test_the_home_of_airflow_names_its_database_and_its_key(
    slipstream: Slipstream, small: AirflowDatabase, tmp_path: Path
) -> None:
    fill(small)
    (tmp_path / "airflow.cfg").write_text(
        f"[core]\nfernet_key = {KEY}\n[database]\nsql_alchemy_conn = {small.url}\n"
    )
    done = slipstream("migrate", "from-airflow", "--airflow-home", str(tmp_path), "-o", "json")
    assert done.code == 0, done.err
    assert counts(done)["connections"] == (1, 0, 0, 0)


def test_airflows_environment_names_its_database(
    slipstream: Slipstream, home: Path, small: AirflowDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(small)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", small.url)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", KEY)
    words = slipstream("migrate", "from-airflow").err
    assert "is this deployment's own" in words
    monkeypatch.setenv("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{home}/ours.db")
    done = slipstream("migrate", "from-airflow", "--only", "variables", "-o", "json")
    assert counts(done)["variables"] == (2, 0, 0, 0)


def test_what_is_no_airflow_database_is_refused_with_words(
    slipstream: Slipstream, tmp_path: Path
) -> None:
    def said(url: str) -> str:
        done = slipstream("migrate", "from-airflow", "--database-url", url)
        assert done.code == 1
        return done.err

    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE a (b)").connection.close()
    assert "has no Airflow tables that this user may see" in said(f"sqlite:///{tmp_path}/empty.db")
    assert "There is no file" in said(f"sqlite:///{tmp_path}/none.db")
    assert "MySQL" in said("mysql://u:hush@h/db")
    assert "cannot be read" in said("nonsense")
    assert "hush" not in said("mysql://u:hush@h/db")
    done = slipstream("migrate", "from-airflow", "--airflow-home", str(tmp_path / "nowhere"))
    assert done.code == 2
    assert "--database-url" in done.err


def test_a_database_older_than_2_2_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("CREATE TABLE task_instance (task_id, dag_id, execution_date)")
    with pytest.raises(SourceError, match=r"older than Airflow 2\.2"):
        open_source(f"sqlite:///{tmp_path}/old.db", ())


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return print, ("this must not run",)


def test_a_pickled_conf_is_never_carried_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert conf_of(pickle.dumps({"a": Harmful()})) == ({}, False)
    assert capsys.readouterr().out == ""
    assert conf_of(pickle.dumps({"a": (1, None)})) == ({"a": [1, None]}, True)
    assert conf_of(b"no pickle") == ({}, False)
    assert conf_of(None) == ({}, True)


def test_what_belongs_to_a_team_is_its_team_here(
    slipstream: Slipstream, tmp_path: Path, home: Path
) -> None:
    source = AirflowDatabase(f"sqlite:///{tmp_path}/airflow.db", 3)
    source.create()
    for table in ("connection", "variable", "slot_pool"):
        source.execute(f"ALTER TABLE {table} ADD COLUMN team_name VARCHAR(50)")
    source.insert("connection", conn_id="c", conn_type="http", team_name="alpha")
    source.insert("variable", key="k", val="v", team_name="beta")
    source.insert("slot_pool", pool="p", slots=1, include_deferred=False, team_name="alpha")
    done = move(slipstream, source, tmp_path)
    assert done.code == 0, done.err
    again = counts(move(slipstream, source, tmp_path))
    assert (again["connections"], again["variables"]) == ((0, 1, 0, 0), (0, 1, 0, 0))
    with Deployment(load_config(home=home)) as deployment:
        store = deployment.store
        found = store.get_connection("c"), store.get_variable("k"), store.get_pool("p")
        assert [one and one.team_name for one in found] == ["alpha", "beta", "alpha"]
        assert store.list_teams() == ["alpha", "beta"]
