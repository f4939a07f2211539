"""Tells the deliberate differences of two answers from disagreements."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tests.differential.compare import Difference, differences, mapping_of, steps_of
from tests.differential.known import (
    DECIDING_OTHERWISE,
    EXPANDED_BEFORE,
    KNOWN,
    Case,
    expanded_apart,
)
from tests.differential.program import Program
from tests.differential.sides import Answer


@dataclass(slots=True)
class Judged:
    """The differences of one file, told apart."""

    unexplained: list[Difference] = field(default_factory=list)
    known: set[str] = field(default_factory=set)


def judge(program: Program, ours: Answer, theirs: Answer) -> Judged:
    """Tell the known differences from the others.

    Where a task ended otherwise for a reason that is known, so may all below it, the run, and the
    steps that come after: what they show is not judged.
    """
    judged = Judged()
    found = differences(ours, theirs)
    below = _below(ours)
    touched: set[str] = set()
    steps = steps_of(ours)
    for step in sorted({difference.step for difference in found}):
        states = mapping_of(steps[step], "states") if steps else {}
        case = Case(program=program, below=below, states=states)
        those = [one for one in found if one.step == step]
        touched |= _touched(case, those, judged)
        apart = expanded_apart(program, those)
        for difference in those:
            if not _is_about(difference, touched):
                _judge(case, difference, apart, judged)
    return judged


def _below(answer: Answer) -> dict[str, list[str]]:
    found = {}
    for of, those in mapping_of(answer, "below").items():
        assert isinstance(those, list)
        found[of] = those
    return found


def _touched(case: Case, found: Sequence[Difference], judged: Judged) -> set[str]:
    """The ids of tasks that ended otherwise for a known reason, and of all below them."""
    roots: set[str] = set()
    for difference in found:
        for name, explains in DECIDING_OTHERWISE.items():
            if explains(case, difference):
                judged.known.add(name)
                roots.add(difference.key.partition("|")[0])
                break
    return _with_all_below(roots, case.below)


def _with_all_below(roots: Collection[str], below: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    rest = list(roots)
    while rest:
        if (task_id := rest.pop()) not in found:
            found.add(task_id)
            rest += below.get(task_id, ())
    return found


def _judge(case: Case, difference: Difference, apart: Collection[str], judged: Judged) -> None:
    if difference.what == "state" and difference.key.partition("|")[0] in apart:
        judged.known.add(EXPANDED_BEFORE)
        return
    for name, explains in KNOWN.items():
        if explains(case, difference):
            judged.known.add(name)
            return
    judged.unexplained.append(difference)


def _is_about(difference: Difference, task_ids: AbstractSet[str]) -> bool:
    """Whether one of the tasks, or the run that they are part of, is what differs."""
    if not task_ids:
        return False
    if difference.what in ("run", "stuck"):
        return True
    if difference.what != "trace":
        return difference.key.partition("|")[0] in task_ids
    of_run = difference.key.startswith(("dag success", "dag failure"))
    return of_run or not task_ids.isdisjoint(re.findall(r"[\w.]+", difference.key))
