"""Where in a log something stands: a text, or lines of a level at least.

The log is read a block at a time, however long it is, and only as far as is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from slipstream.api.log_pieces import offset_of_line
from slipstream.api.log_reading import as_object

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
_BLOCK_BYTES: Final = 4 * 1024 * 1024
_NOT_SEARCHED: Final = frozenset({"timestamp", "level"})


class Hit(NamedTuple):
    """A line that has what was looked for."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: a text whatever its case, a level or worse, or both."""

    text: str = ""
    level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The hits from a line on."""

    hits: list[Hit]
    are_all: bool
    """False where there are more than were asked for."""
    next_line: int
    """The first line that was not looked at."""


def hits_in_file(path: Path, wanted: Wanted, most: int, from_line: int = 1) -> Found:
    """At most so many hits in a log from that line on; without a file there are none."""
    begin = offset_of_line(path, from_line)
    return _hits(_blocks_of(path, begin), wanted, most, begin, from_line)


def hits_in_lines(lines: Iterable[bytes], wanted: Wanted, most: int, from_line: int = 1) -> Found:
    """The same of lines that are in memory."""
    kept = list(lines)
    begin = sum(len(line) + 1 for line in kept[: from_line - 1])
    block = b"".join(line + b"\n" for line in kept[from_line - 1 :])
    return _hits(iter((block,)), wanted, most, begin, from_line)


def _blocks_of(path: Path, begin: int) -> Iterator[bytes]:
    """Whole lines from there on, some megabytes of them at a time. A line whose end is not written
    yet is left out."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            rest = b""
            while data := file.read(_BLOCK_BYTES):
                whole, newline, rest = (rest + data).rpartition(b"\n")
                yield whole + newline
    except FileNotFoundError:
        return


def _hits(
    blocks: Iterator[bytes], wanted: Wanted, most: int, offset: int, first_line: int
) -> Found:
    pattern = _pattern_of(wanted)
    hits: list[Hit] = []
    number = first_line
    for block in blocks:
        lowered = block.lower()
        line, counted = number, 0
        end = 0
        while match := pattern.search(lowered, end):
            at = match.start()
            begin = block.rfind(b"\n", 0, at) + 1
            end = block.find(b"\n", at) + 1
            line += block.count(b"\n", counted, begin)
            counted = begin
            if _is_hit(block[begin : end - 1], wanted):
                if len(hits) == most:
                    return Found(hits=hits, are_all=False, next_line=line)
                hits.append(Hit(offset + begin, line))
        offset += len(block)
        number += block.count(b"\n")
    return Found(hits=hits, are_all=True, next_line=number)


def _pattern_of(wanted: Wanted) -> re.Pattern[bytes]:
    """Finds in the bytes of a block, in lower case, what may be a hit; the line itself is looked at
    then."""
    if wanted.text:
        # Text stands in a log as JSON writes it. Letters beyond ASCII have two cases in bytes, too.
        cases = (wanted.text, wanted.text.lower(), wanted.text.upper())
        needles = {msgspec.json.encode(one)[1:-1].lower() for one in cases}
        return re.compile(b"|".join(map(re.escape, sorted(needles))))
    names = "|".join(_from_level(wanted.level))
    return re.compile(rf'"level":\s*"(?:{names})"'.encode())


def _from_level(level: str | None) -> tuple[str, ...]:
    """That level and those that are worse."""
    return LEVELS[LEVELS.index(level) :] if level in LEVELS else LEVELS


def _is_hit(line: bytes, wanted: Wanted) -> bool:
    fields: Mapping[str, Any] = msgspec.json.decode(as_object(line))
    level = str(fields.get("level", "info")).lower()
    if wanted.level is not None and level not in _from_level(wanted.level):
        return False
    return not wanted.text or wanted.text.lower() in _text_of(fields).lower()


def _text_of(fields: Mapping[str, Any]) -> str:
    """What of a line is shown."""
    return "\n".join(
        value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in fields.items()
        if name not in _NOT_SEARCHED
    )
