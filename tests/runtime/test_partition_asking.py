"""Partition mappers, windows and wait policies of authors, asked as their file's process does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from slipstream.core.partition_mappers import mapper_of
from slipstream.model.schedule import OnAssets
from slipstream.runtime.partition_asking import ask
from slipstream.sdk import (
    DAG,
    AllowedKeyMapper,
    Asset,
    ChainMapper,
    DayWindow,
    FanOutMapper,
    FixedKeyMapper,
    HourWindow,
    IdentityMapper,
    MinimumCount,
    PartitionedAssetTimetable,
    PartitionMapper,
    ProductMapper,
    RollupMapper,
    SegmentWindow,
    StartOfDayMapper,
    StartOfHourMapper,
    StartOfMonthMapper,
    StartOfQuarterMapper,
    StartOfWeekMapper,
    StartOfYearMapper,
    WaitForAll,
    WeekWindow,
    Window,
)
from slipstream.sdk._joined_mappers import listed
from slipstream.sdk._types import UserValue
from slipstream.sdk._wait_policies import PartitionSatisfaction, WaitPolicy
from slipstream.wire.questions import Answered, PartitionQuestion, WaitingPartition

NOW = datetime(2026, 3, 13, tzinfo=UTC)
A = Asset("a")


class Region(PartitionMapper):
    """`eu/2026-03-13` to `eu`."""

    def to_downstream(self, key: str) -> str | Iterable[str]:
        return key.split("/", maxsplit=1)[0]

    def carry_partition_date(self, source_partition_date: datetime | None) -> datetime | None:
        return source_partition_date


class Tidy(StartOfDayMapper):
    """Days of keys with blanks around them."""

    def to_downstream(self, key: str) -> str | Iterable[str]:
        return super().to_downstream(key.strip())


class Fortnight(StartOfDayMapper):
    """Fourteen days from an even week on."""

    def normalize(self, dt: datetime) -> datetime:
        monday = super().normalize(dt) - timedelta(days=dt.weekday())
        return monday - timedelta(weeks=monday.isocalendar().week % 2)


class FourteenDays(Window):
    expected_decoded_type = datetime

    def to_upstream(self, decoded_downstream: UserValue) -> Iterable[UserValue]:
        return [decoded_downstream + timedelta(days=day) for day in range(14)]


class Half(WaitPolicy):
    def is_satisfied(self, matched: int, expected: int) -> bool:
        return matched * 2 >= expected


class NeedsFirst(WaitPolicy):
    def is_satisfied_by_keys(
        self, *, matched: set[str], expected: set[str]
    ) -> PartitionSatisfaction:
        return PartitionSatisfaction(satisfied=min(expected) in matched)


def answer(mapper: PartitionMapper, *events: tuple[str, str | None], most: int = 50) -> Answered:
    with DAG(
        "d", schedule=PartitionedAssetTimetable(assets=A, default_partition_mapper=mapper)
    ) as d:
        pass
    waiting = [
        WaitingPartition(
            number=number,
            asset="a",
            uri="a",
            source_key=source,
            target_key=target,
            source_date=NOW,
        )
        for number, (source, target) in enumerate(events)
    ]
    return ask(PartitionQuestion(dag_id="d", at=NOW, events=waiting, most=most), d)


def test_a_mapper_of_ones_own_says_where_events_belong() -> None:
    found = answer(Region(), ("eu/1", None), ("us/1", None), ("eu/2", "eu"))
    assert found.targets == {0: ["eu"], 1: ["us"]}
    told = {one.target_key: one for one in found.partitions}
    assert told["eu"].arrived == ["eu/1", "eu/2"]
    assert told["eu"].is_complete
    assert told["eu"].carried == [NOW]
    assert not found.problems


def test_one_may_derive_from_those_that_there_are() -> None:
    found = answer(Tidy(), ("  2026-03-13T05:00:00 ", None))
    assert found.targets == {0: ["2026-03-13"]}
    assert found.partitions[0].moment == NOW


def test_a_window_and_a_policy_of_ones_own_say_what_is_complete() -> None:
    mapper = RollupMapper(
        upstream_mapper=Fortnight(input_format="%Y-%m-%d"),
        window=FourteenDays(),
        wait_policy=Half(),
    )
    days = [f"2026-03-{day:02}" for day in range(2, 9)]
    early = answer(mapper, *((day, "2026-03-02") for day in days[:6]))
    assert [one.is_complete for one in early.partitions] == [False]
    assert answer(mapper, *((day, None) for day in days)).partitions[0].is_complete
    first = RollupMapper(
        upstream_mapper=IdentityMapper(),
        window=SegmentWindow(["a", "b"]),
        wait_policy=NeedsFirst(),
    )
    assert not answer(first, ("b", "x")).partitions[0].is_complete
    assert answer(first, ("a", "x")).partitions[0].is_complete


class Raising(PartitionMapper):
    def to_downstream(self, key: str) -> str | Iterable[str]:
        if key == "bad":
            raise LookupError("no such key")
        if key == "endless":
            return (str(number) for number in count())
        if key == "number":
            return 3  # type: ignore[return-value]  # What authors do.
        return key

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        raise OSError("no calendar")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("bad", "Raising.to_downstream(): LookupError: no such key"),
        ("endless", "more than 50 partitions"),
        ("number", "it gave 3. Expected a partition key, or several."),
    ],
)
def test_what_a_mapper_raises_costs_that_event_alone(key: str, problem: str) -> None:
    found = answer(Raising(), (key, None), ("good", None))
    assert found.targets == {0: [], 1: ["good"]}
    assert f"The partition {key!r} of the asset 'a' starts nothing" in found.problems[0]
    assert problem in found.problems[0]
    assert "no calendar" in found.problems[1]
    assert found.partitions[0].is_complete


def test_a_partition_that_can_never_be_complete_is_told() -> None:
    class Never(WaitPolicy):
        def is_satisfied(self, matched: int, expected: int) -> bool:
            return False

        def is_unreachable(self, expected: int) -> bool:
            return True

    mapper = RollupMapper(
        upstream_mapper=StartOfHourMapper(), window=HourWindow(), wait_policy=Never()
    )
    found = answer(mapper, ("2026-03-13T05:00:00", None))
    assert found.problems == [
        "The partition '2026-03-13T05' waits: Never() is never satisfied by a window of 60 keys"
    ]


def test_a_dag_that_has_no_mappers_any_more_says_so() -> None:
    with DAG("d", schedule=[A]) as dag:
        pass
    with pytest.raises(ValueError, match="which has no partition mappers"):
        ask(PartitionQuestion(dag_id="d", at=NOW, events=[], most=1), dag)


def test_half_a_pair_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="defines encode_upstream without decode_downstream"):

        class _Wrong(PartitionMapper):
            def encode_upstream(self, decoded: UserValue) -> str:
                return ""


def _all() -> Iterator[tuple[PartitionMapper, str]]:
    day = "2026-05-13T10:42:15"
    for kind in (
        StartOfHourMapper,
        StartOfDayMapper,
        StartOfWeekMapper,
        StartOfMonthMapper,
        StartOfQuarterMapper,
        StartOfYearMapper,
    ):
        yield kind(timezone="America/New_York"), day
    yield IdentityMapper(), "x"
    yield FixedKeyMapper("all"), "x"
    yield AllowedKeyMapper(["x"]), "x"
    monthly = StartOfMonthMapper(input_format="%Y-%m-%d")
    yield ChainMapper(StartOfDayMapper(), monthly), day
    yield ProductMapper(StartOfDayMapper(), IdentityMapper()), f"{day}|eu"
    yield FanOutMapper(upstream_mapper=StartOfWeekMapper(), window=WeekWindow()), day
    yield RollupMapper(upstream_mapper=StartOfDayMapper(), window=DayWindow()), day


@pytest.mark.parametrize(("mapper", "key"), list(_all()), ids=lambda value: type(value).__name__)
def test_those_that_there_are_answer_authors_as_they_answer_the_scheduler(
    mapper: PartitionMapper, key: str
) -> None:
    assert mapper.is_known
    known = mapper_of(mapper.as_json())
    targets = listed(mapper.to_downstream(key))
    assert targets == list(known.targets(key))
    assert [mapper.to_partition_date(one) for one in targets] == [known.moment(o) for o in targets]
    if isinstance(mapper, RollupMapper):
        assert known.is_complete(targets[0], mapper.to_upstream(targets[0]))


@pytest.mark.parametrize("policy", [WaitForAll(), MinimumCount(2), MinimumCount(-1)])
@pytest.mark.parametrize("there", range(4))
def test_so_do_the_policies(policy: WaitPolicy, there: int) -> None:
    mapper = RollupMapper(
        upstream_mapper=IdentityMapper(),
        window=SegmentWindow(["a", "b", "c"]),
        wait_policy=policy,
    )
    keys = {"a", "b", "c"}
    arrived = set(sorted(keys)[:there])
    told = policy.is_satisfied_by_keys(matched=arrived, expected=keys)
    assert told.satisfied is mapper_of(mapper.as_json()).is_complete("x", arrived)


def test_what_has_a_part_of_ones_own_is_asked_as_a_whole() -> None:
    mapper = ChainMapper(StartOfDayMapper(), Region())
    timetable = PartitionedAssetTimetable(assets=A, partition_mapper_config={A: mapper})
    schedule = timetable.as_schedule()
    assert isinstance(schedule, OnAssets)
    assert schedule.partitions == {
        "default": {"is": "identity"},
        "of": [
            {
                "name": "a",
                "uri": "a",
                "mapper": {
                    "is": "asked",
                    "importable": "slipstream.sdk._joined_mappers.ChainMapper",
                },
            }
        ],
    }
    assert timetable.get_partition_mapper(name="a") is mapper
    assert isinstance(timetable.get_partition_mapper(name="b"), IdentityMapper)
