"""Bytes from a pipe as lines."""

from __future__ import annotations

import os

from slipstream.runtime.output import MAX_LINE_BYTES, LineSplitter, OutputPipe


def test_lines_are_cut_at_their_ends_and_the_rest_waits() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"a\nb") == ["a"]
    assert splitter.feed(b"c\r\n\n") == ["bc", ""]
    assert splitter.feed(b"d") == []
    assert splitter.flush() == ["d"]
    assert splitter.flush() == []


def test_bytes_that_are_no_utf_8_are_escaped() -> None:
    assert LineSplitter().feed(b"a\xffb\n") == ["a\\xffb"]


def test_a_huge_line_becomes_several_without_cutting_a_character() -> None:
    text = "ä" * MAX_LINE_BYTES
    pieces = LineSplitter().feed(text.encode() + b"\n")
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= MAX_LINE_BYTES for piece in pieces)


def test_a_huge_line_without_an_end_is_not_kept_in_memory() -> None:
    splitter = LineSplitter()
    pieces = [piece for _ in range(64) for piece in splitter.feed(b"x" * 4096)]
    pieces += splitter.flush()
    assert "".join(pieces) == "x" * 4096 * 64
    assert len(pieces) >= 4


def test_of_a_progress_bar_the_last_state_is_kept() -> None:
    assert LineSplitter().feed(b"10%\r50%\r100%\nnext\n") == ["100%", "next"]


def test_a_pipe_gives_its_lines_and_the_unfinished_one_at_its_end() -> None:
    read, write = os.pipe()
    lines: list[str] = []
    pipe = OutputPipe(read, lines.append)
    os.write(write, b"one\ntw")
    assert pipe.drain()
    assert lines == ["one"]
    os.write(write, b"o")
    os.close(write)
    pipe.close()
    assert lines == ["one", "two"]
    assert pipe.fileno() == -1
