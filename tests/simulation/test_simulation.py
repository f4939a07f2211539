"""Thousands of worlds, each with its own troubles.

A seed that fails is replayed, event by event, with `python -m tests.simulation SEED`.
"""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from tests.simulation.following import Following
from tests.simulation.scenarios import HOURS, is_undisturbed, world_of

from slipstream.model.schedule import Delta
from slipstream.model.states import RunType
from slipstream.testing.world import World

SEEDS = 2000
SLICES = 20


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A store that fails is the point here, not news."""
    caplog.set_level(logging.CRITICAL, logger="slipstream")


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS // SLICES))
def test_every_world_comes_to_its_end(first: int) -> None:
    for seed in range(first, first + SEEDS // SLICES):
        check(seed)


def test_the_process_of_the_triggers_dies_at_every_step() -> None:
    steps: Counter[str] = Counter()
    for seed in range(4, 400, 5):
        world = world_of(seed)
        world.run()
        marked = "the process of the triggers dies when "
        steps.update(what.split(marked)[1] for what in world.history if marked in what)
    assert len(steps) == 4, steps  # Each of the places where it may die.


def check(seed: int) -> None:
    """Let the world happen, beside the reference where nobody interferes."""
    world = world_of(seed)
    if is_undisturbed(seed):
        Following(world)
    world.run()
    if not (world.settings.crashes or world.settings.losses or world.settings.actions):
        again = [of for of, number in world.tries.items() if number > 1]
        assert not again, f"seed {seed}: tried again though nothing was lost: {again}"
    if not world.settings.actions:
        check_schedules(seed, world)


def check_schedules(seed: int, world: World) -> None:
    """Every hour that a schedule asked for was run, once."""
    for dag_id in world.dag_ids:
        if isinstance(world.store.get_dag(dag_id).latest.spec.schedule, Delta):
            made = [
                run.logical_date
                for run in world.store.runs()
                if run.dag_id == dag_id and run.run_type is RunType.SCHEDULED
            ]
            assert made == HOURS, f"seed {seed}: {dag_id} ran at {made}"


def test_a_world_is_the_same_every_time() -> None:
    first, second = world_of(7), world_of(7)
    first.run()
    second.run()
    assert first.history
    assert first.history == second.history
