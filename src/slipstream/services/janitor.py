"""What has to be done now and then: saying which components live, and cleaning."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from slipstream.model.errors import SlipstreamError
from slipstream.store.component_records import JobState

_log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0
"""A third of what `[scheduler] scheduler_health_check_threshold` allows by default."""


class JobStore(Protocol):
    """What the janitor needs of the store."""

    def heartbeat(self, job: str, hostname: str, pid: int) -> None:
        """See `slipstream.store.component_interface.ComponentStore`."""

    def end_jobs(self, hostname: str, pid: int, state: JobState) -> None:
        """See `slipstream.store.component_interface.ComponentStore`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do every `every_seconds`, for the first time after that long."""

    name: str
    every_seconds: float
    do: Callable[[], None]


class Janitor:
    """Does chores one after the other, in a thread of its own.

    `signs_of_life` is `{component: moment when it last showed that it lives}`; the store is told
    of those that did within the last heartbeats, and other processes read it there.
    """

    def __init__(
        self,
        store: JobStore,
        signs_of_life: Mapping[str, Callable[[], datetime | None]],
        chores: Sequence[Chore] = (),
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._signs_of_life = signs_of_life
        self._oldest = timedelta(seconds=2 * heartbeat_seconds)
        self._clock = clock
        beat = Chore(name="heartbeat", every_seconds=heartbeat_seconds, do=self.beat)
        self._chores = (beat, *chores)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Say who lives, then begin to wait for the chores."""
        # In a container each process may have the number of the one before it.
        self._do(Chore(name="jobs", every_seconds=0, do=partial(self._end_jobs, JobState.FAILED)))
        self._do(self._chores[0])
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the chore that it is at; and the jobs."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._do(
                Chore(name="jobs", every_seconds=0, do=partial(self._end_jobs, JobState.SUCCESS))
            )

    def beat(self) -> None:
        """Tell the store which components live."""
        oldest = self._clock() - self._oldest
        for job, ask in tuple(self._signs_of_life.items()):
            latest = ask()
            if latest is not None and latest >= oldest:
                self._store.heartbeat(job, socket.gethostname(), os.getpid())

    def _end_jobs(self, state: JobState) -> None:
        self._store.end_jobs(socket.gethostname(), os.getpid(), state)

    def _run(self) -> None:
        due = {chore.name: time.monotonic() + chore.every_seconds for chore in self._chores}
        while not self._stopping.wait(max(0.0, min(due.values()) - time.monotonic())):
            for chore in self._chores:
                if due[chore.name] <= time.monotonic():
                    self._do(chore)
                    due[chore.name] = time.monotonic() + chore.every_seconds

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except SlipstreamError as error:
            _log.warning("The chore %s failed and is tried again in time: %s", chore.name, error)
