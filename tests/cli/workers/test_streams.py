"""The live stream of every worker tells what the scheduler has written, in a process of its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.database import end_of_run, wait_for_dag
from tests.cli.servers import environment, running
from tests.cli.workers.served import Line, Lines
from tests.postgres.server import PostgresServer

from slipstream.cli.main import main

pytestmark = pytest.mark.processes

STEPS = """
from slipstream.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def steps():
    @task
    def only():
        return 1

    only()

steps()
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a DAG; everybody is an administrator."""
    path = tmp_path / "home"
    (path / "dags").mkdir(parents=True)
    (path / "dags" / "steps.py").write_text(STEPS)
    settings = "[core]\nsimple_auth_manager_all_admins = true\n"
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        settings += f"[database]\nsql_alchemy_conn = '{server.new_database()}'\n"
    (path / "slipstream.toml").write_text(settings)
    for name, value in environment(path).items():
        monkeypatch.setenv(name, value)
    assert main(["db", "migrate"]) == 0
    return path


def told_of(
    stream: http.client.HTTPResponse, events: Sequence[str], dag_id: str | None = None
) -> bool:
    """Whether that comes; not where nothing at all has for a minute."""
    name, silences = "", 0
    while silences < 4:
        line = stream.readline().decode().strip()
        silences += line.startswith(":")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: ") and name in events:
            told = json.loads(line.removeprefix("data: "))
            if dag_id is None or dag_id in told["dag_ids"]:
                return True
    return False


def follow(line: Line) -> http.client.HTTPResponse:
    stream = line.stream("/ui/stream")
    assert b"retry" in stream.readline()
    return stream


def test_each_worker_tells_what_was_written_elsewhere(home: Path) -> None:
    with (
        running(home, "scheduler"),
        running(home, "dag-processor"),
        running(home, "api-server", "-w", "3") as server,
        Lines(server) as lines,
    ):
        wait_for_dag(home, "steps")
        streams = [follow(line) for line in lines.to_each()]
        assert len(streams) == 3
        asked = lines.another()
        started = asked.ask(
            "POST", "/api/v2/dags/steps/dagRuns", {"dag_run_id": "mine", "logical_date": None}
        )
        assert started[0] == 200, started
        for stream in streams:
            assert told_of(stream, ["dags"], "steps")
        assert end_of_run(home, "steps") == "success"
        (home / "dags" / "broken.py").write_text("import slipstream.dag_that_is_not_there\n")
        for stream in streams:
            # Who has not heard that processor before cannot know what it has missed.
            assert told_of(stream, ["files", "reset"])
        # It is told of the run's end by others, and does not look for itself.
        waited = asked.ask("GET", "/api/v2/dags/steps/dagRuns/mine/wait?interval=600")
        assert json.loads(waited[1].splitlines()[-1])["state"] == "success"
