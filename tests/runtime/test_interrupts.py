"""Limits of time inside each other."""

from __future__ import annotations

import signal
import time

import pytest

from slipstream.runtime.interrupts import time_limit


class OuterOver(Exception):
    """The limit around the other is over."""


class InnerOver(Exception):
    """The limit inside is over."""


def test_a_limit_goes_on_after_one_inside_it() -> None:
    with pytest.raises(OuterOver), time_limit(0.2, OuterOver()):
        _wait_after_another_limit()


def _wait_after_another_limit() -> None:
    with time_limit(0.1, InnerOver()):
        pass
    time.sleep(30)


def test_a_limit_ends_a_longer_one_inside_it() -> None:
    with pytest.raises(OuterOver), time_limit(0.05, OuterOver()), time_limit(30, InnerOver()):
        time.sleep(30)


def test_a_shorter_limit_inside_is_over_first() -> None:
    with (
        time_limit(30, OuterOver()),
        pytest.raises(InnerOver),
        time_limit(0.05, InnerOver()),
    ):
        time.sleep(30)


def test_no_timer_is_left_behind() -> None:
    outside = signal.getitimer(signal.ITIMER_REAL)[0]
    with time_limit(30, OuterOver()):
        pass
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    assert left <= outside
    assert bool(left) == bool(outside)
