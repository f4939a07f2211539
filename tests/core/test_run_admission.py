from datetime import timedelta

import pytest
from tests.core.making import BEGIN, run

from slipstream.core.run_admission import RunAdmission
from slipstream.model.errors import NotFoundError


def test_runs_begin_as_their_dag_has_room_the_earliest_first() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 2)
    for pk in (1, 2, 3):
        gate.queue(run(pk, run_after=BEGIN - timedelta(hours=pk)))
    assert gate.admit() == [3, 2]
    assert gate.why_held(1).sentence == "2 runs are active, and max_active_runs is 2."
    gate.release(3)
    assert gate.admit() == [1]
    assert gate.active_runs("dag") == 2


def test_dags_do_not_hold_each_other_back() -> None:
    gate = RunAdmission()
    for dag_id in ("a", "b"):
        gate.set_dag(dag_id, 1)
        gate.queue(run(ord(dag_id), dag_id=dag_id))
    assert gate.admit() == [ord("a"), ord("b")]


def test_zero_is_without_limit() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 0)
    for pk in range(1, 101):
        gate.queue(run(pk))
    assert len(gate.admit()) == 100


def test_a_paused_dag_begins_no_run_until_it_is_unpaused() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 5, is_paused=True)
    gate.queue(run(1))
    assert gate.admit() == []
    assert gate.why_held(1).sentence == "DAG 'dag' is paused."
    gate.set_dag("dag", 5)
    assert gate.why_held(1).sentence.startswith("It is next")
    assert gate.admit() == [1]


def test_a_dag_that_is_not_known_yet_has_no_room() -> None:
    gate = RunAdmission()
    gate.queue(run(1))
    assert gate.admit() == []
    gate.set_dag("dag", 1)
    assert gate.admit() == [1]


def test_runs_that_were_running_before_are_counted() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 1)
    gate.hold(run(1))
    gate.queue(run(1))
    gate.queue(run(2))
    assert gate.admit() == []
    gate.release(1)
    gate.release(1)
    assert gate.admit() == [2]


def test_a_queued_run_that_is_gone_does_not_begin() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 1)
    gate.queue(run(1))
    gate.release(1)
    assert gate.admit() == []
    with pytest.raises(NotFoundError, match="not waiting to begin"):
        gate.why_held(1)


def test_a_run_may_be_queued_again() -> None:
    gate = RunAdmission()
    gate.set_dag("dag", 1)
    for _ in range(2):
        gate.queue(run(1))
        gate.queue(run(1))
        assert gate.admit() == [1]
        gate.release(1)
