"""Deadlines of runs: kept when they are reckoned, missed once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, text, update

from slipstream.model.run import DagRun
from slipstream.store.database import Row, Transaction
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline
from slipstream.store.deadline_tables import deadline
from slipstream.store.parts import StoreParts
from slipstream.store.tables import ACTIVE_RUNS, dag_run, owed_callback
from slipstream.store.times import from_micros, to_micros

DEADLINE_REASON = "deadline_missed"
"""Why a callback is owed: the word that stands with it."""

_RECORD = (
    deadline.c.pk,
    deadline.c.run_pk,
    dag_run.c.dag_id,
    dag_run.c.run_id,
    deadline.c.position,
    deadline.c.name,
    deadline.c.due_at,
    deadline.c.missed_at,
    deadline.c.met_at,
)
_JOINED = deadline.join(dag_run, dag_run.c.pk == deadline.c.run_pk)


class DeadlineVerbs(StoreParts):
    """What the scheduler keeps of deadlines, and what people see of them."""

    def put_deadlines(
        self, run: DagRun, deadlines: Sequence[ReckonedDeadline]
    ) -> list[DeadlineRecord]:
        """Keep what was reckoned, unless it is kept already; gives those of the run that are open.

        One that is renewed when the run is queued again is kept anew then, missed or not.
        """
        queued_at = to_micros(run.queued_at)
        with self._database.write() as transaction:
            rows = transaction.rows(
                select(deadline.c.position, deadline.c.queued_at).where(deadline.c.run_pk == run.pk)
            )
            known: dict[int, int | None] = dict(rows)
            for one in deadlines:
                self._put(transaction, run.pk, one, queued_at, known)
            query = select(*_RECORD).select_from(_JOINED).where(deadline.c.run_pk == run.pk)
            is_open = (deadline.c.missed_at.is_(None), deadline.c.met_at.is_(None))
            return [_record(row) for row in transaction.rows(query.where(*is_open))]

    def _put(
        self,
        transaction: Transaction,
        run_pk: int,
        one: ReckonedDeadline,
        queued_at: int | None,
        known: dict[int, int | None],
    ) -> None:
        values = {
            "name": one.name,
            "queued_at": queued_at,
            "due_at": to_micros(one.due_at),
            "missed_at": None,
            "met_at": None,
        }
        if one.position not in known:
            if one.due_at is not None:
                key = {"run_pk": run_pk, "position": one.position}
                transaction.execute(insert(deadline).values({**key, **values}))
        elif one.is_renewed and known[one.position] != queued_at and one.due_at is not None:
            transaction.execute(
                update(deadline)
                .where(deadline.c.run_pk == run_pk, deadline.c.position == one.position)
                .values(values)
            )

    def miss_deadlines(self, numbers: Sequence[int]) -> list[DeadlineRecord]:
        """These moments have come: gives those that are missed by it, for which callbacks are owed
        from now on. One whose run has ended, or that was missed before, is not among them."""
        now = to_micros(self._clock())
        missed: list[DeadlineRecord] = []
        with self._database.write() as transaction:
            for number in numbers:
                query = (
                    select(*_RECORD)
                    .select_from(_JOINED)
                    .where(
                        deadline.c.pk == number,
                        deadline.c.missed_at.is_(None),
                        deadline.c.met_at.is_(None),
                        text(ACTIVE_RUNS),
                    )
                )
                for row in transaction.rows(query):
                    missed.append(_record((*row[:-2], now, None)))
            if missed:
                owed = [
                    {
                        "run_pk": one.run_pk,
                        "succeeded": False,
                        "reason": DEADLINE_REASON,
                        "deadline_pk": one.number,
                    }
                    for one in missed
                ]
                transaction.execute(insert(owed_callback), owed)
                transaction.execute(
                    update(deadline)
                    .where(deadline.c.pk.in_([one.number for one in missed]))
                    .values(missed_at=now)
                )
        return missed

    def meet_deadlines(self, run_pks: Sequence[int] | None) -> None:
        """These runs have ended, every one that has where None: what they had not missed by then,
        they have met."""
        active = select(dag_run.c.pk).where(text(ACTIVE_RUNS))
        ended = deadline.c.run_pk.not_in(active)
        if run_pks is not None:
            ended = deadline.c.run_pk.in_(list(run_pks))
        with self._database.write() as transaction:
            transaction.execute(
                update(deadline)
                .where(
                    ended,
                    deadline.c.missed_at.is_(None),
                    deadline.c.met_at.is_(None),
                )
                .values(met_at=to_micros(self._clock()))
            )

    def run_durations(self, dag_id: str, most: int, before: datetime) -> Sequence[timedelta]:
        """How long the DAG's latest runs took that had ended before that, the newest first."""
        query = (
            select(dag_run.c.end_date - dag_run.c.start_date)
            .where(
                dag_run.c.dag_id == dag_id,
                dag_run.c.start_date.is_not(None),
                dag_run.c.end_date < to_micros(before),
            )
            .order_by(dag_run.c.run_after.desc(), dag_run.c.pk.desc())
            .limit(most)
        )
        with self._database.read() as transaction:
            return [timedelta(microseconds=length) for length in transaction.column(query)]

    def list_deadlines(self, dag_id: str, run_id: str | None = None) -> Sequence[DeadlineRecord]:
        """The deadlines of a DAG's runs, or of one of them, the latest due first."""
        query = select(*_RECORD).select_from(_JOINED).where(dag_run.c.dag_id == dag_id)
        if run_id is not None:
            query = query.where(dag_run.c.run_id == run_id)
        query = query.order_by(deadline.c.due_at.desc(), deadline.c.pk).limit(1000)
        with self._database.read() as transaction:
            return [_record(row) for row in transaction.rows(query)]


def _record(row: Row) -> DeadlineRecord:
    number, run_pk, dag_id, run_id, position, name, due, missed, met = row
    return DeadlineRecord(
        number=number,
        run_pk=run_pk,
        dag_id=dag_id,
        run_id=run_id,
        position=position,
        name=name,
        due_at=from_micros(due),
        missed_at=from_micros(missed),
        met_at=from_micros(met),
    )
