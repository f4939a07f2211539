"""The moments of a schedule around a given one, for the names of older releases."""

from __future__ import annotations

from datetime import datetime

from slipstream.model.schedule import AnyCron, Cron, Delta, Events, OnAssets, Schedule


def neighbour(schedule: Schedule, moment: datetime, step: int) -> datetime | None:
    """The schedule's next moment (`step` 1) or the one before (-1); None where there is none."""
    match schedule:
        case Cron():
            return _cron_neighbour(schedule, moment, step)
        case AnyCron(of=crons):
            found = [_cron_neighbour(cron, moment, step) for cron in crons]
            return min(found) if step > 0 else max(found)
        case Delta(delta=delta, months=months):
            return _add_months(moment, months * step) + delta * step
        case Events(at=moments):
            later = [one for one in moments if (one > moment if step > 0 else one < moment)]
            return (min(later) if step > 0 else max(later)) if later else None
        case OnAssets(or_at=at):
            return neighbour(at, moment, step)
        case _:
            return None


def _cron_neighbour(cron: Cron, moment: datetime, step: int) -> datetime:
    from croniter import croniter

    from slipstream.sdk._times import zone

    ticks = croniter(cron.expression, moment.astimezone(zone(cron.timezone)))
    found: datetime = ticks.get_next(datetime) if step > 0 else ticks.get_prev(datetime)
    return found


def _add_months(moment: datetime, months: int) -> datetime:
    if not months:
        return moment
    from dateutil.relativedelta import relativedelta

    return moment + relativedelta(months=months)
