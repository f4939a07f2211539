import threading
from datetime import UTC, datetime

from slipstream.executors.interface import Report
from slipstream.model.events import AttemptStarted
from slipstream.model.run import TaskKey
from slipstream.services.scheduler.inbox import Inbox

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
