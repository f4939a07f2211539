"""What a triggerer offers: triggers go in, what became of them comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slipstream.executors.interface import Sink
from slipstream.model.asset import AssetName
from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Deferral, TriggerEnd


@dataclass(frozen=True, slots=True)
class Waiter:
    """A deferred task instance: its attempt, and what it waits on."""

    attempt: Attempt
    deferral: Deferral


class Triggerer(Protocol):
    """Runs triggers somewhere and reports their ends. Every method returns at once.

    A trigger is known by the attempt that was deferred.
    """

    def start(self, sink: Sink) -> None:
        """Begin to work. Reports go to `sink` until `stop` returns."""

    def run(self, waiters: Sequence[Waiter]) -> None:
        """Run these triggers. Each is answered by one `TriggerEnded`, unless it is dropped.

        One that runs already goes on; one that has ended is run anew: its end was lost.
        """

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """Nothing waits on the trigger any more: its end has been written, or it has to end now.

        `counted` is the end that was written, if it was that. An unknown trigger is ignored.
        """


@dataclass(frozen=True, slots=True)
class Watch:
    """A trigger that watches assets, and the file that asks for it."""

    classpath: str
    kwargs: str
    """JSON text."""
    name: str
    dag_id: str
    fileloc: str
    assets: tuple[AssetName, ...]
    """Every event of it is one of each of these."""


class Watchers(Protocol):
    """Runs what watches assets, and records their events."""

    def watch(self, wanted: Sequence[Watch]) -> None:
        """Run these from now on, and no others. Returns at once."""


class NoWatchers:
    """Watches nothing."""

    def watch(self, wanted: Sequence[Watch]) -> None:
        """Nothing is watched."""


class NoTriggerer:
    """Runs nothing: where no task is ever deferred."""

    def start(self, sink: Sink) -> None:
        """Nothing will be reported."""

    def run(self, waiters: Sequence[Waiter]) -> None:
        """They wait until their time is over."""

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        """There is none."""
