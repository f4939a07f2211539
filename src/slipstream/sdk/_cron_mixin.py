"""What every timetable with a cron expression has, those of users too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from slipstream.sdk._clock_timetable import pendulum_of
from slipstream.sdk._times import in_utc, zone, zone_name
from slipstream.sdk._timetable import Timetable
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    import pendulum

    from slipstream.core.cron import CronTicks

CRON_PRESETS: Mapping[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Names for cron expressions."""


class CronMixin(Timetable):
    """A cron expression in the wall-clock time of a zone.

    Classes of users that derive from it find the ticks around a moment under Airflow's names:
    `_get_next`, `_get_prev`, `_align_to_next`, `_align_to_prev`.
    """

    def __init__(self, cron: str, timezone: str | tzinfo) -> None:
        self._text = cron
        self._expression = _checked_cron(cron)
        self._zone_name = _checked_zone(timezone)

    @property
    def expression(self) -> str:
        """The cron expression, presets resolved."""
        return self._expression

    @property
    def _timezone(self) -> pendulum.Timezone | pendulum.FixedTimezone:
        import pendulum

        return pendulum.now(self._zone_name).timezone or pendulum.UTC

    @property
    def summary(self) -> str:
        """The expression."""
        return self._expression

    def serialize(self) -> dict[str, UserValue]:
        """Expression and zone."""
        return {"expression": self._expression, "timezone": self._zone_name}

    def _get_next(self, current: datetime) -> pendulum.DateTime:
        """The first tick after the moment."""
        return pendulum_of(self._cron_ticks.next(_utc(current)))

    def _get_prev(self, current: datetime) -> pendulum.DateTime:
        """The last tick before the moment."""
        return pendulum_of(self._cron_ticks.previous(_utc(current)))

    def _align_to_next(self, current: datetime) -> pendulum.DateTime:
        """The moment itself if it is a tick, otherwise the next one."""
        return pendulum_of(self._cron_ticks.at_or_after(_utc(current)))

    def _align_to_prev(self, current: datetime) -> pendulum.DateTime:
        """The moment itself if it is a tick, otherwise the previous one."""
        return pendulum_of(self._cron_ticks.at_or_before(_utc(current)))

    @property
    def _cron_ticks(self) -> CronTicks:
        from slipstream.core.cron import cron_ticks

        return cron_ticks(self._expression, self._zone_name)


def _utc(moment: datetime) -> datetime:
    found = in_utc(moment)
    assert found is not None, "a moment is never None"
    return found


def _checked_zone(timezone: str | tzinfo) -> str:
    if not isinstance(timezone, str):
        return zone_name(timezone)
    try:
        zone(timezone)
    except (KeyError, ValueError, OSError):
        raise AirflowTimetableInvalid(
            f"There is no time zone {timezone!r}. Expected one of the IANA database, such as "
            f"'Europe/Zurich', or an offset, such as '+05:30'."
        ) from None
    return "UTC" if timezone.lower() == "utc" else timezone


@lru_cache(maxsize=256)
def _checked_cron(text: str) -> str:
    """The expression, presets resolved. Raises `AirflowTimetableInvalid`."""
    expression = CRON_PRESETS.get(text, text)
    if expression in CRON_PRESETS.values():
        return expression
    from croniter import CroniterBadDateError, croniter

    if not croniter.is_valid(expression):
        presets = ", ".join(sorted([*CRON_PRESETS, "@once", "@continuous"]))
        raise AirflowTimetableInvalid(
            f"{text!r} is no cron expression{_wrong_field(text)}. Expected five fields (minute, "
            f"hour, day, month, weekday), or one of {presets}."
        )
    try:
        croniter(expression).get_next()
    except CroniterBadDateError:
        raise AirflowTimetableInvalid(
            f"{text!r} never comes true: no month has such a day. Expected a day that there is, as "
            f"in '0 0 28 2 *', or the last one of the month, as in '0 0 L 2 *'."
        ) from None
    return expression


def _wrong_field(text: str) -> str:
    """Which of the five fields is wrong; empty where there are not five."""
    from croniter import croniter

    fields = text.split()
    names = ("minute", "hour", "day", "month", "weekday")
    if len(fields) != len(names):
        return ""
    for at, (name, field) in enumerate(zip(names, fields, strict=True)):
        if not croniter.is_valid(" ".join(field if of == at else "*" for of in range(5))):
            return f": {field!r} is no {name}"
    return ""
