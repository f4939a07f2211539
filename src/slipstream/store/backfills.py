"""Backfills: their dates are rows from the beginning, their runs are made as there is room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, insert, select, text, update

from slipstream.core.backfilling import in_the_way
from slipstream.core.timetable import Interval, RunInfo
from slipstream.model.backfill import Backfill, BackfillProgress, BackfillSkip, ReprocessBehavior
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.model.version import DagVersion
from slipstream.store import edits
from slipstream.store.backfill_records import BackfillAdvance, NewBackfill
from slipstream.store.backfill_runs import identity_of, new_backfill_run
from slipstream.store.backfill_tables import backfill, backfill_date
from slipstream.store.database import Row, Transaction
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.filters import ordering
from slipstream.store.marks import MarkVerbs
from slipstream.store.records import (
    NoticeKind,
    Page,
    Window,
)
from slipstream.store.rows import RUN_COLUMNS, from_json_object, to_json, to_run
from slipstream.store.scheduling import add_run
from slipstream.store.statements import RowsStatement, SqlTuple, types_of
from slipstream.store.tables import ACTIVE_RUNS, dag, dag_run
from slipstream.store.times import from_micros, to_micros

_AT_ONCE = 250
"""Dates that one transaction decides of at most."""

_INFO = (
    "run_after",
    "interval_start",
    "interval_end",
    "partition_key",
    "partition_date",
)
_INSERT_DATE = RowsStatement(
    lambda rows: rows.put_into(insert(backfill_date)),
    types_of(backfill_date, ("backfill_pk", "ordinal", *_INFO)),
)
_COLUMNS = tuple(column for column in backfill.c if column.name != "position")
_ORDERS = {"id": backfill.c.pk, "created_at": backfill.c.created_at}


class BackfillVerbs(MarkVerbs):
    """Backfills, for people and for the scheduler."""

    def create_backfill(self, new: NewBackfill, runs: Sequence[RunInfo]) -> Backfill:
        """Create one with these dates, in this order."""
        now = to_micros(self._clock())
        values = {
            "dag_id": new.dag_id,
            "from_date": to_micros(new.from_date),
            "to_date": to_micros(new.to_date),
            "conf": None if new.conf is None else to_json(new.conf),
            "reprocess": new.reprocess.value,
            "max_active_runs": new.max_active_runs,
            "run_backwards": new.run_backwards,
            "on_latest_version": new.on_latest_version,
            "is_paused": False,
            "triggering_user": new.triggering_user,
            "created_at": now,
            "updated_at": now,
            "position": 0,
        }
        try:
            with self._database.write() as transaction:
                if (
                    transaction.value(select(dag.c.dag_id).where(dag.c.dag_id == new.dag_id))
                    is None
                ):
                    raise NotFoundError(f"There is no DAG {new.dag_id!r}.")
                query = insert(backfill).values(values).returning(backfill.c.pk)
                pk: int = transaction.value(query)
                rows = [(pk, number, *_info_row(run)) for number, run in enumerate(runs, start=1)]
                transaction.run_many(_INSERT_DATE, rows)
                transaction.leave_notice(NoticeKind.BACKFILL_CHANGED, [pk])
                return _find(transaction, pk)
        except ConstraintViolatedError as error:
            raise ConflictError(
                f"There is already a running backfill for dag {new.dag_id}: wait until it is "
                "complete, or cancel it."
            ) from error

    def get_backfill(self, pk: int) -> Backfill:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            return _find(transaction, pk)

    def list_backfills(
        self, dag_id: str | None, window: Window, *, dag_ids: Sequence[str] | None = None
    ) -> Page[Backfill]:
        """A page of backfills."""
        conditions = [] if dag_id is None else [backfill.c.dag_id == dag_id]
        if dag_ids is not None:
            conditions.append(backfill.c.dag_id.in_(dag_ids))
        page = (
            select(*_COLUMNS)
            .where(*conditions)
            .order_by(*ordering(window, _ORDERS, backfill.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(backfill).where(*conditions)
        with self._database.read() as transaction:
            found = [_to_backfill(row) for row in transaction.rows(page)]
            return Page(found, transaction.value(total))

    def backfill_progress(self, pk: int) -> BackfillProgress:
        """What has become of its dates."""
        counted = (
            select(
                dag_run.c.state,
                backfill_date.c.skip,
                backfill_date.c.ordinal <= backfill.c.position,
                func.count(),
            )
            .select_from(
                backfill_date.join(backfill, backfill.c.pk == backfill_date.c.backfill_pk).join(
                    dag_run, dag_run.c.pk == backfill_date.c.run_pk, isouter=True
                )
            )
            .where(backfill_date.c.backfill_pk == pk)
            .group_by(
                dag_run.c.state,
                backfill_date.c.skip,
                backfill_date.c.ordinal <= backfill.c.position,
            )
        )
        with self._database.read() as transaction:
            _find(transaction, pk)
            rows = transaction.rows(counted)
        runs: dict[str, int] = {}
        skipped: dict[str, int] = {}
        waiting = 0
        for state, skip, is_decided, number in rows:
            if skip is not None:
                skipped[skip] = skipped.get(skip, 0) + number
            elif state is not None:
                runs[state] = runs.get(state, 0) + number
            elif is_decided:
                runs["deleted"] = runs.get("deleted", 0) + number
            else:
                waiting += number
        total = waiting + sum(runs.values()) + sum(skipped.values())
        return BackfillProgress(total, waiting, runs, skipped)

    def set_backfill_paused(self, pk: int, paused: bool) -> Backfill:
        """Let it make no more runs, or go on."""
        with self._database.write() as transaction:
            _open(transaction, pk)
            self._set(transaction, pk, is_paused=paused)
            transaction.leave_notice(NoticeKind.BACKFILL_CHANGED, [pk])
            return _find(transaction, pk)

    def cancel_backfill(self, pk: int) -> Backfill:
        """End it: runs of it that wait fail, those that run go on, and no more are made."""
        now = self._clock()
        with self._database.write() as transaction:
            _open(transaction, pk)
            waiting = transaction.rows(
                select(*RUN_COLUMNS).where(
                    dag_run.c.backfill_pk == pk,
                    dag_run.c.state == RunState.QUEUED.value,
                    dag_run.c.pk.in_(
                        select(backfill_date.c.run_pk).where(backfill_date.c.backfill_pk == pk)
                    ),
                )
            )
            for row in waiting:
                run, _ = self._locked(transaction, to_run(row).pk, ())
                if run.state is RunState.QUEUED:
                    failed = replace(
                        run,
                        state=RunState.FAILED,
                        end_date=now,
                        reason="Its backfill was cancelled.",
                    )
                    self._edit(transaction, failed, ())
            transaction.execute(
                update(backfill_date)
                .where(
                    backfill_date.c.backfill_pk == pk,
                    backfill_date.c.ordinal
                    > select(backfill.c.position).where(backfill.c.pk == pk).scalar_subquery(),
                )
                .values(skip=BackfillSkip.CANCELLED.value)
            )
            self._set(transaction, pk, is_paused=True, completed_at=to_micros(now))
            transaction.leave_notice(NoticeKind.BACKFILL_CHANGED, [pk])
            return _find(transaction, pk)

    def runs_of_dates(self, dag_id: str, runs: Sequence[RunInfo]) -> Sequence[DagRun | None]:
        """For each of these the run that the DAG has for its date or partition already."""
        found: list[DagRun | None] = []
        with self._database.read() as transaction:
            for start in range(0, len(runs), _AT_ONCE):
                some = runs[start : start + _AT_ONCE]
                known = _runs_there(transaction, dag_id, some)
                found += [known.get(identity_of(run)) for run in some]
        return found

    def open_backfills(self) -> Sequence[Backfill]:
        """Those that are not complete."""
        query = select(*_COLUMNS).where(backfill.c.completed_at.is_(None)).order_by(backfill.c.pk)
        with self._database.read() as transaction:
            return [_to_backfill(row) for row in transaction.rows(query)]

    def advance_backfill(self, pk: int, version_id: str, most: int) -> BackfillAdvance:
        """Decide of its next dates until `most` runs were made or reopened."""
        latest = self.get_version(version_id)
        with self._database.write() as transaction:
            # Two schedulers cannot be here at once: whoever comes second sees the first's position.
            self._set(transaction, pk)
            found = _find(transaction, pk)
            if found.is_paused or found.completed_at is not None:
                return BackfillAdvance()
            dates = _next_dates(transaction, pk)
            known = _runs_there(transaction, found.dag_id, [run for _, run in dates])
            return self._decide(transaction, found, dates, known, latest, most)

    def complete_backfill(self, pk: int) -> bool:
        """Its last run has ended; False where one has not."""
        now = to_micros(self._clock())
        active = select(dag_run.c.pk).where(dag_run.c.backfill_pk == pk, text(ACTIVE_RUNS))
        with self._database.write() as transaction:
            if transaction.rows(active.limit(1)):
                return False
            transaction.execute(
                update(backfill)
                .where(backfill.c.pk == pk, backfill.c.completed_at.is_(None))
                .values(completed_at=now, updated_at=now)
            )
            return True

    def _decide(
        self,
        transaction: Transaction,
        found: Backfill,
        dates: Sequence[tuple[int, RunInfo]],
        known: Mapping[object, DagRun],
        latest: DagVersion,
        most: int,
    ) -> BackfillAdvance:
        created: list[DagRun] = []
        reopened: list[int] = []
        position = None
        for ordinal, info in dates:
            if len(created) + len(reopened) >= most:
                break
            position = ordinal
            existing = known.get(identity_of(info))
            skip = in_the_way(existing, found.reprocess)
            run_pk = None
            if skip is None and (existing is None or info.interval is None):
                # A partition that is made anew gets a run beside the one that it has.
                new = new_backfill_run(found, info, latest.version_id)
                run = add_run(transaction, new, self._clock())
                created.append(run)
                run_pk = run.pk
            elif skip is None and existing is not None:
                self._reopen(transaction, found, existing, latest)
                reopened.append(existing.pk)
                run_pk = existing.pk
            transaction.execute(
                update(backfill_date)
                .where(backfill_date.c.backfill_pk == found.pk, backfill_date.c.ordinal == ordinal)
                .values(run_pk=run_pk, skip=None if skip is None else skip.value)
            )
        if position is not None:
            self._set(transaction, found.pk, position=position)
        is_last = not dates or (position == dates[-1][0] and len(dates) < _AT_ONCE)
        return BackfillAdvance(created, reopened, is_last)

    def _reopen(
        self, transaction: Transaction, found: Backfill, existing: DagRun, latest: DagVersion
    ) -> None:
        """Let a run that has ended run again, all of it, as one of the backfill's."""
        run, instances = self._locked(transaction, existing.pk, None)
        version = latest if found.on_latest_version else self.get_version(run.version_id)
        cleared = [edits.clear_instance(one, version.spec) for one in instances]
        run = edits.reopen_run(run, RunState.QUEUED, self._clock())
        self._forget_xcoms(transaction, run.pk, [one.key for one in cleared])
        self._edit(transaction, replace(run, version_id=version.version_id), cleared)
        values = {
            "backfill_pk": found.pk,
            "run_type": RunType.BACKFILL.value,
            "triggered_by": TriggeredBy.BACKFILL.value,
        }
        if found.conf is not None:
            values["conf"] = to_json(found.conf)
        transaction.execute(update(dag_run).where(dag_run.c.pk == run.pk).values(values))

    def _set(self, transaction: Transaction, pk: int, **values: object) -> None:
        transaction.execute(
            update(backfill)
            .where(backfill.c.pk == pk)
            .values(updated_at=to_micros(self._clock()), **values)
        )


