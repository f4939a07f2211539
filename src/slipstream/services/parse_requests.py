"""Has DAG files loaded again that somebody asked for, as soon as that is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from slipstream.model.errors import SlipstreamError
from slipstream.store.wakeups import Topic


class RequestStore(Protocol):
    """What is needed of the store."""

    def take_parse_requests(self, is_mine: Callable[[str], bool] | None = None) -> Sequence[str]:
        """See `slipstream.store.component_interface.RequestStore`."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """See `slipstream.store.interface.SchedulerStore`."""


class Processor(Protocol):
    """What loads DAG files: the DAG processor."""

    def call(self, command: Callable[[], None]) -> None:
        """Run `command` on its own thread, soon."""

    def parse_again(self, paths: Iterable[Path]) -> None:
        """Load those of the files that there are. On its own thread."""


class ParseRequests:
    """Looks for requests when the store wakes it, on the processor's thread."""

    def __init__(
        self,
        store: RequestStore,
        processor: Processor,
        is_mine: Callable[[str], bool] | None = None,
    ) -> None:
        """`is_mine` says which files the processor loads, by their paths; None for all. Requests
        for others are left to others."""
        self._store = store
        self._processor = processor
        self._is_mine = is_mine
        self._is_due = False
        self._stop_listening: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen, and take what was asked for before."""
        self._stop_listening = self._store.listen(self._wake, Topic.FILES)
        self._wake()

    def stop(self) -> None:
        """Listen no more."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _wake(self) -> None:
        """One look is due however often it is woken. From any thread."""
        if not self._is_due:
            self._is_due = True
            self._processor.call(self._look)

    def _look(self) -> None:
        self._is_due = False
        try:
            wanted = self._store.take_parse_requests(self._is_mine)
        except SlipstreamError:
            # Whoever is woken next looks again.
            return
        if wanted:
            self._processor.parse_again(Path(name) for name in wanted)
