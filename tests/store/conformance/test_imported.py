from __future__ import annotations

from datetime import timedelta

from tests.store.making import NOON, spec

from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.imported import ImportedDag, ImportedRun
from slipstream.store.interface import Store


def run_of(day: int, *task_ids: str) -> ImportedRun:
    moment = NOON + timedelta(days=day)
    run = DagRun(
        pk=0,
        dag_id=spec().dag_id,
        run_id=f"day{day}",
        run_type=RunType.SCHEDULED,
        state=RunState.SUCCESS,
        version_id="",
        run_after=moment,
        logical_date=moment,
    )
    made = [TaskInstance(run_pk=0, task_id=name, state=TaskState.SUCCESS) for name in task_ids]
    return ImportedRun(run=run, instances=made)


def test_a_run_belongs_to_the_version_with_its_tasks_that_was_read_last(store: Store) -> None:
    for tasks in (("extract", "load"), ("extract", "send"), ("extract", "load")):
        store.import_dags(
            [ImportedDag(spec=spec(tasks=tasks), is_paused=True, fileloc="/dags/a.py")]
        )
    wanted = {
        "day1": (run_of(1, "extract"), {"extract", "send"}),
        "day2": (run_of(2, "extract", "load"), {"extract", "load"}),
        "day3": (run_of(3, "extract", "send"), {"extract", "send"}),
        "day4": (run_of(4, "unknown"), {"extract", "send"}),
    }
    assert store.import_runs([one for one, _ in wanted.values()]).runs == len(wanted)
    found = {
        run_id: set(store.get_version(store.get_run("sales", run_id).version_id).spec.tasks)
        for run_id in wanted
    }
    assert found == {run_id: tasks for run_id, (_, tasks) in wanted.items()}
