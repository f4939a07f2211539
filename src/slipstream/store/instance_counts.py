"""How many task instances match a filter, counted by indexes alone."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select

from slipstream.store.filters import (
    conditions_on_instance,
    conditions_on_run,
    conditions_on_run_alone,
    conditions_on_task,
)
from slipstream.store.records import InstanceFilter
from slipstream.store.tables import dag_run, dag_task, dag_version, task_instance

T = TypeVar("T")

WITH_RUNS: Final = task_instance.join(dag_run, task_instance.c.run_pk == dag_run.c.pk)


def source_of(
    which: InstanceFilter, wanted: Select[T], *, with_runs: bool = False, are_few: bool = True
) -> Select[T]:
    """The query for what matches; runs are joined where they matter, or are wanted."""
    on_run = conditions_on_run(which, are_few=are_few)
    # Where the runs do not matter they are not joined: an index alone can be counted.
    source = WITH_RUNS if on_run or with_runs else task_instance
    return wanted.select_from(source).where(*conditions_on_instance(which), *on_run)


def count_of_instances(which: InstanceFilter) -> Select[Any]:
    """The query for how many match.

    A pool or a queue is known of tasks, by version: each instance would have to be looked up in
    them. Where most tasks of a version match, all instances of its runs are counted instead, which
    needs no look at any, and those of its other tasks are taken off.
    """
    on_task = conditions_on_task(which)
    if not on_task or conditions_on_instance(which):
        return source_of(which, select(func.count()))
    in_run = conditions_on_run_alone(which)
    matches = case((and_(*on_task), 1), else_=0)
    mostly = (
        select(dag_task.c.version_id)
        .group_by(dag_task.c.version_id)
        .having(2 * func.sum(matches) > func.count())
    )
    is_most = and_(dag_run.c.version_id.in_(mostly), _keeps_to_its_version())
    whole = select(func.count()).select_from(WITH_RUNS).where(*in_run, is_most)
    others = (
        select(func.count())
        .select_from(
            dag_run.join(dag_task, dag_task.c.version_id == dag_run.c.version_id).join(
                task_instance,
                and_(
                    task_instance.c.run_pk == dag_run.c.pk,
                    task_instance.c.task_id == dag_task.c.task_id,
                ),
            )
        )
        .where(*in_run, is_most, matches == 0)
    )
    one_by_one = source_of(which, select(func.count())).where(not_(is_most))
    return select(whole.scalar_subquery() - others.scalar_subquery() + one_by_one.scalar_subquery())


def _keeps_to_its_version() -> ColumnElement[bool]:
    """Whether a run has no instances of tasks that its version does not have: they are left over
    where it went on with a later one, after tasks of it were cleared or while it was under way.

    An imported version has the tasks of all its runs.
    """
    version = (
        select(dag_version.c.version_id)
        .where(
            dag_version.c.version_id == dag_run.c.version_id,
            or_(dag_version.c.number <= 0, dag_version.c.created_at < dag_run.c.queued_at),
        )
        .correlate(dag_run)
    )
    return and_(dag_run.c.clear_number == 0, version.exists())
