"""A few weeks of `year`, around a change of the clock in every zone of it."""

from __future__ import annotations

import pytest
from tests.simulation import year


def test_every_timetable_runs_when_it_has_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(year, "BEGIN", year.BEGIN.replace(month=3, day=5))
    store, expected = year.live_through(24, 30)
    assert year.differences(store, expected) == []
    assert sum(map(len, store.ended.values())) > 300
    assert not store.failed
