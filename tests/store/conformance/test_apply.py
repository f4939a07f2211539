from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, recorded, started

from slipstream.model.attempt import XComWrite
from slipstream.model.changes import InstanceChanged, InstancesAdded, MapExpanded, RangeChanged
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.errors import RowMissingError
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite, Window


@pytest.mark.simulated
def test_a_run_is_loaded_as_it_was_written(store: Store) -> None:
    run = started(store, recorded(store))
    snapshot = store.load_run(run.pk)
    assert snapshot.run == run
    assert (run.state, run.start_date, run.revision) == (RunState.RUNNING, NOON, 1)
    assert [instance.key for instance in snapshot.instances] == [
        TaskKey("load"),
        TaskKey("train"),
    ]


@pytest.mark.simulated
def test_every_field_of_an_instance_survives(store: Store) -> None:
    run = started(store, recorded(store))
    instance = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        state=TaskState.RUNNING,
        try_number=2,
        max_tries=3,
        attempt_id="a-2",
        losses=1,
        reschedules=4,
        not_before=later(1),
        scheduled_at=later(2),
        queued_at=later(3),
        start_date=later(4),
        end_date=later(5),
        hostname="worker-7",
        pid=4_000_000_000,
        rendered_map_index="München",
        reason="It runs.",
    )
    changed(store, run, instance)
    assert store.load_run(run.pk).instances[0] == instance


@pytest.mark.simulated
def test_a_write_on_an_old_revision_is_refused_and_the_others_are_written(store: Store) -> None:
    version = recorded(store)
    first, second = started(store, version, "first"), started(store, version, "second")
    load = TaskInstance(run_pk=first.pk, task_id="load", state=TaskState.SCHEDULED)
    refused = store.apply(
        [
            RunWrite(first.pk, first.revision - 1, [InstanceChanged(load)]),
            RunWrite(
                second.pk, second.revision, [InstanceChanged(replace(load, run_pk=second.pk))]
            ),
        ]
    )
    assert refused == {first.pk}
    assert store.load_run(first.pk).instances[0].state is TaskState.NONE
    assert store.load_run(first.pk).run.revision == first.revision
    assert store.load_run(second.pk).instances[0].state is TaskState.SCHEDULED
    assert store.load_run(second.pk).run.revision == second.revision + 1


@pytest.mark.simulated
def test_a_write_to_a_run_that_is_gone_is_refused(store: Store) -> None:
    assert store.apply([RunWrite(4711, 0, [])]) == {4711}


@pytest.mark.simulated
def test_xcoms_come_with_the_change_that_carries_them(store: Store) -> None:
    run = started(store, recorded(store))
    load = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.SUCCESS)
    push = (XComWrite("return_value", "[1,2,3]", 3), XComWrite("other", '"x"'))
    store.apply([RunWrite(run.pk, run.revision, [InstanceChanged(load, push)])])
    found = store.get_xcom(
        dag_id=run.dag_id, run_id=run.run_id, task_id="load", map_index=-1, key="return_value"
    )
    assert found is not None
    assert found.value == "[1,2,3]"
    assert store.load_run(run.pk).lengths == {TaskKey("load"): {"return_value": 3}}


@pytest.mark.simulated
def test_a_map_replaces_its_placeholder(store: Store) -> None:
    run = started(store, recorded(store))
    scheduled = MapExpanded("train", 3, 2, TaskState.SCHEDULED, NOON, "Its list has 3 items.")
    store.apply([RunWrite(run.pk, run.revision, [scheduled])])
    instances = store.load_run(run.pk).instances
    assert [instance.key for instance in instances] == [
        TaskKey("load"),
        *(TaskKey("train", index) for index in range(3)),
    ]
    assert instances[1] == TaskInstance(
        run_pk=run.pk,
        task_id="train",
        map_index=0,
        state=TaskState.SCHEDULED,
        max_tries=2,
        scheduled_at=NOON,
        reason="Its list has 3 items.",
    )


@pytest.mark.simulated
def test_a_range_changes_the_state_of_its_part_of_a_map(store: Store) -> None:
    run = started(store, recorded(store))
    changes = [
        MapExpanded("train", 5, 2),
        RangeChanged("train", 1, 4, TaskState.UPSTREAM_FAILED, NOON, "Upstream failed."),
    ]
    store.apply([RunWrite(run.pk, run.revision, changes)])
    states = [
        (instance.state, instance.start_date, instance.end_date)
        for instance in store.load_run(run.pk).instances[1:]
    ]
    waiting, failed = (TaskState.NONE, None, None), (TaskState.UPSTREAM_FAILED, NOON, NOON)
    assert states == [waiting, failed, failed, failed, waiting]


