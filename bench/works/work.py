"""What a work is given, and the rounds that it is measured in."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

from bench.systems.system import Place, Server, System, serving

Figures: TypeAlias = Mapping[str, float]
Measure: TypeAlias = "Callable[[Setting], Iterator[Figures]]"
"""Gives the figures of one round after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One work's surroundings."""

    system: System
    rounds: int
    limit_seconds: float
    """For each single thing that is waited for."""

    @contextmanager
    def place(self) -> Iterator[Place]:
        """An empty place that goes away."""
        with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
            yield Place(folder=Path(folder))

    @contextmanager
    def server(self, write: Callable[[Path], None]) -> Iterator[Server]:
        """A server in a place of its own, whose DAGs folder `write` has filled."""
        with self.place() as place:
            place.dags.mkdir()
            write(place.dags)
            with serving(self.system, place, self.limit_seconds) as server:
                yield server


def summarize(rounds: list[Figures]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The median of each figure, and every value of those that were measured more than once."""
    values: dict[str, list[float]] = defaultdict(list)
    for figures in rounds:
        for name, value in figures.items():
            values[name].append(value)
    medians = {name: median(measured) for name, measured in values.items()}
    return medians, {name: measured for name, measured in values.items() if len(measured) > 1}
