"""Backfills under the real scheduler, on virtual time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.services.scheduler.conftest import Bench, chain

from slipstream.core.backfilling import runs_to_make
from slipstream.core.timetable import RunInfo, runs_between
from slipstream.model.backfill import Backfill, ReprocessBehavior
from slipstream.model.schedule import Cron
from slipstream.model.states import RunType
from slipstream.store.backfill_records import NewBackfill
from slipstream.testing.virtual_time import START

DAILY = Cron(expression="0 0 * * *", interval=True)
DAY = timedelta(days=1)


def infos(days: int, *, backwards: bool = False) -> list[RunInfo]:
    runs = runs_between(DAILY, START - days * DAY, START - DAY)
    return runs_to_make(runs, START + DAY / 2, backwards=backwards)


def backfill(bench: Bench, days: int = 6, **more: object) -> Backfill:
    backwards = bool(more.get("run_backwards"))
    fields = {"from_date": START - days * DAY, "to_date": START, "max_active_runs": 2, **more}
    new = NewBackfill(dag_id="d", **fields)  # type: ignore[arg-type]  # its fields
    return bench.store.create_backfill(new, infos(days, backwards=backwards))


def ready(bench: Bench, **more: object) -> None:
    fields = {"schedule": DAILY, "start_date": START + 99 * DAY, **more}
    bench.store.put_dag(chain(1, **fields))
    bench.scheduler.open()
    bench.step()


def logical_dates(bench: Bench) -> list[int]:
    return [(START - run.logical_date).days for run in bench.store.runs() if run.logical_date]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_backfill_runs_its_dates_in_order_a_few_at_once(bench: Bench, backwards: bool) -> None:
    ready(bench, max_active_runs=1)
    made = backfill(bench, run_backwards=backwards)
    bench.step()
    assert len(bench.store.runs()) == 2
    assert bench.store.backfill_progress(made.pk).waiting == 4
    bench.run(seconds=60)
    assert logical_dates(bench) == ([1, 2, 3, 4, 5, 6] if backwards else [6, 5, 4, 3, 2, 1])
    assert bench.store.backfill_progress(made.pk).runs == {"success": 6}
    done = bench.store.get_backfill(made.pk)
    assert done.completed_at is not None
    assert bench.scheduler.is_idle


def test_its_runs_do_not_count_for_the_dag(bench: Bench) -> None:
    ready(bench, max_active_runs=1)
    mine = bench.trigger()
    made = backfill(bench)
    bench.step()
    assert bench.state(mine) == "running"
    assert [bench.state(run) for run in bench.store.runs()] == ["running"] * 3
    bench.run(seconds=60)
    assert bench.store.get_backfill(made.pk).completed_at


def test_a_paused_dag_or_backfill_makes_no_more_runs(bench: Bench) -> None:
    ready(bench)
    bench.store.set_paused(["d"], True)
    made = backfill(bench)
    bench.run(seconds=60)
    assert bench.store.runs() == []
    bench.store.set_backfill_paused(made.pk, True)
    bench.store.set_paused(["d"], False)
    bench.run(seconds=60)
    assert bench.store.runs() == []
    bench.store.set_backfill_paused(made.pk, False)
    bench.step()
    assert len(bench.store.runs()) == 2
    bench.store.set_backfill_paused(made.pk, True)
    bench.run(seconds=60)
    assert {bench.state(run) for run in bench.store.runs()} == {"success"}
    assert len(bench.store.runs()) == 2
    bench.store.set_backfill_paused(made.pk, False)
    bench.run(seconds=60)
    assert bench.store.get_backfill(made.pk).completed_at


def test_a_cancelled_backfill_ends_after_what_runs(bench: Bench) -> None:
    ready(bench)
    made = backfill(bench)
    bench.step()
    bench.store.cancel_backfill(made.pk)
    bench.run(seconds=60)
    assert [bench.state(run) for run in bench.store.runs()] == ["success"] * 2
    assert bench.store.backfill_progress(made.pk).skipped == {"cancelled": 4}


def test_runs_that_have_ended_run_again(bench: Bench) -> None:
    ready(bench)
    first = backfill(bench)
    bench.run(seconds=60)
    again = backfill(bench, reprocess=ReprocessBehavior.COMPLETED, max_active_runs=4)
    bench.run(seconds=60)
    assert bench.store.get_backfill(again.pk).completed_at
    assert len(bench.store.runs()) == 6
    assert len(bench.submitted) == 12
    assert {run.backfill for run in bench.store.runs()} == {again.pk}
    assert bench.store.backfill_progress(first.pk).runs == {"success": 6}


def test_where_every_date_has_its_run_there_is_nothing_to_do(bench: Bench) -> None:
    ready(bench)
    backfill(bench)
    bench.run(seconds=60)
    again = backfill(bench)
    bench.run(seconds=60)
    assert bench.store.get_backfill(again.pk).completed_at
    assert bench.store.backfill_progress(again.pk).skipped == {"already exists": 6}


def test_a_new_scheduler_goes_on_where_the_last_one_stood(bench: Bench) -> None:
    ready(bench)
    made = backfill(bench)
    bench.step()
    bench.store.forget_listeners()
    bench.executor = bench.new_executor()
    bench.scheduler = bench.new_scheduler()
    bench.scheduler.open()
    bench.run(seconds=60)
    assert bench.store.get_backfill(made.pk).completed_at
    assert bench.store.backfill_progress(made.pk).runs == {"success": 6}


def test_a_cleared_run_of_one_that_is_complete_runs_as_one_of_the_dags(bench: Bench) -> None:
    ready(bench)
    backfill(bench)
    bench.run(seconds=60)
    run = bench.store.runs()[0]
    bench.store.clear_instances(run.pk, bench.keys("t0"))
    bench.run(seconds=60)
    assert bench.state(run) == "success"
    assert len(bench.submitted) == 7
    assert {one.run_type for one in bench.store.runs()} == {RunType.BACKFILL}


def test_what_the_scheduler_did_not_hear_of_is_found(bench: Bench) -> None:
    """Its DAG gets a run for one of the dates meanwhile, and another one is deleted."""
    ready(bench)
    made = backfill(bench, days=4)
    bench.step()
    bench.trigger(run_id="mine", days=-1)
    bench.run(seconds=60)
    progress = bench.store.backfill_progress(made.pk)
    assert progress.runs == {"success": 3}
    assert sum(progress.skipped.values()) == 1
