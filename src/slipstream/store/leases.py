"""Which of several processes is in charge of something: what a lease is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slipstream.store.errors import StoreError


class LeaseLostError(StoreError):
    """Somebody else is in charge by now: what was to be written was rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that is, or was, in charge."""

    hostname: str
    pid: int
    mark: str
    """Tells the process from all others, of all machines and times."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What the holder before left: its name, and whether it gave the lease back itself."""

    holder: Holder
    gave_back: bool


class Lease(Protocol):
    """One process's hold on a name, or its wait for it. The database knows when a holder is gone.

    All methods raise `StoreUnavailableError` where the database cannot be reached. Its terms have
    numbers, the epochs. A store that is bound to an epoch (`LeaseStore.under`)
    writes only while no later term has begun.
    """

    def try_take(self) -> bool:
        """Take it if nobody has it."""

    def take(self) -> bool:
        """Wait until it can be taken, and take it; False when `close` ended the wait."""

    def before(self) -> LeftBehind | None:
        """Who had the term before, or has it now; None where nobody ever had."""

    def begin(self) -> int:
        """Begin a term, of a lease that was taken; gives its epoch."""

    def wait_lost(self) -> bool:
        """Wait until the hold may be lost; False when `close` ended the wait."""

    def try_retake(self, epoch: int) -> bool:
        """Take it again, in the term that it was lost in; False while somebody has it.

        Raises `LeaseLostError` where a later term has begun.
        """

    def close(self) -> None:
        """End every wait; the hold stays until it is given back. Safe from any thread."""

    def give_back(self) -> None:
        """Let go of it: what was done under it is over. Nothing can be done with it any more."""
