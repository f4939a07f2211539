"""Watchers of assets on this machine, in the process host's processes of triggers.

An event is recorded before its watcher goes on to the next one. A watcher that fails is started
again, after one second the first time, then after twice as long each time, up to five minutes; from
the beginning, once it has run well for a while. That it has seen something does not count for well.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from slipstream.model.asset import AssetName, AssetUpdate
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral, Fired
from slipstream.model.events import TriggerEnded
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime.log_files import log_path_of
from slipstream.services.triggerer.interface import Watch
from slipstream.store.errors import StoreError
from slipstream.store.event_records import Door, NewEvent
from slipstream.store.records import Source
from slipstream.wire.values import decode_value, plain_value

_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_WELL_SECONDS = 60.0
"""Who has run so long, and twice as long as the last pause was, runs well."""
_STORE_PAUSE_SECONDS = 1.0
"""Between two tries to record an event that the store did not take."""
_PREFIX = "watcher-"


@dataclass(slots=True)
class _Running:
    """A watcher that is wanted."""

    watch: Watch
    attempt: Attempt
    deferral: Deferral
    began_at: float = 0.0
    """By the monotonic clock."""
    failures: int = 0
    """In a row."""
    pause_seconds: float = 0.0
    """The latest one."""
    has_problem: bool = False
    """Whether people were told of one, and not that it is over."""


class WatchingHost(Protocol):
    """What runs watchers; see `runtime.host.ProcessHost`."""

    def run_watchers(self, watchers: Sequence[tuple[Attempt, Deferral]]) -> None:
        """Run these triggers, which no task waits on."""

    def drop_trigger(self, attempt_id: str) -> None:
        """Nothing needs that trigger any more."""

    def keep_trigger(self, attempt_id: str) -> None:
        """The event of that watcher is recorded: it may go on."""

    def call_after(self, seconds: float, callback: Callable[[], None]) -> object:
        """Call something in the host's thread after a while."""


class WatchingStore(Protocol):
    """What watching needs of the store; see `slipstream.store.interface.AssetStore`."""

    def record_asset_updates(
        self, source: Source, updates: Sequence[AssetUpdate]
    ) -> Sequence[int | None]:
        """Record them."""

    def note_watcher(self, asset: AssetName, name: str, problem: str | None) -> None:
        """Keep for people why the watcher does not watch at the moment; None: it does."""

    def log_event(self, what: NewEvent) -> int:
        """Keep it in the audit log."""


