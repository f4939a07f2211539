from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from slipstream.core.partition_mappers import mapper_of
from slipstream.core.partitions import (
    date_of_key,
    endless_waits,
    partitioning,
    ready_partitions,
    sort_entries,
)
from slipstream.model.asset import AssetName, AssetQueue, QueuedPartition
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import NoSchedule, OnAssets

NOW = datetime(2026, 3, 13, tzinfo=UTC)
A, B = AssetName("a", "s3://a"), AssetName("b", "b")


def start_of(period: str, **more: JsonValue) -> JsonValue:
    return {"is": "start_of", "period": period, **more}


@pytest.mark.parametrize(
    ("mapper", "key", "targets"),
    [
        ({"is": "identity"}, "x", ["x"]),
        ({"is": "allowed", "keys": ["x", "y"]}, "y", ["y"]),
        ({"is": "fixed", "key": "all"}, "y", ["all"]),
        (start_of("hour"), "2026-03-13T10:42:15", ["2026-03-13T10"]),
        (start_of("day"), "2026-03-13T10:42:15", ["2026-03-13"]),
        (start_of("week"), "2026-03-13T10:42:15", ["2026-03-09 (W11)"]),
        (start_of("month"), "2026-03-13T10:42:15", ["2026-03"]),
        (start_of("quarter"), "2026-05-13T10:42:15", ["2026-Q2"]),
        (start_of("year"), "2026-05-13T10:42:15", ["2026"]),
        (
            start_of("month", input_format="%Y-%m-%d", output_format="%m/%Y"),
            "2026-05-13",
            ["05/2026"],
        ),
        (
            start_of("day", timezone="America/New_York", input_format="%Y-%m-%dT%H%z"),
            "2026-03-13T02+0000",
            ["2026-03-12"],
        ),
        (
            {"is": "product", "mappers": [start_of("day"), {"is": "identity"}]},
            "2026-03-13T10:42:15|eu",
            ["2026-03-13|eu"],
        ),
        (
            {
                "is": "chain",
                "mappers": [start_of("day"), start_of("month", input_format="%Y-%m-%d")],
            },
            "2026-03-13T10:42:15",
            ["2026-03"],
        ),
        (
            {
                "is": "fan_out",
                "upstream": start_of("quarter", input_format="%Y-%m-%d"),
                "window": {"period": "quarter"},
                "downstream": start_of("month"),
            },
            "2026-05-13",
            ["2026-04", "2026-05", "2026-06"],
        ),
        (
            {
                "is": "fan_out",
                "upstream": start_of("month", input_format="%Y-%m"),
                "window": {"period": "month", "backward": True},
                "downstream": start_of("day"),
            },
            "2024-03",
            [*(f"2024-02-{day:02}" for day in range(2, 30)), "2024-03-01"],
        ),
    ],
)
def test_a_key_belongs_to_partitions(mapper: JsonValue, key: str, targets: list[str]) -> None:
    assert list(mapper_of(mapper).targets(key)) == targets


