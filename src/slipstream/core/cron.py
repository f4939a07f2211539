"""The ticks of a cron expression in the wall-clock time of a zone.

Where the clock is set forward, a tick in the hour that does not exist comes one hour later on the
wall. Where it is set back, a tick in the hour that exists twice comes in the second of the two; an
expression that ticks in every hour ticks in both.

Which wall-clock times an expression means is asked of croniter, which moments they are of the zone.
Of one that is the same in every week croniter reads the fields, and `core.cron_week` goes from one
time to the next.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from threading import Lock
from types import MappingProxyType
from zoneinfo import ZoneInfo

from slipstream.core.cron_week import Week
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

_NEAR = timedelta(hours=25)
"""How far from a change of the clock its effects can reach: some zones have changed the day."""
_NONE = timedelta(0)
_SECOND = timedelta(seconds=1)
_KEPT = 8


class CronTicks:
    """The moments of one expression. All moments in and out are aware UTC datetimes.

    Raises `InvalidInputError` for an expression or a zone that does not exist, and when a tick is
    asked for that never comes.
    """

    __slots__ = ("_cron", "_every_hour", "_expression", "_known", "_lock", "_week", "_zone")

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        # Imported where it is needed: a server without a cron schedule starts without it.
        from croniter import CroniterBadCronError, CroniterBadDateError, croniter

        self._expression = PRESETS.get(expression, expression)
        try:
            self._cron = croniter(self._expression)
        except (CroniterBadCronError, CroniterBadDateError) as error:
            raise InvalidInputError(
                f"{expression!r} is not a cron expression: {error}; write five fields, as in"
                " '0 6 * * 1-5', or a preset such as '@daily'"
            ) from error
        self._every_hour = self._cron.expanded[1] == ["*"]
        self._week = Week.of(self._cron.expanded, self._cron.nth_weekday_of_month)
        self._zone = _zone(timezone)
        # One object seeks for all threads: to make one takes longer than to seek.
        self._lock = Lock()
        self._known: dict[tuple[datetime, bool], datetime] = {}
        """What was found last: the same tick is asked for several times in a row."""

    def next(self, moment: datetime) -> datetime:
        """The first tick after the moment."""
        return self._known.get((moment, True)) or self._keep(moment, True, self._next(moment))

    def previous(self, moment: datetime) -> datetime:
        """The last tick before the moment."""
        return self._known.get((moment, False)) or self._keep(moment, False, self._previous(moment))

    def _keep(self, moment: datetime, forward: bool, found: datetime) -> datetime:
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[moment, forward] = found
        return found

    def _next(self, moment: datetime) -> datetime:
        local, shift = self._local(moment)
        wall = self._seek(local - shift - _SECOND if shift else local, forward=True)
        best = min((at for at in self._moments(wall) if at > moment), default=None)
        if best is not None and not shift and self._is_plain(wall):
            return best
        while best is None or wall <= self._wall(best) + shift:
            wall = self._seek(wall, forward=True)
            best = min(
                (at for at in (best, *self._moments(wall)) if at and at > moment), default=None
            )
        return best

    def _previous(self, moment: datetime) -> datetime:
        local, shift = self._local(moment)
        wall = self._seek(local + shift + _SECOND if shift else local, forward=False)
        best = max((at for at in self._moments(wall) if at < moment), default=None)
        if best is not None and not shift and self._is_plain(wall):
            return best
        while best is None or wall >= self._wall(best) - shift:
            wall = self._seek(wall, forward=False)
            best = max(
                (at for at in (best, *self._moments(wall)) if at and at < moment), default=None
            )
        return best

    def at_or_after(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, otherwise the next one."""
        following = self.next(moment)
        return moment if self.previous(following) == moment else following

    def at_or_before(self, moment: datetime) -> datetime:
        """The moment itself if it is a tick, otherwise the previous one."""
        preceding = self.previous(moment)
        return moment if self.next(preceding) == moment else preceding

    def in_zone(self, moment: datetime) -> datetime:
        """The moment as the clocks of the zone show it."""
        return moment.astimezone(self._zone)

    def of_wall_time(self, moment: datetime) -> datetime:
        """The moment at which the clocks of the zone show what this one's clocks show."""
        return moment.replace(tzinfo=self._zone, fold=0).astimezone(UTC)

    def _local(self, moment: datetime) -> tuple[datetime, timedelta]:
        """The wall-clock time, and by how much the clock is changed near it."""
        before = (moment - _NEAR).astimezone(self._zone).utcoffset() or _NONE
        after = (moment + _NEAR).astimezone(self._zone).utcoffset() or _NONE
        return self._wall(moment), abs(after - before)

    def _wall(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None)

    def _moments(self, wall: datetime) -> tuple[datetime, ...]:
        """When a tick of that wall-clock time comes."""
        first = wall.replace(tzinfo=self._zone)
        second = wall.replace(tzinfo=self._zone, fold=1)
        earlier, later = first.utcoffset() or _NONE, second.utcoffset() or _NONE
        if earlier <= later:
            # There is one such time, or none: then the clock before the change says when.
            return (first.astimezone(UTC),)
        if self._every_hour:
            return first.astimezone(UTC), second.astimezone(UTC)
        return (second.astimezone(UTC),)

    def _is_plain(self, wall: datetime) -> bool:
        """Whether there is that wall-clock time, and once."""
        first, second = wall.replace(tzinfo=self._zone), wall.replace(tzinfo=self._zone, fold=1)
        return first.utcoffset() == second.utcoffset()

    def _seek(self, wall: datetime, *, forward: bool) -> datetime:
        """The wall-clock time after, or before, this one that the expression means."""
        if self._week is not None:
            return self._week.after(wall) if forward else self._week.before(wall)
        from croniter import CroniterBadDateError

        with self._lock:
            self._cron.set_current(wall, force=True)
            try:
                found = self._cron.get_next(datetime) if forward else self._cron.get_prev(datetime)
            except CroniterBadDateError as error:
                raise InvalidInputError(
                    f"cron expression {self._expression!r} never comes true: {error}"
                ) from error
        return found


@lru_cache(maxsize=1024)
def cron_ticks(expression: str, timezone: str) -> CronTicks:
    """The ticks of an expression; reading one takes longer than stepping through it."""
    return CronTicks(expression, timezone)


def _zone(name: str) -> tzinfo:
    if name[:1] in ("+", "-"):
        return _offset(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"there is no time zone {name!r}; name one of the IANA database, as in 'Europe/Zurich'"
        ) from error


def _offset(name: str) -> tzinfo:
    try:
        offset = datetime.strptime(name, "%z").tzinfo
    except ValueError as error:
        raise InvalidInputError(
            f"{name!r} is no offset from UTC; write it as in '+05:30', or name a zone of the IANA "
            "database, as in 'Europe/Zurich'"
        ) from error
    return offset or UTC
