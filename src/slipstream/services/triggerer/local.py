"""Triggers on this machine, in the process host's processes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import EndsTask, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.model.states import TaskState
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.services.triggerer.interface import Waiter
from slipstream.services.triggerer.watching import LocalWatchers
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class LocalTriggerer:
    """Implements `Triggerer` on a process host, which the caller starts before and stops after.

    `find_source` gives the code of an attempt's DAG: for the callbacks of a task that its trigger
    has ended.
    """

    def __init__(
        self,
        host: ProcessHost,
        find_source: Callable[[Attempt], Source],
        watchers: LocalWatchers | None = None,
    ) -> None:
        """What `watchers` have asked the same host for is passed on to them."""
        self._host = host
        self._watchers = watchers
        self._find_source = find_source
        self._attempts: dict[str, Attempt] = {}

    def start(self, sink: Sink) -> None:
        """Report to the sink from now on."""

        def listen(events: Sequence[tuple[Attempt, TriggerEnded]]) -> None:
            reports = []
            for attempt, event in events:
                if self._watchers is not None and self._watchers.is_watcher(attempt):
                    self._watchers.take(attempt, event)
                else:
                    reports.append(Report(attempt.run.pk, event))
            if reports:
                sink(reports)

        self._host.set_trigger_listener(listen)

    def run(self, waiters: Sequence[Waiter]) -> None:
        """Run these triggers."""
        self._attempts.update((waiter.attempt.attempt_id, waiter.attempt) for waiter in waiters)
        self._host.run_triggers([(waiter.attempt, waiter.deferral) for waiter in waiters])

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """Let go of a trigger; a task that it has ended gets its callbacks called."""
        self._host.drop_trigger(attempt_id)
        attempt = self._attempts.pop(attempt_id, None)
        if attempt is not None and isinstance(counted, EndsTask):
            self.call_back(attempt, counted)

    def call_back(self, attempt: Attempt, end: EndsTask) -> None:
        """Have the callbacks called of a task that its trigger has ended."""
        said = TaskState.FAILED if end.state is TaskState.UP_FOR_RETRY else end.state
        errand = messages.Errand(
            kind=messages.CallbackKind.TASK,
            attempt=replace(attempt, is_over=True),
            succeeded=end.state is TaskState.SUCCESS,
            reason=f"Its trigger ended the task as {said}.",
            state=end.state,
        )
        self._host.call_back(errand, self._find_source(attempt)).add_done_callback(_note_failure)


def _note_failure(called: Future[None]) -> None:
    if not called.cancelled() and (error := called.exception()) is not None:
        _log.warning("A callback of a task that its trigger ended failed: %s", error)
