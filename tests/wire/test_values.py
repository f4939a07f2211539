"""Values as tasks pass them to each other."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import threading
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pendulum
import pydantic
import pytest

from slipstream.sdk import Asset, AssetAlias, Dataset, Param, ParamsDict
from slipstream.wire.values import (
    UnreadableValueError,
    UnsupportedValueError,
    decode_value,
    encode_value,
    length_of,
)


@dataclasses.dataclass
class Point:
    x: int
    when: datetime
    doubled: int = dataclasses.field(init=False, default=0)


@attrs.define
class Box:
    _content: tuple[int, ...]


class Model(pydantic.BaseModel):
    name: str
    path: Path


class Colour(enum.Enum):
    RED = "red"


class Versioned:
    __version__ = 2

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Versioned) and other.text == self.text

    __hash__ = None  # type: ignore[assignment]

    def serialize(self) -> dict[str, Any]:
        return {"text": self.text}

    @staticmethod
    def deserialize(data: dict[str, Any], version: int) -> Versioned:
        assert version == 2
        return Versioned(data["text"])


def round_trip(value: Any) -> Any:
    text = encode_value(value)
    json.loads(text, parse_constant=pytest.fail)
    return decode_value(text)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        2**80,
        1.5,
        'text with " and \\ and \u2028 and 😀',
        [],
        {},
        [1, [2, {"a": None}]],
        {"__type__": "datetime", "__value__": "not one"},
        {"a": {"__type__": 1}},
        (1, (2, 3)),
        {1, 2},
        frozenset({"a"}),
        b"\x00\xff",
        datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime(2026, 1, 2, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        date(2026, 1, 2),
        time(1, 2, 3),
        timedelta(days=-1, microseconds=7),
        Decimal("1.10"),
        UUID(int=7),
        Path("/data/x"),
        1 + 2j,
        Colour.RED,
        Box((1, 2)),
        Model(name="a", path=Path("b")),
        Versioned("a"),
        Point(1, datetime(2026, 1, 2, tzinfo=UTC)),
        math.inf,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)


def test_the_zone_of_a_moment_comes_back() -> None:
    found = round_trip(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")))
    assert found.utcoffset() == timedelta(hours=1)
    assert found.tzinfo.key == "Europe/Berlin"


def test_not_a_number_comes_back() -> None:
    assert math.isnan(round_trip(math.nan))


def test_pendulum_moments_come_back_as_pendulum_moments() -> None:
    value = pendulum.datetime(2026, 10, 25, 12, tz="Europe/Berlin")
    found = round_trip(value)
    assert isinstance(found, pendulum.DateTime)
    assert found == value
    assert found.timezone_name == "Europe/Berlin"
    naive = round_trip(pendulum.naive(2026, 1, 2))
    assert naive == pendulum.naive(2026, 1, 2)
    assert naive.tzinfo is None


@pytest.mark.parametrize(
    "value",
    [
        pendulum.duration(years=1, months=2, days=3, microseconds=4),
        pendulum.duration(days=-1),
        pendulum.date(2026, 1, 2),
        pendulum.time(1, 2, 3),
        pendulum.timezone("Europe/Berlin"),
    ],
    ids=str,
)
def test_pendulums_other_types_come_back(value: Any) -> None:
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_an_enum_member_that_is_a_text_or_a_number_becomes_just_that_as_in_airflow() -> None:
    class Size(enum.IntEnum):
        LARGE = 3

    assert round_trip([Size.LARGE, HTTPStatus.OK]) == [3, 200]
    assert type(round_trip(Size.LARGE)) is int


def test_assets_and_params_come_back() -> None:
    orders = Asset("orders", uri="s3://b/orders", group="g", extra={"a": 1})
    found = round_trip([orders, Dataset("s3://b/x"), AssetAlias("later"), orders & Asset("b")])
    assert found[:3] == [orders, Dataset("s3://b/x"), AssetAlias("later")]
    assert (found[0].group, found[0].extra) == ("g", {"a": 1})
    assert type(found[1]) is Dataset
    assert found[3].as_expression() == (orders & Asset("b")).as_expression()
    param = round_trip(Param(3, "how many", type="integer"))
    assert (param.value, param.description, param.schema) == (3, "how many", {"type": "integer"})
    assert not round_trip(Param(type="integer")).has_value
    assert round_trip(ParamsDict({"a": Param(3, type="integer")})) == {"a": 3}


def test_dictionary_keys_become_texts_as_in_airflow() -> None:
    assert round_trip({1: "a", None: "b"}) == {"1": "a", "None": "b"}


def test_what_is_like_a_list_or_a_dict_becomes_one() -> None:
    assert round_trip(range(3)) == [0, 1, 2]
    assert round_trip(deque([1])) == [1]
    assert round_trip(OrderedDict(a=1)) == {"a": 1}


def test_a_named_tuple_becomes_a_tuple() -> None:
    class Pair(NamedTuple):
        a: int
        b: int

    assert round_trip(Pair(1, 2)) == (1, 2)


def test_subclasses_of_plain_types_become_the_plain_types() -> None:
    class Text(str):
        __slots__ = ()

    found = round_trip(Text("a"))
    assert found == "a"
    assert type(found) is str


def test_an_unsupported_type_is_named_with_what_to_do() -> None:
    with pytest.raises(
        UnsupportedValueError, match=r"at \['deep'\]\[0\] is .*_thread\.lock.*return its path"
    ):
        encode_value({"deep": [threading.Lock()]})


def test_an_unsupported_field_of_an_object_is_named() -> None:
    with pytest.raises(UnsupportedValueError, match=r"at \[1\]\.when is .*_thread\.lock"):
        encode_value([0, Point(1, threading.Lock())])  # type: ignore[arg-type]


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UnsupportedValueError, match="refers to itself"):
        encode_value(value)


def test_a_text_that_is_no_value_is_refused() -> None:
    with pytest.raises(UnreadableValueError):
        decode_value("{")
    with pytest.raises(UnreadableValueError, match="hyperloglog"):
        decode_value('{"__type__": "hyperloglog", "__value__": 1}')
    with pytest.raises(UnreadableValueError, match="decimal"):
        decode_value('{"__type__": "decimal", "__value__": "x"}')


def test_only_lists_and_dictionaries_have_a_length() -> None:
    assert length_of([1, 2]) == 2
    assert length_of({"a": 1}) == 1
    assert length_of((1,)) == 1
    assert length_of(range(4)) == 4
    for value in ("text", b"x", 3, None, {1, 2}):
        assert length_of(value) is None
