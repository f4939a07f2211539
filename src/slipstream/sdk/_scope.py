"""Which DAG and which task group the code that is running writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipstream.sdk._collect import DagCollector
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._group import TaskGroup

# A DAG file is executed by one thread from top to bottom, so plain stacks do.
_dags: list[DAG] = []
_groups: list[TaskGroup] = []
_collectors: list[DagCollector] = []
_made: dict[str, DAG] = {}
"""A DAG of a `with` block without a name is held by nobody else."""


def remember(dag: DAG) -> None:
    """The DAG can be found by its id, until another one of that id is made."""
    _made[dag.dag_id] = dag


def find_dag(dag_id: str) -> DAG | None:
    """The DAG of that id that was made last in this process, or None."""
    return _made.get(dag_id)


def all_dags() -> list[DAG]:
    """The DAGs of this process, by their ids."""
    return [dag for _, dag in sorted(_made.items())]


def enter_dag(dag: DAG) -> None:
    """Begin `with dag:`."""
    _dags.append(dag)
    _groups.append(dag.task_group)


def leave_dag() -> DAG:
    """End `with dag:`; tells the collector that listens."""
    _groups.pop()
    dag = _dags.pop()
    if dag.auto_register and _collectors:
        _collectors[-1].add(dag)
    return dag


def current_dag() -> DAG | None:
    """The DAG of the innermost `with`."""
    return _dags[-1] if _dags else None


def enter_group(group: TaskGroup) -> None:
    """Begin `with group:`."""
    _groups.append(group)


def leave_group() -> TaskGroup:
    """End `with group:`."""
    return _groups.pop()


def current_group(dag: DAG | None) -> TaskGroup | None:
    """The innermost open group of that DAG; its own outermost group where none is open."""
    if dag is None:
        return None
    if _groups and _groups[-1].dag is dag:
        return _groups[-1]
    return dag.task_group


def open_group() -> TaskGroup | None:
    """The innermost open group of any DAG."""
    return _groups[-1] if _groups else None


def listen(collector: DagCollector) -> None:
    """From now on tell this collector of DAGs that were used with `with`."""
    _collectors.append(collector)


def unlisten() -> None:
    """The latest collector has heard enough; also forgets what broken code left open."""
    _collectors.pop()
    _dags.clear()
    _groups.clear()
