"""Which instance of a mapped task sees which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

from slipstream.model.map_index import UNMAPPED
from slipstream.sdk._conf import authoring_defaults
from slipstream.sdk._context import set_task
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.sdk._xcom_sequences import LazyXComSequence
from slipstream.sdk._xcom_values import keeps_values_whole
from slipstream.sdk.exceptions import (
    AirflowException,
    UnmappableXComLengthPushed,
    UnmappableXComTypePushed,
    XComForMappingNotPushed,
)

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._expand_input import ExpandInput
    from slipstream.sdk._mapped_operator import MappedOperator
    from slipstream.sdk._task_instance import TaskInstance


def unmap(task: AbstractOperator, context: Context) -> BaseOperator:
    """The operator that the task instance of `context` runs.

    A plain operator is given back as it is. For a mapped one the arguments of the instance's map
    index are resolved (through the backend where they are XComs) and the operator is made; the
    context's `task`, `ti.task` and `params` then are the new operator's.
    """
    if task.is_mapped:
        return _of_one_index(task, context)  # type: ignore[arg-type]  # nothing else is mapped
    # Not `isinstance`, which for an abstract class is Python code.
    if BaseOperator not in type(task).__mro__:
        raise TypeError(f"{task!r} is no operator that can run.")
    return task  # type: ignore[return-value]  # it has just been looked at


def _of_one_index(task: MappedOperator, context: Context) -> BaseOperator:
    pulled: list[UserValue] = []
    arguments = task.expand_input.resolve(context, context["ti"].map_index, pulled)
    operator = task.unmap(arguments)
    operator._pulled_values = pulled
    set_task(context, operator)
    return operator


def pull(upstream: AbstractOperator, key: str, context: Context) -> UserValue | ArgNotSet:
    """What `upstream` pushed, as the running task instance sees it; NOTSET for nothing.

    Tasks of one mapped group see each other's values of the same group instance. From outside, a
    mapped task's values are a lazy sequence in map index order.
    """
    ti: TaskInstance = context["ti"]
    indexes = relevant_map_indexes(upstream, context)
    if indexes is None:
        if upstream.get_needs_expansion():
            return _all_values(ti, upstream, key)
        return ti.pull_value(upstream.task_id, key, UNMAPPED, dag_id=upstream.dag_id)
    if isinstance(indexes, int):
        return ti.pull_value(upstream.task_id, key, indexes, dag_id=upstream.dag_id)
    found = [
        ti.pull_value(upstream.task_id, key, index, dag_id=upstream.dag_id) for index in indexes
    ]
    return [value for value in found if value is not NOTSET]


def pull_items(
    upstream: AbstractOperator, key: str, context: Context, near: int
) -> UserValue | ArgNotSet:
    """What `pull` gives, for somebody who looks at one item of it: about `near`, modulo the length.

    Each of ten thousand instances that are mapped over a list fetches its own item.
    """
    ti: TaskInstance = context["ti"]
    indexes = relevant_map_indexes(upstream, context)
    is_one = isinstance(indexes, int) or (indexes is None and not upstream.get_needs_expansion())
    if is_one and not keeps_values_whole():
        index = indexes if isinstance(indexes, int) else UNMAPPED
        found = ti.pull_items(upstream.task_id, key, index, near, dag_id=upstream.dag_id)
        if found is not NOTSET:
            return found
    return pull(upstream, key, context)


def _all_values(ti: TaskInstance, upstream: AbstractOperator, key: str) -> Sequence[UserValue]:
    return LazyXComSequence(
        ti.backend,
        dag_id=upstream.dag_id,
        run_id=ti.run_id,
        task_id=upstream.task_id,
        key=key,
    )


def relevant_map_indexes(upstream: AbstractOperator, context: Context) -> int | range | None:
    """The map indexes of `upstream` that the running instance has to do with; None for all."""
    ti: TaskInstance = context["ti"]
    here, there = _around(ti.task), _around(upstream)
    # A copy of a group in a part of the DAG (`partial_subset`) is expanded over the same.
    depths = {id(one): depth for depth, one in enumerate(there)}
    common = next((depth for depth, one in enumerate(here) if id(one) in depths), None)
    if common is None:
        return None
    position = ti.map_index // _instances(here[:common], context)
    inner = there[: depths[id(here[common])]]
    if not inner:
        return position
    each = _instances(inner, context)
    return range(position * each, (position + 1) * each)


def check_result(task: AbstractOperator, value: UserValue) -> None:
    """Raise `UnmappableXComTypePushed` where something is mapped over what the task returned, and
    that cannot be mapped over; `XComForMappingNotPushed` where it is nothing at all, and
    `UnmappableXComLengthPushed` where it is longer than `[core] max_map_length`. The task itself
    then is the one that fails, as in Airflow.
    """
    known = None if task.dag is None else task.dag.returns_mapped_over
    if known is not None and task.task_id not in known:
        return
    is_mappable = isinstance(value, Sequence | Mapping) and not isinstance(value, str | bytes)
    most = authoring_defaults().max_map_length
    if is_mappable and len(value) <= most:
        return
    # The operator that runs one instance of a map does not say that it is one.
    in_dag = task.dag.get_task(task.task_id) if task.dag is not None else task
    if in_dag.get_needs_expansion():
        return
    below = _first_mapped_over(task)
    if below is None:
        return
    if is_mappable:
        raise UnmappableXComLengthPushed(
            f"Task {below!r} is mapped over what {task.task_id!r} returns, which has {len(value)} "
            f"items; [core] max_map_length allows {most}. Return fewer, or raise the setting."
        )
    wanted = (
        f"Task {below!r} is mapped over what {task.task_id!r} returns, which therefore has to be "
        "a list or a dictionary; it returned"
    )
    if value is None:
        raise XComForMappingNotPushed(f"{wanted} nothing.")
    raise UnmappableXComTypePushed(f"{wanted} a value of type {type(value).__name__}.")


def _first_mapped_over(task: AbstractOperator) -> str | None:
    """A task that is mapped over what this one returns."""
    for below in task.downstream_list:
        for mapped in _expand_inputs(below):
            if any(
                one.task_id == task.task_id and key == XCOM_RETURN_KEY
                for one, key in mapped.iter_mapped_over()
            ):
                return below.task_id
    return None


def returns_mapped_over(dag: DAG) -> frozenset[str]:
    """The ids of the tasks whose return value another task, or a group, is mapped over."""
    return frozenset(task.task_id for task in dag.tasks if _first_mapped_over(task) is not None)


def _expand_inputs(task: AbstractOperator) -> list[ExpandInput]:
    """What the task, or a group around it, is expanded over."""
    own = [task.expand_input] if task.is_mapped else []
    return [*own, *_around(task)]


def group_argument(expand_input: ExpandInput, key: str, context: Context) -> UserValue:
    """A mapped group's argument, for the group instance that the running task stands in."""
    ti: TaskInstance = context["ti"]
    around = _around(ti.task)
    depths = [depth for depth, one in enumerate(around) if one is expand_input]
    if not depths:
        raise AirflowException(
            f"Argument {key!r} of a mapped task group was used by task {ti.task_id!r}, which does "
            f"not stand in that group."
        )
    depth = depths[0]
    position = ti.map_index // _instances(around[:depth], context)
    if depth + 1 < len(around):
        position %= expand_input.count(context)
    return _resolved(ti, expand_input, position, context)[key]


def _resolved(
    ti: TaskInstance, expand_input: ExpandInput, position: int, context: Context
) -> Mapping[str, UserValue]:
    """The arguments of a group instance; looked up once for each task instance."""
    known = ti.resolved_inputs.get(id(expand_input))
    if known is None:
        known = ti.resolved_inputs[id(expand_input)] = expand_input.resolve(context, position)
    return known


def _around(task: AbstractOperator) -> list[ExpandInput]:
    """What the mapped groups around a task are expanded over, from the inside out."""
    return [group.expand_input for group in task.iter_mapped_task_groups()]


def _instances(groups: Sequence[ExpandInput], context: Context) -> int:
    """How many instances these nested groups have for each instance of what is around them."""
    return prod(one.count(context) for one in groups)
