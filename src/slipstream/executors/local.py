"""Attempts on this machine, in the process host's warm processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source


class LocalExecutor:
    """Implements `Executor` on a process host, which the caller starts before and stops after.

    `find_source` gives the code that an attempt runs (by its run's `version_id`); it is called in
    the thread that submits.
    """

    def __init__(
        self, host: ProcessHost, parallelism: int, find_source: Callable[[Attempt], Source]
    ) -> None:
        self._host = host
        self._parallelism = parallelism
        self._find_source = find_source

    @property
    def parallelism(self) -> int:
        """Attempts that it takes at the same time."""
        return self._parallelism

    def start(self, sink: Sink) -> None:
        """Report to the sink from now on."""

        def listen(events: Sequence[tuple[Attempt, AttemptStarted | AttemptEnded]]) -> None:
            sink([Report(attempt.run.pk, event) for attempt, event in events])

        self._host.set_listener(listen)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Start these attempts."""
        for attempt in attempts:
            self._host.run(attempt, self._find_source(attempt))

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt; the answer is its `AttemptEnded`."""
        self._host.cancel(attempt_id, reason)

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """All of them are gone: local attempts die with their server.

        The lifeline sees to that; what may have escaped it was ended when the host started.
        """
        return attempts

    def stop(self, grace_seconds: float) -> None:
        """End all attempts and wait until they are reported."""
        self._host.end_attempts(grace_seconds)
