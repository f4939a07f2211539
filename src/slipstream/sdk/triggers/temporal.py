"""Triggers that wait for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from slipstream.sdk._times import aware, for_user
from slipstream.sdk._triggers import BaseTrigger, TaskSuccessEvent, TriggerEvent
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    import pendulum

_LONGEST_SLEEP_SECONDS = 60.0
"""A machine's clock may be set, and sleeping machines stop the clock that a loop sleeps by."""


class DateTimeTrigger(BaseTrigger):
    """Fires at a moment; with `end_from_trigger` the task has then succeeded.

    Give either `moment` or `target_time`, which may be a text that is read when it is needed.
    """

    def __init__(
        self,
        moment: datetime | None = None,
        *,
        target_time: datetime | str | None = None,
        end_from_trigger: bool = False,
    ) -> None:
        super().__init__()
        if (moment is None) == (target_time is None):
            raise TypeError(
                "A DateTimeTrigger takes either moment or target_time, exactly one of them."
            )
        self._at: datetime | str = (
            target_time if isinstance(target_time, str) else _checked(moment or target_time)
        )
        self.end_from_trigger = end_from_trigger

    @property
    def moment(self) -> pendulum.DateTime:
        """When it fires, in UTC. Raises `ValueError` where the text is no time."""
        found = for_user(aware(self._at, "target_time of a DateTimeTrigger"))
        assert found is not None
        return found

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        at = {"target_time": self._at} if isinstance(self._at, str) else {"moment": self.moment}
        return (
            f"{DateTimeTrigger.__module__}.{DateTimeTrigger.__qualname__}",
            {**at, "end_from_trigger": self.end_from_trigger},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep until then."""
        moment = self.moment
        while (left := moment.timestamp() - time.time()) > 0:
            await asyncio.sleep(min(left, _LONGEST_SLEEP_SECONDS))
        self.log.info("%s has come", moment)
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Fires when that much time has gone by since it was made."""

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        super().__init__(datetime.now(UTC) + delta, end_from_trigger=end_from_trigger)


def _checked(moment: object) -> datetime:
    if not isinstance(moment, datetime):
        raise TypeError(
            f"The moment of a DateTimeTrigger has to be a datetime; {moment!r} is a "
            f"{type(moment).__name__}."
        )
    if moment.utcoffset() is None:
        raise ValueError(f"The moment {moment} has no time zone; a DateTimeTrigger needs one.")
    return moment.astimezone(UTC)
