"""`airflow.utils.dates` of Airflow 2: dates counted from today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

cron_presets: dict[str, str] = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


def days_ago(
    n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0
) -> datetime:
    """The day `n` days before today, at midnight UTC unless a time is given."""
    today = datetime.now(UTC).replace(
        hour=hour, minute=minute, second=second, microsecond=microsecond
    )
    return today - timedelta(days=n)


def parse_execution_date(execution_date_str: str) -> Any:
    """The time that a text stands for."""
    from slipstream.sdk.timezone import parse

    return parse(execution_date_str)


def round_time(
    dt: datetime, delta: str | timedelta, start_date: datetime | None = None
) -> datetime:
    """The step of `delta` from `start_date` on that lies nearest to `dt`, the later of two."""
    if isinstance(delta, str):
        return _round_to_cron(dt, delta)
    start = start_date or datetime(1, 1, 1, tzinfo=dt.tzinfo)
    steps = (dt - start + delta / 2) // delta
    return start + max(steps, 0) * delta


def _round_to_cron(dt: datetime, expression: str) -> datetime:
    from croniter import croniter

    line = croniter(expression, dt)
    before, after = line.get_prev(datetime), croniter(expression, dt).get_next(datetime)
    return before if dt - before < after - dt else after


def infer_time_unit(time_seconds_arr: list[float]) -> str:
    """The unit in which the longest of these durations reads well."""
    longest = max(time_seconds_arr, default=0)
    if longest <= 2 * _SECONDS["minutes"]:
        return "seconds"
    if longest <= 2 * _SECONDS["hours"]:
        return "minutes"
    return "hours" if longest <= 2 * _SECONDS["days"] else "days"


def scale_time_units(time_seconds_arr: list[float], unit: str) -> list[float]:
    """Durations in seconds, in that unit."""
    return [seconds / _SECONDS.get(unit, 1) for seconds in time_seconds_arr]


def date_range(
    start_date: datetime,
    end_date: datetime | None = None,
    num: int | None = None,
    delta: str | timedelta | None = None,
) -> list[datetime]:
    """Moments from `start_date` on, `delta` apart, up to `end_date` or `num` of them.

    A negative `num` counts back. Raises ValueError where neither or both bounds are given.
    """
    if delta is None:
        return []
    if (end_date is None) == (num is None):
        raise ValueError("Give either end_date or num.")
    if end_date is not None and start_date > end_date:
        raise ValueError("end_date lies before start_date.")
    found: list[datetime] = []
    moment, step = start_date, _stepper(start_date, delta, backwards=(num or 0) < 0)
    while len(found) < abs(num) if num is not None else moment <= (end_date or start_date):
        found.append(moment)
        moment = step(moment)
    return sorted(found)


def _stepper(start: datetime, delta: str | timedelta, *, backwards: bool) -> Any:
    if isinstance(delta, timedelta):
        return lambda moment: moment - abs(delta) if backwards else moment + abs(delta)
    from croniter import croniter

    line = croniter(cron_presets.get(delta, delta), start)
    return lambda _moment: line.get_prev(datetime) if backwards else line.get_next(datetime)
