from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, recorded, spec, started

from slipstream.model.changes import InstanceChanged, RunChanged
from slipstream.model.dag import TaskSpec
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import InstanceInRun, NoticeKind, RunWrite, Window, XComFilter

LOAD, TRAIN = TaskKey("load"), TaskKey("train")


def instance(run: DagRun, state: TaskState, **fields: object) -> TaskInstance:
    """The instance `load` in that state of its second try."""
    values: dict[str, object] = {
        "task_id": "load",
        "try_number": 2,
        "max_tries": 2,
        "attempt_id": "a-2",
        "start_date": NOON,
        **fields,
    }
    return TaskInstance(run_pk=run.pk, state=state, **values)  # type: ignore[arg-type]  # fields of it


def states(store: Store, run: DagRun) -> dict[str, TaskState]:
    """`{task: state}` of a run without maps."""
    return {i.task_id: i.state for i in store.load_run(run.pk).instances}


def ended(store: Store, state: TaskState = TaskState.FAILED) -> DagRun:
    """A failed run whose task `load` ended in that state with all tries used up."""
    run = started(store, recorded(store))
    load = instance(run, state, try_number=3, attempt_id="a-3", end_date=later(9))
    run = changed(store, run, load)
    over = RunChanged(replace(run, state=RunState.FAILED, end_date=later(9)))
    store.apply([RunWrite(run.pk, run.revision, [over])])
    return store.get_run(run.dag_id, run.run_id)


@pytest.mark.simulated
def test_a_cleared_instance_starts_over_with_all_its_retries(store: Store) -> None:
    run = ended(store)
    (cleared,) = store.clear_instances(run.pk, [LOAD])
    assert cleared.instance == TaskInstance(
        run_pk=run.pk,
        task_id="load",
        state=TaskState.NONE,
        try_number=3,
        max_tries=5,
        reason="Cleared.",
    )
    snapshot = store.load_run(run.pk)
    assert (snapshot.run, snapshot.instances[0]) == (cleared.run, cleared.instance)
    assert cleared.run.revision == run.revision + 1
    assert (cleared.run.state, cleared.run.end_date) == (RunState.QUEUED, None)


@pytest.mark.simulated
def test_a_run_counts_how_often_it_was_cleared(store: Store) -> None:
    run = ended(store)
    assert run.clear_number == 0
    store.clear_instances(run.pk, [LOAD])
    store.clear_instances(run.pk, [LOAD], dry_run=True)
    (again,) = store.clear_instances(run.pk, [LOAD])
    assert again.run.clear_number == store.load_run(run.pk).run.clear_number == 2


@pytest.mark.parametrize(
    ("says", "asked", "follows"),
    [
        (None, None, False),
        (False, None, False),
        (True, None, True),
        (True, False, False),
        (None, True, True),
    ],
)
def test_a_cleared_run_goes_on_with_the_version_that_it_shall(
    store: Store, says: bool | None, asked: bool | None, follows: bool
) -> None:
    run = ended(store)
    details = {} if says is None else {"rerun_with_latest_version": says}
    tasks = {"load": TaskSpec(task_id="load", retries=7), "new": TaskSpec(task_id="new")}
    latest = recorded(store, replace(spec(), tasks=tasks, details=details))
    store.clear_instances(run.pk, [LOAD], latest_version=asked, dry_run=True)
    assert store.get_run("sales", "first").version_id == run.version_id
    (cleared,) = store.clear_instances(run.pk, [LOAD], latest_version=asked)
    expected = latest.version_id if follows else run.version_id
    assert store.get_run("sales", "first").version_id == cleared.run.version_id == expected
    assert store.load_run(run.pk).run.version_id == expected
    assert cleared.instance.max_tries == 3 + (7 if follows else 2)


def test_the_attempt_of_a_cleared_instance_stays_in_its_history(store: Store) -> None:
    run = ended(store, TaskState.SUCCESS)
    store.clear_instances(run.pk, [LOAD])
    (record,) = store.list_attempts("sales", "first", LOAD, Window()).items
    assert (record.attempt_id, record.state, record.end_date) == (
        "a-3",
        TaskState.SUCCESS,
        later(9),
    )


@pytest.mark.simulated
def test_a_cleared_run_can_be_running_at_once_but_not_finished(store: Store) -> None:
    run = ended(store)
    with pytest.raises(InvalidInputError, match="cannot be 'success'"):
        store.clear_instances(run.pk, [LOAD], run_state=RunState.SUCCESS)
    (cleared,) = store.clear_instances(run.pk, [LOAD], run_state=RunState.RUNNING)
    assert cleared.run.state is RunState.RUNNING


@pytest.mark.simulated
def test_clearing_in_a_running_run_leaves_it_running(store: Store) -> None:
    run = started(store, recorded(store))
    run = changed(store, run, instance(run, TaskState.FAILED))
    (cleared,) = store.clear_instances(run.pk, [LOAD])
    assert (cleared.run.state, cleared.run.start_date) == (RunState.RUNNING, NOON)
    assert states(store, run)["load"] is TaskState.NONE


