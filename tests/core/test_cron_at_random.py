"""Cron ticks against other libraries, on random cases; `cron_reference` runs more of them."""

from __future__ import annotations

from random import Random

from tests.core.cron_reference import difference, random_case


def test_ticks_are_what_cronsim_and_pytz_say() -> None:
    chance = Random(2026)
    cases = [random_case(chance) for _ in range(150)]
    assert [what for case in cases if (what := difference(case))] == []
