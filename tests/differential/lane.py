"""One pair of processes, and what they say of a seed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from tests.differential import sides
from tests.differential.compare import Difference, mapping_of, steps_of
from tests.differential.generate import generate
from tests.differential.judge import Judged, judge
from tests.differential.program import Program
from tests.differential.render import render
from tests.differential.shrink import shrink
from tests.differential.sides import Answer

MOST_INSTANCES = 400
"""Of a run that Airflow is asked about: it needs a quarter of a second for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a seed."""

    seed: int
    word: str
    """`agrees`, `agrees in our order`, `refused by both`,
    `too large to compare` or `disagrees`."""
    known: frozenset[str] = frozenset()
    """Names of the deliberate differences that showed."""
    source: str = ""
    differences: Sequence[Difference] = ()


class TooLargeError(Exception):
    """The maps of a file multiply to more than Airflow gets through in useful time."""


class Lane:
    """Runs one file after the other on both sides."""

    def __init__(self, airflow_python: str, home: Path) -> None:
        self._ours = sides.slipstream(sys.executable, home / "ours")
        self._theirs = sides.airflow(airflow_python, home / "airflow")
        self._numbers = count(1)

    def judge(self, seed: int, *, shrinks: bool, freely: bool = False) -> Verdict:
        """Compare the file of a seed, and make it small where the sides disagree.

        With `freely` Airflow takes tasks in whatever order it happens to. Where it then says
        something else than we do, it is asked again in our order: if it agrees there, Airflow has
        two answers to that file.
        """
        program = generate(seed)
        word = "agrees"
        try:
            ours, theirs = self.answers(program, freely=freely)
        except TooLargeError:
            return Verdict(seed=seed, word="too large to compare")
        judged = judge(program, ours, theirs)
        if freely and judged.unexplained:
            word = "agrees in our order"
            ours, theirs = self.answers(program)
            judged = judge(program, ours, theirs)
        if not judged.unexplained:
            word = "refused by both" if "error" in ours else word
            return Verdict(seed=seed, word=word, known=frozenset(judged.known))
        if shrinks:
            kinds = {difference.what for difference in judged.unexplained}
            program = shrink(program, lambda smaller: self._still_fails(smaller, kinds))
            judged = self._judged(program)
        return Verdict(
            seed=seed,
            word="disagrees",
            source=render(program),
            differences=tuple(judged.unexplained),
        )

    def answers(self, program: Program, *, freely: bool = False) -> tuple[Answer, Answer]:
        """What both sides say. Each job has a DAG id of its own, for Airflow keeps its DAGs."""
        named = replace(program, dag_id=f"{program.dag_id}_{next(self._numbers)}")
        job: dict[str, object] = {
            "dag_id": named.dag_id,
            "source": render(named),
            "conf": named.conf,
            "steps": [step.as_job(named.ids()) for step in named.steps],
        }
        ours = self._ours.ask(job)
        taken = steps_of(ours)
        if sum(len(mapping_of(step, "states")) for step in taken) > MOST_INSTANCES:
            raise TooLargeError(named.dag_id)
        orders = [None if freely else step["order"] for step in taken]
        steps = [step.as_job(named.ids()) for step in named.steps]
        for step, order in zip(steps, orders, strict=False):
            step["order"] = order
        return ours, self._theirs.ask({**job, "steps": steps})

    def _judged(self, program: Program) -> Judged:
        return judge(program, *self.answers(program))

    def _still_fails(self, program: Program, kinds: set[str]) -> bool:
        """Whether the same kind of thing differs; not a file that only one side can load."""
        try:
            found = {difference.what for difference in self._judged(program).unexplained}
        except TooLargeError:
            return False
        return bool(found & kinds)

    def close(self) -> None:
        """End both processes."""
        self._ours.close()
        self._theirs.close()
