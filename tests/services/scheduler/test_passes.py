from threading import Event

import pytest
from tests.services.scheduler.conftest import Bench, chain

from slipstream.services.scheduler.inbox import Inbox, Mail
from slipstream.services.scheduler.passes import PassLimit


def limit(passes: int, *, reached: Event, only_idle: bool = False) -> PassLimit:
    return PassLimit(passes=passes, only_idle=only_idle, idle_seconds=0.0, reached=reached.set)


def test_it_is_over_after_so_many_passes() -> None:
    reached = Event()
    counted = limit(2, reached=reached)
    counted.passed(did_something=True)
    assert not reached.is_set()
    assert counted.timeout == 0.0
    counted.passed(did_something=False)
    assert reached.is_set()
    assert counted.timeout is None


def test_passes_with_something_to_do_may_not_count() -> None:
    reached = Event()
    counted = limit(1, reached=reached, only_idle=True)
    for _ in range(3):
        counted.passed(did_something=True)
    assert not reached.is_set()
    counted.passed(did_something=False)
    assert reached.is_set()


def test_a_scheduler_with_nothing_to_do_makes_its_passes(bench: Bench) -> None:
    reached, made = Event(), []
    scheduler = bench.new_scheduler(limit=limit(3, reached=reached), on_pass=made.append)
    scheduler.start()
    assert reached.wait(60)
    scheduler.stop()
    assert len(made) >= 3


def test_after_its_passes_it_begins_nothing(bench: Bench) -> None:
    reached = Event()
    bench.store.put_dag(chain(1))
    scheduler = bench.new_scheduler(limit=limit(1, reached=reached))
    scheduler.start()
    assert reached.wait(60)
    bench.trigger()
    seen = Event()
    scheduler.call(seen.set)
    assert seen.wait(60)
    scheduler.stop()
    assert bench.submitted == []


def test_without_a_limit_it_waits_for_events_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []
    waiting = Event()
    collect = Inbox.collect

    def watched(self: Inbox, timeout: float | None) -> Mail:
        waits.append(timeout)
        if timeout is None:
            waiting.set()
        return collect(self, timeout)

    monkeypatch.setattr(Inbox, "collect", watched)
    scheduler = bench.new_scheduler()
    scheduler.start()
    assert waiting.wait(60)
    assert set(waits) <= {0, None}
    scheduler.stop()
