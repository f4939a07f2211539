"""An executor that lets chosen tasks succeed without running them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from slipstream.executors.interface import Executor, Report, Sink
from slipstream.model.attempt import Attempt, Succeeded
from slipstream.model.events import AttemptEnded


class SkippingExecutor:
    """Passes attempts on to another executor, except those that are taken for done."""

    def __init__(self, executor: Executor, is_done: Callable[[Attempt], bool]) -> None:
        """`is_done` says which attempts succeed at once."""
        self._executor = executor
        self._is_done = is_done
        self._sink: Sink | None = None

    @property
    def parallelism(self) -> int:
        """The other executor's."""
        return self._executor.parallelism

    def start(self, sink: Sink) -> None:
        """Begin to work."""
        self._sink = sink
        self._executor.start(sink)

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Start these, or report that they have succeeded."""
        assert self._sink is not None, "submitted to before it was started"
        done: list[Attempt] = []
        others: list[Attempt] = []
        for attempt in attempts:
            (done if self._is_done(attempt) else others).append(attempt)
        self._executor.submit(others)
        now = datetime.now(UTC)
        self._sink(
            [
                Report(
                    attempt.run.pk,
                    AttemptEnded(attempt.key, attempt.attempt_id, now, Succeeded()),
                )
                for attempt in done
            ]
        )

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt."""
        self._executor.cancel(attempt_id, reason)

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """All of them are gone."""
        return self._executor.adopt(attempts)

    def stop(self, grace_seconds: float) -> None:
        """End all attempts."""
        self._executor.stop(grace_seconds)
