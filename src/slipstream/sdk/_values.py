"""XCom values as text and back, in the form that crosses process boundaries."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Protocol, cast

from slipstream.sdk._types import UserValue


class ValueCodec(Protocol):
    """What `slipstream.wire.values` offers."""

    MAX_VALUE_BYTES: int

    def encode_value(self, value: UserValue) -> str:
        """The value as JSON text. Raises where it cannot be written."""

    def decode_value(self, text: str) -> UserValue:
        """The value that was encoded."""

    def plain_value(self, value: UserValue) -> UserValue:
        """The value as JSON's own types. Raises where it cannot be written."""

    def restored_value(self, plain: UserValue) -> UserValue:
        """The value that `plain_value` was given."""

    def length_of(self, value: UserValue) -> int | None:
        """How many instances a task mapped over the value has."""


@cache
def _codec() -> ValueCodec:
    # The codec belongs to the layer above, which knows what passes between processes.
    return cast(ValueCodec, importlib.import_module("slipstream.wire.values"))


def encode_value(value: UserValue) -> str:
    """The value as JSON text. Raises where it cannot be written."""
    return _codec().encode_value(value)


def decode_value(text: str) -> UserValue:
    """The value that was encoded."""
    return _codec().decode_value(text)


def plain_value(value: UserValue) -> UserValue:
    """The value as JSON's own types. Raises where it cannot be written."""
    return _codec().plain_value(value)


def restored_value(plain: UserValue) -> UserValue:
    """The value that `plain_value` was given."""
    return _codec().restored_value(plain)


def largest_value_bytes() -> int:
    """How long the text of one value may be."""
    return _codec().MAX_VALUE_BYTES


def length_of(value: UserValue) -> int | None:
    """How many instances a task mapped over the value has; None where it cannot be mapped over."""
    return _codec().length_of(value)
