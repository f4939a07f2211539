"""Expressions that are the same in every week, against croniter, which reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from croniter import croniter

from slipstream.core.cron_week import Week

EVERY_WEEK = (
    "* * * * *",
    "0 0 * * *",
    "*/7 * * * *",
    "5,50 */5 * * *",
    "30 6-9,22 * * 1-5",
    "0 12 * * SUN",
    "0 0 * * 7",
    "0 0 * * 0,6,7",
    "59 23 * * fri-mon",
    "1-59/2 0 * * 3",
)
OTHERS = (
    "0 0 1 * *",
    "0 0 * 2 *",
    "0 0 1 * 1",
    "0 0 * * 1#2",
    "0 0 * * L5",
    "0 0 L * *",
    "0 0 * * * 30",
    "0 0 * * * 0 2026",
)


def week(expression: str) -> Week | None:
    found = croniter(expression)
    return Week.of(found.expanded, found.nth_weekday_of_month)


@pytest.mark.parametrize("expression", EVERY_WEEK)
def test_they_come_when_croniter_says(expression: str) -> None:
    known = week(expression)
    assert known is not None
    chance = Random(expression)
    for _ in range(40):
        wall = datetime(2024, 1, 1) + timedelta(seconds=chance.randrange(70_000_000))
        if chance.random() < 0.5:
            wall = known.after(wall.replace(microsecond=chance.randrange(1_000_000)))
        assert known.after(wall) == croniter(expression, wall).get_next(datetime)
        assert known.before(wall) == croniter(expression, wall).get_prev(datetime)


@pytest.mark.parametrize("expression", OTHERS)
def test_what_is_not_the_same_in_every_week_is_left_to_croniter(expression: str) -> None:
    assert week(expression) is None
