from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, later, recorded, started

from slipstream.model.changes import DeferralDropped, DeferralKept, InstanceChanged
from slipstream.model.deferral import Deferral
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import InstanceInRun, RunWrite

LOAD = TaskKey("load")
WAIT = Deferral(
    attempt_id="a-1",
    classpath="triggers.Wait",
    kwargs='{"password":"hunter2"}',
    created_at=NOON,
    timeout_at=later(60),
    queue="far",
    next_method="go_on",
    next_kwargs='{"n":1}',
)


def waiting(store: Store, kept: Deferral = WAIT) -> DagRun:
    """A run whose task `load` is deferred."""
    run = started(store, recorded(store))
    load = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.DEFERRED, try_number=1, attempt_id="a-1"
    )
    changes = [InstanceChanged(load), DeferralKept(LOAD, kept)]
    assert not store.apply([RunWrite(run.pk, run.revision, changes)])
    return store.get_run(run.dag_id, run.run_id)


@pytest.mark.simulated
def test_a_deferral_is_loaded_with_its_run_as_it_was_kept(store: Store) -> None:
    run = waiting(store)
    assert store.load_run(run.pk).deferrals == {LOAD: WAIT}


@pytest.mark.simulated
def test_the_event_takes_the_place_of_the_wait(store: Store) -> None:
    run = waiting(store)
    after = replace(WAIT, event='{"seen":true}')
    store.apply([RunWrite(run.pk, run.revision, [DeferralKept(LOAD, after)])])
    assert store.load_run(run.pk).deferrals == {LOAD: after}


@pytest.mark.simulated
def test_a_deferral_is_dropped_and_of_several_changes_the_last_counts(store: Store) -> None:
    run = waiting(store)
    changes = [DeferralKept(LOAD, WAIT), DeferralDropped(LOAD)]
    store.apply([RunWrite(run.pk, run.revision, changes)])
    assert store.load_run(run.pk).deferrals == {}


@pytest.mark.simulated
def test_nothing_of_a_refused_write_is_kept(store: Store) -> None:
    run = waiting(store)
    assert store.apply([RunWrite(run.pk, run.revision - 1, [DeferralDropped(LOAD)])])
    assert store.load_run(run.pk).deferrals == {LOAD: WAIT}


@pytest.mark.simulated
@pytest.mark.parametrize("mark", [None, TaskState.SUCCESS, TaskState.FAILED])
def test_who_edits_a_waiting_task_ends_its_wait(store: Store, mark: TaskState | None) -> None:
    run = waiting(store)
    if mark is None:
        store.clear_instances(run.pk, [LOAD])
    else:
        store.set_instances_state(run.pk, [LOAD], mark)
    assert store.load_run(run.pk).deferrals == {}


@pytest.mark.simulated
def test_the_mark_of_a_run_ends_its_waits(store: Store) -> None:
    run = waiting(store)
    store.set_run_state(run.dag_id, run.run_id, RunState.FAILED)
    assert store.load_run(run.pk).deferrals == {}


def test_a_deleted_run_takes_its_deferrals_with_it(store: Store) -> None:
    run = waiting(store)
    found = store.get_instance(run.dag_id, run.run_id, LOAD)
    store.set_run_state(run.dag_id, run.run_id, RunState.FAILED)
    store.delete_run(run.dag_id, run.run_id)
    assert store.deferrals_of([found]) == {}


def test_people_are_told_what_is_waited_for(store: Store) -> None:
    run = waiting(store)
    found = store.get_instance(run.dag_id, run.run_id, LOAD)
    other = InstanceInRun(replace(found.instance, task_id="train"), found.run)
    records = store.deferrals_of([found, other])
    assert [(key, record.deferral) for key, record in records.items()] == [((run.pk, LOAD), WAIT)]
    assert records[run.pk, LOAD].number > 0
    assert store.deferrals_of([]) == {}
