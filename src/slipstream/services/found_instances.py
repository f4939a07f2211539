"""Task instances of any run, for tasks that ask about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from slipstream.model.dag import TaskSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import FoundInstance
from slipstream.model.states import TaskState
from slipstream.store.interface import DagStore, RunStore
from slipstream.store.records import InstanceFilter, Range, Window
from slipstream.wire import execution as wire

NEWEST_FIRST = ("-logical_date", "task_id", "map_index")


class InstanceStore(DagStore, RunStore, Protocol):
    """What answering needs of the store."""


def found_instances(store: InstanceStore, ask: wire.FindInstances) -> Iterator[FoundInstance]:
    """Those that are asked for, as they are now. Raises `InvalidInputError`."""
    which = InstanceFilter(
        dag_ids=[ask.dag_id],
        run_ids=None if ask.run_id is None else [ask.run_id],
        task_ids=None if ask.task_id is None else [ask.task_id],
        map_indexes=None if ask.map_index is None else [ask.map_index],
        states=[_state(text) for text in ask.states] or None,
        logical_date=Range(lt=ask.before),
    )
    tasks: dict[str, Mapping[str, TaskSpec]] = {}
    for entry in store.list_instances(which, Window(limit=ask.limit, order_by=NEWEST_FIRST)).items:
        run, instance = entry.run, entry.instance
        if run.version_id not in tasks:
            tasks[run.version_id] = store.get_version(run.version_id).spec.tasks
        task = tasks[run.version_id].get(instance.task_id)
        yield FoundInstance(
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=instance.task_id,
            map_index=instance.map_index,
            state=None if instance.state is TaskState.NONE else instance.state.value,
            try_number=instance.try_number,
            operator="" if task is None else task.operator_name,
            logical_date=run.logical_date,
            start_date=instance.start_date,
            end_date=instance.end_date,
        )


def _state(text: str) -> TaskState:
    try:
        return TaskState(text)
    except ValueError as error:
        known = ", ".join(state for state in TaskState if state is not TaskState.NONE)
        raise InvalidInputError(
            f"{text!r} is no state of a task instance: choose one of {known}."
        ) from error
