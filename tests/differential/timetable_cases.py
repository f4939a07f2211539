"""Random questions to timetables, and how both sides ask them. It imports nothing of either side.

A case is JSON: the timetable, the DAG's bounds, and the moments at which a scheduler looks. At each
moment it asks for the next run, makes those that are due, as many as `_MADE_AT_ONCE`, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

ZONES = ("UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
CHANGES = (
    datetime(2025, 3, 9, 7, tzinfo=UTC),
    datetime(2025, 3, 30, 1, tzinfo=UTC),
    datetime(2025, 10, 4, 15, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2025, 11, 2, 6, tzinfo=UTC),
)
"""Moments at which some of the zones change their clocks."""
CRONS = (
    *("@hourly", "@daily", "@weekly", "@monthly", "0 * * * *", "*/20 * * * *", "30 2 * * *"),
    *("0 2,3 * * *", "15 1-4 * * *", "0 0 * * *", "0 6 * * 1-5", "45 23 * * 0", "0 0 1 * *"),
    *("0 12 29 2 *", "0 0 1 */3 *", "5 4 * * 7", "0 0 31 * *", "0 */6 * * *"),
)
KINDS = (
    *("CronTriggerTimetable", "CronDataIntervalTimetable", "CronPartitionTimetable") * 2,
    *("MultipleCronTriggerTimetable", "DeltaTriggerTimetable", "DeltaDataIntervalTimetable"),
    *("EventsTimetable", "AssetOrTimeSchedule", "OnceTimetable", "ContinuousTimetable"),
    *("NullTimetable", "PartitionedAtRuntime", "PartitionedAssetTimetable"),
    "AssetTriggeredTimetable",
)
KEYS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%Y%m%d-%H%M", "week %W of %Y")
_MADE_AT_ONCE = 3
_LISTED = 12


def random_case(seed: int) -> dict[str, Any]:
    """Half of them near a change of the clock, and one bound in three exactly on a tick."""
    chance = Random(seed)
    about = chance.choice(CHANGES) + timedelta(minutes=15 * chance.randint(-200, 200))
    if chance.random() < 0.5:
        about = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 1_000_000))
    kind = chance.choice(KINDS)
    start = _bound(chance, about, (-30, -3, -1, 0, 2)) if chance.random() < 0.8 else None
    end = _bound(chance, about, (-4, -1, 0, 1, 3)) if chance.random() < 0.4 else None
    moments, now = [], about
    for _ in range(chance.randint(3, 6)):
        moments.append(now.isoformat())
        steps = (0, 1, 20, 60, 61, 360, 1440, 1441, 10080, 45000)
        now += timedelta(minutes=chance.choice(steps))
    return {
        "seed": seed,
        "timetable": _timetable(chance, kind, about),
        "start": start and start.isoformat(),
        "end": end and end.isoformat(),
        "catchup": chance.random() < 0.5,
        "moments": moments,
    }


def _bound(chance: Random, about: datetime, days: tuple[int, ...]) -> datetime:
    bound = about + timedelta(days=chance.choice(days))
    if chance.random() < 0.7:
        bound = bound.replace(minute=chance.choice((0, 20, 30)), second=0)
    if chance.random() < 0.5:
        bound = bound.replace(hour=0, minute=0)
    return bound


def _timetable(chance: Random, kind: str, about: datetime) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": kind}
    zone, cron = chance.choice(ZONES), chance.choice(CRONS)
    lengths: tuple[dict[str, int], ...] = (
        {"hours": 1},
        {"minutes": 90},
        {"days": 1},
        {"days": 7},
        {"months": 1},
        {},
    )
    if kind.startswith("Cron"):
        given |= {"cron": cron, "timezone": zone}
    if kind in ("CronTriggerTimetable", "MultipleCronTriggerTimetable", "CronPartitionTimetable"):
        given["run_immediately"] = chance.choice((True, False, False, {"hours": 2}))
    if kind == "CronTriggerTimetable":
        given["interval"] = chance.choice(lengths)
    if kind == "MultipleCronTriggerTimetable":
        given |= {"crons": chance.sample(CRONS, chance.randint(1, 3)), "timezone": zone}
        # With an interval and without catchup Airflow may leave a tick out: docs/differences.md.
        given["interval"] = {}
    if kind == "CronPartitionTimetable":
        given |= {"run_offset": chance.choice((0, -1, -2, 1, 3)), "key": chance.choice(KEYS)}
    if kind.startswith("Delta"):
        given["delta"] = chance.choice(lengths[:-1])
    if kind == "DeltaTriggerTimetable":
        given["interval"] = chance.choice(lengths)
    if kind == "EventsTimetable":
        days = sorted(chance.randint(-40, 60) for _ in range(chance.randint(0, 6)))
        given["events"] = [(about + timedelta(days=day)).isoformat() for day in days]
        given["restrict_to_events"] = chance.random() < 0.5
        given["description"] = chance.choice((None, "matches"))
    if kind == "AssetOrTimeSchedule":
        inner = chance.choice(KINDS[:12])
        while inner in ("AssetOrTimeSchedule", "CronPartitionTimetable"):
            inner = chance.choice(KINDS[:12])
        given["timetable"] = _timetable(chance, inner, about)
    return given


def build(given: dict[str, Any], classes: Mapping[str, Any]) -> Any:
    """The timetable, of the classes that go by these names."""
    from dateutil.relativedelta import relativedelta

    def length(parts: dict[str, Any]) -> Any:
        return relativedelta(**parts) if "months" in parts else timedelta(**parts)

    kind = classes[given["kind"]]
    named: dict[str, Any] = {
        name: given[name] for name in ("timezone", "run_offset") if name in given
    }
    if "interval" in given:
        named["interval"] = length(given["interval"])
    if "key" in given:
        named["key_format"] = given["key"]
    if "run_immediately" in given:
        grace = given["run_immediately"]
        named["run_immediately"] = length(grace) if isinstance(grace, dict) else grace
    match given["kind"]:
        case "DeltaTriggerTimetable" | "DeltaDataIntervalTimetable":
            return kind(length(given["delta"]), **named)
        case "EventsTimetable":
            events = [_moment(text) for text in given["events"]]
            return kind(
                events,
                restrict_to_events=given["restrict_to_events"],
                description=given["description"],
            )
        case "AssetOrTimeSchedule":
            return kind(
                timetable=build(given["timetable"], classes), assets=[classes["Asset"]("a")]
            )
        case "PartitionedAssetTimetable":
            return kind(assets=classes["Asset"]("a"))
        case "AssetTriggeredTimetable":
            return kind(classes["Asset"]("a"))
        case "MultipleCronTriggerTimetable":
            return kind(*given["crons"], **named)
    return kind(given["cron"], **named) if "cron" in given else kind()


def answers(case: dict[str, Any], side: Any) -> list[Any]:
    """What a side says at each moment: `side` has `at`, `next_run`, `manual` and `partitions`.

    A run is a dictionary of texts, and None where there is none.
    """
    found: list[Any] = []
    last = None
    for moment in case["moments"]:
        side.at(_moment(moment))
        for _ in range(_MADE_AT_ONCE):
            run = side.next_run(last)
            found.append(run)
            if run is None or _moment(run["run_after"]) > _moment(moment):
                break
            last = run
        found.append({"manual": side.manual(_moment(moment))})
    if case["timetable"]["kind"] == "CronPartitionTimetable":
        day = timedelta(days=1)
        middle = _moment(case["moments"][0])
        found.append({"partitions": side.partitions(middle - day, middle + day)[:_LISTED]})
    return found


def text(moment: datetime | None) -> str | None:
    """The moment, as both sides write it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
