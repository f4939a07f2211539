"""Backfills: dates, runs made a few at a time, pausing, cancelling, progress."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.store.making import NOON, new_run, recorded

from slipstream.core.timetable import Interval, RunInfo
from slipstream.model.backfill import BackfillProgress, ReprocessBehavior
from slipstream.model.changes import RunChanged
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.store.backfill_records import NewBackfill
from slipstream.store.interface import Store
from slipstream.store.records import (
    NoticeKind,
    RunWrite,
    Window,
)

pytestmark = pytest.mark.simulated
DAY = timedelta(days=1)


def days(number: int) -> list[RunInfo]:
    starts = [NOON - (number - at) * DAY for at in range(number)]
    return [RunInfo(run_after=at + DAY, interval=Interval(at, at + DAY)) for at in starts]


def new(**fields: object) -> NewBackfill:
    values: dict[str, object] = {"from_date": NOON - 9 * DAY, "to_date": NOON, **fields}
    return NewBackfill(dag_id="sales", **values)  # type: ignore[arg-type]  # its fields


def ended(store: Store, run: DagRun, state: RunState) -> None:
    known = store.load_run(run.pk).run
    over = replace(known, state=state, start_date=NOON, end_date=NOON)
    assert not store.apply([RunWrite(run.pk, known.revision, [RunChanged(over)])])


def test_its_runs_are_made_a_few_at_a_time_in_order(store: Store) -> None:
    version = recorded(store)
    made = store.create_backfill(new(conf={"a": 1}, triggering_user="ada"), days(5))
    assert [notice.kind for notice in store.take_notices()][-1] is NoticeKind.BACKFILL_CHANGED
    assert store.get_backfill(made.pk) == made
    assert list(store.open_backfills()) == [made]
    first = store.advance_backfill(made.pk, version.version_id, 2)
    assert [run.logical_date for run in first.created] == [NOON - 5 * DAY, NOON - 4 * DAY]
    run = first.created[0]
    assert run == store.load_run(run.pk).run
    assert (run.run_type, run.triggered_by) == (RunType.BACKFILL, TriggeredBy.BACKFILL)
    assert (run.conf, run.triggering_user, run.backfill) == ({"a": 1}, "ada", made.pk)
    assert run.run_id == f"backfill__{(NOON - 5 * DAY).isoformat()}"
    assert not first.is_exhausted
    assert store.backfill_progress(made.pk) == BackfillProgress(5, 3, {"queued": 2})
    rest = store.advance_backfill(made.pk, version.version_id, 9)
    assert (len(rest.created), rest.is_exhausted) == (3, True)
    assert not store.complete_backfill(made.pk)
    for made_run in (*first.created, *rest.created):
        ended(store, made_run, RunState.SUCCESS)
    assert store.complete_backfill(made.pk)
    assert store.get_backfill(made.pk).completed_at is not None
    assert list(store.open_backfills()) == []
    assert store.backfill_progress(made.pk) == BackfillProgress(5, 0, {"success": 5})


@pytest.mark.parametrize(
    ("reprocess", "again", "skipped"),
    [
        (ReprocessBehavior.NONE, [], {"already exists": 2, "in flight": 1}),
        (ReprocessBehavior.FAILED, [1], {"already exists": 1, "in flight": 1}),
        (ReprocessBehavior.COMPLETED, [0, 1], {"in flight": 1}),
    ],
)
def test_runs_that_are_there_are_left_alone_or_run_again(
    store: Store, reprocess: ReprocessBehavior, again: list[int], skipped: dict[str, int]
) -> None:
    version = recorded(store)
    dates = days(4)
    there = [
        store.create_run(
            new_run(version, f"r{at}", run_type=RunType.SCHEDULED, logical_date=date.logical_date)
        )
        for at, date in enumerate(dates[:3])
    ]
    ended(store, there[0], RunState.SUCCESS)
    ended(store, there[1], RunState.FAILED)
    states = [run and run.state for run in store.runs_of_dates("sales", dates)]
    assert states == [RunState.SUCCESS, RunState.FAILED, RunState.QUEUED, None]
    made = store.create_backfill(new(reprocess=reprocess, conf={"b": 2}), dates)
    store.take_notices()
    step = store.advance_backfill(made.pk, version.version_id, 9)
    assert list(step.reopened) == [there[at].pk for at in again]
    assert [run.logical_date for run in step.created] == [dates[3].logical_date]
    assert store.backfill_progress(made.pk).skipped == skipped
    edited = [int(one.subject) for one in store.take_notices() if one.kind == "run_edited"]
    assert edited == list(step.reopened)
    for pk in step.reopened:
        run = store.load_run(pk).run
        assert (run.state, run.run_type, run.backfill) == (
            RunState.QUEUED,
            RunType.BACKFILL,
            made.pk,
        )
        assert run.conf == {"b": 2}


def test_partitions_get_runs_beside_those_that_they_have(store: Store) -> None:
    version = recorded(store)
    info = RunInfo(run_after=NOON, interval=None, partition_key="noon", partition_date=NOON)
    there = store.create_run(new_run(version, "first", partition_key="noon", partition_date=NOON))
    ended(store, there, RunState.SUCCESS)
    made = store.create_backfill(new(reprocess=ReprocessBehavior.COMPLETED), [info])
    step = store.advance_backfill(made.pk, version.version_id, 9)
    (run,) = step.created
    assert (run.partition_key, run.partition_date, run.logical_date) == ("noon", NOON, None)
    assert run.pk != there.pk


def test_there_is_one_at_a_time_of_a_dag(store: Store) -> None:
    recorded(store)
    first = store.create_backfill(new(), days(2))
    with pytest.raises(ConflictError, match="already a running backfill for dag sales"):
        store.create_backfill(new(), days(2))
    store.cancel_backfill(first.pk)
    second = store.create_backfill(new(), days(2))
    assert [one.pk for one in store.list_backfills("sales", Window()).items] == [
        first.pk,
        second.pk,
    ]
    assert store.list_backfills("other", Window()).total == 0
    with pytest.raises(NotFoundError, match="no DAG 'other'"):
        store.create_backfill(replace(new(), dag_id="other"), days(2))


def test_a_paused_one_makes_no_runs(store: Store) -> None:
    version = recorded(store)
    made = store.create_backfill(new(), days(2))
    assert store.set_backfill_paused(made.pk, True).is_paused
    step = store.advance_backfill(made.pk, version.version_id, 9)
    assert (step.created, step.is_exhausted) == ((), False)
    assert not store.set_backfill_paused(made.pk, False).is_paused
    assert len(store.advance_backfill(made.pk, version.version_id, 9).created) == 2


def test_cancelling_fails_what_waits_and_lets_go_on_what_runs(store: Store) -> None:
    version = recorded(store)
    made = store.create_backfill(new(), days(4))
    waits, runs = store.advance_backfill(made.pk, version.version_id, 2).created
    under_way = replace(runs, state=RunState.RUNNING, start_date=NOON)
    store.apply([RunWrite(runs.pk, runs.revision, [RunChanged(under_way)])])
    cancelled = store.cancel_backfill(made.pk)
    assert cancelled.completed_at is not None
    assert cancelled.is_paused
    assert store.load_run(waits.pk).run.state is RunState.FAILED
    assert store.load_run(waits.pk).run.reason == "Its backfill was cancelled."
    assert store.load_run(runs.pk).run.state is RunState.RUNNING
    assert store.backfill_progress(made.pk) == BackfillProgress(
        4, 0, {"failed": 1, "running": 1}, {"cancelled": 2}
    )
    for change in (store.cancel_backfill, lambda pk: store.set_backfill_paused(pk, False)):
        with pytest.raises(ConflictError, match="already completed"):
            change(made.pk)
    with pytest.raises(NotFoundError, match="number 99"):
        store.get_backfill(99)
