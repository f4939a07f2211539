"""Looking for something in a log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slipstream.api.log_pieces import piece_from
from slipstream.api.log_search import Wanted, hits_in_file, hits_in_lines


def line(number: int, level: str = "info") -> bytes:
    return msgspec.json.encode({"timestamp": "12:00", "event": f"Row {number}", "level": level})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A hundred rows; the 40th and the 80th went wrong, and the 60th is not well."""
    levels = {40: "error", 60: "warning", 80: "critical"}
    path = tmp_path / "log"
    path.write_bytes(
        b"".join(line(number, levels.get(number, "info")) + b"\n" for number in range(1, 101))
    )
    return path


def lines_of(path: Path, wanted: Wanted, most: int = 100, from_line: int = 1) -> list[int]:
    return [hit.line for hit in hits_in_file(path, wanted, most, from_line).hits]


def test_hits_are_lines_whose_message_has_the_text(log: Path) -> None:
    found = hits_in_file(log, Wanted(text="ROW 9"), 100)
    assert [hit.line for hit in found.hits] == [9, *range(90, 100)]
    assert (found.are_all, found.next_line) == (True, 101)
    [first, *_] = piece_from(log, found.hits[1].offset, 40).lines
    assert msgspec.json.decode(first)["event"] == "Row 90"


def test_names_of_fields_levels_and_times_are_no_hits(log: Path) -> None:
    for text in ("event", "info", "12:00"):
        assert hits_in_file(log, Wanted(text=text), 10).hits == []


def test_there_are_at_most_so_many_hits_and_the_rest_is_found_from_there(log: Path) -> None:
    found = hits_in_file(log, Wanted(text="row"), 7)
    assert (len(found.hits), found.are_all, found.next_line) == (7, False, 8)
    rest = hits_in_file(log, Wanted(text="row"), 100, found.next_line)
    assert [hit.line for hit in rest.hits] == list(range(8, 101))
    assert piece_from(log, rest.hits[0].offset, 40).first_line == 8


def test_lines_of_a_level_are_those_and_the_worse_ones(log: Path) -> None:
    assert lines_of(log, Wanted(level="error")) == [40, 80]
    assert lines_of(log, Wanted(level="warning")) == [40, 60, 80]
    assert lines_of(log, Wanted(level="error"), from_line=41) == [80]
    assert lines_of(log, Wanted(level="error", text="row 8")) == [80]


def test_a_level_that_a_message_names_is_none(tmp_path: Path) -> None:
    path = tmp_path / "log"
    said = msgspec.json.encode({"event": '{"level":"error"}', "level": "INFO"})
    spaced = b'{"event": "bad", "level": "ERROR"}'
    path.write_bytes(said + b"\n" + spaced + b"\nnot JSON\n")
    assert lines_of(path, Wanted(level="error")) == [2]


def test_what_json_escapes_is_found_in_either_case(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(msgspec.json.encode({"event": 'He said "Über"\n'}) + b"\n")
    for text in ('said "über"', "ÜBER", "Über"):
        assert lines_of(path, Wanted(text=text)) == [1]


def test_a_line_that_is_not_whole_yet_is_left_for_later(log: Path) -> None:
    with log.open("ab") as file:
        file.write(line(101)[:20])
    found = hits_in_file(log, Wanted(text="row 10"), 100)
    assert ([hit.line for hit in found.hits], found.next_line) == ([10, 100], 101)


def test_lines_in_memory_are_looked_at_like_those_of_a_file(log: Path) -> None:
    lines = log.read_bytes().splitlines()
    for wanted in (Wanted(text="row 9"), Wanted(level="error")):
        for begin in (1, 41, 200):
            assert hits_in_lines(lines, wanted, 3, begin).hits == (
                hits_in_file(log, wanted, 3, begin).hits
            )


def test_of_no_file_there_is_nothing(tmp_path: Path) -> None:
    found = hits_in_file(tmp_path / "none", Wanted(text="x"), 5)
    assert (found.hits, found.are_all) == ([], True)
