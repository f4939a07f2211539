"""Deadlines: kept once, missed once, met at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.store.making import NOON, later, new_run, recorded

from slipstream.model.changes import RunChanged
from slipstream.model.run import DagRun
from slipstream.model.states import RunState
from slipstream.store.deadline_records import ReckonedDeadline
from slipstream.store.interface import Store
from slipstream.store.records import (
    RunWrite,
)

pytestmark = pytest.mark.simulated


def a_run(store: Store, run_id: str = "first") -> DagRun:
    return store.create_run(new_run(recorded(store), run_id))


def ended(store: Store, run: DagRun, minutes: int = 1) -> None:
    known = store.load_run(run.pk).run
    over = replace(
        known,
        state=RunState.SUCCESS,
        start_date=NOON,
        end_date=NOON + timedelta(minutes=minutes),
    )
    store.apply([RunWrite(run.pk, known.revision, [RunChanged(over)])])


def test_what_was_reckoned_first_stays(store: Store) -> None:
    run = a_run(store)
    first = store.put_deadlines(run, [ReckonedDeadline(0, "soon", later(5))])
    assert [(one.position, one.name, one.due_at) for one in first] == [(0, "soon", later(5))]
    again = store.put_deadlines(
        run, [ReckonedDeadline(0, "soon", later(9)), ReckonedDeadline(1, None, later(7))]
    )
    assert [one.due_at for one in again] == [later(5), later(7)]
    assert again[0] == first[0]
    assert store.put_deadlines(run, [ReckonedDeadline(2, None, None)]) == again
    assert [one.due_at for one in store.list_deadlines("sales")] == [later(7), later(5)]
    assert store.list_deadlines("sales", "other") == []


def test_one_is_missed_once(store: Store) -> None:
    run = a_run(store)
    (one, two) = store.put_deadlines(
        run, [ReckonedDeadline(0, None, later(5)), ReckonedDeadline(1, None, later(6))]
    )
    (missed,) = store.miss_deadlines([one.number])
    assert missed.missed_at is not None
    assert replace(missed, missed_at=None) == one
    assert store.miss_deadlines([one.number]) == []
    assert store.put_deadlines(run, [ReckonedDeadline(0, None, later(5))]) == [two]
    ended(store, run)
    assert store.miss_deadlines([two.number]) == []
    store.meet_deadlines([run.pk])
    found = store.list_deadlines("sales")
    assert [(entry.missed_at is None, entry.met_at is None) for entry in found] == [
        (True, False),
        (False, True),
    ]


def test_a_run_that_is_queued_again_has_some_of_them_anew(store: Store) -> None:
    run = a_run(store)
    fixed, renewed = ReckonedDeadline(0, None, later(5)), ReckonedDeadline(1, None, later(6), True)
    both = store.put_deadlines(run, [fixed, renewed])
    store.miss_deadlines([one.number for one in both])
    assert store.put_deadlines(run, [fixed, renewed]) == []
    queued = replace(run, queued_at=later(100))
    assert [
        one.due_at
        for one in store.put_deadlines(
            queued, [fixed, ReckonedDeadline(1, None, later(106), is_renewed=True)]
        )
    ] == [later(106)]


def test_the_lengths_of_the_latest_runs(store: Store) -> None:
    version = recorded(store)
    for day in range(4):
        run = store.create_run(new_run(version, f"r{day}", run_after=NOON - timedelta(days=day)))
        if day != 1:
            ended(store, run, minutes=day + 1)
    over = NOON + timedelta(days=1)
    lengths = [timedelta(minutes=1), timedelta(minutes=3)]
    assert list(store.run_durations("sales", 2, over)) == lengths
    assert list(store.run_durations("sales", 2, NOON + timedelta(minutes=3))) == lengths[:1]
    assert list(store.run_durations("other", 2, over)) == []