def _runs_there(
    transaction: Transaction, dag_id: str, runs: Iterable[RunInfo]
) -> dict[object, DagRun]:
    """`{identity: run}` of those that there are; of a partition's runs the newest."""
    dates = [to_micros(run.logical_date) for run in runs if run.logical_date is not None]
    keys = [run.partition_key for run in runs if run.logical_date is None]
    found: dict[object, DagRun] = {}
    query = select(*RUN_COLUMNS).where(dag_run.c.dag_id == dag_id)
    if dates:
        for row in transaction.rows(query.where(dag_run.c.logical_date.in_(dates))):
            run = to_run(row)
            found[run.logical_date] = run
    if keys:
        same = query.where(dag_run.c.partition_key.in_(keys)).order_by(dag_run.c.pk)
        for row in transaction.rows(same):
            run = to_run(row)
            found[run.partition_key, run.partition_date] = run
    return found


def _next_dates(transaction: Transaction, pk: int) -> list[tuple[int, RunInfo]]:
    position = select(backfill.c.position).where(backfill.c.pk == pk).scalar_subquery()
    rows = transaction.rows(
        select(backfill_date.c.ordinal, *(backfill_date.c[name] for name in _INFO))
        .where(backfill_date.c.backfill_pk == pk, backfill_date.c.ordinal > position)
        .order_by(backfill_date.c.ordinal)
        .limit(_AT_ONCE)
    )
    return [(row[0], _to_info(row[1:])) for row in rows]


