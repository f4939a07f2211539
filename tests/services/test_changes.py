from __future__ import annotations

from collections.abc import Iterator

import pytest

from slipstream.services.changes import ChangeBoard

LONG = 600.0
PATIENCE_SECONDS = 20.0


@pytest.fixture
def board() -> Iterator[ChangeBoard]:
    board = ChangeBoard()
    yield board
    board.close()


def test_who_asks_for_the_number_gets_it_at_once(board: ChangeBoard) -> None:
    first = board.wait("d", None, LONG)
    assert first.done()
    assert board.wait("d", None, 0).result() == first.result()
    assert board.wait("d", first.result(), 0).result() == first.result()


def test_who_waits_is_told_of_a_change_in_that_dag_alone(board: ChangeBoard) -> None:
    seen = board.wait("d", None, 0).result()
    waiting, other = board.wait("d", seen, LONG), board.wait("e", seen, LONG)
    board.dags_edited({"d", "f"})
    assert waiting.result(0) == seen + 1
    assert not other.done()


def test_a_change_before_the_wait_is_not_missed(board: ChangeBoard) -> None:
    seen = board.wait("d", None, 0).result()
    board.dags_edited(["d"])
    assert board.wait("d", seen, LONG).result(0) == seen + 1


def test_waiting_ends_with_its_time(board: ChangeBoard) -> None:
    seen = board.wait("d", None, 0).result()
    late, later = board.wait("d", seen, 0.02), board.wait("d", seen, 0.01)
    longest = board.wait("d", seen, LONG)
    assert later.result(PATIENCE_SECONDS) == late.result(PATIENCE_SECONDS) == seen
    assert not longest.done()
    board.dags_edited(["d"])
    assert longest.done()


def test_a_number_of_an_earlier_server_is_news(board: ChangeBoard) -> None:
    earlier = ChangeBoard()
    seen = earlier.wait("d", None, 0).result()
    assert board.wait("d", seen, LONG).result(0) != seen


def test_nobody_waits_for_a_board_that_is_closed() -> None:
    board = ChangeBoard()
    seen = board.wait("d", None, 0).result()
    waiting = board.wait("d", seen, LONG)
    board.close()
    assert waiting.result(0) == seen
    assert board.wait("d", seen, LONG).result(0) == seen
