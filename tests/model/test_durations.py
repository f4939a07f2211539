from __future__ import annotations

from datetime import timedelta

import pytest

from slipstream.model.durations import iso_duration


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(seconds=30), "PT30S"),
        (timedelta(hours=2), "PT2H"),
        (timedelta(minutes=90), "PT1H30M"),
        (timedelta(days=1), "P1D"),
        (timedelta(days=40, hours=1, seconds=2, microseconds=500_000), "P40DT1H2.5S"),
        (timedelta(microseconds=3), "PT0.000003S"),
        (-timedelta(minutes=5), "-PT5M"),
    ],
)
def test_lengths_are_written_as_iso_8601_has_them(length: timedelta, text: str) -> None:
    assert iso_duration(length) == text
