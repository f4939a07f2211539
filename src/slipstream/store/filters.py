"""Filters, orders and pages as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    UnaryExpression,
    case,
    cast,
    func,
    or_,
    select,
    text,
    tuple_,
)

from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun
from slipstream.model.states import RUN_FINISHED, RunState
from slipstream.store.asset_tables import asset, asset_event, run_asset_event
from slipstream.store.patterns import alternatives, containing
from slipstream.store.records import InstanceFilter, Range, RunFilter, Span, Window
from slipstream.store.rows import RUN_COLUMNS
from slipstream.store.tables import (
    ACTIVE_RUNS,
    ACTIVE_TASK_STATES,
    ACTIVE_TASKS,
    FAILED_TASK_STATES,
    FAILED_TASKS,
    dag_run,
    dag_task,
    dag_version,
    task_instance,
)
from slipstream.store.times import to_micros

_duration_of_run = dag_run.c.end_date - dag_run.c.start_date
_duration_of_instance = task_instance.c.end_date - task_instance.c.start_date
_name_in_map = func.coalesce(
    task_instance.c.rendered_map_index,
    case((task_instance.c.map_index >= 0, cast(task_instance.c.map_index, String))),
)

_MOST_PATTERN_BYTES = 50_000
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PREFIX = re.compile(r"((?:\\.|[^%_\\])+)%", re.DOTALL)

RUN_ORDERS: Mapping[str, ColumnElement[Any]] = {
    **{column.name: column for column in RUN_COLUMNS if column.name != "reason"},
    "id": dag_run.c.pk,
    "updated_at": dag_run.c.updated_at,
    "duration": _duration_of_run,
}
"""`{field name: what runs are sorted by}`."""

_ORDERS_BY_RUN = (
    "dag_id",
    "run_id",
    "logical_date",
    "run_after",
    "data_interval_start",
    "data_interval_end",
)
_NEEDS_RUN = frozenset({*_ORDERS_BY_RUN, "operator"})
INSTANCE_ORDERS: Mapping[str, ColumnElement[Any]] = {
    **{name: dag_run.c[name] for name in _ORDERS_BY_RUN},
    **{
        column.name: column
        for column in task_instance.c
        if column.name not in ("note", "note_user", "reason")
    },
    "id": task_instance.c.pk,
    "duration": _duration_of_instance,
    "rendered_map_index": _name_in_map,
    "operator": (
        select(dag_task.c.operator)
        .where(
            dag_task.c.version_id == dag_run.c.version_id,
            dag_task.c.task_id == task_instance.c.task_id,
        )
        .scalar_subquery()
    ),
}
"""`{field name: what task instances are sorted by}`."""


def is_sorted_by_run(window: Window) -> bool:
    """Whether instances are to be sorted by something of their runs."""
    return any(entry.removeprefix("-") in _NEEDS_RUN for entry in window.order_by)


def ordering(
    window: Window, fields: Mapping[str, ColumnElement[Any]], tie_break: ColumnElement[Any]
) -> list[ColumnElement[Any] | UnaryExpression[Any]]:
    """The ORDER BY of a window: missing values are the smallest, ties go by `tie_break`.

    Raises `InvalidInputError` for a field that cannot be sorted by.
    """
    return [
        ordered(column, descends=descends)
        for column, descends in sorted_columns(window, fields, tie_break)
    ]


def sorted_columns(
    window: Window, fields: Mapping[str, ColumnElement[Any]], tie_break: ColumnElement[Any]
) -> list[tuple[ColumnElement[Any], bool]]:
    """`(column, whether it descends)` of what a window is sorted by, the most telling first."""
    columns: list[tuple[ColumnElement[Any], bool]] = []
    descends = False
    for entry in window.order_by:
        descends = entry.startswith("-")
        name = entry.removeprefix("-")
        column = fields.get(name)
        if column is None:
            raise InvalidInputError(
                f"Cannot sort by {name!r}: choose one of {', '.join(sorted(fields))}."
            )
        columns.append((column, descends))
    return [*columns, (tie_break, descends)]


def ordered(column: ColumnElement[Any], *, descends: bool) -> UnaryExpression[Any]:
    """One clause. Of a column that always has a value nothing is said of missing ones: PostgreSQL
    would not take its index."""
    if not getattr(column, "nullable", True):
        return column.desc() if descends else column.asc()
    return column.desc().nulls_last() if descends else column.asc().nulls_first()


def in_range(column: ColumnElement[Any], bounds: Range) -> list[ColumnElement[bool]]:
    """The conditions that keep a time within bounds."""
    conditions = []
    if bounds.gte is not None:
        conditions.append(column >= to_micros(bounds.gte))
    if bounds.gt is not None:
        conditions.append(column > to_micros(bounds.gt))
    if bounds.lte is not None:
        conditions.append(column <= to_micros(bounds.lte))
    if bounds.lt is not None:
        conditions.append(column < to_micros(bounds.lt))
    return conditions


def one_among(
    column: ColumnElement[Any], values: Sequence[str | int] | None
) -> list[ColumnElement[bool]]:
    """The condition that a column has one of the values; nothing where None."""
    return (
        []
        if values is None
        else [column.in_([str(v) if isinstance(v, str) else v for v in values])]
    )


def at_one_of(
    column: ColumnElement[Any], moments: Sequence[datetime] | None
) -> list[ColumnElement[bool]]:
    """The condition that a time is one of the moments; nothing where None."""
    return one_among(column, None if moments is None else [to_micros(moment) for moment in moments])


def like(column: ColumnElement[Any], pattern: str | None) -> list[ColumnElement[bool]]:
    r"""The condition that a text is like a pattern, whatever its case; nothing where None.

    `%` and `_` are wildcards, `|` stands between patterns of which one is enough; a `\` before one
    makes it stand for itself. Where there is a `%` at the end alone, the text begins with just what
    stands before it, and its case counts. Raises `InvalidInputError` for a pattern that is longer
    than SQLite takes.
    """
    if pattern is None:
        return []
    if len(pattern.encode(errors="replace")) > _MOST_PATTERN_BYTES:
        raise InvalidInputError(f"A pattern may have {_MOST_PATTERN_BYTES} bytes at most.")
    some = alternatives(pattern) or [pattern]
    return [or_(*(_is_like(column, one) for one in some))]


def _is_like(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    beginning = _PREFIX.fullmatch(pattern)
    if beginning is None:
        return column.ilike(pattern, escape="\\")
    text = _ESCAPED.sub(r"\1", beginning[1])
    return func.substr(column, 1, len(text)) == text


def within(length: ColumnElement[Any], bounds: Span) -> list[ColumnElement[bool]]:
    """The conditions that keep a length of time, in microseconds, within bounds."""
    conditions = []
    if bounds.gte is not None:
        conditions.append(length >= _micros_in(bounds.gte))
    if bounds.gt is not None:
        conditions.append(length > _micros_in(bounds.gt))
    if bounds.lte is not None:
        conditions.append(length <= _micros_in(bounds.lte))
    if bounds.lt is not None:
        conditions.append(length < _micros_in(bounds.lt))
    return conditions


def _micros_in(seconds: float) -> int:
    if not isfinite(seconds):
        raise InvalidInputError(f"{seconds} is no length of time: give a number of seconds.")
    return round(seconds * 1_000_000)


def of_version(numbers: Sequence[int] | None) -> list[ColumnElement[bool]]:
    """The condition that a run is of a version with one of these numbers."""
    if numbers is None:
        return []
    versions = select(dag_version.c.version_id).where(dag_version.c.number.in_(list(numbers)))
    return [dag_run.c.version_id.in_(versions)]


def asset_with(text: str) -> ColumnElement[bool]:
    """The condition that an asset has a text somewhere in its name or its URI."""
    pattern = containing(text)
    return or_(*like(asset.c.name, pattern), *like(asset.c.uri, pattern))


def _consuming(text: str | None) -> list[ColumnElement[bool]]:
    if not text:
        return []
    events = (
        select(run_asset_event.c.run_pk)
        .join(asset_event, asset_event.c.pk == run_asset_event.c.event_pk)
        .join(asset, asset.c.pk == asset_event.c.asset_pk)
        .where(asset_with(text))
    )
    return [dag_run.c.pk.in_(events)]


def run_conditions(which: RunFilter) -> list[ColumnElement[bool]]:
    """What a run must meet."""
    active: list[ColumnElement[bool]] = []
    if which.states is not None and not set(which.states) & RUN_FINISHED:
        active.append(text(ACTIVE_RUNS))  # type: ignore[arg-type]  # as below
    return [
        *active,
        *one_among(dag_run.c.dag_id, which.dag_ids),
        *like(dag_run.c.dag_id, which.dag_id_pattern),
        *one_among(dag_run.c.run_id, which.run_ids),
        *like(dag_run.c.run_id, which.run_id_pattern),
        *of_version(which.version_numbers),
        *like(dag_run.c.conf, containing(which.conf_contains)),
        *within(_duration_of_run, which.duration),
        *one_among(dag_run.c.state, which.states),
        *one_among(dag_run.c.run_type, which.run_types),
        *like(dag_run.c.triggering_user, which.triggering_user_pattern),
        *at_one_of(dag_run.c.logical_date, which.logical_dates),
        *in_range(dag_run.c.logical_date, which.logical_date),
        *in_range(dag_run.c.run_after, which.run_after),
        *in_range(dag_run.c.start_date, which.start_date),
        *in_range(dag_run.c.end_date, which.end_date),
        *in_range(dag_run.c.updated_at, which.updated_at),
        *one_among(dag_run.c.partition_key, which.partition_keys),
        *like(dag_run.c.partition_key, which.partition_key_pattern),
        *_consuming(which.consumed_asset),
        *in_range(dag_run.c.partition_date, which.partition_date),
    ]


def conditions_on_instance(which: InstanceFilter) -> list[ColumnElement[bool]]:
    """What an instance must meet, in a query over the table `task_instance` alone."""
    conditions: list[ColumnElement[bool]] = [
        *one_among(task_instance.c.task_id, which.task_ids),
        *one_among(task_instance.c.map_index, which.map_indexes),
        *one_among(task_instance.c.state, which.states),
        *like(task_instance.c.task_id, which.task_id_pattern),
        *one_among(task_instance.c.try_number, which.try_numbers),
        *like(_name_in_map, which.rendered_map_index_pattern),
        *within(_duration_of_instance, which.duration),
        *in_range(task_instance.c.start_date, which.start_date),
        *in_range(task_instance.c.end_date, which.end_date),
        *in_range(task_instance.c.updated_at, which.updated_at),
    ]
    # A partial index serves a query that repeats its condition word for word.
    if which.states is not None and set(which.states) <= set(ACTIVE_TASK_STATES):
        conditions.append(text(ACTIVE_TASKS))  # type: ignore[arg-type]  # text is a condition too
    if which.states is not None and set(which.states) <= set(FAILED_TASK_STATES):
        conditions.append(text(FAILED_TASKS))  # type: ignore[arg-type]  # text is a condition too
    return conditions


def conditions_on_run(which: InstanceFilter, *, are_few: bool = True) -> list[ColumnElement[bool]]:
    """What an instance's run must meet, in a query over `dag_run`, and its task.

    `are_few` is asked of what all matching instances are needed for; where they are many and a few
    of them are enough, each is better looked at in its turn.
    """
    conditions, on_task = conditions_on_run_alone(which), conditions_on_task(which)
    if not on_task:
        return conditions
    tasks = select(dag_task.c.version_id, dag_task.c.task_id).where(*on_task)
    if are_few:
        # The tasks are found first, and each run's instances of them by the index of its own.
        of_task = tuple_(dag_run.c.version_id, task_instance.c.task_id)
        return [*conditions, of_task.in_(tasks)]
    same = (
        dag_task.c.version_id == dag_run.c.version_id,
        dag_task.c.task_id == task_instance.c.task_id,
    )
    return [*conditions, tasks.where(*same).exists()]


def conditions_on_run_alone(which: InstanceFilter) -> list[ColumnElement[bool]]:
    """What an instance's run must meet, whatever its task is."""
    return [
        *one_among(dag_run.c.dag_id, which.dag_ids),
        *like(dag_run.c.dag_id, which.dag_id_pattern),
        *one_among(dag_run.c.run_id, which.run_ids),
        *like(dag_run.c.run_id, which.run_id_pattern),
        *of_version(which.version_numbers),
        *at_one_of(dag_run.c.logical_date, which.logical_dates),
        *in_range(dag_run.c.logical_date, which.logical_date),
        *in_range(dag_run.c.run_after, which.run_after),
    ]


def conditions_on_task(which: InstanceFilter) -> list[ColumnElement[bool]]:
    """What an instance's task must meet, in a query over `dag_task`."""
    return [
        *one_among(dag_task.c.pool, which.pools),
        *like(dag_task.c.pool, which.pool_pattern),
        *one_among(dag_task.c.queue, which.queues),
        *like(dag_task.c.queue, which.queue_pattern),
        *one_among(dag_task.c.executor, which.executors),
        *one_among(dag_task.c.operator, which.operators),
        *like(dag_task.c.operator_name, which.operator_pattern),
        *like(dag_task.c.display_name, which.task_display_name_pattern),
    ]


def previous_of(run: DagRun, state: RunState | None = None) -> Select[Any]:
    """The DAG's run before this one, by logical date or, where it has none, by `run_after`."""
    column = dag_run.c.run_after if run.logical_date is None else dag_run.c.logical_date
    moment = run.run_after if run.logical_date is None else run.logical_date
    query = (
        select(*RUN_COLUMNS)
        .where(
            dag_run.c.dag_id == run.dag_id,
            column < to_micros(moment),
            dag_run.c.pk != run.pk,
        )
        .order_by(column.desc(), dag_run.c.pk.desc())
        .limit(1)
    )
    return query if state is None else query.where(dag_run.c.state == state.value)
