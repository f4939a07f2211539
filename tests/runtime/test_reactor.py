"""The thread that waits for everything."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from slipstream.runtime.reactor import Reactor

PATIENCE_SECONDS = 20.0


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    made = Reactor("reactor-of-a-test")
    yield made
    made.stop()


def test_a_call_that_comes_while_the_thread_wakes_does_not_keep_the_next_one_from_waking_it(
    reactor: Reactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read
    between, after = threading.Event(), threading.Event()

    def slow_read(descriptor: int, size: int) -> bytes:
        # Somebody calls after the thread has woken, and before it has read why.
        monkeypatch.setattr(os, "read", read)
        caller = threading.Thread(target=reactor.call, args=[between.set])
        caller.start()
        caller.join(PATIENCE_SECONDS)
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", slow_read)
    reactor.start(lambda: None)
    reactor.call(lambda: None)
    assert between.wait(PATIENCE_SECONDS)
    reactor.call(after.set)
    assert after.wait(PATIENCE_SECONDS), "the thread was not woken"


def test_every_call_is_carried_out_once_and_in_the_order_of_its_thread(reactor: Reactor) -> None:
    seen: list[tuple[int, int]] = []
    reactor.start(lambda: None)

    def call_often(number: int) -> None:
        for count in range(2_000):
            reactor.call(lambda one=(number, count): seen.append(one))  # type: ignore[misc]

    callers = [threading.Thread(target=call_often, args=[number]) for number in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE_SECONDS)
    done = threading.Event()
    reactor.call(done.set)
    assert done.wait(PATIENCE_SECONDS)
    for number in range(4):
        assert [one for one in seen if one[0] == number] == [(number, at) for at in range(2_000)]