@pytest.mark.parametrize(
    ("mapper", "key"),
    [
        ({"is": "allowed", "keys": ["x"]}, "y"),
        (start_of("day"), "not a day"),
        ({"is": "product", "mappers": [{"is": "identity"}, {"is": "identity"}]}, "one"),
    ],
)
def test_a_key_that_cannot_be_read_is_refused(mapper: JsonValue, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        mapper_of(mapper).targets(key)


def test_an_unknown_mapper_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no partition mapper"):
        mapper_of({"is": "mine"})


@pytest.mark.parametrize(
    ("mapper", "target", "moment"),
    [
        ({"is": "identity"}, "x", None),
        (start_of("day"), "2026-03-13", datetime(2026, 3, 13, tzinfo=UTC)),
        (start_of("week"), "2026-03-09 (W11)", datetime(2026, 3, 9, tzinfo=UTC)),
        (start_of("quarter"), "2026-Q2", datetime(2026, 4, 1, tzinfo=UTC)),
        (
            start_of("day", timezone="Europe/Berlin"),
            "2026-07-01",
            datetime(2026, 6, 30, 22, tzinfo=UTC),
        ),
    ],
)
def test_a_partition_may_stand_for_a_moment(
    mapper: JsonValue, target: str, moment: datetime | None
) -> None:
    assert mapper_of(mapper).moment(target) == moment


def rollup(**more: JsonValue) -> JsonValue:
    return {
        "is": "rollup",
        "upstream": start_of("week", input_format="%Y-%m-%d"),
        "window": {"period": "week"},
        **more,
    }


WEEK = [f"2026-03-{day:02}" for day in range(9, 16)]


@pytest.mark.parametrize(
    ("more", "arrived", "complete"),
    [
        ({}, WEEK, True),
        ({}, WEEK[:6], False),
        ({}, [*WEEK[:6], "2026-04-01"], False),
        ({"at_least": 3}, WEEK[:3], True),
        ({"at_least": 3}, WEEK[:2], False),
        ({"at_least": -2}, WEEK[:5], True),
        ({"at_least": -2}, WEEK[:4], False),
    ],
)
def test_a_window_waits_as_its_policy_says(
    more: dict[str, JsonValue], arrived: list[str], complete: bool
) -> None:
    mapper = mapper_of(rollup(**more))
    assert mapper.is_complete("2026-03-09 (W11)", set(arrived)) is complete


def test_segments_are_a_window_too() -> None:
    mapper = mapper_of(
        {
            "is": "rollup",
            "upstream": {"is": "fixed", "key": "all"},
            "window": {"segments": ["eu", "us"]},
        }
    )
    assert list(mapper.targets("eu")) == ["all"]
    assert not mapper.is_complete("all", {"eu"})
    assert mapper.is_complete("all", {"eu", "us", "apac"})


@pytest.mark.parametrize(
    ("target", "at_least", "why"),
    [
        ("2026-03-09 (W11)", 8, "its wait policy wants 8 keys, and the window has 7"),
        ("2026-03-09 (W11)", 7, ""),
        ("2026-03-09 (W11)", -9, ""),
        ("2026-03-09 (W11)", None, ""),
    ],
)
def test_more_than_the_window_has_never_comes(target: str, at_least: int | None, why: str) -> None:
    mapper = mapper_of(rollup(at_least=at_least))
    said = mapper.never_complete(target)
    assert said.startswith(why)
    assert bool(said) is bool(why)


# ---------------------------------------------------------------------- the queue


def asset(one: AssetName) -> JsonValue:
    return {"asset": {"name": one.name, "uri": one.uri}}


def schedule(condition: JsonValue, rules: JsonValue) -> OnAssets:
    return OnAssets(condition=condition, partitions=rules)


def queue(*entries: tuple[AssetName, str, str | None]) -> AssetQueue:
    return AssetQueue(
        partitions=[
            QueuedPartition(
                pk=number,
                event_pk=number,
                asset=one,
                source_key=key,
                source_date=NOW,
                queued_at=NOW,
                target_key=target,
            )
            for number, (one, key, target) in enumerate(entries, 1)
        ]
    )


BOTH: JsonValue = {"all": [asset(A), asset(B)]}
RULES: JsonValue = {"default": {"is": "identity"}, "of": [{"name": "a", "mapper": rollup()}]}


def test_entries_are_sorted_by_the_mapper_of_their_asset() -> None:
    found = sort_entries(
        schedule(BOTH, RULES),
        queue((A, "2026-03-10", None), (B, "z", None), (A, "bad", None), (B, "y", "y")),
    )
    assert found.targets == {1: ["2026-03-09 (W11)"], 2: ["z"], 3: []}
    (problem,) = found.problems
    assert "'bad' of the asset 'a' starts nothing" in problem


def test_an_event_that_belongs_to_too_many_partitions_starts_nothing() -> None:
    fan_out: JsonValue = {
        "is": "fan_out",
        "upstream": start_of("week", input_format="%Y-%m-%d"),
        "window": {"period": "week"},
        "downstream": start_of("day"),
    }
    entries = queue((A, "2026-03-10", None))
    week = schedule(asset(A), {"default": fan_out})
    assert len(sort_entries(week, entries).targets[1]) == 7
    found = sort_entries(week, entries, most=6)
    assert found.targets == {1: []}
    assert "7 partitions, and at most 6" in found.problems[0]


def test_partitions_that_can_never_be_complete_are_told() -> None:
    wants_more: JsonValue = {"of": [{"name": "a", "mapper": rollup(at_least=8)}]}
    entries = queue((A, WEEK[0], "2026-03-09 (W11)"), (A, WEEK[1], None), (B, "y", "y"))
    (told,) = endless_waits(schedule(BOTH, wants_more), entries)
    assert told == (
        "The partition '2026-03-09 (W11)' can never be complete by the asset 'a': its wait policy "
        "wants 8 keys, and the window has 7. Give MinimumCount at most 7."
    )
    assert not endless_waits(schedule(BOTH, RULES), entries)
    unreadable = queue((A, WEEK[0], "no week"))
    (told,) = endless_waits(schedule(BOTH, RULES), unreadable)
    assert told.startswith("The partition 'no week' can never be complete by the asset 'a': ")


def test_a_partition_is_ready_when_all_assets_have_what_it_needs() -> None:
    week = "2026-03-09 (W11)"
    entries: Sequence[tuple[AssetName, str, str | None]] = [(A, day, week) for day in WEEK]
    assert not ready_partitions(schedule(BOTH, RULES), queue(*entries))
    (ready,) = ready_partitions(schedule(BOTH, RULES), queue(*entries, (B, week, week)))
    assert (ready.key, ready.sources) == (week, ("a", "b"))
    assert ready.entries == tuple(range(1, 9))
    assert ready.date == datetime(2026, 3, 9, tzinfo=UTC)
    assert not ready_partitions(schedule(BOTH, RULES), queue(*entries[1:], (B, week, week)))


def test_a_partition_that_is_the_producers_keeps_its_date() -> None:
    plain = schedule(asset(A), {"default": {"is": "identity"}})
    (ready,) = ready_partitions(plain, queue((A, "x", "x")))
    assert ready.date == NOW
    fixed = schedule(asset(A), {"default": {"is": "fixed", "key": "x"}})
    (ready,) = ready_partitions(fixed, queue((A, "x", "x")))
    assert ready.date is None


def test_assets_that_do_not_agree_on_the_date_give_none() -> None:
    rules: JsonValue = {
        "default": start_of("day"),
        "of": [{"name": "b", "mapper": start_of("day", timezone="Europe/Berlin")}],
    }
    day = "2026-03-13"
    both = schedule(BOTH, rules)
    (ready,) = ready_partitions(both, queue((A, day, day), (B, day, day)))
    assert ready.date is None


def test_only_partitioned_schedules_have_rules() -> None:
    assert partitioning(NoSchedule()) == ""
    assert partitioning(OnAssets(condition=asset(A))) == ""
    assert partitioning(schedule(asset(A), {"default": {"is": "identity"}}))


def test_a_key_that_somebody_names_stands_for_the_moment_that_the_mappers_agree_on() -> None:
    daily = schedule(asset(A), {"default": start_of("day")})
    assert date_of_key(daily, "2026-03-13") == NOW
    with pytest.raises(InvalidInputError, match="'monday' is none of this DAG's"):
        date_of_key(daily, "monday")
    mine: JsonValue = {"is": "asked", "importable": "shop.Mine"}
    assert date_of_key(schedule(asset(A), {"default": mine}), "monday") is None
