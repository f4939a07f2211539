"""Reading the log of a try: a page at a time, as lines of JSON or as text."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from slipstream.model.errors import InvalidInputError

LARGEST_PLACE: Final = 1 << 42
"""Four terabytes: no log is longer, and common file systems take no place far beyond it."""
_READ_BYTES: Final = 256 * 1024
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class LogPage:
    """Whole lines of a log, each a JSON object, and the offset behind the last one."""

    lines: list[bytes]
    end: int
    reached_end: bool
    """Nothing more was in the file when it was read."""


def read_page(path: Path, offset: int, most_bytes: int) -> LogPage:
    """The whole lines from `offset` on, about `most_bytes` of them, but at least one line.

    A line whose end is not written yet is left for the next page. A file that is not there has
    no lines.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(most_bytes)
            while data and b"\n" not in data and (more := file.read(_READ_BYTES)):
                data += more
            reached_end = not file.read(1)
    except FileNotFoundError:
        return LogPage([], offset, reached_end=True)
    whole, newline, rest = data.rpartition(b"\n")
    if not newline:
        return LogPage([], offset, reached_end=reached_end)
    lines = [as_object(line) for line in whole.split(b"\n") if line]
    return LogPage(lines, offset + len(whole) + 1, reached_end=reached_end and not rest)


def every_line(path: Path, offset: int = 0) -> Iterator[bytes]:
    """All lines from `offset` on, read as they are asked for."""
    while True:
        page = read_page(path, offset, _READ_BYTES)
        yield from page.lines
        if page.end == offset:
            return
        offset = page.end


def as_object(line: bytes) -> bytes:
    """The line if it is a JSON object with an event; anything else as the event of one.

    A machine that loses its power can leave half a line behind.
    """
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("event"), str):
        return line
    return _encode({"event": line.decode("utf-8", "backslashreplace")})


def as_text(line: bytes) -> str:
    """A line for people: time, level, event, and below it the error if there is one."""
    fields: dict[str, Any] = msgspec.json.decode(line)
    moment, level = fields.get("timestamp"), fields.get("level")
    head = f"[{moment}] " if moment else ""
    weight = f"{str(level).upper()} - " if level else ""
    return f"{head}{weight}{fields['event']}"


def message(event: str, level: str = "info") -> bytes:
    """A line that the server itself says."""
    return _encode({"event": event, "level": level})


def token_for(offset: int) -> str:
    """An opaque name of a place in a log."""
    return base64.urlsafe_b64encode(f"at {offset}".encode()).decode().rstrip("=")


def offset_of(token: str | None) -> int:
    """The place that a token names; the beginning for None. Raises `InvalidInputError`."""
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        word, offset = text.split(" ")
        if word != "at" or not offset.isdecimal() or int(offset) > LARGEST_PLACE:
            raise ValueError(text)
        return int(offset)
    except ValueError as error:
        raise InvalidInputError(
            f"{token!r} is not a continuation token; take it from the answer before."
        ) from error
