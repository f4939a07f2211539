"""Runs and task instances, read and annotated by people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, select, text, update

from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.attempts import latest_of_each_try
from slipstream.store.cursors import page_at
from slipstream.store.database import Transaction
from slipstream.store.errors import AttemptSupersededError
from slipstream.store.filters import (
    INSTANCE_ORDERS,
    RUN_ORDERS,
    conditions_on_instance,
    conditions_on_run,
    is_sorted_by_run,
    ordering,
    previous_of,
    run_conditions,
)
from slipstream.store.instance_counts import WITH_RUNS, count_of_instances, source_of
from slipstream.store.parts import StoreParts
from slipstream.store.records import (
    AttemptRecord,
    InstanceFilter,
    InstanceInRun,
    NoticeKind,
    Page,
    RunFilter,
    Window,
)
from slipstream.store.rendered_rows import READ_FIELDS
from slipstream.store.rows import (
    ATTEMPT_COLUMNS,
    INSTANCE_COLUMNS,
    RUN_COLUMNS,
    from_json_object,
    to_attempt,
    to_instances_in_runs,
    to_run,
)
from slipstream.store.statements import Statement
from slipstream.store.tables import attempt, dag_run, one_of, task_instance
from slipstream.store.write_plan import LEFT_BEHIND

_COUNTING_STATES = (TaskState.QUEUED, TaskState.RUNNING, TaskState.DEFERRED)
"""States of an instance whose latest attempt may still send something."""

T = TypeVar("T")

_STREAMED_AT_ONCE = 1000
_FEW = 10_000
"""Of so many matching instances a page is found by looking at them all."""

_RUN_BY_ID = Statement(
    select(*RUN_COLUMNS).where(
        dag_run.c.dag_id == bindparam("dag_id"), dag_run.c.run_id == bindparam("run_id")
    ),
    ("dag_id", "run_id"),
)
_INSTANCE = Statement(
    select(*INSTANCE_COLUMNS, *RUN_COLUMNS)
    .select_from(WITH_RUNS)
    .where(
        task_instance.c.run_pk == bindparam("run_pk"),
        task_instance.c.task_id == bindparam("task_id"),
        task_instance.c.map_index == bindparam("map_index"),
    ),
    ("run_pk", "task_id", "map_index"),
)
_COUNTING = Statement(
    select(task_instance.c.run_pk, task_instance.c.task_id, task_instance.c.map_index).where(
        task_instance.c.attempt_id == bindparam("attempt_id"),
        text(one_of("task_instance.state", _COUNTING_STATES)),
    ),
    ("attempt_id",),
)


class RunVerbs(StoreParts):
    """Runs, task instances and their attempts."""

    def get_run(self, dag_id: str, run_id: str) -> DagRun:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            return find_run(transaction, dag_id, run_id)

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """A page of runs, by default in order of creation."""
        conditions = run_conditions(which)
        matching = select(*RUN_COLUMNS).where(*conditions)
        if window.cursor is not None:
            counted = select(dag_run.c.pk).where(*conditions)
            with self._database.read() as transaction:
                found = page_at(transaction, matching, counted, window, RUN_ORDERS, dag_run.c.pk)
            items = [to_run(row) for row in found.rows]
            return Page(items, found.total, found.after, found.before)
        page = (
            matching.order_by(*ordering(window, RUN_ORDERS, dag_run.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(dag_run).where(*conditions)
        with self._database.read() as transaction:
            return Page(
                items=[to_run(row) for row in transaction.rows(page)],
                total=transaction.value(total),
            )

    def set_run_note(self, dag_id: str, run_id: str, note: str | None, user: str | None) -> DagRun:
        """Attach a note."""
        with self._database.write() as transaction:
            run = find_run(transaction, dag_id, run_id)
            transaction.execute(
                update(dag_run).where(dag_run.c.pk == run.pk).values(note=note, note_user=user)
            )
            return find_run(transaction, dag_id, run_id)

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Remove a run and all that belongs to it. Raises `ConflictError` while it is running."""
        with self._database.write() as transaction:
            run = find_run(transaction, dag_id, run_id)
            self._database.lock_runs(transaction, [run.pk])
            if find_run(transaction, dag_id, run_id).state is RunState.RUNNING:
                raise ConflictError(
                    f"The run {run_id!r} of {dag_id!r} is running: mark it as failed first."
                )
            transaction.execute(delete(dag_run).where(dag_run.c.pk == run.pk))
            transaction.leave_notice(NoticeKind.RUN_DELETED, [run.pk])

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """The DAG's run before this one, of that state."""
        with self._database.read() as transaction:
            rows = transaction.rows(previous_of(run, state))
        return to_run(rows[0]) if rows else None

    def get_instance(self, dag_id: str, run_id: str, key: TaskKey) -> InstanceInRun:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            return find_instance(transaction, dag_id, run_id, key)

    def list_instances(self, which: InstanceFilter, window: Window) -> Page[InstanceInRun]:
        """A page of task instances, by default in order of creation and map index."""
        if window.cursor is not None:
            return self._instances_at(which, window)
        with self._database.read() as transaction:
            total = transaction.value(count_of_instances(which))
            if total <= window.offset:
                return Page(items=[], total=total)
            rows = transaction.rows(_page(which, window, are_few=total < _FEW))
        return Page(items=list(to_instances_in_runs(rows)), total=total)

    def _instances_at(self, which: InstanceFilter, window: Window) -> Page[InstanceInRun]:
        counted = source_of(which, select(task_instance.c.pk))
        with self._database.read() as transaction:
            found = page_at(
                transaction, _matching(which), counted, window, INSTANCE_ORDERS, task_instance.c.pk
            )
        items = list(to_instances_in_runs(found.rows))
        return Page(items, found.total, found.after, found.before)

    def iterate_instances(self, which: InstanceFilter) -> Iterator[InstanceInRun]:
        """All that match, streamed: no transaction stays open between two of them."""
        matching = _matching(which).add_columns(task_instance.c.pk)
        matching = matching.order_by(task_instance.c.pk).limit(_STREAMED_AT_ONCE)
        last_pk = 0
        while True:
            with self._database.read() as transaction:
                rows = transaction.rows(matching.where(task_instance.c.pk > last_pk))
            yield from to_instances_in_runs(rows)
            if len(rows) < _STREAMED_AT_ONCE:
                return
            last_pk = rows[-1][-1]

    def list_attempts(
        self, dag_id: str, run_id: str, key: TaskKey, window: Window
    ) -> Page[AttemptRecord]:
        """The history of an instance, oldest first: every try with the latest attempt of it."""
        with self._database.read() as transaction:
            found = find_instance(transaction, dag_id, run_id, key).instance
            rows = transaction.rows(
                select(*ATTEMPT_COLUMNS)
                .where(
                    attempt.c.run_pk == found.run_pk,
                    attempt.c.task_id == key.task_id,
                    attempt.c.map_index == key.map_index,
                )
                .order_by(attempt.c.try_number, attempt.c.queued_at, attempt.c.attempt_id)
            )
        records = [to_attempt(row) for row in rows]
        if found.attempt_id is not None and found.state not in LEFT_BEHIND:
            records.append(
                AttemptRecord(
                    attempt_id=found.attempt_id,
                    run_pk=found.run_pk,
                    task_id=found.task_id,
                    map_index=found.map_index,
                    try_number=found.try_number,
                    state=found.state,
                    queued_at=found.queued_at,
                    start_date=found.start_date,
                    end_date=found.end_date,
                    hostname=found.hostname,
                    pid=found.pid,
                    reason=found.reason,
                )
            )
        tries = latest_of_each_try(records)
        return Page(tries[window.offset : window.offset + window.limit], len(tries))

    def set_instance_note(
        self, run_pk: int, key: TaskKey, note: str | None, user: str | None
    ) -> InstanceInRun:
        """Attach a note."""
        with self._database.write() as transaction:
            transaction.execute(
                update(task_instance)
                .where(*_is_instance(run_pk, key))
                .values(note=note, note_user=user)
            )
            return _the_instance(transaction, run_pk, key)

    def get_rendered_fields(self, run_pk: int, key: TaskKey) -> Mapping[str, JsonValue]:
        """The rendered template fields of the latest attempt; empty where there are none."""
        with self._database.read() as transaction:
            rows = transaction.fetch(READ_FIELDS, (run_pk, key.task_id, key.map_index))
        return from_json_object(rows[0][0]) if rows else {}


