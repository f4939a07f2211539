"""The command line and whole servers on a real PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.cli.conftest import Slipstream
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import environment, eventually, processes_of, running
from tests.postgres.server import PostgresServer

from slipstream.store import generate_key

pytestmark = pytest.mark.postgres

STEPS = """
import os, pathlib, time
from slipstream.sdk import Connection, Variable, dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def steps():
    @task
    def first():
        Variable.set("seen", "first")
        return [1, 2, 3]

    @task(pool="small")
    def waits(number):
        flag = pathlib.Path(Variable.get("flag"))
        with open(flag.with_name("tries"), "a") as tries:
            tries.write(f"{number} ")
        while not flag.exists():
            time.sleep(0.01)
        return number * 10

    @task
    def last(numbers):
        print("sum is", sum(numbers), Connection.get("db").password)
        return sum(numbers)

    last(waits.expand(number=first()))

steps()
"""


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.new_database()


@pytest.fixture
def configured(home: Path, url: str) -> Path:
    """A home whose settings name the database."""
    write_settings(home, url)
    return home


def write_settings(home: Path, url: str, **more: str) -> None:
    home.mkdir(exist_ok=True, parents=True)
    settings = {"sql_alchemy_conn": url, **more}
    lines = [f"{key} = '{value}'" for key, value in settings.items()]
    (home / "slipstream.toml").write_text("\n".join(["[database]", *lines, ""]))


@pytest.mark.usefixtures("configured")
def test_a_database_is_made_checked_and_emptied(slipstream: Slipstream) -> None:
    assert slipstream("db", "check").code == 0
    for words in (("db", "check-migrations"), ("variables", "list"), ("dags", "list")):
        refused = slipstream(*words)
        assert refused.code == 1
        assert "run `slipstream db migrate`" in refused.err
    for _ in range(2):
        assert slipstream("db", "migrate").code == 0
    assert slipstream("db", "check-migrations").code == 0

    slipstream("variables", "set", "colour", "green")
    cleaned = slipstream("db", "clean", "--clean-before-timestamp", "2020-01-01", "--yes")
    assert cleaned.code == 0, cleaned.err
    assert slipstream("variables", "get", "colour").out == "green\n"

    assert slipstream("db", "reset", "--yes").code == 0
    assert slipstream("variables", "get", "colour").code == 1
    assert slipstream("pools", "list", "--output", "json").json != []


@pytest.mark.usefixtures("configured")
def test_settings_are_kept_listed_and_removed(slipstream: Slipstream, tmp_path: Path) -> None:
    slipstream("db", "migrate")
    assert slipstream("variables", "set", "colour", "green").code == 0
    assert slipstream("variables", "set", "size", '{"cm": 5}').code == 0
    file = tmp_path / "variables.json"
    assert slipstream("variables", "export", str(file)).code == 0
    assert slipstream("variables", "delete", "colour").code == 0
    assert slipstream("variables", "import", str(file)).code == 0
    assert slipstream("variables", "get", "colour").out == "green\n"

    added = slipstream("connections", "add", "db", "--conn-uri", "postgres://me:hushhush@h:1/d")
    assert added.code == 0
    assert "hushhush" not in added.out
    assert "hushhush" not in slipstream("connections", "list", "--output", "json").out
    assert slipstream("connections", "delete", "db").code == 0
    assert slipstream("connections", "get", "db").code == 1

    assert slipstream("pools", "set", "small", "2", "few").code == 0
    pools = slipstream("pools", "list", "--output", "json").json
    assert [pool["pool"] for pool in pools] == ["default_pool", "small"]  # type: ignore[union-attr,index,call-overload]  # JSON of a list
    assert slipstream("pools", "delete", "small").code == 0

    assert slipstream("rotate-fernet-key").code == 0
    assert slipstream("variables", "get", "size").out == '{"cm": 5}\n'


@pytest.mark.parametrize(
    "scheme",
    ["postgres", "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg"],
)
def test_airflows_urls_are_understood(
    slipstream: Slipstream, home: Path, url: str, scheme: str
) -> None:
    write_settings(home, url.replace("postgresql", scheme, 1))
    assert slipstream("db", "migrate").code == 0
    assert slipstream("variables", "set", "colour", "green").code == 0


def test_the_tables_can_be_in_a_schema_of_their_own(
    slipstream: Slipstream, home: Path, url: str
) -> None:
    write_settings(home, url, sql_alchemy_schema="our own")
    missing = slipstream("db", "migrate")
    assert missing.code == 1
    assert "sql_alchemy_schema" in missing.err
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "our own"')
        assert slipstream("db", "migrate").code == 0
        assert slipstream("variables", "set", "colour", "green").code == 0
        found = connection.execute(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'variable'"
        )
        assert found.fetchall() == [("our own",)]


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://me:hushhush@127.0.0.1:1/nothing",
        "postgresql://me:hushhush@host:port/nothing",
        "postgresql//me:hushhush@host/nothing",
        "mysql://me:hushhush@host/nothing",
    ],
)
def test_a_wrong_url_is_an_error_without_its_password(
    slipstream: Slipstream, home: Path, wrong: str
) -> None:
    write_settings(home, wrong)
    for words in (("db", "check"), ("variables", "list"), ("info",), ("config", "list")):
        done = slipstream(*words)
        assert "hushhush" not in done.out + done.err
        assert "Traceback" not in done.err
    assert slipstream("db", "check").code == 1


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(home),
    )


def ok(home: Path, *words: str) -> str:
    """What a command line that must go well printed."""
    done = run(home, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.processes
def test_a_killed_server_takes_its_runs_up_again(configured: Path, tmp_path: Path) -> None:
    home, flag = configured, tmp_path / "flag"
    tries = tmp_path / "tries"
    (home / "dags").mkdir()
    (home / "dags" / "steps.py").write_text(STEPS)
    with running(home, "standalone") as server:
        prepare(home, flag)
        ok(home, "dags", "trigger", "steps", "--run-id", "mine")
        eventually(lambda: tries.exists() and len(tries.read_text().split()) == 2)
        server.end(signal.SIGKILL)
    eventually(lambda: not processes_of(home))

    with running(home, "standalone") as server:
        eventually(lambda: len(tries.read_text().split()) == 4)
        flag.touch()
        assert end_of_run(home, "steps") == "success"
        states = ok(home, "tasks", "states-for-dag-run", "steps", "mine", "-o", "plain")
        assert states.count("success") == 5
        assert sorted(tries.read_text().split()) == ["1", "1", "2", "2", "3"]
        log = next((home / "logs").rglob("*task_id=last*/*.log")).read_text()
        assert "sum is 60" in log
        assert "hushhush" not in log

        ok(home, "tasks", "clear", "steps", "-t", "last", "-y")
        assert end_of_run(home, "steps") == "success"
        eventually(lambda: len(list((home / "logs").rglob("*task_id=last*/*.log"))) == 2)
        ok(home, "dags", "pause", "steps")
        ok(home, "jobs", "check", "--job-type", "SchedulerJob")
        assert server.end() == 0
    assert processes_of(home) == []


def homes_on(url: str, folder: Path, key: str, *, lease_seconds: float = 20) -> tuple[Path, Path]:
    """Two homes that share a database, a key and the folder of the DAG file `steps`."""
    homes = folder / "one", folder / "two"
    for home in homes:
        write_settings(home, url)
        with (home / "slipstream.toml").open("a") as settings:
            settings.write(f"[core]\nfernet_key = '{key}'\ndags_folder = '{folder / 'dags'}'\n")
            settings.write(f"[slipstream]\nlease_seconds = {lease_seconds}\n")
    (folder / "dags").mkdir()
    (folder / "dags" / "steps.py").write_text(STEPS)
    return homes


def prepare(home: Path, flag: Path) -> None:
    """What the tasks of `steps` need; returns when the server knows the DAG."""
    ok(home, "variables", "set", "flag", str(flag))
    ok(home, "connections", "add", "db", "--conn-uri", "postgres://me:hushhush@h/d")
    ok(home, "pools", "set", "small", "2", "few")
    wait_for_dag(home, "steps")


@pytest.mark.processes
def test_a_second_server_waits_and_takes_over(url: str, tmp_path: Path) -> None:
    flag, tries = tmp_path / "flag", tmp_path / "tries"
    one, two = homes_on(url, tmp_path, generate_key())
    with running(one, "standalone") as first, running(two, "standalone") as second:
        waits = two / "standalone.stderr"
        assert f"process {first.process.pid}" in waits.read_text()
        prepare(one, flag)
        ok(two, "dags", "trigger", "steps", "--run-id", "mine")
        eventually(lambda: tries.exists() and len(tries.read_text().split()) == 2)
        assert not list((two / "logs").rglob("*.log"))

        first.end(signal.SIGKILL)
        eventually(lambda: not processes_of(one))
        eventually(lambda: len(tries.read_text().split()) == 4)
        flag.touch()
        assert end_of_run(two, "steps") == "success"
        assert sorted(tries.read_text().split()) == ["1", "1", "2", "2", "3"]
        assert "in charge now, in term 2" in waits.read_text()

        with running(one, "standalone") as third:
            assert f"process {second.process.pid}" in (one / "standalone.stderr").read_text()
            assert second.end() == 0
            ok(one, "dags", "trigger", "steps", "--run-id", "other")
            assert end_of_run(one, "steps", "other") == "success"
            assert third.end() == 0
    assert processes_of(one) == processes_of(two) == []


@pytest.mark.processes
def test_a_server_that_loses_its_place_ends_with_all_of_its_tasks(url: str, tmp_path: Path) -> None:
    flag, tries = tmp_path / "flag", tmp_path / "tries"
    one, two = homes_on(url, tmp_path, generate_key(), lease_seconds=1)
    with running(one, "standalone") as first, running(two, "standalone") as second:
        prepare(one, flag)
        ok(one, "dags", "trigger", "steps", "--run-id", "mine")
        eventually(lambda: tries.exists() and len(tries.read_text().split()) == 2)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND granted"
            )
        assert first.process.wait(60) == 1
        assert "ends at once, with all of its tasks" in (one / "standalone.stderr").read_text()
        eventually(lambda: not processes_of(one))
        eventually(lambda: len(tries.read_text().split()) == 4)
        flag.touch()
        assert end_of_run(two, "steps") == "success"
        assert second.end() == 0
