"""The local executor on a real process host."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.runtime.conftest import PATIENCE_SECONDS, Harness

from slipstream.executors.interface import Executor, Report
from slipstream.executors.local import LocalExecutor
from slipstream.model.attempt import Attempt, Cancelled, Lost, Succeeded
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.jobs import source_on_disk

TASKS = """
def quick(): return 1
def waits():
    print("waiting")
    time.sleep(600)
"""


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """A host of the test's own."""
    found = Harness(tmp_path)
    yield found
    found.stop(0.0)


class Reports:
    """What the executor said, in order."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Report] = queue.SimpleQueue()

    def sink(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self._queue.put(report)

    def next(self) -> Report:
        return self._queue.get(timeout=PATIENCE_SECONDS)

    def next_end(self) -> AttemptEnded:
        while True:
            event = self.next().event
            if isinstance(event, AttemptEnded):
                return event


def executor_on(harness: Harness) -> tuple[Executor, Reports]:
    executor = LocalExecutor(harness.host, 4, lambda attempt: source_on_disk(Path(attempt.fileloc)))
    reports = Reports()
    executor.start(reports.sink)
    return executor, reports


def attempts(harness: Harness, path: Path, task_id: str, number: int) -> list[Attempt]:
    return [harness.attempt(path, task_id, map_index=index) for index in range(number)]


def test_each_attempt_is_answered_by_its_start_and_its_end(harness: Harness) -> None:
    path = harness.write_tasks(TASKS)
    executor, reports = executor_on(harness)
    assert executor.parallelism == 4
    (attempt,) = attempts(harness, path, "quick", 1)
    executor.submit([attempt])
    started, ended = reports.next(), reports.next()
    assert (started.run_pk, ended.run_pk) == (7, 7)
    assert isinstance(started.event, AttemptStarted)
    assert isinstance(ended.event, AttemptEnded)
    assert started.event.attempt_id == ended.event.attempt_id == attempt.attempt_id
    assert isinstance(ended.event.outcome, Succeeded)


def test_many_attempts_are_each_answered_once(harness: Harness) -> None:
    path = harness.write_tasks(TASKS)
    executor, reports = executor_on(harness)
    batch = attempts(harness, path, "quick", 40)
    executor.submit(batch)
    ended = [reports.next_end().attempt_id for _ in batch]
    assert sorted(ended) == sorted(attempt.attempt_id for attempt in batch)


def test_a_cancelled_attempt_is_answered_and_an_unknown_one_ignored(harness: Harness) -> None:
    path = harness.write_tasks(TASKS)
    executor, reports = executor_on(harness)
    (attempt,) = attempts(harness, path, "waits", 1)
    executor.submit([attempt])
    reports.next()
    executor.cancel("no-such-attempt", "why not")
    executor.cancel(attempt.attempt_id, "cleared")
    assert reports.next_end().outcome == Cancelled(message="cleared")


def test_nothing_of_an_earlier_server_can_be_adopted(harness: Harness) -> None:
    path = harness.write_tasks(TASKS)
    executor, _ = executor_on(harness)
    earlier = attempts(harness, path, "quick", 2)
    assert list(executor.adopt(earlier)) == earlier


def test_stopping_answers_everything_that_runs_or_waits(harness: Harness) -> None:
    path = harness.write_tasks(TASKS)
    executor, reports = executor_on(harness)
    executor.submit(attempts(harness, path, "waits", 6))
    reports.next()
    executor.stop(5.0)
    outcomes = [reports.next_end().outcome for _ in range(6)]
    assert outcomes == [Lost(message="the server is stopping")] * 6
