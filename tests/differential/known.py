"""Where we differ from Airflow on purpose, each by its name.

Every entry stands in `docs/differences.md` with its reason. A difference that an entry explains is
counted under its name; all others are disagreements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.differential.compare import NOTHING, Difference
from tests.differential.program import Program, Task


@dataclass(slots=True)
class Judged:
    """The differences of one file, told apart."""

    unexplained: list[Difference] = field(default_factory=list)
    known: set[str] = field(default_factory=set)


def judge(program: Program, found: Sequence[Difference]) -> Judged:
    """Tell the known differences from the others."""
    judged = Judged()
    for difference in found:
        for name, explains in KNOWN.items():
            if explains(program, difference):
                judged.known.add(name)
                break
        else:
            judged.unexplained.append(difference)
    return judged


def _task(program: Program, difference: Difference) -> Task | None:
    task_id = difference.key.split("|")[0]
    ids = program.ids()
    return next((task for task in program.tasks() if ids[task.name] == task_id), None)


def _branch_result(program: Program, difference: Difference) -> bool:
    """What a branch or a short circuit returns is pushed here, also where it skips something."""
    task = _task(program, difference)
    return (
        difference.what == "xcom"
        and difference.key.endswith("|return_value")
        and difference.theirs == NOTHING
        and task is not None
        and task.kind in ("branch", "branch_python", "choose", "short", "short_python")
    )


KNOWN: dict[str, Callable[[Program, Difference], bool]] = {
    "the result of a branch or short circuit is pushed": _branch_result,
}
