"""Has the callbacks called that are owed, in processes of the DAG's version.

What is owed is a row, written in the transaction that ended the run. It is removed when the
callbacks have been called, so after a crash at any moment they are called by the next server: each
at least once. One that fails has been called.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from enum import Enum
from functools import partial
from queue import SimpleQueue
from typing import Protocol, TypeAlias

from slipstream.core.run_end import EndReason, telling_instance
from slipstream.model.attempt import Attempt
from slipstream.model.changes import BEGUN
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import TaskState
from slipstream.runtime.jobs import ErrandFailedError, Source
from slipstream.runtime.log_files import errand_log_path
from slipstream.services.alerts import failed_alert
from slipstream.store.deadline_records import DeadlineRecord
from slipstream.store.errors import StoreError
from slipstream.store.event_records import NewEvent
from slipstream.store.input_interface import EventLogStore
from slipstream.store.interface import CallbackStore, DagStore, RunStore
from slipstream.store.records import (
    InstanceFilter,
    OwedCallback,
    Window,
)
from slipstream.wire.messages import CallbackKind, Errand, MissedDeadline

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0
"""How long to wait with what the store would not give or take."""

_STATES = {
    EndReason.SUCCESS: (TaskState.SUCCESS,),
    EndReason.TASK_FAILURE: (TaskState.FAILED,),
}

Caller: TypeAlias = Callable[[Errand, Source], "Future[None]"]
"""Has callbacks called: `ProcessHost.call_back`."""


class OwingStore(CallbackStore, RunStore, DagStore, EventLogStore, Protocol):
    """What calling back needs of the store."""


class _Word(Enum):
    LOOK = "look"
    STOP = "stop"


class CallbackService:
    """Looks into the store when it starts, and whenever `wake` says that there is something."""

    def __init__(
        self, store: OwingStore, call: Caller, find_source: Callable[[Attempt], Source]
    ) -> None:
        """`find_source` gives the code of the version that an attempt's run began with."""
        self._store = store
        self._call = call
        self._find_source = find_source
        self._inbox: SimpleQueue[int | NewEvent | _Word] = SimpleQueue()
        self._is_stopped = False
        self._last = 0
        """The newest that was looked at."""
        self._thread: threading.Thread | None = None
        self._retry: threading.Timer | None = None
        self._called: list[int] = []
        """What has been called and is to be removed."""
        self._failed: list[NewEvent] = []
        """What is to be told of those that failed."""

    def start(self) -> None:
        """Call what an earlier server owed, then whatever comes, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
        self._thread.start()
        self.wake()

    def stop(self) -> None:
        """End the thread. What is being called is called again by the next server."""
        self._is_stopped = True
        self._inbox.put(_Word.STOP)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._retry is not None:
            self._retry.cancel()

    def wake(self) -> None:
        """There is something owed. Safe from any thread, never blocks."""
        self._inbox.put(_Word.LOOK)

    def call_all(self) -> None:
        """Call everything that is owed, and wait for the end of it; without a thread of its own."""
        wait([result for result in self._look() if result is not None])
        while self._inbox.qsize():
            match self._inbox.get():
                case int(pk):
                    self._store.callback_called(pk)
                case NewEvent() as failed:
                    self._store.log_event(failed)

    def _run(self) -> None:
        while True:
            item = self._inbox.get()
            if item is _Word.STOP:
                return
            if isinstance(item, int):
                self._called.append(item)
            elif isinstance(item, NewEvent):
                self._failed.append(item)
            try:
                while self._failed:
                    self._store.log_event(self._failed[-1])
                    self._failed.pop()
                while self._called:
                    self._store.callback_called(self._called[-1])
                    self._called.pop()
                if item is _Word.LOOK:
                    self._look()
            except StoreError as error:
                _log.error("Callbacks wait for the database: %s", error)
                self._try_again()
            except Exception:  # noqa: BLE001 - nothing may end the thread but `stop`
                _log.exception("Callbacks could not be called")
                self._try_again()

    def _try_again(self) -> None:
        self._retry = threading.Timer(_RETRY_SECONDS, self.wake)
        self._retry.daemon = True
        self._retry.start()

    def _look(self) -> list[Future[None] | None]:
        begun = []
        while owed := self._store.owed_callbacks(self._last):
            for one in owed:
                begun.append(self._begin(one))
                self._last = one.pk
        return begun

    def _begin(self, owed: OwedCallback) -> Future[None] | None:
        try:
            errand = self._errand(owed)
            source = self._find_source(errand.attempt)
        except NotFoundError as error:
            _log.warning("Callbacks of run %s cannot be called: %s", owed.run.run_id, error)
            self._store.callback_called(owed.pk)
            return None
        result = self._call(errand, source)
        result.add_done_callback(partial(self._report, owed.pk, errand))
        return result

    def _report(self, pk: int, errand: Errand, result: Future[None]) -> None:
        """In the process host's thread. What ends with the server was not called to its end."""
        if result.cancelled() or self._is_stopped:
            return
        error = result.exception()
        if isinstance(error, ErrandFailedError):
            run = errand.attempt.run
            path = errand_log_path(errand)
            _log.warning(
                "A callback of run %s of %s: %s; see %s", run.run_id, run.dag_id, error, path
            )
            # Of a task's the process tells by itself.
            if errand.kind is not CallbackKind.TASK:
                about = attempt_of(run, None, errand.attempt.fileloc)
                self._inbox.put(failed_alert(about, str(error)))
        if error is None or isinstance(error, ErrandFailedError):
            self._inbox.put(pk)

    def _errand(self, owed: OwedCallback) -> Errand:
        version = self._store.get_version(owed.run.version_id)
        if owed.deadline is not None:
            return _of_deadline(owed, owed.deadline, version.fileloc)
        if owed.instance is not None:
            kind, instance = CallbackKind.TASK, None
            attempt = attempt_of(owed.run, owed.instance, version.fileloc)
        else:
            kind, instance = CallbackKind.DAG, None
            if owed.reason != BEGUN:
                why = EndReason(owed.reason)
                instance = telling_instance(
                    why, version.spec, owed.run, self._candidates(owed, why)
                )
            attempt = attempt_of(owed.run, instance, version.fileloc)
        return Errand(
            kind=kind,
            attempt=attempt,
            succeeded=owed.succeeded,
            reason=owed.reason,
            instance=instance,
        )

    def _candidates(self, owed: OwedCallback, why: EndReason) -> Iterable[TaskInstance]:
        run = owed.run
        which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id], states=_STATES.get(why))
        if why in _STATES:
            window = Window(limit=1, order_by=("-end_date",))
            return [entry.instance for entry in self._store.list_instances(which, window).items]
        return (entry.instance for entry in self._store.iterate_instances(which))


def _of_deadline(owed: OwedCallback, deadline: DeadlineRecord, fileloc: str) -> Errand:
    missed = MissedDeadline(
        number=deadline.number,
        position=deadline.position,
        due_at=deadline.due_at,
        name=deadline.name,
    )
    return Errand(
        kind=CallbackKind.DEADLINE,
        attempt=attempt_of(owed.run, None, fileloc),
        succeeded=False,
        reason=owed.reason,
        deadline=missed,
    )


def attempt_of(run: DagRun, instance: TaskInstance | None, fileloc: str) -> Attempt:
    """In whose name callbacks about that task instance, or about the run alone, are called."""
    if instance is None:
        return Attempt(attempt_id="", run=run, task_id="", fileloc=fileloc, is_over=True)
    return Attempt(
        attempt_id=instance.attempt_id or "",
        run=run,
        task_id=instance.task_id,
        map_index=instance.map_index,
        try_number=instance.try_number,
        max_tries=instance.max_tries,
        fileloc=fileloc,
        first_start=instance.start_date,
        is_over=True,
    )