@pytest.mark.simulated
@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING])
def test_a_live_instance_restarts_when_its_process_is_gone(store: Store, state: TaskState) -> None:
    run = started(store, recorded(store))
    run = changed(store, run, instance(run, state, pid=7))
    (cleared,) = store.clear_instances(run.pk, [LOAD])
    assert cleared.instance.state is TaskState.RESTARTING
    assert (cleared.instance.attempt_id, cleared.instance.pid) == ("a-2", 7)
    assert cleared.instance.max_tries == 4
    assert store.load_run(run.pk).instances[0] == cleared.instance
    with pytest.raises(ConflictError):
        store.set_xcom(run.pk, LOAD, "k", "1", None, attempt_id="a-2")


def test_the_xcoms_of_a_cleared_instance_go(store: Store) -> None:
    run = ended(store)
    for key in (LOAD, TRAIN):
        store.set_xcom(run.pk, key, "k", "1", None)
    store.clear_instances(run.pk, [LOAD])
    left = store.list_xcoms(XComFilter(), Window())
    assert [record.task_id for record in left.items] == ["train"]


@pytest.mark.simulated
def test_a_dry_run_tells_and_changes_nothing(store: Store) -> None:
    run = ended(store)
    before = store.load_run(run.pk)
    (cleared,) = store.clear_instances(run.pk, [LOAD], dry_run=True)
    assert cleared == InstanceInRun(before.instances[0], before.run)
    (marked,) = store.set_instances_state(run.pk, [LOAD], TaskState.SUCCESS, dry_run=True)
    assert marked == InstanceInRun(before.instances[0], before.run)
    assert store.load_run(run.pk) == before


@pytest.mark.simulated
def test_what_the_scheduler_decided_before_an_edit_is_refused(store: Store) -> None:
    run = ended(store)
    store.clear_instances(run.pk, [LOAD])
    late = InstanceChanged(instance(run, TaskState.SUCCESS))
    assert store.apply([RunWrite(run.pk, run.revision, [late])]) == {run.pk}
    assert states(store, run)["load"] is TaskState.NONE


@pytest.mark.simulated
def test_instances_and_runs_that_are_not_there_are_not_found(store: Store) -> None:
    run = started(store, recorded(store))
    with pytest.raises(NotFoundError, match="nonsense"):
        store.clear_instances(run.pk, [LOAD, TaskKey("nonsense")])
    with pytest.raises(NotFoundError, match="nonsense"):
        store.set_instances_state(run.pk, [TaskKey("nonsense", 3)], TaskState.FAILED)
    with pytest.raises(NotFoundError, match="4711"):
        store.clear_instances(4711, [LOAD])
    with pytest.raises(NotFoundError):
        store.set_run_state("sales", "nonsense", RunState.FAILED)
    assert store.load_run(run.pk).run == run


@pytest.mark.simulated
def test_nothing_to_clear_changes_nothing(store: Store) -> None:
    run = ended(store)
    assert list(store.clear_instances(run.pk, [])) == []
    assert store.load_run(run.pk).run == run


@pytest.mark.simulated
def test_many_instances_are_cleared_at_once(store: Store) -> None:
    names = [f"task{number}" for number in range(1000)]
    run = started(store, recorded(store, spec(tasks=names)))
    tasks = [TaskKey(task_id) for task_id in names]
    store.set_instances_state(run.pk, tasks, TaskState.FAILED)
    assert len(store.clear_instances(run.pk, tasks)) == 1000
    assert set(states(store, run).values()) == {TaskState.NONE}


@pytest.mark.parametrize("state", [TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED])
def test_a_marked_live_instance_is_fenced_off(store: Store, state: TaskState) -> None:
    run = started(store, recorded(store))
    run = changed(store, run, instance(run, TaskState.RUNNING))
    (marked,) = store.set_instances_state(run.pk, [LOAD], state)
    assert marked.instance.state is state
    assert (marked.instance.attempt_id, marked.instance.start_date) == (None, NOON)
    assert marked.instance.end_date is not None
    assert marked.run.revision == run.revision + 1
    with pytest.raises(ConflictError):
        store.set_xcom(run.pk, LOAD, "k", "1", None, attempt_id="a-2")
    (record,) = store.list_attempts("sales", "first", LOAD, Window()).items
    assert (record.attempt_id, record.state) == ("a-2", TaskState.FAILED)


@pytest.mark.simulated
def test_marking_a_finished_instance_changes_its_state_alone(store: Store) -> None:
    run = ended(store)
    (marked,) = store.set_instances_state(run.pk, [LOAD], TaskState.SUCCESS)
    assert marked.instance == instance(
        run,
        TaskState.SUCCESS,
        try_number=3,
        attempt_id="a-3",
        end_date=later(9),
        reason="Marked as success by hand.",
    )
    assert marked.run.state is RunState.FAILED


