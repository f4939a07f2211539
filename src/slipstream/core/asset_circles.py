"""DAGs that start each other for ever: each updates an asset that the next one waits for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Final, NamedTuple

_MOST: Final = 20
"""Circles that are told: one missing line may make very many of them."""


class Start(NamedTuple):
    """That one DAG updates an asset, and another one runs when it was updated."""

    dag_id: str
    asset: str
    starts: str


def circles(found: Iterable[Start]) -> Sequence[Sequence[Start]]:
    """Circles of DAGs, each once; of very many only some."""
    below: dict[str, dict[str, Start]] = {}
    for start in sorted(found):
        below.setdefault(start.dag_id, {}).setdefault(start.starts, start)
    told: list[Sequence[Start]] = []
    while len(told) < _MOST:
        # The sorter is told what comes before what, and gives a circle in that order.
        try:
            TopologicalSorter({dag_id: list(after) for dag_id, after in below.items()}).prepare()
        except CycleError as error:
            around = list(reversed(error.args[1]))
        else:
            break
        circle = [below[first][second] for first, second in pairwise(around)]
        begin = circle.index(min(circle))
        told.append([*circle[begin:], *circle[:begin]])
        del below[circle[-1].dag_id][circle[-1].starts]
    return sorted(told, key=tuple)


def told_of(circle: Sequence[Start]) -> str:
    """What is wrong with a circle, in a sentence."""
    steps = "; ".join(
        f"{start.dag_id!r} updates {start.asset!r}, which starts {start.starts!r}"
        for start in circle
    )
    return (
        f"It is in a circle of assets, in which each run leads to the next without end: {steps}."
        " Take one of these outlets away, or have one of these DAGs wait for something else."
    )
