"""Where we differ from Airflow on purpose, each by its name.

Every entry stands in `docs/differences.md` with its reason. A difference that an entry explains is
counted under its name; all others are disagreements. `judge.py` applies the entries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.differential.compare import NOTHING, Difference
from tests.differential.program import Block, Map, Program, Ref, Task, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a difference is judged by."""

    program: Program
    below: Mapping[str, Collection[str]]
    """The ids of the tasks right below each task."""
    states: Mapping[str, object]
    """The states that our side ended a step with, by task id and map index."""


Explains: TypeAlias = Callable[[Case, Difference], bool]

EXPANDED_BEFORE = "a map is expanded when its length is known"


def expanded_apart(program: Program, found: Sequence[Difference]) -> set[str]:
    """Tasks that one side ended as a placeholder, and the other as instances that did not run.

    All of them in the same state: that none of them ran is not in question. Here the tasks of a
    mapped group are expanded together, and others before the run that they depend on has ended.
    """
    of_tasks: dict[str, list[Difference]] = {}
    for difference in found:
        if difference.what == "state":
            of_tasks.setdefault(difference.key.split("|")[0], []).append(difference)
    return {
        task_id
        for task_id, those in of_tasks.items()
        if _is_one_state_expanded_apart(those)
        and (_is_in_mapped_group(program, task_id) or _waits_for_the_run_before(those))
    }


def _waits_for_the_run_before(those: Sequence[Difference]) -> bool:
    """Whether it has no state, after a step that has one before it."""
    return all({one.ours, one.theirs} == {NOTHING, None} and one.step for one in those)


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


def _task(case: Case, difference: Difference) -> Task | None:
    task_id = difference.key.split("|")[0]
    ids = case.program.ids()
    return next((task for task in case.program.tasks() if ids[task.name] == task_id), None)


DECIDING = (
    "branch", "branch_python", "choose", "dow", "moment", "short", "short_python", "latest"
)  # fmt: skip


def _branch_result(case: Case, difference: Difference) -> bool:
    """What a branch or a short circuit returns is pushed here, also where it skips something.

    Where Airflow pushes it, the ids of a group's tasks come in any order.
    """
    task = _task(case, difference)
    if difference.what != "xcom" or not difference.key.endswith("|return_value"):
        return False
    if task is None or task.kind not in DECIDING:
        return False
    ours, theirs = difference.ours, difference.theirs
    if isinstance(ours, list) and isinstance(theirs, list):
        return sorted(map(str, ours)) == sorted(map(str, theirs))
    return theirs == NOTHING


def _list_of_one(case: Case, difference: Difference) -> bool:
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


def _short_circuit_above_a_map(case: Case, difference: Difference) -> bool:
    """Airflow leaves alone a map over literals that is below a short circuit, not right below."""
    task = _task(case, difference)
    is_there = any(one.kind in ("short", "short_python") for one in case.program.tasks())
    if task is None or not is_there or not _has_literal_map(case.program, task):
        return False
    is_instance = not difference.key.endswith("|-1")
    return difference.what == "state" and difference.ours == "skipped" and is_instance


