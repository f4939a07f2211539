"""What cron ticks must be, worked out by other libraries: cronsim for cron, pytz for time zones.

`python -m tests.core.cron_reference [CASES] [SEED]` compares so many random cases and tells each
that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytz
from cronsim import CronSim

from slipstream.core.cron import CronTicks

ZONES = (
    "UTC",
    "Europe/Zurich",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Africa/Cairo",
)
CHANGES = (
    datetime(2025, 3, 9, 7, tzinfo=UTC),
    datetime(2025, 3, 30, 1, tzinfo=UTC),
    datetime(2025, 4, 5, 15, tzinfo=UTC),
    datetime(2025, 10, 4, 15, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2025, 11, 2, 6, tzinfo=UTC),
)
"""Moments at which some of the zones change their clocks."""
_MARGIN = timedelta(hours=3)
"""More than any of the zones changes its clocks by."""


@dataclass(frozen=True)
class Case:
    """A question: what are the ticks around the moment?"""

    expression: str
    zone: str
    moment: datetime


def random_case(chance: Random) -> Case:
    """Half of them within two days of a change of the clock."""
    minute, hour = _field(chance, 0, 59, 0.3), _field(chance, 0, 23, 0.4)
    day, weekday = _field(chance, 1, 28, 0.6, steps=False), _field(chance, 0, 6, 0.6, steps=False)
    month = _field(chance, 1, 12, 0.7)
    moment = chance.choice(CHANGES) + timedelta(minutes=chance.randint(-2880, 2880))
    if chance.random() < 0.5:
        moment = datetime(2023, 6, 1, tzinfo=UTC) + timedelta(seconds=chance.randint(0, 70_000_000))
    return Case(f"{minute} {hour} {day} {month} {weekday}", chance.choice(ZONES), moment)


def _field(chance: Random, low: int, high: int, any_chance: float, *, steps: bool = True) -> str:
    if chance.random() < any_chance:
        return "*"
    kind = chance.choice(("one", "range", "list", "steps" if steps else "one"))
    first, last = sorted(chance.sample(range(low, high + 1), 2))
    match kind:
        case "one":
            return str(first)
        case "range":
            return f"{first}-{last}"
        case "list":
            return f"{first},{last}"
    return f"*/{chance.choice((2, 3, 4, 5))}"


def expected_next(case: Case) -> datetime:
    """The first tick after the moment: the earliest of all that could be."""
    best: datetime | None = None
    for wall in _walls(case, reverse=False):
        if best is not None and wall > _wall(best, case.zone) + _MARGIN:
            return best
        for at in moments_of(case, wall):
            if at > case.moment and (best is None or at < best):
                best = at
    raise AssertionError("cronsim never ends")


def expected_previous(case: Case) -> datetime:
    """The last tick before the moment: the latest of all that could be."""
    best: datetime | None = None
    for wall in _walls(case, reverse=True):
        if best is not None and wall < _wall(best, case.zone) - _MARGIN:
            return best
        for at in moments_of(case, wall):
            if at < case.moment and (best is None or at > best):
                best = at
    raise AssertionError("cronsim never ends")


def _walls(case: Case, *, reverse: bool) -> Iterator[datetime]:
    start = _wall(case.moment, case.zone) + (_MARGIN if reverse else -_MARGIN)
    found: Iterator[datetime] = CronSim(case.expression, start, reverse=reverse)
    return found


def _wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(pytz.timezone(zone)).replace(tzinfo=None)


def moments_of(case: Case, wall: datetime) -> list[datetime]:
    zone = pytz.timezone(case.zone)
    if zone is pytz.UTC:
        return [wall.replace(tzinfo=UTC)]
    try:
        return [zone.localize(wall, is_dst=None).astimezone(UTC)]
    except pytz.NonExistentTimeError:
        before = zone.localize(wall - timedelta(hours=3)).utcoffset()
        return [(wall - before).replace(tzinfo=UTC)]
    except pytz.AmbiguousTimeError:
        both = sorted(zone.localize(wall, is_dst=which).astimezone(UTC) for which in (True, False))
        return both if case.expression.split()[1] == "*" else both[1:]


def difference(case: Case) -> str | None:
    """What differs, in words; None where nothing does."""
    ticks = CronTicks(case.expression, case.zone)
    for name, found, expected in (
        ("next", ticks.next(case.moment), expected_next(case)),
        ("previous", ticks.previous(case.moment), expected_previous(case)),
    ):
        if found != expected:
            return f"{name} of {case}: {found.isoformat()}, expected {expected.isoformat()}"
    return None


def main() -> int:
    """Compare, and tell."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    chance = Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    wrong = [what for _ in range(number) if (what := difference(random_case(chance)))]
    for what in wrong[:20]:
        print(what)
    print(f"{number} cases, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