def _info_row(run: RunInfo) -> SqlTuple:
    interval = run.interval
    return (
        to_micros(run.run_after),
        None if interval is None else to_micros(interval.start),
        None if interval is None else to_micros(interval.end),
        run.partition_key,
        to_micros(run.partition_date),
    )


def _to_info(row: Row) -> RunInfo:
    run_after, start, end, partition_key, partition_date = row
    return RunInfo(
        run_after=from_micros(run_after),
        interval=None if start is None else Interval(from_micros(start), from_micros(end)),
        partition_key=partition_key,
        partition_date=from_micros(partition_date),
    )


def _open(transaction: Transaction, pk: int) -> Backfill:
    found = _find(transaction, pk)
    if found.completed_at is not None:
        raise ConflictError("Backfill is already completed.")
    return found


def _find(transaction: Transaction, pk: int) -> Backfill:
    rows = transaction.rows(select(*_COLUMNS).where(backfill.c.pk == pk))
    if not rows:
        raise NotFoundError(f"There is no backfill with the number {pk}.")
    return _to_backfill(rows[0])


def _to_backfill(row: Row) -> Backfill:
    (
        pk,
        dag_id,
        from_date,
        to_date,
        conf,
        reprocess,
        max_active_runs,
        run_backwards,
        on_latest_version,
        is_paused,
        triggering_user,
        created_at,
        updated_at,
        completed_at,
    ) = row
    return Backfill(
        pk=pk,
        dag_id=dag_id,
        from_date=from_micros(from_date),
        to_date=from_micros(to_date),
        conf=None if conf is None else from_json_object(conf),
        reprocess=ReprocessBehavior(reprocess),
        max_active_runs=max_active_runs,
        run_backwards=bool(run_backwards),
        on_latest_version=bool(on_latest_version),
        is_paused=bool(is_paused),
        triggering_user=triggering_user,
        created_at=from_micros(created_at),
        updated_at=from_micros(updated_at),
        completed_at=from_micros(completed_at),
    )
