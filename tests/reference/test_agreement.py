"""The machine and the reference come to the same states, whatever happens.

A failing seed is replayed, with everything that happened, by `python -m tests.reference SEED`.
"""

from __future__ import annotations

import pytest
from tests.reference.world import world

SEEDS = 5_000
CHUNK = 500


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_random_runs_end_alike_in_machine_and_reference(first: int) -> None:
    for seed in range(first, first + CHUNK):
        try:
            world(seed).drive()
        except Exception as error:
            raise AssertionError(
                f"seed {seed} failed; replay it with `python -m tests.reference {seed}`: {error}"
            ) from error


def test_a_seed_always_makes_the_same_world() -> None:
    one, other = world(7), world(7)
    one.drive()
    other.drive()
    assert one.history == other.history
    assert one.dag == other.dag
    assert one.rows.instances == other.rows.instances