@pytest.mark.simulated
def test_an_instance_cannot_be_marked_as_something_that_only_happens(store: Store) -> None:
    run = started(store, recorded(store))
    with pytest.raises(InvalidInputError, match="cannot be marked as 'running'"):
        store.set_instances_state(run.pk, [LOAD], TaskState.RUNNING)


def of_all_kinds(store: Store, *, teardown: bool = False) -> DagRun:
    """A running run with one task in each of several states."""
    kinds = ("none", "queued", "running", "deferred", "up_for_retry", "failed", "skipped")
    tasks = {kind: TaskSpec(task_id=kind) for kind in kinds}
    if teardown:
        tasks["none"] = replace(tasks["none"], is_teardown=True)
    run = started(store, recorded(store, replace(spec(), tasks=tasks)))
    instances = [
        TaskInstance(
            run_pk=run.pk,
            task_id=kind,
            state=TaskState(kind),
            attempt_id=None if kind == "none" else kind,
        )
        for kind in kinds
    ]
    return changed(store, run, *instances)


def test_a_run_marked_as_failed_ends_what_ran_and_skips_the_rest(store: Store) -> None:
    run = of_all_kinds(store)
    marked = store.set_run_state("sales", "first", RunState.FAILED)
    assert (marked.state, marked.revision) == (RunState.FAILED, run.revision + 1)
    assert marked.end_date is not None
    assert store.get_run("sales", "first") == marked
    assert states(store, run) == {
        "none": TaskState.SKIPPED,
        "queued": TaskState.FAILED,
        "running": TaskState.FAILED,
        "deferred": TaskState.FAILED,
        "up_for_retry": TaskState.SKIPPED,
        "failed": TaskState.FAILED,
        "skipped": TaskState.SKIPPED,
    }
    with pytest.raises(ConflictError):
        store.set_xcom(run.pk, TaskKey("running"), "k", "1", None, attempt_id="running")


@pytest.mark.simulated
def test_a_run_marked_as_success_ends_what_ran_and_skips_the_rest(store: Store) -> None:
    run = of_all_kinds(store)
    assert store.set_run_state("sales", "first", RunState.SUCCESS).state is RunState.SUCCESS
    assert states(store, run) == {
        "none": TaskState.SKIPPED,
        "queued": TaskState.SUCCESS,
        "running": TaskState.SUCCESS,
        "deferred": TaskState.SUCCESS,
        "up_for_retry": TaskState.SKIPPED,
        "failed": TaskState.FAILED,
        "skipped": TaskState.SKIPPED,
    }


@pytest.mark.simulated
@pytest.mark.parametrize("state", [RunState.SUCCESS, RunState.FAILED])
def test_teardown_that_is_due_runs_before_a_marked_run_ends(store: Store, state: RunState) -> None:
    run = of_all_kinds(store, teardown=True)
    assert store.set_run_state("sales", "first", state).state is RunState.RUNNING
    found = states(store, run)
    assert found.pop("none") is TaskState.NONE
    assert found["running"] is TaskState(state.value)


@pytest.mark.simulated
def test_a_run_is_queued_again_where_it_stands(store: Store) -> None:
    run = ended(store)
    queued = store.set_run_state("sales", "first", RunState.QUEUED)
    assert (queued.state, queued.start_date, queued.end_date) == (RunState.QUEUED, None, None)
    assert states(store, run)["load"] is TaskState.FAILED
    assert store.active_run_pks() == [run.pk]


@pytest.mark.simulated
def test_a_run_is_not_marked_as_running(store: Store) -> None:
    started(store, recorded(store))
    with pytest.raises(InvalidInputError, match="mark it as 'queued'"):
        store.set_run_state("sales", "first", RunState.RUNNING)


def test_a_removed_instance_leaves_nothing_behind(store: Store) -> None:
    run = started(store, recorded(store))
    load = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, try_number=1, attempt_id="a-1"
    )
    run = changed(store, run, load)
    store.set_xcom(run.pk, LOAD, "k", "1", None)
    with pytest.raises(ConflictError, match="running"):
        store.delete_instances(run.pk, [LOAD])
    store.set_instances_state(run.pk, [LOAD], TaskState.SUCCESS)
    store.take_notices()
    store.delete_instances(run.pk, [LOAD])
    assert [notice.kind for notice in store.take_notices()] == [NoticeKind.RUN_EDITED]
    with pytest.raises(NotFoundError):
        store.get_instance(run.dag_id, run.run_id, LOAD)
    with pytest.raises(NotFoundError):
        store.delete_instances(run.pk, [LOAD])
    assert store.count_xcoms(dag_id=run.dag_id, run_id=run.run_id, task_id="load", key="k") == 0
