"""People in the loop, on a whole server: asked, answered in every way, across a restart."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.servers import RunningServer, environment, eventually, running, token

pytestmark = pytest.mark.processes

FILE = '''
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.hitl import (
    ApprovalOperator, HITLBranchOperator, HITLEntryOperator, HITLOperator,
)
from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk import DAG, BaseNotifier, BaseOperator, Param, task
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

HERE = Path(__file__).parent.parent

class Tell(BaseNotifier):
    def notify(self, context):
        link = HITLOperator.generate_link_to_ui_from_context(
            context=context, base_url="http://here:80", options=["Approve"],
        )
        (HERE / "told").write_text(link)

with DAG("release", schedule=None, is_paused_upon_creation=False):
    entry = HITLEntryOperator(
        task_id="entry", subject="Version of {{ run_id }}?",
        params={"version": Param(type="string")},
    )
    late = HITLOperator(
        task_id="late", subject="Which?", options=["a", "b"], defaults="b",
        response_timeout=timedelta(seconds=0.2),
    )
    unheard = HITLOperator(
        task_id="unheard", subject="Which?", options=["a", "b"],
        response_timeout=timedelta(seconds=0.2),
    )
    approve = ApprovalOperator(
        task_id="approve", subject="Release?", assigned_users={"id": "ada", "name": "Ada"},
        notifiers=[Tell()],
    )
    branch = HITLBranchOperator(
        task_id="branch", subject="Where?", options=["East", "west"],
        options_mapping={"East": "east"},
    )

    @task
    def east():
        pass

    @task
    def west():
        pass

    [entry, late] >> approve >> branch >> [east(), west()]

class Deferring(BaseOperator):
    """As operators for Airflow before 3.3 wait."""

    def execute(self, context):
        upsert_hitl_detail(ti_id=context["ti"].id, options=["Yes", "No"], subject="Old?")
        self.defer(
            trigger=HITLTrigger(
                ti_id=context["ti"].id, options=["Yes", "No"], params={}, timeout_datetime=None,
                poke_interval=3600,
            ),
            method_name="go_on",
        )

    def go_on(self, context, event):
        return event["chosen_options"]

with DAG("old", schedule=None, is_paused_upon_creation=False):
    Deferring(task_id="ask")

with DAG("ended", schedule=None, is_paused_upon_creation=False):
    HITLOperator(task_id="ask", subject="Which?", options=["a"])
'''


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "asking.py").write_text(FILE)
    return home


def slipstream(home: Path, *words: str, code: int = 0) -> str:
    """What a command line prints; of a failure, what it complains of."""
    done = subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(home),
    )
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


class Watched:
    """A server, and what is to be seen of its runs."""

    def __init__(self, server: RunningServer, home: Path, bearer: str = "") -> None:
        self.server, self.home = server, home
        self.bearer = bearer or token(server)

    def get(self, path: str) -> dict[str, object]:
        found = self.server.get(f"/api/v2{path}", Authorization=self.bearer)
        assert isinstance(found, dict)
        return found

    def states(self, dag_id: str) -> dict[str, str]:
        listed = self.get(f"/dags/{dag_id}/dagRuns/mine/taskInstances")["task_instances"]
        assert isinstance(listed, list)
        return {row["task_id"]: row["state"] for row in listed}

    def until(self, dag_id: str, **wanted: str) -> None:
        def look() -> bool:
            found = self.states(dag_id)
            return all(found.get(task_id) == state for task_id, state in wanted.items())

        eventually(look)

    def trigger(self, dag_id: str) -> None:
        eventually(lambda: self.get("/dags")["total_entries"] == 3)
        self.server.post(
            f"/api/v2/dags/{dag_id}/dagRuns",
            {"dag_run_id": "mine", "logical_date": None},
            Authorization=self.bearer,
        )

    def asked(self, dag_id: str, task_id: str) -> dict[str, object]:
        return self.get(f"/dags/{dag_id}/dagRuns/mine/taskInstances/{task_id}/-1/hitlDetails")


def test_a_release_is_approved_across_a_restart(home: Path) -> None:
    with running(home, "standalone") as server:
        seen = Watched(server, home)
        seen.trigger("release")
        seen.until("release", entry="awaiting_input", late="success", unheard="failed")
        asked = seen.asked("release", "entry")
        assert (asked["subject"], asked["response_received"]) == ("Version of mine?", False)
        assert seen.asked("release", "late")["chosen_options"] == ["b"]
        server.end(signal.SIGKILL)
    with running(home, "standalone") as server:
        seen = Watched(server, home, seen.bearer)
        assert seen.states("release")["entry"] == "awaiting_input"
        answer = ("approvals", "answer", "release", "mine")
        complaint = slipstream(home, *answer, "entry", "OK", code=1)
        assert "version: it has to be filled in" in complaint
        slipstream(home, *answer, "entry", "OK", "--param", "version=1.2")
        seen.until("release", entry="success", approve="awaiting_input")
        assert (home / "told").read_text() == (
            "http://here:80/dags/release/runs/mine/tasks/approve/required_actions"
            "?_options=%5B%27Approve%27%5D&map_index=-1"
        )
        assert "may not answer" in slipstream(
            home, *answer, "approve", "Approve", "--as", "bob", code=1
        )
        slipstream(home, *answer, "approve", "Approve", "--as", "ada")
        seen.until("release", approve="success", branch="awaiting_input")
        listed = json.loads(slipstream(home, "approvals", "list", "-o", "json"))
        assert [(row["task_id"], row["state"]) for row in listed] == [("branch", "awaiting_input")]
        slipstream(home, *answer, "branch", "East")
        seen.until("release", east="success", west="skipped")


def test_a_wait_ends_by_a_trigger_and_by_a_clear(home: Path) -> None:
    with running(home, "standalone") as server:
        seen = Watched(server, home)
        seen.trigger("old")
        seen.until("old", ask="deferred")
        # Its trigger looks once an hour, and is told of the answer.
        slipstream(home, "approvals", "answer", "old", "mine", "ask", "Yes")
        seen.until("old", ask="success")
        seen.trigger("ended")
        seen.until("ended", ask="awaiting_input")
        first = seen.asked("ended", "ask")["created_at"]
        slipstream(home, "tasks", "clear", "ended", "-t", "ask", "-y")
        seen.until("ended", ask="awaiting_input")

        def asks_again() -> bool:
            listed = seen.get("/dags/ended/dagRuns/mine/hitlDetails")["hitl_details"]
            assert isinstance(listed, list)
            return any(row["created_at"] > first for row in listed)

        eventually(asks_again)
        slipstream(home, "approvals", "answer", "ended", "mine", "ask", "a")
        seen.until("ended", ask="success")
