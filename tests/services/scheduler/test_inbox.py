import threading
from datetime import UTC, datetime

import pytest

from slipstream.executors.interface import Report
from slipstream.model.events import AttemptStarted
from slipstream.model.run import TaskKey
from slipstream.services.scheduler.inbox import Inbox

SECONDS = 30.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def report(number: int) -> Report:
    return Report(1, AttemptStarted(TaskKey(f"t{number}"), f"a{number}", NOW))


def test_everything_that_arrived_comes_in_one_collection_in_order() -> None:
    inbox = Inbox()
    inbox.report([report(1), report(2)])
    inbox.notices_may_be_there()
    inbox.report([report(3)])
    mail = inbox.collect(0)
    assert [found.event.attempt_id for found in mail.reports] == ["a1", "a2", "a3"]
    assert mail.notices
    assert not inbox.collect(0).notices


def test_many_hints_are_one_until_they_are_read() -> None:
    inbox = Inbox()
    for _ in range(1000):
        inbox.notices_may_be_there()
    assert inbox._queue.qsize() == 1
    assert inbox.collect(0).notices
    inbox.notices_may_be_there()
    assert inbox.collect(0).notices


def test_a_command_is_given_for_the_schedulers_thread_to_run() -> None:
    inbox = Inbox()
    done: list[str] = []
    inbox.call(lambda: done.append("done"))
    assert done == []
    for command in inbox.collect(0).commands:
        command()
    assert done == ["done"]


def test_an_empty_inbox_gives_nothing_when_its_time_is_over() -> None:
    mail = Inbox().collect(0.001)
    assert not mail.reports
    assert not mail.commands
    assert not mail.notices


def test_a_waiting_collection_is_woken_by_another_thread() -> None:
    inbox = Inbox()
    sender = threading.Thread(target=lambda: inbox.report([report(1)]))
    sender.start()
    assert len(inbox.collect(None).reports) == 1
    sender.join()


def test_a_nudge_ends_the_wait_with_nothing() -> None:
    inbox = Inbox()
    threading.Thread(target=inbox.nudge).start()
    assert not inbox.collect(None).reports


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_hints_of_a_rest_are_one_when_it_is_over_and_wake_nobody_before() -> None:
    clock = Seconds()
    inbox = Inbox(clock)
    inbox.rest(0.02)
    for _ in range(1000):
        inbox.notices_may_be_there()
    assert inbox._queue.empty()
    assert inbox.collect(0).is_empty
    clock.now += 0.02
    assert inbox.collect(0).notices
    assert inbox.collect(0).is_empty


class HintedWhenWaitedFor:
    """A queue during whose every wait a hint arrives."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._queue = inbox._queue
        self.put = self._queue.put
        self.get_nowait = self._queue.get_nowait

    def get(self, timeout: float | None) -> object:
        self._inbox.notices_may_be_there()
        assert timeout is not None or not self._queue.empty(), "The hint wakes nobody."
        return self._queue.get(timeout=timeout)


@pytest.mark.parametrize("passed", [0.02, 3600.0])
def test_a_hint_wakes_whoever_begins_to_wait_after_a_rest(passed: float) -> None:
    clock = Seconds()
    inbox = Inbox(clock)
    inbox._queue = HintedWhenWaitedFor(inbox)
    inbox.rest(0.02)
    clock.now += passed
    assert inbox.collect(None).notices


def test_a_waiting_collection_sees_the_end_of_a_rest() -> None:
    inbox = Inbox()
    inbox.rest(0.02)
    inbox.notices_may_be_there()
    assert inbox.collect(None).notices


def test_after_a_rest_without_hints_the_next_one_wakes() -> None:
    inbox = Inbox()
    inbox.rest(0.005)
    assert inbox.collect(0.1).is_empty
    inbox.notices_may_be_there()
    assert inbox.collect(0).notices


@pytest.mark.parametrize(("asked", "lasts"), [(0.0, 0.005), (0.01, 0.01), (3600.0, 0.025)])
def test_a_rest_lasts_neither_longer_nor_shorter_than_is_good(asked: float, lasts: float) -> None:
    clock = Seconds()
    inbox = Inbox(clock)
    inbox.rest(asked)
    inbox.notices_may_be_there()
    clock.now += lasts - 0.001
    assert inbox.collect(0).is_empty
    clock.now += 0.002
    assert inbox.collect(0).notices


def test_a_report_does_not_wait_for_the_end_of_a_rest() -> None:
    inbox = Inbox()
    inbox.rest(0.025)
    inbox.notices_may_be_there()
    inbox.report([report(1)])
    mail = inbox.collect(SECONDS)
    assert len(mail.reports) == 1
    assert mail.notices or inbox.collect(SECONDS).notices


def test_a_timer_within_a_rest_is_in_time() -> None:
    inbox = Inbox()
    inbox.rest(0.025)
    assert inbox.collect(0.001).is_empty
