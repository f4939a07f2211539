from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, new_run, recorded, spec, started

from slipstream.model.changes import InstancesAdded, MapExpanded, RunChanged
from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.model.run import DagRun, PastRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, NextRun, RunWrite


@pytest.mark.simulated
def test_a_new_run_is_queued_with_everything_it_was_given(store: Store) -> None:
    version = recorded(store)
    run = store.create_run(
        NewRun(
            dag_id="sales",
            run_id="manual__ü",
            run_type=RunType.MANUAL,
            version_id=version.version_id,
            run_after=later(1),
            logical_date=later(2),
            data_interval_start=later(3),
            data_interval_end=later(4),
            triggered_by="rest_api",
            triggering_user="ada",
            conf={"rows": 3, "deep": {"list": [1, None, "x"]}},
            note="for the demo",
            reason="Triggered by ada.",
            partition_key="2026-03-01",
            partition_date=later(5),
        )
    )
    assert run == store.get_run("sales", "manual__ü")
    assert run == DagRun(
        pk=run.pk,
        dag_id="sales",
        run_id="manual__ü",
        run_type=RunType.MANUAL,
        state=RunState.QUEUED,
        version_id=version.version_id,
        run_after=later(1),
        logical_date=later(2),
        data_interval_start=later(3),
        data_interval_end=later(4),
        queued_at=run.queued_at,
        triggered_by=TriggeredBy.REST_API,
        triggering_user="ada",
        conf={"rows": 3, "deep": {"list": [1, None, "x"]}},
        note="for the demo",
        reason="Triggered by ada.",
        partition_key="2026-03-01",
        partition_date=later(5),
    )
    assert run.queued_at is not None


@pytest.mark.simulated
def test_a_run_id_is_given_once_in_a_dag(store: Store) -> None:
    sales, stock = recorded(store), recorded(store, spec("stock"))
    store.create_run(new_run(sales))
    store.create_run(new_run(stock))
    with pytest.raises(AlreadyExistsError, match="has a run 'first' already"):
        store.create_run(new_run(sales))


@pytest.mark.simulated
def test_a_logical_date_is_given_once_in_a_dag(store: Store) -> None:
    version = recorded(store)
    store.create_run(new_run(version, "first", logical_date=NOON))
    with pytest.raises(AlreadyExistsError, match="has the run 'first' for the logical date"):
        store.create_run(new_run(version, "second", logical_date=NOON))


@pytest.mark.simulated
def test_runs_without_a_logical_date_do_not_clash(store: Store) -> None:
    version = recorded(store)
    store.create_run(new_run(version, "first"))
    store.create_run(new_run(version, "second"))


@pytest.mark.simulated
def test_a_run_needs_a_version_of_its_dag(store: Store) -> None:
    recorded(store)
    stock = recorded(store, spec("stock"))
    with pytest.raises(NotFoundError, match="'sales' has no version"):
        store.create_run(
            NewRun(
                dag_id="sales",
                run_id="first",
                run_type=RunType.MANUAL,
                version_id=stock.version_id,
                run_after=NOON,
                triggered_by="cli",
            )
        )


@pytest.mark.simulated
def test_active_runs_come_oldest_first(store: Store) -> None:
    version = recorded(store)
    late = store.create_run(new_run(version, "late", run_after=later(60)))
    early = store.create_run(new_run(version, "early", run_after=later(0)))
    over = started(store, version, "over", run_after=later(-60))
    running = started(store, version, "running", run_after=later(30))
    ended = RunChanged(_as(over, RunState.SUCCESS))
    store.apply([RunWrite(over.pk, over.revision, [ended])])
    assert list(store.active_run_pks()) == [early.pk, running.pk, late.pk]


