"""Whether the run before lets a task instance go on: `depends_on_past`, `wait_for_downstream`."""

from __future__ import annotations

from collections.abc import Mapping

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import PastRun
from slipstream.model.states import RUN_FINISHED, TaskState

_GOOD = frozenset({TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED})
"""What an instance of the run before may be; a removed one is no part of that run any more."""

ALLOWED = "The run before lets it go on."


def tasks_asked_of(task: TaskSpec) -> tuple[str, ...]:
    """The tasks whose instances in the run before count: the task itself comes first."""
    return (task.task_id, *(task.downstream if task.wait_for_downstream else ()))


def only_scheduled(dag: DagSpec) -> bool:
    """Whether runs that somebody triggered are passed over: they are, of a DAG that catches up."""
    return dag.catchup


def judge_past(dag: DagSpec, task: TaskSpec, past: PastRun | None) -> tuple[bool, str]:
    """Whether the instances of the task may go on, and why (not), with Airflow's rules.

    `past` is None where there is no run before.
    """
    if past is None:
        return True, ALLOWED
    before = past.run
    if before.start_date is None and before.state not in RUN_FINISHED:
        return False, f"It depends on its instance in run {before.run_id!r}, which has not begun."
    own = past.states.get(task.task_id, {})
    if not own:
        return _without_instance(dag, task, past)
    for state, number in own.items():
        if state not in _GOOD:
            return False, (
                f"It depends on its instance in run {before.run_id!r}, "
                f"{_which(number, own)} {_word(state)}."
            )
    for task_id in tasks_asked_of(task)[1:]:
        for state in past.states.get(task_id, {}):
            if state not in _GOOD:
                return False, (
                    f"It waits for what is downstream of its instance in run {before.run_id!r}: "
                    f"task {task_id!r} there {_word(state)}."
                )
    return True, ALLOWED


def _without_instance(dag: DagSpec, task: TaskSpec, past: PastRun) -> tuple[bool, str]:
    date = past.run.logical_date
    if dag.catchup and task.start_date is not None and date is not None and date < task.start_date:
        return True, ALLOWED
    if task.ignore_first_depends_on_past and not past.has_earlier:
        return True, ALLOWED
    return False, (
        f"It depends on its instance in run {past.run.run_id!r}, which has none of its task. Clear "
        f"that run so that it gets one, or mark this instance."
    )


def _which(number: int, own: Mapping[TaskState, int]) -> str:
    total = sum(own.values())
    return "which" if total == 1 else f"{number} of whose {total} map indexes"


def _word(state: TaskState) -> str:
    return "is not done" if state is TaskState.NONE else f"is {state.value}"
