"""`slipstream tasks`, on runs that are in the store."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Slipstream

from slipstream.model.changes import InstancesAdded, RunChanged
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite

pytestmark = pytest.mark.usefixtures("sales")

STATES = {
    "load": TaskState.SUCCESS,
    "clean": TaskState.FAILED,
    "report": TaskState.UPSTREAM_FAILED,
}


@pytest.fixture
def run_id(slipstream: Slipstream, store: Store) -> str:
    """A run whose second task failed."""
    from dataclasses import replace

    slipstream("dags", "trigger", "sales", "--run-id", "mine", "--logical-date", "2026-01-02")
    run = store.get_run("sales", "mine")
    instances = tuple(
        TaskInstance(run_pk=run.pk, task_id=task_id, state=state, reason=f"because of {task_id}")
        for task_id, state in STATES.items()
    )
    ended = RunChanged(replace(run, state=RunState.FAILED))
    assert not store.apply([RunWrite(run.pk, run.revision, (InstancesAdded(instances), ended))])
    return "mine"


def states(store: Store, run_id: str) -> dict[str, TaskState]:
    snapshot = store.load_run(store.get_run("sales", run_id).pk)
    return {instance.task_id: instance.state for instance in snapshot.instances}


def test_tasks_are_listed_upstreams_first(slipstream: Slipstream) -> None:
    assert slipstream("tasks", "list", "sales").out.split() == ["load", "clean", "report"]
    assert slipstream("tasks", "list", "nonsense").code == 1


@pytest.mark.parametrize(
    "words",
    [
        "list sales",
        "state sales clean mine",
        "failed-deps sales clean mine",
        "clear sales --yes",
        "clear sal --dag-regex --yes",
    ],
)
def test_dags_of_other_bundles_are_left_alone(
    slipstream: Slipstream, store: Store, run_id: str, words: str
) -> None:
    mine = slipstream("tasks", *words.split(), "-B", "other", "-B", "dags-folder")
    assert mine.code == 0
    after = states(store, run_id)
    done = slipstream("tasks", *words.split(), "-B", "other")
    if "--dag-regex" in words:
        assert "nothing to clear" in done.out
    else:
        assert done.code == 1
        assert "is not of the bundle other: its bundle is dags-folder" in done.err
    assert states(store, run_id) == after


def test_the_state_of_an_instance_is_printed(slipstream: Slipstream, run_id: str) -> None:
    for name in (run_id, "2026-01-02"):
        assert slipstream("tasks", "state", "sales", "clean", name).out == "failed\n"
    assert slipstream("tasks", "state", "sales", "nonsense", run_id).code == 1
    assert slipstream("tasks", "state", "sales", "clean", run_id, "--map-index", "3").code == 1


def test_the_states_of_a_run_are_listed(slipstream: Slipstream, run_id: str) -> None:
    rows = slipstream("tasks", "states-for-dag-run", "sales", run_id, "-o", "json").json
    assert {row["task_id"]: row["state"] for row in rows} == {
        task_id: state.value for task_id, state in STATES.items()
    }


def test_the_reason_of_a_state_is_told(slipstream: Slipstream, run_id: str) -> None:
    done = slipstream("tasks", "failed-deps", "sales", "report", run_id)
    assert done.out == "report is upstream_failed: because of report\n"


@pytest.mark.parametrize(
    ("words", "cleared"),
    [
        (["--task-regex", "clean"], {"clean"}),
        (["--task-regex", "clean", "--downstream"], {"clean", "report"}),
        (["--task-regex", "clean", "--upstream"], {"clean", "load"}),
        (["--only-failed"], {"clean", "report"}),
        (["--only-running"], set()),
        (["--start-date", "2026-01-03"], set()),
        (["--end-date", "2026-01-02"], {"load", "clean", "report"}),
        ([], {"load", "clean", "report"}),
    ],
)
def test_what_is_chosen_is_cleared(
    slipstream: Slipstream, store: Store, run_id: str, words: list[str], cleared: set[str]
) -> None:
    assert slipstream("tasks", "clear", "sales", "--yes", *words).code == 0
    now = states(store, run_id)
    assert {task_id for task_id, state in now.items() if state is TaskState.NONE} == cleared
    for task_id in set(STATES) - cleared:
        assert now[task_id] is STATES[task_id]


def test_clearing_asks_first(
    slipstream: Slipstream, store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    done = slipstream("tasks", "clear", "sales")
    assert done.code == 1
    assert "sales mine clean" in done.out
    assert states(store, run_id) == STATES


def test_a_whole_run_is_cleared(slipstream: Slipstream, store: Store, run_id: str) -> None:
    assert slipstream("dags", "clear", "sales", "--run-id", run_id, "-y").code == 0
    assert set(states(store, run_id).values()) == {TaskState.NONE}
    assert store.get_run("sales", run_id).state is RunState.QUEUED


def test_failed_and_running_exclude_each_other(slipstream: Slipstream) -> None:
    assert slipstream("tasks", "clear", "sales", "-f", "-r").code == 2


def test_clearing_says_what_can_mean_nothing(slipstream: Slipstream, run_id: str) -> None:
    nowhere = slipstream("tasks", "clear", "sales", "-t", "no_such", "-y")
    assert (nowhere.code, "No task of sales matches 'no_such'" in nowhere.err) == (2, True)
    turned = slipstream("tasks", "clear", "sales", "-s", "2026-02-01", "-e", "2026-01-01", "-y")
    assert turned.code == 2
    assert "--end-date (2026-01-01T00:00:00+00:00) is before --start-date" in turned.err