def find_run(transaction: Transaction, dag_id: str, run_id: str) -> DagRun:
    """Raises `NotFoundError`."""
    rows = transaction.fetch(_RUN_BY_ID, (dag_id, run_id))
    if not rows:
        raise NotFoundError(f"The DAG {dag_id!r} has no run {run_id!r}.")
    return to_run(rows[0])


def find_instance(
    transaction: Transaction, dag_id: str, run_id: str, key: TaskKey
) -> InstanceInRun:
    """Raises `NotFoundError`."""
    return _the_instance(transaction, find_run(transaction, dag_id, run_id).pk, key)


def counting_instance(transaction: Transaction, attempt_id: str) -> tuple[int, TaskKey]:
    """The run and the key of the instance whose latest attempt this is, while it is live.

    Raises `AttemptSupersededError` where there is none.
    """
    rows = transaction.fetch(_COUNTING, (attempt_id,))
    if not rows:
        raise AttemptSupersededError(
            f"The attempt {attempt_id} no longer counts: its instance ended, was cleared or has a "
            "later attempt."
        )
    run_pk, task_id, map_index = rows[0]
    return run_pk, TaskKey(task_id, map_index)


def _the_instance(transaction: Transaction, run_pk: int, key: TaskKey) -> InstanceInRun:
    rows = transaction.fetch(_INSTANCE, (run_pk, key.task_id, key.map_index))
    if not rows:
        raise NotFoundError(
            f"The run has no task instance {key.task_id!r} with map index {key.map_index}."
        )
    return next(to_instances_in_runs(rows))


def _is_instance(run_pk: int, key: TaskKey) -> tuple[ColumnElement[bool], ...]:
    return (
        task_instance.c.run_pk == run_pk,
        task_instance.c.task_id == key.task_id,
        task_instance.c.map_index == key.map_index,
    )


def _matching(which: InstanceFilter) -> Select[Any]:
    return (
        select(*INSTANCE_COLUMNS, *RUN_COLUMNS)
        .select_from(WITH_RUNS)
        .where(*conditions_on_instance(which), *conditions_on_run(which))
    )


def _page(which: InstanceFilter, window: Window, *, are_few: bool) -> Select[Any]:
    """The page's rows. Which ones is found first, by what they are sorted by alone: to sort whole
    rows costs several times as much."""
    order = ordering(window, INSTANCE_ORDERS, task_instance.c.pk)
    found = (
        source_of(
            which,
            select(task_instance.c.pk),
            with_runs=is_sorted_by_run(window),
            are_few=are_few,
        )
        .order_by(*order)
        .limit(window.limit)
        .offset(window.offset)
        .subquery("page")
    )
    return (
        select(*INSTANCE_COLUMNS, *RUN_COLUMNS)
        .select_from(WITH_RUNS.join(found, found.c.pk == task_instance.c.pk))
        .order_by(*order)
    )
