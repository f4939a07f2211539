"""Any part of a log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slipstream.api import log_pieces
from slipstream.api.log_pieces import offset_of_line, piece_before, piece_from


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred lines, over several blocks."""
    monkeypatch.setattr(log_pieces, "_BLOCK_BYTES", 256)
    path = tmp_path / "attempt=1.log"
    path.write_bytes(
        b"".join(
            msgspec.json.encode({"event": f"Row {at}", "level": "info"}) + b"\n"
            for at in range(100)
        )
    )
    return path


def events(lines: list[bytes]) -> list[str]:
    """What the lines say."""
    return [msgspec.json.decode(line)["event"] for line in lines]


def test_pieces_from_the_beginning_on_are_the_whole_log(log: Path) -> None:
    found: list[str] = []
    offset, size = 0, log.stat().st_size
    while offset < size:
        piece = piece_from(log, offset, 300)
        assert piece.begin == offset
        assert piece.first_line == len(found) + 1
        found += events(piece.lines)
        offset = piece.end
    assert found == [f"Row {at}" for at in range(100)]


def test_pieces_from_the_end_back_are_the_whole_log(log: Path) -> None:
    found: list[str] = []
    offset = log.stat().st_size
    while offset > 0:
        piece = piece_before(log, offset, 300)
        assert piece.end == offset
        found = events(piece.lines) + found
        assert piece.first_line == 100 - len(found) + 1
        offset = piece.begin
    assert found == [f"Row {at}" for at in range(100)]


def test_a_piece_that_is_smaller_than_a_line_is_that_line(log: Path) -> None:
    assert events(piece_before(log, log.stat().st_size, 1).lines) == ["Row 99"]
    assert events(piece_from(log, 0, 1).lines)[0] == "Row 0"


def test_a_byte_within_a_line_stands_for_the_next_line(log: Path) -> None:
    assert events(piece_from(log, 3, 40).lines)[0] == "Row 1"


@pytest.mark.parametrize("number", [1, 2, 50, 99, 100])
def test_a_line_is_found_by_its_number(log: Path, number: int) -> None:
    piece = piece_from(log, offset_of_line(log, number), 40)
    assert events(piece.lines)[0] == f"Row {number - 1}"
    assert piece.first_line == number


def test_behind_the_last_line_there_is_nothing(log: Path) -> None:
    assert piece_from(log, offset_of_line(log, 500), 40).lines == []


def test_a_log_that_grows_is_counted_on(log: Path) -> None:
    assert offset_of_line(log, 101) == log.stat().st_size
    with log.open("ab") as file:
        file.write(b'{"event":"more"}\n' * 50)
    assert events(piece_from(log, offset_of_line(log, 150), 40).lines) == ["more"]


def test_of_no_file_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert piece_before(path, 0, 10).lines == []
    assert piece_from(path, 7, 10).lines == []