@pytest.mark.simulated
def test_changes_are_applied_in_their_order(store: Store) -> None:
    run = started(store, recorded(store))
    last = TaskInstance(
        run_pk=run.pk, task_id="train", map_index=1, state=TaskState.QUEUED, try_number=1
    )
    changes = [
        InstancesAdded((TaskInstance(run_pk=run.pk, task_id="train", map_index=7),)),
        MapExpanded("train", 2, 0),
        RangeChanged("train", 0, 2, TaskState.SCHEDULED, NOON, "Ready."),
        InstanceChanged(last),
    ]
    store.apply([RunWrite(run.pk, run.revision, changes)])
    states = {i.key: i.state for i in store.load_run(run.pk).instances}
    assert states[TaskKey("train", 0)] is TaskState.SCHEDULED
    assert states[TaskKey("train", 1)] is TaskState.QUEUED


def test_a_change_of_an_instance_that_was_never_added_is_an_error(store: Store) -> None:
    run = started(store, recorded(store))
    stranger = TaskInstance(run_pk=run.pk, task_id="stranger", state=TaskState.QUEUED)
    with pytest.raises(RowMissingError, match="1 task instances were to be changed and 0"):
        store.apply([RunWrite(run.pk, run.revision, [InstanceChanged(stranger)])])
    assert store.load_run(run.pk).run.revision == run.revision


def test_the_history_keeps_the_latest_attempt_of_every_try(store: Store) -> None:
    run = started(store, recorded(store))
    first = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        state=TaskState.RUNNING,
        try_number=1,
        attempt_id="a-1",
        start_date=NOON,
    )
    run = changed(store, run, first)
    over = replace(first, state=TaskState.UP_FOR_RETRY, end_date=later(9), reason="It broke.")
    run = changed(store, run, over)
    run = changed(store, run, replace(over, state=TaskState.SCHEDULED, end_date=None, reason=""))
    lost = replace(first, state=TaskState.QUEUED, try_number=2, attempt_id="a-2")
    again = replace(lost, attempt_id="a-3", losses=1)
    done = replace(again, state=TaskState.SUCCESS, end_date=later(20))
    # Lost, queued again and finished within one batch.
    run = changed(store, run, lost, again, done)
    attempts = store.list_attempts(run.dag_id, run.run_id, TaskKey("load"), Window()).items
    assert [(a.attempt_id, a.try_number, a.state) for a in attempts] == [
        ("a-1", 1, TaskState.FAILED),
        ("a-3", 2, TaskState.SUCCESS),
    ]
    assert (attempts[0].end_date, attempts[0].reason) == (later(9), "It broke.")


@pytest.mark.simulated
def test_several_writes_of_one_run_in_a_call_follow_each_other(store: Store) -> None:
    run = started(store, recorded(store))
    load = TaskInstance(run_pk=run.pk, task_id="load", try_number=1, attempt_id="a-1")
    queued = replace(load, state=TaskState.QUEUED)
    over = replace(load, state=TaskState.SUCCESS)
    pushes = [(XComWrite("k", str(number)),) for number in (1, 2)]
    refused = store.apply(
        [
            RunWrite(run.pk, run.revision, [InstanceChanged(queued, pushes[0])]),
            RunWrite(run.pk, run.revision + 1, [InstanceChanged(over, pushes[1])]),
        ]
    )
    assert refused == frozenset()
    snapshot = store.load_run(run.pk)
    assert (snapshot.run.revision, snapshot.instances[0]) == (run.revision + 2, over)
    found = store.get_xcom(
        dag_id=run.dag_id, run_id=run.run_id, task_id="load", map_index=-1, key="k"
    )
    assert found is not None
    assert found.value == "2"


@pytest.mark.simulated
def test_what_follows_a_refused_write_of_the_same_run_is_refused_too(store: Store) -> None:
    run = started(store, recorded(store))
    writes = [RunWrite(run.pk, run.revision + 7, []), RunWrite(run.pk, run.revision, [])]
    assert store.apply(writes) == {run.pk}
    assert store.load_run(run.pk).run.revision == run.revision


@pytest.mark.simulated
def test_a_map_that_is_expanded_again_keeps_the_instances_it_has(store: Store) -> None:
    run = started(store, recorded(store))
    done = TaskInstance(
        run_pk=run.pk, task_id="train", map_index=0, try_number=1, state=TaskState.NONE
    )
    changes = [MapExpanded("train", 1, 2), InstanceChanged(done)]
    store.apply([RunWrite(run.pk, run.revision, changes)])
    again = MapExpanded("train", 3, 2, TaskState.SCHEDULED, NOON, "Its list is longer now.")
    store.apply([RunWrite(run.pk, run.revision + 1, [again])])
    found = [(i.map_index, i.state, i.try_number) for i in store.load_run(run.pk).instances[1:]]
    assert found == [(index, TaskState.SCHEDULED, int(index == 0)) for index in range(3)]
