from __future__ import annotations

from dataclasses import replace

from tests.store.making import NOON, later, recorded, started

from slipstream.model.changes import CallbackOwed, RunChanged
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite


def test_callbacks_are_owed_from_the_write_that_ends_the_run(store: Store) -> None:
    run = started(store, recorded(store))
    ended = replace(run, state=RunState.FAILED, end_date=later(5), reason="It failed.")
    owed = CallbackOwed(False, "task_failure")
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(ended), owed])])
    (found,) = store.owed_callbacks()
    assert found.run == store.get_run(run.dag_id, run.run_id)
    assert found.run.end_date == later(5)
    assert (found.succeeded, found.reason, found.instance) == (False, "task_failure", None)


def test_a_refused_write_owes_nothing(store: Store) -> None:
    run = started(store, recorded(store))
    owed = CallbackOwed(True, "success")
    assert store.apply([RunWrite(run.pk, run.revision - 1, [owed])]) == {run.pk}
    assert not store.owed_callbacks()


def test_what_tells_a_tasks_attempt_is_kept(store: Store) -> None:
    run = started(store, recorded(store))
    instance = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        map_index=3,
        state=TaskState.RUNNING,
        attempt_id="a-2",
        try_number=2,
        max_tries=4,
        start_date=NOON,
    )
    store.apply([RunWrite(run.pk, run.revision, [CallbackOwed(False, "lost", instance)])])
    (found,) = store.owed_callbacks()
    assert found.instance == replace(instance, state=TaskState.NONE, start_date=None)


def test_a_number_is_never_given_twice(store: Store) -> None:
    run = started(store, recorded(store))
    seen = 0
    for revision in range(run.revision, run.revision + 3):
        store.apply([RunWrite(run.pk, revision, [CallbackOwed(True, "success")])])
        (found,) = store.owed_callbacks(seen)
        assert found.pk > seen
        seen = found.pk
        store.callback_called(found.pk)
        store.callback_called(found.pk)
        assert not store.owed_callbacks()


def test_the_oldest_come_first(store: Store) -> None:
    run = started(store, recorded(store))
    owed = [CallbackOwed(True, f"reason {number}") for number in range(300)]
    store.apply([RunWrite(run.pk, run.revision, owed)])
    reasons, seen = [], 0
    while page := store.owed_callbacks(seen):
        reasons += [found.reason for found in page]
        seen = page[-1].pk
    assert reasons == [f"reason {number}" for number in range(300)]


def test_a_deleted_run_owes_nothing(store: Store) -> None:
    run = started(store, recorded(store))
    ended = replace(run, state=RunState.SUCCESS, end_date=later(5))
    owed = CallbackOwed(True, "success")
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(ended), owed])])
    store.delete_run(run.dag_id, run.run_id)
    assert not store.owed_callbacks()
