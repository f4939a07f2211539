"""When a DAG runs next, schedule by schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipstream.core.timetable import Interval, RunInfo, manual_interval, next_run, run_id_for
from slipstream.model.errors import InvalidInputError
from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    Custom,
    Delta,
    Events,
    NoSchedule,
    OnAssets,
    Once,
    Schedule,
)
from slipstream.model.states import RunType

NOW = datetime(2026, 3, 10, 12, 34, tzinfo=UTC)
DAY = timedelta(days=1)
DAILY = Cron(expression="@daily")
DAILY_INTERVAL = Cron(expression="@daily", interval=True)


def march(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


FIRST = march(1)


def after(
    schedule: Schedule,
    last: Interval | None = None,
    *,
    start: datetime | None = FIRST,
    end: datetime | None = None,
    catchup: bool = False,
    now: datetime = NOW,
) -> RunInfo | None:
    return next_run(schedule, last=last, start_date=start, end_date=end, catchup=catchup, now=now)


def moments(schedule: Schedule, number: int, **more: object) -> list[datetime]:
    """When the next runs may begin, each asked for after the one before."""
    last: Interval | None = None
    found: list[datetime] = []
    for _ in range(number):
        info = after(schedule, last, **more)  # type: ignore[arg-type]
        if info is None:
            break
        found.append(info.run_after)
        last = info.interval
    return found


# Cron whose runs begin at the ticks.


def test_with_catchup_every_tick_since_the_start_runs() -> None:
    assert moments(DAILY, 4, catchup=True) == [march(day) for day in (1, 2, 3, 4)]


def test_a_start_between_two_ticks_begins_with_the_next() -> None:
    assert moments(DAILY, 1, catchup=True, start=march(1, 5)) == [march(2)]


def test_without_catchup_only_the_latest_of_those_that_are_due_runs() -> None:
    assert moments(DAILY, 3) == [march(10), march(11), march(12)]


def test_without_catchup_a_gap_is_jumped_over() -> None:
    info = after(DAILY, Interval(march(4), march(4)))
    assert info is not None
    assert info.run_after == march(10)


def test_a_tick_that_is_due_right_now_runs() -> None:
    info = after(DAILY, Interval(march(9), march(9)), now=march(10))
    assert info is not None
    assert info.run_after == march(10)


def test_a_start_in_the_future_is_waited_for() -> None:
    assert moments(DAILY, 2, start=march(20)) == [march(20), march(21)]


def test_the_interval_is_a_moment_unless_it_has_a_length() -> None:
    info = after(DAILY)
    assert info is not None
    assert info.interval == Interval(march(10), march(10))
    info = after(Cron(expression="@daily", interval_length=DAY))
    assert info is not None
    assert info.interval == Interval(march(9), march(10))
    assert info.logical_date == march(9)


def test_nothing_runs_after_the_end() -> None:
    assert moments(DAILY, 9, catchup=True, end=march(3)) == [march(1), march(2), march(3)]
    assert after(DAILY, end=march(3)) is None


@pytest.mark.parametrize(
    ("run_immediately", "expected"),
    [
        (True, march(10)),
        (False, march(11)),
        (timedelta(hours=13), march(10)),
        (timedelta(hours=12), march(11)),
    ],
)
def test_without_a_start_date_the_schedule_says_whether_the_last_tick_runs(
    run_immediately: bool | timedelta, expected: datetime
) -> None:
    schedule = Cron(expression="@daily", run_immediately=run_immediately)
    assert moments(schedule, 1, start=None) == [expected]
    assert moments(schedule, 1, start=None, catchup=True) == [expected]


def test_a_tick_that_has_just_passed_runs_by_default() -> None:
    schedule = Cron(expression="@daily", run_immediately=False)
    assert moments(schedule, 1, start=None, now=march(10, 2, 20)) == [march(10)]
    assert moments(schedule, 1, start=None, now=march(10, 2, 30)) == [march(11)]


def test_the_latest_or_the_next_of_several_expressions_runs() -> None:
    schedule = AnyCron((Cron(expression="0 6 * * *"), Cron(expression="0 12 * * *")))
    expected = [march(10, 12), march(11, 6), march(11, 12)]
    assert moments(schedule, 3) == expected
    assert moments(schedule, 3, catchup=True) == [march(1, 6), march(1, 12), march(2, 6)]


# Cron whose runs stand for the time between two ticks.


def test_a_run_for_an_interval_begins_at_its_end() -> None:
    info = after(DAILY_INTERVAL, catchup=True)
    assert info == RunInfo(run_after=march(2), interval=Interval(march(1), march(2)))
    assert moments(DAILY_INTERVAL, 3, catchup=True) == [march(2), march(3), march(4)]


def test_without_catchup_the_interval_that_ended_last_runs() -> None:
    info = after(DAILY_INTERVAL)
    assert info == RunInfo(run_after=march(10), interval=Interval(march(9), march(10)))
    assert moments(DAILY_INTERVAL, 3) == [march(10), march(11), march(12)]


def test_an_interval_that_ends_right_now_is_the_next() -> None:
    info = after(DAILY_INTERVAL, now=march(10))
    assert info is not None
    assert info.interval == Interval(march(9), march(10))


def test_with_catchup_an_interval_schedule_needs_a_start() -> None:
    assert after(DAILY_INTERVAL, start=None, catchup=True) is None
    assert moments(DAILY_INTERVAL, 1, start=None) == [march(10)]


def test_after_a_change_of_schedule_intervals_begin_at_a_tick() -> None:
    info = after(DAILY_INTERVAL, Interval(march(10, 11), march(10, 12)), catchup=True)
    assert info is not None
    assert info.interval == Interval(march(11), march(12))
    info = after(DAILY_INTERVAL, Interval(march(8), march(10, 12)), catchup=True)
    assert info is not None
    assert info.interval == Interval(march(10), march(11))


def test_an_interval_that_begins_after_the_end_does_not_run() -> None:
    ends = {"catchup": True, "end": march(2)}
    assert moments(DAILY_INTERVAL, 9, **ends) == [march(2), march(3)]


def test_an_interval_over_a_change_of_the_clock_is_as_long_as_the_day_was() -> None:
    schedule = Cron(expression="@daily", timezone="Europe/Zurich", interval=True)
    info = after(schedule, Interval(march(27, 23), march(28, 23)), now=march(31), catchup=True)
    assert info is not None
    assert info.interval.end - info.interval.start == timedelta(hours=23)


# Steps.


def test_steps_count_from_the_start() -> None:
    schedule = Delta(delta=timedelta(hours=10))
    expected = [march(1), march(1, 10), march(1, 20)]
    assert moments(schedule, 3, catchup=True) == expected


def test_without_catchup_the_first_step_is_now() -> None:
    schedule = Delta(delta=timedelta(hours=1))
    assert moments(schedule, 2) == [NOW, NOW + timedelta(hours=1)]
    assert moments(schedule, 1, start=march(20)) == [march(20)]


def test_a_step_of_months_is_one_of_the_calendar() -> None:
    schedule = Delta(delta=timedelta(0), months=1)
    start = datetime(2026, 1, 31, tzinfo=UTC)
    assert moments(schedule, 3, catchup=True, start=start) == [
        start,
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2026, 3, 28, tzinfo=UTC),
    ]
    backwards = Delta(delta=DAY, months=13, interval=True)
    assert manual_interval(backwards, march(31)).start == datetime(2025, 2, 27, tzinfo=UTC)


def test_steps_may_stand_for_the_time_between() -> None:
    schedule = Delta(delta=DAY, interval=True)
    assert moments(schedule, 2, catchup=True) == [march(2), march(3)]
    info = after(schedule)
    assert info is not None
    assert info.interval == Interval(march(9), march(10))


def test_a_step_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="make it positive"):
        after(Delta(delta=timedelta(0), interval=True))


# The others.


def test_without_a_schedule_nothing_runs() -> None:
    assert after(NoSchedule()) is None


def test_once_is_once() -> None:
    assert moments(Once(), 5) == [march(1)]
    assert moments(Once(), 1, start=None) == [NOW]
    assert after(Once(), start=march(20), end=march(10)) is None


def test_a_continuous_run_stands_for_the_time_since_the_last_one() -> None:
    info = after(Continuous())
    assert info == RunInfo(run_after=NOW, interval=Interval(march(1), NOW))
    later = after(Continuous(), info.interval, now=NOW + DAY)
    assert later == RunInfo(run_after=NOW + DAY, interval=Interval(NOW, NOW + DAY))
    assert after(Continuous(), start=None) is not None
    assert after(Continuous(), end=march(2)) is None
    ahead = after(Continuous(), Interval(march(20), march(21)))
    assert ahead is not None
    assert ahead.interval == Interval(march(1), march(2))


def test_listed_events_run_in_order() -> None:
    schedule = Events(at=(march(12), march(5), march(20)))
    assert moments(schedule, 9, catchup=True) == [march(5), march(12), march(20)]
    assert moments(schedule, 9) == [march(12), march(20)]
    assert moments(schedule, 9, start=march(15)) == [march(20)]
    assert moments(schedule, 9, end=march(15)) == [march(12)]


def test_of_a_schedule_by_assets_only_the_times_count() -> None:
    assert after(OnAssets(condition=None)) is None
    assert moments(OnAssets(condition=None, or_at=DAILY), 1) == [march(10)]
    assert manual_interval(OnAssets(condition=None), NOW) == Interval(NOW, NOW)


def test_a_custom_timetable_is_left_to_a_child_process() -> None:
    for ask in (after, lambda schedule: manual_interval(schedule, NOW)):
        with pytest.raises(InvalidInputError, match=r"'my\.Timetable' is user code"):
            ask(Custom(importable="my.Timetable"))


# Runs that somebody asks for.


@pytest.mark.parametrize(
    ("schedule", "interval"),
    [
        (NoSchedule(), Interval(NOW, NOW)),
        (Once(), Interval(NOW, NOW)),
        (DAILY, Interval(NOW, NOW)),
        (Cron(expression="@daily", interval_length=DAY), Interval(NOW - DAY, NOW)),
        (DAILY_INTERVAL, Interval(march(9), march(10))),
        (
            AnyCron((DAILY, Cron(expression="@daily", interval_length=DAY))),
            Interval(NOW - DAY, NOW),
        ),
        (Delta(delta=DAY), Interval(NOW, NOW)),
        (Delta(delta=DAY, interval=True), Interval(NOW - DAY, NOW)),
        (Events(at=(march(5), march(20))), Interval(NOW, NOW)),
        (Events(at=(march(5), march(20)), restrict_to_events=True), Interval(march(5), march(5))),
        (Events(at=(march(20),), restrict_to_events=True), Interval(march(20), march(20))),
    ],
)
def test_a_run_by_hand_stands_for_what_the_schedule_says(
    schedule: Schedule, interval: Interval
) -> None:
    assert manual_interval(schedule, NOW) == interval


def test_run_ids_are_those_that_airflow_makes() -> None:
    made = run_id_for(RunType.SCHEDULED, run_after=march(2), logical_date=march(1))
    assert made == "scheduled__2026-03-02T00:00:00+00:00"
    made = run_id_for(RunType.MANUAL, run_after=NOW, logical_date=march(1))
    assert made == "manual__2026-03-01T00:00:00+00:00"
    made = run_id_for(RunType.MANUAL, run_after=march(2), suffix="x7Kq")
    assert made == "manual__2026-03-02T00:00:00+00:00_x7Kq"
