from datetime import UTC, datetime, timedelta

import pytest

from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.services.scheduler.keys import DueTimer, TimerKey
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.services.scheduler.timers import Timers

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(pk: int, *, day: int = 0, dag_id: str = "d") -> DagRun:
    return DagRun(
        pk=pk,
        dag_id=dag_id,
        run_id=f"r{pk}",
        run_type=RunType.MANUAL,
        state=RunState.QUEUED,
        version_id="v",
        run_after=START + timedelta(days=day),
    )


@pytest.fixture
def timers() -> Timers[TimerKey]:
    return Timers()


@pytest.fixture
def queue(timers: Timers[TimerKey]) -> RunQueue:
    queue = RunQueue(timers)
    queue.set_dag("d", 2, is_paused=False)
    return queue


def begun(queue: RunQueue) -> list[int]:
    return [run.pk for run in queue.admit()]


def test_no_run_begins_beyond_the_limit(queue: RunQueue) -> None:
    for pk in (1, 2, 3):
        queue.add(run(pk), START)
    assert begun(queue) == [1, 2]
    assert queue.count("d") == 3
    queue.drop(1)
    assert begun(queue) == [3]


def test_a_run_that_is_not_due_yet_waits_for_its_moment(
    queue: RunQueue, timers: Timers[TimerKey]
) -> None:
    queue.add(run(1, day=1), START)
    assert begun(queue) == []
    assert timers.next_at() == START + timedelta(days=1)
    queue.due(1)
    assert begun(queue) == [1]


def test_a_dropped_run_is_no_longer_waited_for(queue: RunQueue, timers: Timers[TimerKey]) -> None:
    queue.add(run(1, day=1), START)
    queue.drop(1)
    assert list(timers.due(START + timedelta(days=2))) == []
    assert DueTimer(1) not in queue.waiting
    assert queue.count("d") == 0


def test_adding_a_run_twice_keeps_one_place(queue: RunQueue) -> None:
    queue.add(run(1), START)
    queue.add(run(1), START)
    assert queue.count("d") == 1
    assert 1 in queue
    assert begun(queue) == [1]
    assert 1 not in queue


def test_a_running_run_counts(queue: RunQueue) -> None:
    queue.hold(run(1))
    queue.hold(run(1))
    queue.hold(run(2))
    queue.add(run(3), START)
    assert queue.count("d") == 3
    assert begun(queue) == []