def _left_out_above_a_failure(case: Case, difference: Difference) -> bool:
    """A branch leaves out instances, too, another of whose upstreams has failed."""
    task = _task(case, difference)
    return (
        difference.what == "state"
        and (difference.ours, difference.theirs) == ("skipped", "upstream_failed")
        and not difference.key.endswith("|-1")
        and task is not None
        and _has_literal_map(case.program, task)
        and any(one.kind in DECIDING for one in case.program.tasks())
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


def _decided_by_what_it_is_mapped_over(case: Case, difference: Difference) -> bool:
    """One event decides by the rule of a map and by what it is mapped over: that counts here.

    Airflow looks at either first.
    """
    task = _task(case, difference)
    return (
        difference.what == "state"
        and difference.key.endswith("|-1")
        and {difference.ours, difference.theirs} == {"skipped", "upstream_failed"}
        and task is not None
        and any(map(_references, _maps_of(case.program, task)))
    )


def _below_a_nested_map(case: Case, difference: Difference) -> bool:
    """A task of a mapped group that is below one of a mapped group inside of that group.

    It belongs to those instances of the other one that have its index; Airflow looks at others.
    """
    task = _task(case, difference)
    if task is None or difference.what == "trace":
        return False
    around = next(path for item, path in walk(case.program.root) if item is task)
    mapped = {
        ".".join((*path, item.name))
        for item, path in walk(case.program.root)
        if isinstance(item, Block) and item.mapped is not None
    }
    of_task = {".".join(around[:length]) for length in range(1, len(around) + 1)} & mapped
    if not of_task:
        return False
    task_id = case.program.ids()[task.name]
    above = {one for one, those in case.below.items() if task_id in those}
    inner = {group for group in mapped - of_task for own in of_task if group.startswith(f"{own}.")}
    return any(one.startswith(f"{group}.") for one in above for group in inner)


def _references(mapped: Map) -> bool:
    return any(isinstance(value, Ref) for _, value in mapped.over)


def _refused_run(case: Case, difference: Difference) -> bool:
    """The callbacks of a task whose run there is already are told why it failed."""
    if difference.what != "trace" or " try " not in difference.key:
        return False
    told, _, _ = difference.key.partition("|")
    names = {case.program.ids()[task.name]: task.kind for task in case.program.tasks()}
    return names.get(told.split()[-1]) == "asks"


def _given_at_the_end(case: Case, difference: Difference) -> bool:
    """What a trigger gives with the end of its task is a value; Airflow keeps its JSON text."""
    task = _task(case, difference)
    if difference.what != "xcom" or task is None or task.option("how") is None:
        return False
    theirs = difference.theirs
    try:
        return isinstance(theirs, str) and json.loads(theirs) == difference.ours
    except ValueError:
        return False


def _hook_after_a_decision(case: Case, difference: Difference) -> bool:
    """`post_execute` is called after a branch or a short circuit that skips something, too.

    Where Airflow calls it, the ids of a group's tasks come in any order.
    """
    if difference.what != "trace" or not difference.key.startswith("after "):
        return False
    names = {case.program.ids()[task.name]: task.kind for task in case.program.tasks()}
    is_list = difference.key.endswith("]")
    return names.get(difference.key.split()[1]) in DECIDING and (difference.theirs == 0 or is_list)


def _judged_after_what_is_above(case: Case, difference: Difference) -> bool:
    """After clearing, the tasks above are judged first; in Airflow, in any order."""
    above = {of for of, those in case.below.items() if difference.key.partition("|")[0] in those}
    return (
        difference.what == "state"
        and (difference.ours, difference.theirs) == ("upstream_failed", "skipped")
        and case.program.steps[difference.step].clear is not None
        and any(
            state == "upstream_failed" and key.partition("|")[0] in above
            for key, state in case.states.items()
        )
    )


def _mapped_over_joined_lists(case: Case, difference: Difference) -> bool:
    """A task mapped over several arguments, one of them made with `concat`: Airflow loses count."""
    task = _task(case, difference)
    return (
        task is not None
        and (difference.what, difference.theirs) == ("state", "failed")
        and any(
            len(mapped.over) > 1
            and any(
                isinstance(value, Ref) and any(call == "concat" for call, _ in value.calls)
                for _, value in mapped.over
            )
            for mapped in _maps_of(case.program, task)
        )
    )


def _given_an_empty_list(case: Case, difference: Difference) -> bool:
    """The results of a task in a mapped group are a list, also an empty one, which `zip` takes.

    Airflow gives None, at which those fail.
    """
    task = _task(case, difference)
    if task is None or difference.what != "state" or difference.theirs != "failed":
        return False
    ids = case.program.ids()
    given = [one for one in task.args if isinstance(one, Ref) and one.calls and one.of in ids]
    return any(_is_in_mapped_group(case.program, ids[one.of]) for one in given)


def _held_back_without_a_map(case: Case, difference: Difference) -> bool:
    """A task that the run before holds back fails where there is nothing to map over.

    Airflow expands nothing that is held back, so that such a run never ends.
    """
    task = _task(case, difference)
    return (
        difference.what == "state"
        and difference.key.endswith("|-1")
        and (difference.ours, difference.theirs) == ("upstream_failed", None)
        and task is not None
        and "True" in (task.option("depends_on_past"), task.option("wait_for_downstream"))
        and bool(_maps_of(case.program, task))
    )


def _fails_fast(case: Case) -> bool:
    return dict(case.program.options).get("fail_fast") == "True"


def _spared_by_fail_fast(case: Case, difference: Difference) -> bool:
    """`fail_fast` stops the other instances of the mapped task that has failed, too."""
    task_id, _, index = difference.key.partition("|")
    return (
        _fails_fast(case)
        and difference.what == "state"
        and difference.ours == "skipped"
        and index != "-1"
        and any(
            state == "failed" and key.startswith(f"{task_id}|")
            for key, state in case.states.items()
        )
    )


def _failed_by_its_trigger(case: Case, difference: Difference) -> bool:
    """`fail_fast` holds for a task that its trigger ends as a failure, too."""
    return (
        _fails_fast(case)
        and difference.what == "state"
        and difference.ours == "skipped"
        and bool(_failed_by_triggers(case))
    )


def _cleared_at_once(case: Case, difference: Difference) -> bool:
    """Clearing takes the XComs of a task away at once, and not when it runs again.

    So they are not there for others to pull, or where the task then does not run.
    """
    task = _task(case, difference)
    cleared = any(step.clear is not None for step in case.program.steps[: difference.step + 1])
    asks = task is not None and (
        bool(task.pulls) or any(isinstance(one, Ref) or "xcom_pull" in one for one in task.args)
    )
    return difference.what == "xcom" and cleared and (difference.ours == NOTHING or asks)


def _told_of_a_triggers_failure(case: Case, difference: Difference) -> bool:
    """The callbacks of a task that its trigger ends as a failure.

    Airflow has its DAG processor call them, which does not run here.
    """
    return (
        difference.what == "trace"
        and difference.key.partition("|")[0].rpartition(" ")[0].endswith(("failure", "retry"))
        and difference.theirs == 0
        and any(f" {key} try " in difference.key for key in _failed_by_triggers(case))
    )


def _failed_by_triggers(case: Case) -> set[str]:
    """The failed instances, `id|index`, of tasks whose trigger ends them as a failure."""
    ids = case.program.ids()
    ended = {ids[task.name] for task in case.program.tasks() if task.option("how") == "'fail'"}
    return {
        key
        for key, state in case.states.items()
        if state == "failed" and key.partition("|")[0] in ended
    }


KNOWN: dict[str, Explains] = {
    "what a trigger gives at its task's end is a value": _given_at_the_end,
    "the result of a branch or short circuit is pushed": _branch_result,
    "the results of a map are a list, also one or none": _list_of_one,
    "post_execute is called after a branch, too": _hook_after_a_decision,
    "clearing removes XComs at once": _cleared_at_once,
    "callbacks of a refused run are told why": _refused_run,
    "callbacks of a task that its trigger fails are called here": _told_of_a_triggers_failure,
}
"""What explains one difference, and nothing else."""

DECIDING_OTHERWISE: dict[str, Explains] = {
    "a branch leaves out instances, too": _left_out_above_a_failure,
    "indexes of nested maps are told apart": _below_a_nested_map,
    "a short circuit skips maps over literals, too": _short_circuit_above_a_map,
    "what a map is mapped over counts before its rule": _decided_by_what_it_is_mapped_over,
    "joined lists count among several arguments": _mapped_over_joined_lists,
    "what is above is judged first": _judged_after_what_is_above,
    "the results of an empty map are a list": _given_an_empty_list,
    "what is held back fails where there is nothing to map over": _held_back_without_a_map,
    "fail_fast stops the other instances of the task, too": _spared_by_fail_fast,
    "fail_fast counts failures by triggers": _failed_by_its_trigger,
}
"""What explains that a task ended otherwise, on which that of others depends."""
