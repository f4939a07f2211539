"""Any part of a log, by bytes or by the number of a line.

A log of 500 MB is never read as a whole for a reader who looks at a screenful of it. How many lines
its parts have is counted once: logs only grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from slipstream.api.log_reading import read_page

_BLOCK_BYTES: Final = 4 * 1024 * 1024
_LOGS_COUNTED: Final = 64
_LOOK_BACK_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class LogPiece:
    """Whole lines of a log, each a JSON object, with where they stand."""

    lines: list[bytes]
    begin: int
    end: int
    """Bytes: `begin` is where the first line begins, `end` where the next one will."""
    first_line: int
    """The number of the first line; the log's first is 1."""
    size: int
    """Bytes of the log when it was read."""


def piece_from(path: Path, offset: int, most_bytes: int) -> LogPiece:
    """The whole lines that begin at `offset` or behind it; without a file there are none."""
    size = size_of(path)
    begin = line_begin(path, min(offset, size))
    page = read_page(path, begin, most_bytes)
    return LogPiece(page.lines, begin, page.end, lines_before(path, begin) + 1, max(size, page.end))


def piece_before(path: Path, offset: int, most_bytes: int) -> LogPiece:
    """The whole lines that end at `offset` or before it."""
    size = size_of(path)
    end = min(offset, size)
    if end == 0:
        return LogPiece([], 0, 0, 1, size)
    begin = line_begin(path, max(0, end - most_bytes))
    if begin >= end:
        begin = _begin_of_line_at(path, max(0, end - 1))
    page = read_page(path, begin, max(1, end - begin))
    return LogPiece(page.lines, begin, page.end, lines_before(path, begin) + 1, size)


def size_of(path: Path) -> int:
    """Bytes of the file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def line_begin(path: Path, offset: int) -> int:
    """Where the first line begins that does so at `offset` or behind it."""
    if offset == 0:
        return 0
    with path.open("rb") as file:
        file.seek(offset - 1)
        position = offset - 1
        while data := file.read(_LOOK_BACK_BYTES):
            found = data.find(b"\n")
            if found >= 0:
                return position + found + 1
            position += len(data)
    return offset


def _begin_of_line_at(path: Path, offset: int) -> int:
    """Where the line begins that has the byte `offset`."""
    with path.open("rb") as file:
        end = offset
        while end > 0:
            begin = max(0, end - _LOOK_BACK_BYTES)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return 0


@lru_cache(maxsize=_LOGS_COUNTED)
def _counts(_: Path) -> list[int]:
    """Line ends up to the end of each whole block, as far as they were counted."""
    return []


def _count_to(path: Path, blocks: int) -> list[int]:
    """Count on until that many whole blocks are known."""
    counts = _counts(path)
    if len(counts) < blocks:
        with path.open("rb") as file:
            file.seek(len(counts) * _BLOCK_BYTES)
            while len(counts) < blocks and len(data := file.read(_BLOCK_BYTES)) == _BLOCK_BYTES:
                counts.append((counts[-1] if counts else 0) + data.count(b"\n"))
    return counts


def lines_before(path: Path, offset: int) -> int:
    """How many lines end before `offset`."""
    if offset == 0:
        return 0
    blocks = offset // _BLOCK_BYTES
    counts = _count_to(path, blocks)
    known = counts[blocks - 1] if blocks else 0
    with path.open("rb") as file:
        file.seek(blocks * _BLOCK_BYTES)
        return known + file.read(offset - blocks * _BLOCK_BYTES).count(b"\n")


def offset_of_line(path: Path, number: int) -> int:
    """Where a line begins; the end of the log for one that is not there yet."""
    size = size_of(path)
    if number <= 1 or size == 0:
        return 0
    counts = _count_to(path, size // _BLOCK_BYTES)
    block = next((at for at, count in enumerate(counts) if count >= number - 1), len(counts))
    seen = counts[block - 1] if block else 0
    with path.open("rb") as file:
        file.seek(block * _BLOCK_BYTES)
        data = file.read(_BLOCK_BYTES)
    at = -1
    for _ in range(number - 1 - seen):
        at = data.find(b"\n", at + 1)
        if at < 0:
            return size
    return block * _BLOCK_BYTES + at + 1
