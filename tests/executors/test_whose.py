"""Which attempt an executor speaks of: it knows task instances by name, and no attempts."""

from __future__ import annotations

import pytest

from slipstream.executors.provided.whose import Whose

KEY = ("d", "t", "r", 1, -1)


@pytest.fixture
def whose() -> Whose:
    return Whose()


def test_an_end_is_that_of_the_attempt_that_was_queued(whose: Whose) -> None:
    whose.queued(KEY, "a")
    whose.queued("another", "x")
    assert whose.ended(KEY) == ("a", False)
    assert whose.ended(KEY) is None, "it has one end"
    assert whose.ended("another") == ("x", False)


def test_the_end_of_a_deferred_one_is_not_that_of_the_one_that_goes_on(whose: Whose) -> None:
    """Its pod ends after it has told, when the trigger has long fired."""
    whose.queued(KEY, "deferred")
    whose.queued(KEY, "goes on")
    assert whose.ended(KEY) == ("goes on", True)
    assert whose.ended(KEY) == ("goes on", False), "that is its own"
    whose.queued(KEY, "third")
    assert whose.ended(KEY) == ("third", False)


def test_an_end_that_was_told_in_time_casts_no_doubt(whose: Whose) -> None:
    whose.queued(KEY, "deferred")
    assert whose.ended(KEY) == ("deferred", False)
    whose.queued(KEY, "goes on")
    assert whose.ended(KEY) == ("goes on", False)


def test_nobody_hears_of_the_end_of_what_was_taken_back(whose: Whose) -> None:
    whose.queued(KEY, "cleared")
    whose.revoked("cleared")
    whose.revoked("never heard of")
    assert whose.ended(KEY) is None
    whose.queued(KEY, "anew")
    assert whose.ended(KEY) == ("anew", False)
    whose.queued(KEY, "cleared again")
    whose.revoked("cleared again")
    whose.queued(KEY, "anew again")
    assert whose.ended(KEY) == ("anew again", True)


def test_a_late_order_about_an_earlier_attempt_leaves_the_next_one_alone(whose: Whose) -> None:
    whose.queued(KEY, "deferred")
    whose.queued(KEY, "goes on")
    whose.revoked("deferred")
    assert whose.ended(KEY) == ("goes on", True)


def test_what_is_never_told_is_forgotten_at_last(whose: Whose) -> None:
    for number in range(10_050):
        whose.queued(number, f"a{number}")
        whose.revoked(f"a{number}")
    assert len(whose._owed) == 10_000
    assert not whose._attempts
    assert not whose._keys