@pytest.mark.simulated
def test_a_run_that_is_not_there_cannot_be_loaded(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no run with the number 4711"):
        store.load_run(4711)


@pytest.mark.simulated
def test_a_snapshot_counts_what_the_instances_of_a_map_pushed(store: Store) -> None:
    run = started(store, recorded(store))
    states = [TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.RUNNING]
    rows = tuple(
        TaskInstance(run_pk=run.pk, task_id="train", map_index=index, state=state)
        for index, state in enumerate(states)
    )
    store.apply([RunWrite(run.pk, run.revision, [InstancesAdded(rows)])])
    for index in range(4):
        store.set_xcom(run.pk, TaskKey("train", index), "model", "{}", 0)
    store.set_xcom(run.pk, TaskKey("train", 2), "score", "1", None)
    store.set_xcom(run.pk, TaskKey("load"), "score", "1", None)
    snapshot = store.load_run(run.pk)
    assert snapshot.pushed == {"train": {"model": 3, "score": 1}}
    assert snapshot.lengths == {}


@pytest.mark.simulated
def test_a_snapshot_tells_what_branches_decided(store: Store) -> None:
    run = started(store, recorded(store))
    store.set_xcom(run.pk, TaskKey("branch"), "skipmixin_key", '{"followed":["a"]}', 1)
    store.set_xcom(run.pk, TaskKey("other", 2), "skipmixin_key", '{"skipped":["b","c"]}', 1)
    store.set_xcom(run.pk, TaskKey("odd"), "skipmixin_key", '"no decision"', None)
    assert store.load_run(run.pk).decisions == {
        TaskKey("branch"): {"followed": ["a"]},
        TaskKey("other", 2): {"skipped": ["b", "c"]},
        TaskKey("odd"): {},
    }


def past(store: Store, run: DagRun, *task_ids: str, only_scheduled: bool = False) -> PastRun | None:
    """What the store says of the run before."""
    return store.past_run(run, task_ids or ("load",), only_scheduled=only_scheduled)


@pytest.mark.simulated
def test_the_past_is_the_run_before_by_logical_date(store: Store) -> None:
    version = recorded(store)
    first = started(store, version, "first", logical_date=later(0))
    second = started(store, version, "second", logical_date=later(10))
    done = TaskInstance(run_pk=first.pk, task_id="load", state=TaskState.SUCCESS)
    first = changed(store, first, done)
    assert past(store, first) is None
    found = past(store, second, "load", "train", "added_later")
    assert found is not None
    assert found.run == first
    assert found.states == {"load": {TaskState.SUCCESS: 1}, "train": {TaskState.NONE: 1}}
    assert found.has_earlier
    new = past(store, second, "added_later", "load")
    assert new is not None
    assert not new.has_earlier


@pytest.mark.simulated
def test_the_past_goes_by_run_after_where_there_is_no_logical_date(store: Store) -> None:
    version = recorded(store)
    started(store, version, "first", run_after=later(0))
    second = started(store, version, "second", run_after=later(10))
    found = past(store, second)
    assert found is not None
    assert found.run.run_id == "first"


@pytest.mark.simulated
def test_the_past_of_a_map_counts_its_instances(store: Store) -> None:
    version = recorded(store)
    first = started(store, version, "first", logical_date=later(0))
    second = started(store, version, "second", logical_date=later(10))
    store.apply([RunWrite(first.pk, first.revision, [MapExpanded("load", 3, 0)])])
    first = store.load_run(first.pk).run
    failed = TaskInstance(run_pk=first.pk, task_id="load", map_index=1, state=TaskState.FAILED)
    changed(store, first, failed)
    found = past(store, second)
    assert found is not None
    assert found.states == {"load": {TaskState.NONE: 2, TaskState.FAILED: 1}}


@pytest.mark.simulated
def test_runs_that_somebody_triggered_can_be_passed_over(store: Store) -> None:
    version = recorded(store)
    scheduled = started(store, version, "one", logical_date=later(0), run_type=RunType.SCHEDULED)
    started(store, version, "two", logical_date=later(5))
    third = started(store, version, "three", logical_date=later(10), run_type=RunType.SCHEDULED)
    by_hand, by_plan = past(store, third), past(store, third, only_scheduled=True)
    assert by_hand is not None
    assert by_plan is not None
    assert (by_hand.run.run_id, by_plan.run) == ("two", scheduled)
    assert past(store, scheduled, only_scheduled=True) is None


@pytest.mark.simulated
def test_the_last_run_by_the_timetable_is_the_newest_that_nobody_triggered(store: Store) -> None:
    version = recorded(store)
    assert store.last_scheduled_run("sales") is None
    for run_id, run_type, seconds in (
        ("old", RunType.SCHEDULED, 0),
        ("new", RunType.SCHEDULED, 20),
        ("backfill", RunType.BACKFILL, 10),
        ("manual", RunType.MANUAL, 99),
    ):
        store.create_run(new_run(version, run_id, run_type=run_type, run_after=later(seconds)))
    last = store.last_scheduled_run("sales")
    assert last is not None
    assert last.run_id == "new"


@pytest.mark.simulated
def test_when_a_dag_runs_next_is_kept_for_people(store: Store) -> None:
    recorded(store)
    recorded(store, spec("stock"))
    coming = NextRun(
        dag_id="sales",
        logical_date=later(1),
        interval_start=later(2),
        interval_end=later(3),
        run_after=later(4),
    )
    store.set_next_runs([coming, NextRun(dag_id="stock", run_after=later(9))])
    store.set_next_runs([NextRun(dag_id="stock")])
    assert store.get_dag("stock").next_run_after is None
    found = store.get_dag("sales")
    assert found.next_logical_date == later(1)
    assert found.next_interval_start == later(2)
    assert found.next_interval_end == later(3)
    assert found.next_run_after == later(4)


@pytest.mark.simulated
def test_running_instances_are_counted_by_dag(store: Store) -> None:
    for dag_id, states in (
        ("sales", (TaskState.QUEUED, TaskState.RUNNING)),
        ("stock", (TaskState.RUNNING, TaskState.SUCCESS)),
        ("idle", (TaskState.SCHEDULED, TaskState.NONE)),
    ):
        run = started(store, recorded(store, spec(dag_id)))
        changed(
            store,
            run,
            *[
                TaskInstance(run_pk=run.pk, task_id=task_id, state=state)
                for task_id, state in zip(("load", "train"), states, strict=True)
            ],
        )
    assert store.running_instances_by_dag() == {"sales": 2, "stock": 1}


def test_a_heartbeat_replaces_the_one_before(store: Store) -> None:
    store.heartbeat("scheduler", "host", 1)
    first = store.health()[0].latest
    store.heartbeat("scheduler", "host", 2)
    store.heartbeat("triggerer", "host", 2)
    found = store.health()
    assert [(beat.job, beat.hostname, beat.pid) for beat in found] == [
        ("scheduler", "host", 2),
        ("triggerer", "host", 2),
    ]
    assert first is not None
    assert found[0].latest is not None
    assert found[0].latest >= first


def _as(run: DagRun, state: RunState) -> DagRun:
    return replace(run, state=state, end_date=NOON)
