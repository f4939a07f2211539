"""The ticks of a cron expression in the wall-clock time of a zone.

Where the clock is set forward, a tick in the hour that does not exist comes one hour later on the
wall. Where it is set back, a tick in the hour that exists twice comes in the second of the two; an
expression that ticks in every hour ticks in both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from slipstream.model.errors import InvalidInputError

PRESETS = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@quarterly": "0 0 1 */3 *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)
"""Names for common expressions."""


class CronTicks:
    """The moments of one expression. All moments in and out are aware UTC datetimes.

    Raises `InvalidInputError` for an expression or a zone that does not exist, and when a tick is
    asked for that never comes.
    """

    __slots__ = ("_every_hour", "_expression", "_zone")

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        # Imported where it is needed: a server without a cron schedule starts without it.
        from croniter import CroniterBadCronError, CroniterBadDateError, croniter

        self._expression = PRESETS.get(expression, expression)
        try:
            fields = croniter.expand(self._expression)[0]
        except (CroniterBadCronError, CroniterBadDateError) as error:
            raise InvalidInputError(
                f"{expression!r} is not a cron expression: {error}; write five fields, as in"
                " '0 6 * * 1-5', or a preset such as '@daily'"
            ) from error
        self._every_hour = fields[1] == ["*"]
        self._zone = _zone(timezone)

    def next(self, moment: datetime) -> datetime:
        """The first tick after the moment."""
        return self._seek(moment, forward=True)

    def previous(self, moment: datetime) -> datetime:
        """The last tick before the moment."""
        return self._seek(moment, forward=False)

    def at_or_after(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, otherwise the next one."""
        following = self.next(moment)
        return moment if self.previous(following) == moment else following

    def at_or_before(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, otherwise the previous one."""
        preceding = self.previous(moment)
        return moment if self.next(preceding) == moment else preceding

    def _seek(self, moment: datetime, *, forward: bool) -> datetime:
        from croniter import CroniterBadDateError, croniter

        local = moment.astimezone(self._zone).replace(tzinfo=None)
        cron = croniter(self._expression, local)
        step = cron.get_next if forward else cron.get_prev
        try:
            wall = step(datetime)
            if self._every_hour:
                return moment + (wall - local)
            found = self._to_utc(wall)
            while found <= moment if forward else found >= moment:
                wall = step(datetime)
                found = self._to_utc(wall)
        except CroniterBadDateError as error:
            raise InvalidInputError(
                f"cron expression {self._expression!r} never comes true: {error}"
            ) from error
        return found

    def _to_utc(self, wall: datetime) -> datetime:
        first = wall.replace(tzinfo=self._zone)
        second = wall.replace(tzinfo=self._zone, fold=1)
        earlier, later = first.utcoffset(), second.utcoffset()
        is_skipped = earlier is not None and later is not None and earlier < later
        return (first if is_skipped else second).astimezone(UTC)


@lru_cache(maxsize=1024)
def cron_ticks(expression: str, timezone: str) -> CronTicks:
    """The ticks of an expression; reading one takes longer than stepping through it."""
    return CronTicks(expression, timezone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"there is no time zone {name!r}; name one of the IANA database, as in 'Europe/Zurich'"
        ) from error