class LocalWatchers:
    """Implements `Watchers` on a process host, which the caller starts before and stops after."""

    def __init__(
        self,
        host: WatchingHost,
        store: WatchingStore,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._recorder: ThreadPoolExecutor | None = None
        self._stopped = threading.Event()

    def watch(self, wanted: Sequence[Watch]) -> None:
        """Run these from now on, and no others."""
        by_name = {_name_of(watch): watch for watch in wanted}
        with self._lock:
            gone = [name for name in self._running if name not in by_name]
            for name in gone:
                del self._running[name]
            new = []
            for name, watch in by_name.items():
                known = self._running.get(name)
                if known is None:
                    self._running[name] = known = _made_up(name, watch)
                    new.append(known)
                known.watch = watch
            for known in new:
                known.began_at = self._clock()
        for name in gone:
            self._host.drop_trigger(name)
        for running in new:
            _log.info("Watching %s by %s.", _assets_of(running.watch), running.watch.classpath)
        if new:
            self._host.run_watchers([(one.attempt, one.deferral) for one in new])

    def stop(self) -> None:
        """Record nothing more. What was not recorded is seen again by the next server."""
        self._stopped.set()
        with self._lock:
            self._running.clear()
        if self._recorder is not None:
            self._recorder.shutdown(wait=True, cancel_futures=True)

    def is_watcher(self, attempt: Attempt) -> bool:
        """Whether that is one of those that are made up here."""
        return attempt.attempt_id.startswith(_PREFIX)

    def take(self, attempt: Attempt, event: TriggerEnded) -> None:
        """A watcher has seen something, or has failed. In the host's thread."""
        with self._lock:
            running = self._running.get(attempt.attempt_id)
            if running is None or self._stopped.is_set():
                return
            if self._recorder is None:
                self._recorder = ThreadPoolExecutor(1, thread_name_prefix="watchers")
            if isinstance(event.end, Fired):
                self._recorder.submit(self._record, running, event.end)
                if running.has_problem:
                    running.has_problem = False
                    self._recorder.submit(self._note, running, None)
            elif isinstance(event.end, Broken):
                self._pause(running, event.end)
                running.has_problem = True
                self._recorder.submit(self._note, running, event.end.error)
                if running.failures == 1:
                    self._recorder.submit(self._tell, running, event.end.error)

    def _record(self, running: _Running, end: Fired) -> None:
        """In a thread of its own: an event of every asset, then the watcher may go on."""
        try:
            payload = plain_value(decode_value(end.payload))
            extra = {"from_trigger": True, "payload": payload}
            updates = [
                AssetUpdate(name=one.name, uri=one.uri, extra=extra) for one in running.watch.assets
            ]
            while not self._stopped.is_set():
                try:
                    self._store.record_asset_updates(Source(), updates)
                    break
                except StoreError as error:
                    _log.warning("An event of a watcher is not recorded yet: %s", error)
                    self._stopped.wait(_STORE_PAUSE_SECONDS)
            else:
                return
        except Exception:  # noqa: BLE001 - the watcher goes on whatever its event was
            _log.exception("An event of the watcher %s is lost", running.watch.name)
        self._host.keep_trigger(running.attempt.attempt_id)

    def _note(self, running: _Running, problem: str | None) -> None:
        """For people who look at the assets."""
        for asset in running.watch.assets:
            try:
                self._store.note_watcher(asset, running.watch.name, problem)
            except StoreError as error:
                _log.warning("What became of a watcher is not kept: %s", error)

    def _tell(self, running: _Running, problem: str) -> None:
        """For people who look at the audit log: the first failure of those in a row."""
        watch, attempt = running.watch, running.attempt
        details: dict[str, JsonValue] = {
            "watcher": watch.name,
            "assets": [asset.name for asset in watch.assets],
            "error": problem.partition(":")[0],
            "log": str(log_path_of(attempt)),
        }
        event = NewEvent(
            event="watcher_failed",
            owner=None,
            door=Door.DEPLOYMENT,
            dag_id=watch.dag_id,
            details=details,
        )
        try:
            self._store.log_event(event)
        except StoreError as error:
            _log.warning("That a watcher has failed is not in the audit log: %s", error)

    def _pause(self, running: _Running, end: Broken) -> None:
        ran_seconds = self._clock() - running.began_at
        ran_well = ran_seconds >= max(_WELL_SECONDS, 2 * running.pause_seconds)
        running.failures = 1 if ran_well else running.failures + 1
        pause = min(_FIRST_PAUSE_SECONDS * 2 ** (running.failures - 1), _LONGEST_PAUSE_SECONDS)
        running.pause_seconds = pause
        problem = end.error.rstrip(".")
        _log.warning(
            "The watcher %r of %s has failed (%d in a row): %s. It is started again in %g s; its "
            "log tells more.",
            *(running.watch.name, _assets_of(running.watch), running.failures, problem, pause),
        )
        self._host.call_after(pause, lambda: self._start_again(running))

    def _start_again(self, running: _Running) -> None:
        with self._lock:
            if self._running.get(running.attempt.attempt_id) is not running:
                return
            running.began_at = self._clock()
        self._host.run_watchers([(running.attempt, running.deferral)])


def _name_of(watch: Watch) -> str:
    text = f"{watch.classpath}\n{watch.kwargs}"
    return _PREFIX + sha256(text.encode()).hexdigest()[:24]


def _assets_of(watch: Watch) -> str:
    return ", ".join(repr(asset.name) for asset in watch.assets)


def _made_up(name: str, watch: Watch) -> _Running:
    """What stands for a task instance: it names the watcher's log and whom it asks for."""
    now = datetime.now(UTC)
    run = DagRun(
        pk=0,
        dag_id=watch.dag_id,
        run_id="asset_watchers",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="",
        run_after=now,
    )
    attempt = Attempt(
        attempt_id=name, run=run, task_id=watch.name, fileloc=watch.fileloc, is_over=True
    )
    deferral = Deferral(
        attempt_id=name,
        classpath=watch.classpath,
        kwargs=watch.kwargs,
        created_at=now,
        next_method="",
    )
    return _Running(watch, attempt, deferral)
