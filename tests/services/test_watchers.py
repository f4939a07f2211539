"""How watchers of assets that fail are started again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from slipstream.model.asset import AssetName, AssetUpdate
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral, Fired
from slipstream.model.events import TriggerEnded
from slipstream.services.triggerer.interface import Watch
from slipstream.services.triggerer.watching import LocalWatchers
from slipstream.store.event_records import NewEvent
from slipstream.store.records import Source
from slipstream.testing.virtual_time import VirtualTime
from slipstream.wire.values import encode_value

PATIENCE_SECONDS = 30.0


class Watched:
    """A watcher on virtual time, and what becomes of it."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.begun = self.time.now()
        self.starts: list[float] = []
        """When it was started, in seconds from the beginning."""
        self.notes: list[str | None] = []
        self.told: list[NewEvent] = []
        """Of the audit log."""
        self.pauses: list[float] = []
        self.attempt: Attempt | None = None
        self._changed = threading.Condition()
        self._kept = 0
        self.watchers = LocalWatchers(self, self, clock=self._seconds)
        asset = AssetName("a", "a")
        wanted = Watch("m.Watcher", "{}", "inbox", "d", "/dags/d.py", (asset,))
        self.watchers.watch([wanted])

    def _seconds(self) -> float:
        return (self.time.now() - self.begun).total_seconds()

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        self.time.advance_to(self.time.now() + timedelta(seconds=seconds))

    def fail(self) -> None:
        """It raises; time passes until it is started again."""
        number = len(self.notes)
        self._tell(Broken(error="it does not like this"))
        self.until(lambda: len(self.notes) > number)
        self.wait(self.pauses[-1])

    def see(self) -> None:
        """It yields an event."""
        number = self._kept
        self._tell(Fired(payload=encode_value("x")))
        self.until(lambda: self._kept > number)

    def until(self, look: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(look, PATIENCE_SECONDS)

    def _tell(self, end: Broken | Fired) -> None:
        assert self.attempt is not None
        event = TriggerEnded(self.attempt.key, self.attempt.attempt_id, self.time.now(), end)
        self.watchers.take(self.attempt, event)

    # The host.

    def run_watchers(self, watchers: Sequence[tuple[Attempt, Deferral]]) -> None:
        ((self.attempt, _),) = watchers
        self.starts.append(self._seconds())

    def drop_trigger(self, attempt_id: str) -> None: ...

    def keep_trigger(self, attempt_id: str) -> None:
        del attempt_id
        with self._changed:
            self._kept += 1
            self._changed.notify_all()

    def call_after(self, seconds: float, callback: Callable[[], None]) -> None:
        self.pauses.append(seconds)
        self.time.call_in(seconds, callback)

    # The store.

    def record_asset_updates(
        self, source: Source, updates: Sequence[AssetUpdate]
    ) -> Sequence[int | None]:
        del source
        return [1 for _ in updates]

    def note_watcher(self, asset: AssetName, name: str, problem: str | None) -> None:
        assert (asset.name, name) == ("a", "inbox")
        with self._changed:
            self.notes.append(problem)
            self._changed.notify_all()

    def log_event(self, what: NewEvent) -> int:
        with self._changed:
            self.told.append(what)
            self._changed.notify_all()
            return len(self.told)


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.watchers.stop()


def test_one_that_sees_something_and_then_fails_is_started_ever_more_slowly(
    watched: Watched,
) -> None:
    for _ in range(11):
        watched.see()
        watched.fail()
    assert watched.pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_one_that_has_run_well_begins_with_a_short_pause_again(watched: Watched) -> None:
    for _ in range(3):
        watched.fail()
    watched.wait(59)
    watched.fail()
    watched.wait(61)
    watched.fail()
    assert watched.pauses == [1, 2, 4, 8, 1]
    for _ in range(6):
        watched.fail()
    assert watched.pauses[-1] == 64
    # It comes every 64 s at the most: it does not run well yet.
    watched.wait(100)
    watched.fail()
    assert watched.pauses[-1] == 128


def test_its_problem_is_told_until_it_sees_something(watched: Watched) -> None:
    watched.fail()
    watched.see()
    watched.see()
    watched.fail()
    assert watched.notes == ["it does not like this", None, "it does not like this"]


def test_the_first_failure_in_a_row_is_in_the_audit_log(watched: Watched) -> None:
    watched.fail()
    watched.fail()
    watched.until(lambda: bool(watched.told))
    watched.wait(3600)
    watched.fail()
    watched.until(lambda: len(watched.told) == 2)
    assert {(one.event, one.dag_id) for one in watched.told} == {("watcher_failed", "d")}
    assert watched.told[0].details == {
        "watcher": "inbox",
        "assets": ["a"],
        "error": "it does not like this",
        "log": "dag_id=d/run_id=asset_watchers/task_id=inbox/attempt=1.log",
    }
