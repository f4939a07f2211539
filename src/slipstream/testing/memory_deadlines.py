"""The deadlines of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from slipstream.model.run import DagRun
from slipstream.model.states import RUN_FINISHED
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline


@dataclass(slots=True)
class _Entry:
    record: DeadlineRecord
    queued_at: datetime | None


class MemoryDeadlines:
    """Deadlines in a dictionary."""

    def __init__(self, runs: Callable[[], Sequence[DagRun]], clock: Callable[[], datetime]) -> None:
        self._runs = runs
        self._clock = clock
        self._numbers = count(1)
        self._entries: dict[tuple[int, int], _Entry] = {}
        self.owed: list[DeadlineRecord] = []
        """Missed ones, whose callbacks are to be called."""

    def put_deadlines(
        self, run: DagRun, deadlines: Sequence[ReckonedDeadline]
    ) -> list[DeadlineRecord]:
        """Keep what was reckoned, unless it is kept already; gives those that are open."""
        for one in deadlines:
            known = self._entries.get((run.pk, one.position))
            is_new = known is None or (one.is_renewed and known.queued_at != run.queued_at)
            if one.due_at is None or not is_new:
                continue
            number = next(self._numbers) if known is None else known.record.number
            record = DeadlineRecord(
                number=number,
                run_pk=run.pk,
                dag_id=run.dag_id,
                run_id=run.run_id,
                position=one.position,
                name=one.name,
                due_at=one.due_at,
            )
            self._entries[run.pk, one.position] = _Entry(record, run.queued_at)
        return [record for record in self._all() if record.run_pk == run.pk and _is_open(record)]

    def miss_deadlines(self, numbers: Sequence[int]) -> list[DeadlineRecord]:
        """These moments have come: gives those that are missed by it."""
        active = {run.pk for run in self._runs() if run.state not in RUN_FINISHED}
        missed = [
            replace(record, missed_at=self._clock())
            for record in self._all()
            if record.number in numbers and _is_open(record) and record.run_pk in active
        ]
        for record in missed:
            self._entries[record.run_pk, record.position].record = record
        self.owed += missed
        return missed

    def meet_deadlines(self, run_pks: Sequence[int] | None) -> None:
        """These runs have ended, every one that has where None: what they had not missed by then,
        they have met."""
        if run_pks is None:
            run_pks = [run.pk for run in self._runs() if run.state in RUN_FINISHED]
        for record in self._all():
            if record.run_pk in run_pks and _is_open(record):
                met = replace(record, met_at=self._clock())
                self._entries[record.run_pk, record.position].record = met

    def run_durations(self, dag_id: str, most: int, before: datetime) -> Sequence[timedelta]:
        """How long the DAG's latest runs took that had ended before that, the newest first."""
        found = [
            (run.run_after, run.pk, run.end_date - run.start_date)
            for run in self._runs()
            if run.dag_id == dag_id and run.start_date is not None
            if run.end_date is not None and run.end_date < before
        ]
        return [length for _, _, length in sorted(found, reverse=True)[:most]]

    def list_deadlines(self, dag_id: str, run_id: str | None = None) -> Sequence[DeadlineRecord]:
        """The deadlines of a DAG's runs, the latest due first."""
        found = [
            record
            for record in self._all()
            if record.dag_id == dag_id and run_id in (None, record.run_id)
        ]
        return sorted(found, key=lambda record: (-record.due_at.timestamp(), record.number))

    def _all(self) -> list[DeadlineRecord]:
        return [entry.record for entry in self._entries.values()]


def _is_open(record: DeadlineRecord) -> bool:
    return record.missed_at is None and record.met_at is None
