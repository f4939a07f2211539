"""A run at another time: what the process asks the system for the time tells that moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from slipstream.model.errors import InvalidInputError
from slipstream.testing.clock import RunClock

if TYPE_CHECKING:
    from time_machine import Traveller


class TravellingClock(RunClock):
    """Puts the process's time forward instead of waiting."""

    def __init__(self, traveller: Traveller) -> None:
        super().__init__()
        self._traveller = traveller

    def wait_until(self, at: datetime) -> None:
        """Make the moment come."""
        if at > self.now():
            self._traveller.move_to(at)


@contextmanager
def travelled_to(now: datetime) -> Iterator[TravellingClock]:
    """Inside, the time goes on from `now`, which has a time zone.

    Raises `InvalidInputError` for a time without a zone, and where time-machine is not installed.
    """
    if now.utcoffset() is None:
        raise InvalidInputError(f"now is {now!r}; expected a datetime with a time zone.")
    try:
        import time_machine
    except ModuleNotFoundError:
        raise InvalidInputError(
            "A run at another time needs the package time-machine: "
            "pip install 'slipstream[testing]'."
        ) from None
    with time_machine.travel(now, tick=True) as traveller:
        yield TravellingClock(traveller)
