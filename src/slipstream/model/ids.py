"""Identifiers that sort by the moment they were made."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeAlias

IdSource: TypeAlias = Callable[[], str]
"""Gives an id that nobody has had before."""


def format_uuid7(milliseconds: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562, section 5.7) of that Unix time and ten random bytes."""
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(entropy[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_uuid7() -> str:
    """A fresh UUIDv7 of this machine's clock and randomness."""
    return format_uuid7(time.time_ns() // 1_000_000, os.urandom(10))
