"""Cron ticks, above all where the clock is set forward and back.

New York sets its clock forward on 8 March 2026 at 2:00 (7:00 UTC) and back on 1 November at 2:00
(6:00 UTC).
"""

from datetime import UTC, datetime, timedelta

import pytest

from slipstream.core.cron import CronTicks
from slipstream.model.errors import InvalidInputError

NEW_YORK = "America/New_York"


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def following(ticks: CronTicks, moment: datetime, number: int) -> list[datetime]:
    found = []
    for _ in range(number):
        moment = ticks.next(moment)
        found.append(moment)
    return found


def preceding(ticks: CronTicks, moment: datetime, number: int) -> list[datetime]:
    found = []
    for _ in range(number):
        moment = ticks.previous(moment)
        found.append(moment)
    return found


def test_ticks_follow_each_other() -> None:
    ticks = CronTicks("30 6 * * 1-5")
    assert following(ticks, utc(1, 1), 3) == [utc(1, 1, 6, 30), utc(1, 2, 6, 30), utc(1, 5, 6, 30)]
    assert preceding(ticks, utc(1, 5, 6, 30), 1) == [utc(1, 2, 6, 30)]


def test_presets_have_names() -> None:
    assert CronTicks("@weekly").next(utc(1, 1)) == utc(1, 4)
    assert CronTicks("@quarterly").next(utc(1, 2)) == utc(4, 1)


def test_ticks_are_in_the_time_of_the_zone() -> None:
    assert CronTicks("0 9 * * *", NEW_YORK).next(utc(1, 1)) == utc(1, 1, 14)
    assert CronTicks("0 9 * * *", NEW_YORK).next(utc(7, 1)) == utc(7, 1, 13)


def test_a_daily_tick_keeps_its_wall_clock_time_over_a_change() -> None:
    ticks = CronTicks("0 9 * * *", NEW_YORK)
    assert following(ticks, utc(3, 7), 3) == [utc(3, 7, 14), utc(3, 8, 13), utc(3, 9, 13)]
    assert following(ticks, utc(10, 31), 3) == [utc(10, 31, 13), utc(11, 1, 14), utc(11, 2, 14)]


def test_a_tick_in_the_hour_that_does_not_exist_comes_an_hour_later_on_the_wall() -> None:
    ticks = CronTicks("30 2 * * *", NEW_YORK)
    assert following(ticks, utc(3, 7), 3) == [utc(3, 7, 7, 30), utc(3, 8, 7, 30), utc(3, 9, 6, 30)]
    assert preceding(ticks, utc(3, 9), 2) == [utc(3, 8, 7, 30), utc(3, 7, 7, 30)]


def test_a_tick_in_the_hour_that_exists_twice_comes_once_in_the_second() -> None:
    ticks = CronTicks("30 1 * * *", NEW_YORK)
    assert following(ticks, utc(10, 31), 3) == [
        utc(10, 31, 5, 30),
        utc(11, 1, 6, 30),
        utc(11, 2, 6, 30),
    ]
    assert preceding(ticks, utc(11, 2), 2) == [utc(11, 1, 6, 30), utc(10, 31, 5, 30)]


def test_an_hourly_tick_comes_in_every_hour_that_there_is() -> None:
    ticks = CronTicks("15 * * * *", NEW_YORK)
    for day in (utc(3, 8), utc(11, 1)):
        expected = [day + timedelta(hours=hour, minutes=15) for hour in range(24)]
        assert following(ticks, day, 24) == expected
        assert preceding(ticks, expected[-1], 23) == expected[-2::-1]


@pytest.mark.parametrize(
    "expression", ["*/20 * * * *", "0 */2 * * *", "30 1,2,3 * * *", "5 2 * * *"]
)
@pytest.mark.parametrize("zone", [NEW_YORK, "Europe/Zurich", "Australia/Lord_Howe", "UTC"])
def test_ticks_only_ever_go_forward_and_back(expression: str, zone: str) -> None:
    ticks = CronTicks(expression, zone)
    for start in (utc(3, 7), utc(3, 28), utc(4, 4), utc(10, 3), utc(10, 24), utc(10, 31)):
        for minutes in range(0, 3 * 24 * 60, 97):
            moment = start + timedelta(minutes=minutes)
            assert ticks.next(moment) > moment
            assert ticks.previous(moment) < moment


def test_a_moment_is_aligned_to_a_tick_and_a_tick_stays() -> None:
    ticks = CronTicks("0 6 * * *")
    assert ticks.at_or_after(utc(1, 1, 6)) == utc(1, 1, 6)
    assert ticks.at_or_before(utc(1, 1, 6)) == utc(1, 1, 6)
    assert ticks.at_or_after(utc(1, 1, 7)) == utc(1, 2, 6)
    assert ticks.at_or_before(utc(1, 1, 7)) == utc(1, 1, 6)


def test_what_is_no_expression_is_refused() -> None:
    for wrong in ("every day", "61 * * * *", ""):
        with pytest.raises(InvalidInputError, match="not a cron expression"):
            CronTicks(wrong)


def test_what_is_no_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no time zone 'Mars/Olympus'"):
        CronTicks("@daily", "Mars/Olympus")


def test_a_tick_that_never_comes_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="never comes true"):
        CronTicks("0 0 30 2 *").next(utc(1, 1))
