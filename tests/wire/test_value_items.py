"""Values taken apart into their items, without decoding them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from slipstream.wire.value_items import split_items
from slipstream.wire.values import decode_value, encode_value


@pytest.mark.parametrize(
    "value",
    [
        [],
        [1, 2.5, None, True, 'ü\n"', [1, [2]], {"a": {"b": [3]}}],
        [Decimal("1.5"), datetime(2026, 1, 1, tzinfo=UTC), (1, 2), {"x"}, {"__type__": "mine"}],
        {},
        {"a": 1, "ü": [1, 2], 'b"': {"c": None}},
    ],
)
def test_the_items_are_those_of_the_decoded_value(value: list[object] | dict[str, object]) -> None:
    items = split_items(encode_value(value))
    assert items is not None
    assert items.are_pairs is isinstance(value, dict)
    decoded = [decode_value(items.text(index)) for index in range(len(items))]
    expected = [list(pair) for pair in value.items()] if isinstance(value, dict) else value
    assert decoded == expected


@pytest.mark.parametrize(
    "value", [None, 3, "[1]", (1, 2), {"__type__": "mine"}, {1, 2}, Decimal(1)]
)
def test_another_value_is_left_whole(value: object) -> None:
    assert split_items(encode_value(value)) is None


def test_a_text_that_is_no_value_is_left_whole() -> None:
    assert split_items("[1,") is None
    assert split_items("") is None
