"""Triggers given to triggerers: processes of their own, on this machine or another.

Where there is one, it gets what tasks begin to wait on. Where there is none, the scheduler's own
process host runs them. A triggerer that dies is noticed at once and its triggers are given to the
next one; what a trigger has come to is a row by then, or it runs anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from queue import SimpleQueue
from typing import Protocol, TypeVar

import msgspec

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, EndsTask, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.model.team import TeamOf
from slipstream.services.triggerer.interface import Triggerer, Waiter
from slipstream.services.triggerer.lives import LifeWatch
from slipstream.services.triggerer.telling import ChangeTeller
from slipstream.store.errors import StoreError
from slipstream.store.leases import Holder, Lease, LeaseLostError
from slipstream.store.trigger_interface import OrderState, TriggererRecord, TriggererStore
from slipstream.store.wakeups import Topic
from slipstream.wire.trigger_orders import order_text, result_of

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Between two tries to write what the store did not take."""
_MOST_AT_ONCE = 500

T = TypeVar("T")


class SharedStore(TriggererStore, Protocol):
    """What giving triggers away needs of the store."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """See `slipstream.store.interface.SchedulerStore`."""

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """See `slipstream.store.interface.AdminStore`."""


class Watch(Protocol):
    """A look at a process that ends when the process does."""

    def stop(self) -> None:
        """Watch no more."""


class Watcher(Protocol):
    """Begins such a look; see `LifeWatch`."""

    def __call__(
        self, store: SharedStore, name: str, holder: Holder, on_gone: Callable[[], None], /
    ) -> Watch: ...


class LocalSide(Triggerer, Protocol):
    """What runs triggers where there is no triggerer."""

    def call_back(self, attempt: Attempt, end: EndsTask) -> None:
        """Have the callbacks called of a task that its trigger has ended."""


class _Known:
    """A triggerer that lives."""

    def __init__(
        self, record: TriggererRecord, watch: Watch, team_of: TeamOf | None = None
    ) -> None:
        self.record = record
        self._team_of = team_of
        self.watch = watch
        self.load = 0

    def takes(self, waiter: Waiter) -> bool:
        record = self.record
        if record.capacity is not None and self.load >= record.capacity:
            return False
        team_of = self._team_of
        if team_of is not None and record.team_name != team_of(waiter.attempt.fileloc):
            return False
        queue = waiter.deferral.queue or waiter.attempt.queue
        return record.queues is None or queue in record.queues


class SharedTriggerer:
    """Implements `Triggerer` on a store and on what runs triggers here."""

    def __init__(
        self,
        local: LocalSide,
        store: SharedStore,
        *,
        watch: Watcher = LifeWatch,
        team_of: TeamOf | None = None,
    ) -> None:
        """Nothing is listened to before `start`. With `team_of`, which says whose a DAG file is,
        triggerers run only the triggers of their teams."""
        self._watch_life = watch
        self._team_of = team_of
        self._local = local
        self._store = store
        self.changes = ChangeTeller(store)
        """Has to observe the scheduler, for triggers elsewhere that wait for DAGs."""
        self._sink: Sink | None = None
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._away: dict[str, Waiter | None] = {}
        """Attempts that are, or may be, a triggerer's; None where only the row is known yet."""
        self._batch: list[tuple[str, TriggerEnd | None]] | None = None
        """What the next job about drops is about."""
        self._has_others = False
        # The thread's own.
        self._has_followers = False
        self._known: dict[int, _Known] = {}
        self._at: dict[str, int] = {}
        """`{attempt: triggerer}`."""
        self._kept: set[str] = set()
        """Attempts whose triggerer is gone, and whose end is there."""
        self._told: dict[str, Waiter] = {}
        """Whose end was reported. Who waits for it anew is told again."""
        self._is_woken = False
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_listening: Callable[[], None] = lambda: None

    def start(self, sink: Sink) -> None:
        """Report to the sink from now on. Raises `StoreError` where the store cannot be read."""
        self._sink = sink
        self._local.start(sink)
        self._stop_listening = self._store.listen(self._wake, Topic.TRIGGERS)
        orders = self._store.trigger_orders()
        if orders:
            self._store.release_stale_triggers()
        with self._lock:
            self._away.update((order.attempt_id, None) for order in orders)
        self._at.update((order.attempt_id, order.triggerer_pk) for order in orders)
        self._look()
        for pk in set(self._at.values()) - set(self._known):
            self._gone(pk)
        self._thread = threading.Thread(target=self._work, name="triggerers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give nothing more away. What triggerers run goes on."""
        self._stopped.set()
        self._stop_listening()
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.changes.stop()
        for known in self._known.values():
            known.watch.stop()

    def run(self, waiters: Sequence[Waiter]) -> None:
        """Run these triggers, here or elsewhere."""
        here, elsewhere = [], []
        with self._lock:
            # What is dropped from here on is dropped after this.
            self._batch = None
            for waiter in waiters:
                name = waiter.attempt.attempt_id
                if self._has_others or name in self._away:
                    self._away[name] = waiter
                    elsewhere.append(waiter)
                else:
                    here.append(waiter)
        if here:
            self._local.run(here)
        for start in range(0, len(elsewhere), _MOST_AT_ONCE):
            self._jobs.put(partial(self._place, elsewhere[start : start + _MOST_AT_ONCE]))

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """Let go of a trigger; a task that it has ended gets its callbacks called."""
        with self._lock:
            is_away = attempt_id in self._away
            if is_away and self._batch is not None:
                self._batch.append((attempt_id, counted))
            elif is_away:
                self._batch = [(attempt_id, counted)]
                self._jobs.put(partial(self._release, self._batch))
        if not is_away:
            self._local.drop(attempt_id, counted)

    # In the thread.

    def _work(self) -> None:
        while not self._stopped.is_set():
            job = self._jobs.get()
            if job is None:
                return
            try:
                job()
            except (LeaseLostError, _StoppedError):
                return
            except Exception:  # noqa: BLE001 - whatever it was, the others must go on
                _log.exception("Something about triggerers failed")

    def _wake(self) -> None:
        with self._lock:
            if self._is_woken:
                return
            self._is_woken = True
        self._jobs.put(self._look_again)

    def _look_again(self) -> None:
        with self._lock:
            self._is_woken = False
        self._surely(self._look)

    def _surely(self, action: Callable[[], T]) -> T:
        """What `action` gives, when the store has taken it."""
        while not self._stopped.is_set():
            try:
                return action()
            except LeaseLostError:
                raise
            except StoreError as error:
                _log.warning("Triggers cannot be given to triggerers yet: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)
        raise _StoppedError

    def _look(self) -> None:
        """Who is there, and what has ended."""
        records = {record.pk: record for record in self._store.list_triggerers()}
        for pk, record in records.items():
            if pk not in self._known:
                gone = partial(self._jobs.put, partial(self._gone, pk))
                watch = self._watch_life(self._store, record.name, record.holder, gone)
                self._known[pk] = _Known(record, watch, self._team_of)
                _log.info("The triggerer %d is there: %s", pk, record.holder.hostname)
        for pk in [pk for pk in self._known if pk not in records]:
            self._gone(pk)
        with self._lock:
            self._has_others = bool(self._known)
            may_have_ended = bool(self._away)
        if self._known or self._has_followers:
            self.changes.look()
            self._has_followers = bool(self._known)
        if may_have_ended:
            self._report(self._store.trigger_results().items())

    def _report(self, results: Iterable[tuple[str, str]]) -> None:
        reports = []
        for name, text in results:
            waiter = self._away.get(name)
            if waiter is None or self._told.get(name) is waiter:
                continue
            self._told[name] = waiter
            event = TriggerEnded(waiter.attempt.key, name, datetime.now(UTC), _end_of(text))
            reports.append(Report(waiter.attempt.run.pk, event))
        if reports and self._sink is not None:
            self._sink(reports)

    def _place(self, waiters: Sequence[Waiter]) -> None:
        """Have these run, unless they do; tell again what those came to that have ended."""
        with self._lock:
            self._away.update((waiter.attempt.attempt_id, waiter) for waiter in waiters)
        new = []
        for waiter in waiters:
            name = waiter.attempt.attempt_id
            if self._at.get(name) not in self._known and name not in self._kept:
                new.append(waiter)
        if len(new) < len(waiters):
            self._surely(self._look)
        self._give(new)

    def _give(self, waiters: Sequence[Waiter]) -> None:
        given: dict[int, dict[str, str]] = {}
        here = []
        for waiter in waiters:
            name = waiter.attempt.attempt_id
            able = [known for known in self._known.values() if known.takes(waiter)]
            if not able:
                here.append(waiter)
                continue
            chosen = min(able, key=lambda known: known.load)
            self._set_place(name, chosen.record.pk)
            given.setdefault(chosen.record.pk, {})[name] = order_text(
                waiter.attempt, waiter.deferral
            )
        for pk, contents in given.items():
            self._surely(partial(self._store.give_triggers, pk, contents))
        if here:
            self._take_back(here)

    def _take_back(self, waiters: Sequence[Waiter]) -> None:
        """Run these here."""
        names = [waiter.attempt.attempt_id for waiter in waiters]
        self._surely(partial(self._store.forget_orders, names))
        for name in names:
            self._set_place(name, None)
        with self._lock:
            for name in names:
                self._away.pop(name, None)
        self._local.run(waiters)

    def _release(self, batch: list[tuple[str, TriggerEnd | None]]) -> None:
        with self._lock:
            if self._batch is batch:
                self._batch = None
            waiters = {name: self._away.pop(name, None) for name, _ in batch}
        running: list[str] = []
        left: list[str] = []
        for name, counted in batch:
            self._told.pop(name, None)
            self._kept.discard(name)
            pk = self._at.get(name)
            if pk is None:
                # It has been taken back meanwhile.
                self._local.drop(name, counted)
                continue
            self._set_place(name, None)
            (running if pk in self._known else left).append(name)
            waiter = waiters[name]
            if waiter is not None and isinstance(counted, EndsTask):
                self._local.call_back(waiter.attempt, counted)
        if running:
            self._surely(partial(self._store.release_triggers, running))
        if left:
            self._surely(partial(self._store.forget_orders, left))

    def _gone(self, pk: int) -> None:
        """A triggerer is no more: others get what it had."""
        known = self._known.pop(pk, None)
        if known is not None:
            known.watch.stop()
        with self._lock:
            self._has_others = bool(self._known)
        self._surely(partial(self._store.remove_triggerer, pk))
        orders = [one for one in self._surely(self._store.trigger_orders) if one.triggerer_pk == pk]
        ended = {one.attempt_id for one in orders if one.state is OrderState.ENDED}
        self._kept |= ended
        over = [one.attempt_id for one in orders if one.state is OrderState.DROPPED]
        if over:
            self._surely(partial(self._store.forget_orders, over))
        left = [name for name, at in self._at.items() if at == pk and name not in ended]
        if left:
            _log.warning("The triggerer %d is gone; its %d triggers run elsewhere", pk, len(left))
        for name in left:
            self._set_place(name, None)
        # Those without a waiter are asked for when the scheduler has read their runs.
        waiters = [waiter for name in left if (waiter := self._away.get(name)) is not None]
        self._give(waiters)
        if ended:
            self._surely(self._look)

    def _set_place(self, name: str, pk: int | None) -> None:
        before = self._known.get(self._at.pop(name, 0))
        if before is not None:
            before.load -= 1
        if pk is not None:
            self._at[name] = pk
            self._known[pk].load += 1


class _StoppedError(Exception):
    """The scheduler has stopped."""


def _end_of(text: str) -> TriggerEnd:
    try:
        return result_of(text)
    except msgspec.MsgspecError as error:
        return Broken(error=f"the trigger's end cannot be read: {error}")
