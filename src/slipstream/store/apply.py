"""The scheduler's writes: many changes of many runs in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from sqlalchemy import Update, bindparam, delete, func, select, text, update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

from slipstream.model.changes import MapExpanded, RangeChanged
from slipstream.model.run import DagRun
from slipstream.model.states import FINISHED, TaskState
from slipstream.store.asset_recording import record_updates
from slipstream.store.attempts import archive_of, archive_past
from slipstream.store.callbacks import INSERT_OWED, owed_row
from slipstream.store.database import Transaction
from slipstream.store.deferrals import sealed_row, write_deferrals
from slipstream.store.errors import RowMissingError
from slipstream.store.inputs import is_answered, write_defaults
from slipstream.store.instance_rows import (
    INSERT_INSTANCE,
    UPDATE_INSTANCE,
    insert_row,
    update_row,
)
from slipstream.store.moments import now_micros
from slipstream.store.parts import StoreParts
from slipstream.store.records import RunWrite, Source
from slipstream.store.rendered_rows import WRITE_FIELDS, fields_row
from slipstream.store.statements import Rows, RowsStatement, SqlTuple, Statement, types_of
from slipstream.store.tables import dag_run, task_instance
from slipstream.store.times import from_micros, to_micros
from slipstream.store.write_plan import Plan, Step, plan_write
from slipstream.store.xcom_rows import WRITE_XCOM, xcom_row

_this_range = (
    task_instance.c.run_pk == bindparam("b_run_pk"),
    task_instance.c.task_id == bindparam("b_task_id"),
    task_instance.c.map_index >= bindparam("b_start"),
    task_instance.c.map_index < bindparam("b_stop"),
)
_UPDATE_RANGE = Statement(
    update(task_instance)
    .where(*_this_range)
    .ordered_values(
        (task_instance.c.state, bindparam("state")),
        (task_instance.c.reason, bindparam("reason")),
        (
            task_instance.c.scheduled_at,
            func.coalesce(bindparam("scheduled_at"), task_instance.c.scheduled_at),
        ),
        (
            task_instance.c.start_date,
            func.coalesce(task_instance.c.start_date, bindparam("start_date")),
        ),
        (
            task_instance.c.end_date,
            func.coalesce(bindparam("end_date"), task_instance.c.end_date),
        ),
    ),
    (
        "state",
        "reason",
        "scheduled_at",
        "start_date",
        "end_date",
        "b_run_pk",
        "b_task_id",
        "b_start",
        "b_stop",
    ),
)
_DELETE_PLACEHOLDER = Statement(
    delete(task_instance).where(
        task_instance.c.run_pk == bindparam("b_run_pk"),
        task_instance.c.task_id == bindparam("b_task_id"),
        task_instance.c.map_index < text("0"),
    ),
    ("b_run_pk", "b_task_id"),
)


class _WithNow(Statement):
    """Text with the present moment in it, which the databases tell in different words."""

    def __init__(self, sql: str, parameters: Sequence[str]) -> None:
        super().__init__(text(""), parameters)
        self._sql = sql

    def _in_terms_of(self, dialect: Dialect) -> Executable:
        return text(self._sql.replace("NOW_MICROS", str(now_micros().compile(dialect=dialect))))


_EXPAND = _WithNow(
    """
        INSERT INTO task_instance (
            run_pk, task_id, map_index, state, try_number, max_tries, losses, reschedules,
            scheduled_at, hostname, reason, updated_at
        )
        WITH RECURSIVE series(map_index) AS (
            SELECT 0 UNION ALL SELECT map_index + 1 FROM series WHERE map_index + 1 < :length
        )
        SELECT
            CAST(:run_pk AS BIGINT), CAST(:task_id AS VARCHAR), map_index,
            CAST(:state AS VARCHAR), 0, CAST(:max_tries AS INTEGER), 0, 0,
            CAST(:scheduled_at AS BIGINT), '', CAST(:reason AS TEXT), NOW_MICROS
        FROM series
        WHERE NOT EXISTS (
            SELECT 1 FROM task_instance AS present
            WHERE present.run_pk = CAST(:b_run_pk AS BIGINT) AND present.task_id = :b_task_id
            AND present.map_index = series.map_index
        )
        """,
    (
        "length",
        "run_pk",
        "task_id",
        "state",
        "max_tries",
        "scheduled_at",
        "reason",
        "b_run_pk",
        "b_task_id",
    ),
)
_RUN_VALUES = ("state", "queued_at", "start_date", "end_date", "reason", "revision")


def _update_run(rows: Rows, names: Sequence[str]) -> Update:
    values = [(dag_run.c[name], rows[name]) for name in names]
    return update(dag_run).where(dag_run.c.pk == rows["b_pk"]).ordered_values(*values)


_TOUCH_RUN = RowsStatement(
    lambda rows: _update_run(rows, ["revision"]), types_of(dag_run, ("revision", "b_pk"))
)
_RUN_AS_SOURCE = Statement(
    select(
        dag_run.c.dag_id, dag_run.c.run_id, dag_run.c.partition_key, dag_run.c.partition_date
    ).where(dag_run.c.pk == bindparam("pk")),
    ("pk",),
)
_UPDATE_RUN = RowsStatement(
    lambda rows: _update_run(rows, _RUN_VALUES), types_of(dag_run, (*_RUN_VALUES, "b_pk"))
)


class ApplyVerbs(StoreParts):
    """The scheduler's one way to write."""

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write all of it in one transaction; gives the runs whose revision had moved on."""
        plans = [plan_write(write) for write in writes]
        # Objects are written ahead of the transaction: one that nothing refers to does no harm.
        xcom_rows = {id(plan): self._xcom_rows(plan) for plan in plans if plan.xcoms}
        kept = {
            id(plan): [
                sealed_row(self._box, plan.run_pk, key, deferral)
                for key, deferral in plan.deferrals.items()
                if deferral is not None
            ]
            for plan in plans
            if plan.deferrals
        }
        run_pks = sorted({plan.run_pk for plan in plans})
        refused: set[int] = set()
        updating: list[Plan] = []
        with self._database.write() as transaction:
            with transaction.together():
                revisions = dict(self._database.lock_runs(transaction, run_pks))
                for some in _one_of_each_run(plans):
                    accepted = []
                    for plan in some:
                        holds = revisions.get(plan.run_pk) == plan.seen_revision
                        if holds and plan.timed_out and is_answered(transaction, plan.timed_out):
                            # Somebody was told that the answer counts: it comes before the time.
                            holds = False
                        if holds:
                            revisions[plan.run_pk] = plan.seen_revision + 1
                            accepted.append(plan)
                        else:
                            # What follows in this run was decided on the same old state.
                            revisions.pop(plan.run_pk, None)
                            refused.add(plan.run_pk)
                    _write_plans(transaction, accepted)
                    pushed = [row for plan in accepted for row in xcom_rows.get(id(plan), ())]
                    transaction.run_many(WRITE_XCOM, pushed)
                    rendered = [
                        fields_row(plan.run_pk, change)
                        for plan in accepted
                        for change in plan.rendered.values()
                    ]
                    transaction.run_many(WRITE_FIELDS, rendered)
                    for plan in accepted:
                        write_defaults(transaction, plan.timed_out)
                    if kept:
                        _write_deferrals(transaction, accepted, kept)
                    updating += [plan for plan in accepted if plan.updates]
            if updating:
                self._record_updates(transaction, updating)
        return frozenset(refused)

    def _record_updates(self, transaction: Transaction, plans: Sequence[Plan]) -> None:
        """What tasks have updated is recorded with their success, or neither is."""
        updates = []
        for plan in plans:
            dag_id, run_id, partition_key, partition_date = transaction.fetch(
                _RUN_AS_SOURCE, (plan.run_pk,)
            )[0]
            for key, updated in plan.updates:
                source = Source(
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=key.task_id,
                    map_index=key.map_index,
                    partition_key=partition_key,
                    partition_date=from_micros(partition_date),
                )
                updates.append((source, updated))
        record_updates(transaction, self._database, self._clock(), updates)

    def _xcom_rows(self, plan: Plan) -> list[SqlTuple]:
        now = to_micros(self._clock())
        return [
            xcom_row(plan.run_pk, key, self._placed(write), now)
            for (key, _), write in plan.xcoms.items()
        ]


def _write_deferrals(
    transaction: Transaction, plans: Sequence[Plan], kept: Mapping[int, Sequence[SqlTuple]]
) -> None:
    dropped = [
        (plan.run_pk, key)
        for plan in plans
        for key, deferral in plan.deferrals.items()
        if deferral is None
    ]
    write_deferrals(transaction, [row for plan in plans for row in kept.get(id(plan), ())], dropped)


def _one_of_each_run(plans: Sequence[Plan]) -> Iterator[list[Plan]]:
    """The plans in portions with at most one of every run, in their order."""
    some: dict[int, Plan] = {}
    for plan in plans:
        if plan.run_pk in some:
            yield list(some.values())
            some = {}
        some[plan.run_pk] = plan
    yield list(some.values())


def _write_plans(transaction: Transaction, plans: Sequence[Plan]) -> None:
    archive_past(transaction, [past for plan in plans for past in plan.past])
    for steps in zip_longest(*[plan.steps for plan in plans]):
        _write_steps(
            transaction,
            [
                (plan.run_pk, step)
                for plan, step in zip(plans, steps, strict=True)
                if step is not None
            ],
        )
    _write_runs(transaction, plans)
    callbacks = [owed_row(plan.run_pk, owed) for plan in plans for owed in plan.callbacks]
    transaction.run_many(INSERT_OWED, callbacks)


def _write_steps(transaction: Transaction, steps: Sequence[tuple[int, Step]]) -> None:
    archive_of(transaction, [instance for _, step in steps for instance in step.leaving])
    transaction.run_many(
        INSERT_INSTANCE,
        [insert_row(instance) for _, step in steps for instance in step.added.values()],
    )
    changed = [update_row(instance) for _, step in steps for instance in step.changed.values()]
    check = _all_found(len(changed), "task instances")
    transaction.run_many(UPDATE_INSTANCE, changed, check=check)
    for run_pk, step in steps:
        match step.whole_map:
            case MapExpanded():
                _expand(transaction, run_pk, step.whole_map)
            case RangeChanged():
                _change_range(transaction, run_pk, step.whole_map)
            case None:
                continue


def _all_found(wanted: int, what: str) -> Callable[[int], None]:
    """A check that a statement touched as many rows as it was meant for."""

    def check(touched: int) -> None:
        if touched != wanted:
            raise RowMissingError(
                f"{wanted} {what} were to be changed and {touched} were found: a change names an "
                "instance that was never added to its run."
            )

    return check


def _expand(transaction: Transaction, run_pk: int, change: MapExpanded) -> None:
    transaction.run(_DELETE_PLACEHOLDER, (run_pk, change.task_id))
    scheduled_at = to_micros(change.at) if change.state is TaskState.SCHEDULED else None
    present = (change.state.value, change.reason, scheduled_at, None, None)
    transaction.run(_UPDATE_RANGE, (*present, run_pk, change.task_id, 0, change.length))
    row = (
        change.length,
        run_pk,
        change.task_id,
        change.state.value,
        change.max_tries,
        scheduled_at,
        change.reason,
        run_pk,
        change.task_id,
    )
    transaction.run(_EXPAND, row)


def _change_range(transaction: Transaction, run_pk: int, change: RangeChanged) -> None:
    at = to_micros(change.at)
    scheduled_at = at if change.state is TaskState.SCHEDULED else None
    ended_at = at if change.state in FINISHED else None
    values = (change.state.value, change.reason, scheduled_at, ended_at, ended_at)
    row = (*values, run_pk, change.task_id, change.start, change.stop)
    check = _all_found(change.stop - change.start, f"task instances of {change.task_id!r}")
    transaction.run(_UPDATE_RANGE, row, check=check)


def _write_runs(transaction: Transaction, plans: Iterable[Plan]) -> None:
    touched: list[SqlTuple] = []
    changed: list[SqlTuple] = []
    for plan in plans:
        revision = plan.seen_revision + 1
        if plan.run is None:
            touched.append((revision, plan.run_pk))
        else:
            changed.append(_run_row(plan.run, revision, plan.run_pk))
    transaction.run_many(_TOUCH_RUN, touched)
    transaction.run_many(_UPDATE_RUN, changed)


def _run_row(run: DagRun, revision: int, run_pk: int) -> SqlTuple:
    return (
        run.state.value,
        to_micros(run.queued_at),
        to_micros(run.start_date),
        to_micros(run.end_date),
        run.reason,
        revision,
        run_pk,
    )
