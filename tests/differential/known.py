"""Where we differ from Airflow on purpose, each by its name.

Every entry stands in `docs/differences.md` with its reason. A difference that an entry explains is
counted under its name; all others are disagreements.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.differential.compare import NOTHING, Difference
from tests.differential.program import Block, Map, Program, Ref, Task, walk


@dataclass(slots=True)
class Judged:
    """The differences of one file, told apart."""

    unexplained: list[Difference] = field(default_factory=list)
    known: set[str] = field(default_factory=set)


def judge(program: Program, found: Sequence[Difference]) -> Judged:
    """Tell the known differences from the others."""
    judged = Judged()
    for step in sorted({difference.step for difference in found}):
        _judge_step(program, [one for one in found if one.step == step], judged)
    return judged


def _judge_step(program: Program, found: Sequence[Difference], judged: Judged) -> None:
    together = _expanded_apart(program, found)
    for difference in found:
        if difference.what == "state" and difference.key.split("|")[0] in together:
            judged.known.add(EXPANDED_TOGETHER)
            continue
        for name, explains in KNOWN.items():
            if explains(program, difference):
                judged.known.add(name)
                break
        else:
            judged.unexplained.append(difference)
    if LEFT_OUT in judged.known:
        # Where nothing below has failed, the run has not.
        judged.unexplained = [one for one in judged.unexplained if not _is_left_out_run(one)]


LEFT_OUT = "a branch leaves out instances, too"


def _is_left_out_run(difference: Difference) -> bool:
    if difference.what == "run":
        return (difference.ours, difference.theirs) == ("success", "failed")
    return difference.what == "trace" and difference.key.startswith(("dag success", "dag failure"))


EXPANDED_TOGETHER = "the tasks of a mapped group are expanded together"


def _expanded_apart(program: Program, found: Sequence[Difference]) -> set[str]:
    """Tasks of mapped groups that one side ended as a placeholder, and the other as instances.

    All of them in the same state: that none of them ran is not in question.
    """
    of_tasks: dict[str, list[Difference]] = {}
    for difference in found:
        if difference.what == "state":
            of_tasks.setdefault(difference.key.split("|")[0], []).append(difference)
    return {
        task_id
        for task_id, those in of_tasks.items()
        if _is_in_mapped_group(program, task_id) and _is_one_state_expanded_apart(those)
    }


def _is_one_state_expanded_apart(those: Sequence[Difference]) -> bool:
    placeholders = [one for one in those if one.key.endswith("|-1")]
    sides = {(one.key.endswith("|-1"), one.ours == NOTHING, one.theirs == NOTHING) for one in those}
    states = {one.ours if one.theirs == NOTHING else one.theirs for one in those}
    apart = (
        {(True, True, False), (False, False, True)},
        {(True, False, True), (False, True, False)},
    )
    unrun = {"skipped", "upstream_failed", None}
    return len(placeholders) == 1 and sides in apart and len(states) == 1 and states < unrun


def _is_in_mapped_group(program: Program, task_id: str) -> bool:
    mapped = {
        item.name for item, _ in walk(program.root) if isinstance(item, Block) and item.mapped
    }
    return any(name in mapped for name in task_id.split(".")[:-1])


def _task(program: Program, difference: Difference) -> Task | None:
    task_id = difference.key.split("|")[0]
    ids = program.ids()
    return next((task for task in program.tasks() if ids[task.name] == task_id), None)


DECIDING = (
    "branch", "branch_python", "choose", "dow", "moment", "short", "short_python", "latest"
)  # fmt: skip


def _branch_result(program: Program, difference: Difference) -> bool:
    """What a branch or a short circuit returns is pushed here, also where it skips something.

    Where Airflow pushes it, the ids of a group's tasks come in any order.
    """
    task = _task(program, difference)
    if difference.what != "xcom" or not difference.key.endswith("|return_value"):
        return False
    if task is None or task.kind not in DECIDING:
        return False
    ours, theirs = difference.ours, difference.theirs
    if isinstance(ours, list) and isinstance(theirs, list):
        return sorted(map(str, ours)) == sorted(map(str, theirs))
    return theirs == NOTHING


def _list_of_one(program: Program, difference: Difference) -> bool:
    """The results of a mapped group's task are a list, also where there is one or none.

    Airflow gives the bare value where there is one, and None where there is none.
    """
    return difference.what == "xcom" and _same_but_for_lists(difference.ours, difference.theirs)


def _same_but_for_lists(ours: object, theirs: object) -> bool:
    if ours == theirs or (ours == [] and theirs is None):
        return True
    if isinstance(ours, list) and len(ours) == 1 and _same_but_for_lists(ours[0], theirs):
        return True
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return all(map(_same_but_for_lists, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return all(_same_but_for_lists(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours in (f"[{theirs}]", f"[{theirs!r}]")
    return False


def _short_circuit_above_a_map(program: Program, difference: Difference) -> bool:
    """Airflow leaves alone a map over literals that is below a short circuit, not right below."""
    task = _task(program, difference)
    is_there = any(one.kind in ("short", "short_python") for one in program.tasks())
    if task is None or not is_there or not _has_literal_map(program, task):
        return False
    if difference.what == "state":
        return difference.ours == "skipped" and not difference.key.endswith("|-1")
    return difference.what == "xcom" and difference.ours == NOTHING


def _left_out_above_a_failure(program: Program, difference: Difference) -> bool:
    """A branch leaves out instances, too, another of whose upstreams has failed."""
    task = _task(program, difference)
    return (
        difference.what == "state"
        and (difference.ours, difference.theirs) == ("skipped", "upstream_failed")
        and not difference.key.endswith("|-1")
        and task is not None
        and _has_literal_map(program, task)
        and any(one.kind in DECIDING for one in program.tasks())
    )


def _has_literal_map(program: Program, task: Task) -> bool:
    """Whether the task, or a group around it, is mapped over what is known from the beginning."""
    return any(not _references(mapped) for mapped in _maps_of(program, task))


def _maps_of(program: Program, task: Task) -> list[Map]:
    """What the task and the groups around it are mapped over."""
    around = next(path for item, path in walk(program.root) if item is task)
    blocks = [item for item, _ in walk(program.root) if isinstance(item, Block)]
    maps = [task.mapped, *(block.mapped for block in blocks if block.name in around)]
    return [mapped for mapped in maps if mapped is not None]


def _decided_by_what_it_is_mapped_over(program: Program, difference: Difference) -> bool:
    """One event decides by the rule of a map and by what it is mapped over: that counts here.

    Airflow looks at either first.
    """
    task = _task(program, difference)
    return (
        difference.what == "state"
        and difference.key.endswith("|-1")
        and {difference.ours, difference.theirs} == {"skipped", "upstream_failed"}
        and task is not None
        and any(map(_references, _maps_of(program, task)))
    )


def _above_a_nested_map(program: Program, difference: Difference) -> bool:
    """A task of a mapped group that holds another one: Airflow mixes up the indexes of the two."""
    task = _task(program, difference)
    if task is None or difference.what == "trace":
        return False
    around = next(path for item, path in walk(program.root) if item is task)
    return any(
        isinstance(item, Block)
        and item.mapped is not None
        and item.name not in around
        and any(name in path for name in around if name.startswith("m"))
        for item, path in walk(program.root)
    )


def _references(mapped: Map) -> bool:
    return any(isinstance(value, Ref) for _, value in mapped.over)


def _refused_run(program: Program, difference: Difference) -> bool:
    """The callbacks of a task whose run there is already are told why it failed."""
    if difference.what != "trace" or " try " not in difference.key:
        return False
    told, _, _ = difference.key.partition("|")
    names = {program.ids()[task.name]: task.kind for task in program.tasks()}
    return names.get(told.split()[-1]) == "asks"


def _given_at_the_end(program: Program, difference: Difference) -> bool:
    """What a trigger gives with the end of its task is a value; Airflow keeps its JSON text."""
    task = _task(program, difference)
    if difference.what != "xcom" or task is None or task.option("how") is None:
        return False
    theirs = difference.theirs
    try:
        return isinstance(theirs, str) and json.loads(theirs) == difference.ours
    except ValueError:
        return False


def _hook_after_a_decision(program: Program, difference: Difference) -> bool:
    """`post_execute` is called after a branch or a short circuit that skips something, too."""
    if difference.what != "trace" or not difference.key.startswith("after "):
        return False
    names = {program.ids()[task.name]: task.kind for task in program.tasks()}
    return names.get(difference.key.split()[1]) in DECIDING and difference.theirs == 0


KNOWN: dict[str, Callable[[Program, Difference], bool]] = {
    "what a trigger gives at its task's end is a value": _given_at_the_end,
    "the result of a branch or short circuit is pushed": _branch_result,
    "the results of a map are a list, also one or none": _list_of_one,
    "post_execute is called after a branch, too": _hook_after_a_decision,
    "callbacks of a refused run are told why": _refused_run,
    LEFT_OUT: _left_out_above_a_failure,
    "indexes of nested maps are told apart": _above_a_nested_map,
    "a short circuit skips maps over literals, too": _short_circuit_above_a_map,
    "what a map is mapped over counts before its rule": _decided_by_what_it_is_mapped_over,
}
