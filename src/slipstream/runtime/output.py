"""Lines of text out of a pipe, whatever bytes come in."""

from __future__ import annotations

import os
from collections.abc import Callable

MAX_LINE_BYTES = 64 * 1024
_READ_BYTES = 1 << 16


class LineSplitter:
    """Cuts bytes into lines of text; a longer line than the maximum becomes several."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [piece for line in lines for piece in _pieces(shown(line))]
        if len(self._rest) >= MAX_LINE_BYTES:
            *full, self._rest = _cut(self._rest)
            found += [_text(piece) for piece in full]
        return found

    def flush(self) -> list[str]:
        """What is left of an unfinished line."""
        rest, self._rest = self._rest, b""
        return _pieces(shown(rest)) if rest else []


class OutputPipe:
    """The read end of a process's standard output or error."""

    __slots__ = ("_descriptor", "_on_line", "_splitter")

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._on_line = on_line
        self._splitter = LineSplitter()

    def fileno(self) -> int:
        """The descriptor, -1 once it is closed."""
        return self._descriptor

    def drain(self, rounds: int = 16) -> bool:
        """Take what is there; False at the end of the stream."""
        for _ in range(rounds):
            if self._descriptor < 0:
                return False
            try:
                data = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            for line in self._splitter.feed(data):
                self._on_line(line)
            if len(data) < _READ_BYTES:
                return True
        return True

    def close(self) -> None:
        """Take the rest, an unfinished line too, and close."""
        if self._descriptor >= 0:
            self.drain(rounds=1024)
            os.close(self._descriptor)
            self._descriptor = -1
        for line in self._splitter.flush():
            self._on_line(line)


def shown(line: bytes) -> bytes:
    """What a terminal would show of it: a progress bar overwrites its line by carriage returns."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _pieces(line: bytes) -> list[str]:
    return [_text(line)] if len(line) <= MAX_LINE_BYTES else [_text(part) for part in _cut(line)]


def _cut(line: bytes) -> list[bytes]:
    """Parts of at most the maximum, none of which begins inside of a UTF-8 character."""
    parts = []
    while len(line) > MAX_LINE_BYTES:
        end = MAX_LINE_BYTES
        while end > MAX_LINE_BYTES - 4 and line[end] & 0xC0 == 0x80:
            end -= 1
        parts.append(line[:end])
        line = line[end:]
    return [*parts, line]


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
