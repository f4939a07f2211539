"""How a task skips tasks below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slipstream.sdk._keys import quoted
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._task_instance import TaskInstance

XCOM_SKIPMIXIN_KEY = "skipmixin_key"
XCOM_SKIPMIXIN_SKIPPED = "skipped"
XCOM_SKIPMIXIN_FOLLOWED = "followed"


class SkipMixin(LoggingMixin):
    """Lets an operator skip tasks below it. What it decides takes effect when it succeeds."""

    inherits_from_skipmixin = True

    def skip(
        self,
        dag_run: UserValue = None,
        execution_date: UserValue = None,
        tasks: Iterable[UserValue] = (),
        *,
        ti: TaskInstance | None = None,
        **_: UserValue,
    ) -> None:
        """Skip these tasks. `dag_run` and `execution_date` are accepted and not needed."""
        ids = [_task_id(task) for task in tasks]
        if not ids:
            return
        instance = ti if ti is not None else _running_instance()
        _decide(instance, ids)
        instance.xcom_push(XCOM_SKIPMIXIN_KEY, {XCOM_SKIPMIXIN_SKIPPED: ids})
        self.log.info("Skipping tasks %s", ids)

    def skip_all_except(
        self, ti: TaskInstance, branch_task_ids: str | Iterable[str] | None
    ) -> None:
        """Go on with these tasks; skip the others right below, unless they come after these."""
        chosen = _chosen(branch_task_ids)
        task = ti.task
        dag = task.dag
        assert dag is not None
        _check_chosen(chosen, dag, task)
        self.log.info("Following branch %s", sorted(chosen))
        keep = set(chosen)
        for task_id in chosen:
            keep |= dag.get_task(task_id).get_flat_relative_ids(upstream=False)
        _decide(ti, [one.task_id for one in task.downstream_list if one.task_id not in keep])
        followed = sorted(keep & task.downstream_task_ids)
        if not task.downstream_task_ids:
            return
        ti.xcom_push(XCOM_SKIPMIXIN_KEY, {XCOM_SKIPMIXIN_FOLLOWED: followed})


class BranchMixIn(SkipMixin):
    """Lets an operator choose among the tasks right below it."""

    def do_branch(
        self, context: Context, branches_to_execute: str | Iterable[str] | None
    ) -> UserValue:
        """Skip what is not in `branches_to_execute`, which holds ids of tasks and groups."""
        task_ids = self._expand_task_group_roots(context["ti"], branches_to_execute)
        self.skip_all_except(context["ti"], task_ids)
        return branches_to_execute

    def _expand_task_group_roots(
        self, ti: TaskInstance, branches_to_execute: str | Iterable[str] | None
    ) -> list[str]:
        """The ids of tasks; a group stands for its first tasks."""
        dag = ti.task.dag
        assert dag is not None
        groups = dag.task_group_dict
        found: list[str] = []
        for one in sorted(_chosen(branches_to_execute)):
            if one in groups:
                found += [root.task_id for root in groups[one].roots]
            else:
                found.append(one)
        return found


def _decide(ti: TaskInstance, skip: Iterable[str]) -> None:
    """The runner reports it when the task has succeeded."""
    ti.decisions.skip.extend(one for one in skip if one not in ti.decisions.skip)


def _chosen(branches: object) -> set[str]:
    if branches is None:
        return set()
    if isinstance(branches, str):
        return {branches}
    if not isinstance(branches, Iterable):
        raise AirflowException(
            f"A branch has to return an id, a list of ids, or None; it returned {branches!r} of "
            f"type {type(branches).__name__}."
        )
    found = list(branches)
    if wrong := [one for one in found if not isinstance(one, str)]:
        raise AirflowException(f"A branch has to return ids, which are texts; it returned {wrong}.")
    return set(found)


def _check_chosen(chosen: set[str], dag: DAG, task: AbstractOperator) -> None:
    if unknown := {one for one in chosen if not dag.has_task(one)}:
        raise AirflowException(
            f"Task {task.task_id!r} chose {quoted(unknown)}, which DAG {dag.dag_id!r} does not "
            f"have. It can choose among {quoted(task.downstream_task_ids)}."
        )


def _task_id(task: UserValue) -> str:
    if isinstance(task, str):
        return task
    if isinstance(task, Sequence):
        return str(task[0])
    return str(task.task_id)


def _running_instance() -> TaskInstance:
    from slipstream.sdk._running import get_current_context

    found: TaskInstance = get_current_context()["ti"]
    return found
