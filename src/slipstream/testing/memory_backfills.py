"""The backfills of the store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Protocol

from slipstream.core.backfilling import in_the_way
from slipstream.core.timetable import RunInfo
from slipstream.model.backfill import Backfill, BackfillProgress, BackfillSkip
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RUN_FINISHED, RunState, RunType, TriggeredBy
from slipstream.store.backfill_records import BackfillAdvance, NewBackfill
from slipstream.store.backfill_runs import identity_of, new_backfill_run
from slipstream.store.records import (
    NewRun,
    NoticeKind,
    Page,
    Window,
)

_AT_ONCE = 250


@dataclass(slots=True)
class _Date:
    info: RunInfo
    run_pk: int | None = None
    skip: BackfillSkip | None = None


@dataclass(slots=True)
class _Entry:
    backfill: Backfill
    dates: list[_Date]
    position: int = 0
    runs: set[int] = field(default_factory=set)


class RunsOfStore(Protocol):
    """What backfills need of the runs."""

    def runs(self) -> Sequence[DagRun]:
        """All of them."""

    def has_dag(self, dag_id: str) -> bool:
        """Whether there is the DAG."""

    def create_run(self, new: NewRun) -> DagRun:
        """Create one."""

    def reopen_for_backfill(self, run: DagRun, *, latest_version: bool) -> None:
        """Let all of the run run again; it becomes what it is given as."""

    def end_run(self, run: DagRun) -> None:
        """Write the end of a run that waits."""

    def notify(self, kind: NoticeKind, subject: str) -> None:
        """Leave a notice."""


class MemoryBackfills:
    """Backfills in a dictionary."""

    def __init__(self, store: RunsOfStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._numbers = count(1)
        self._entries: dict[int, _Entry] = {}

    def create_backfill(self, new: NewBackfill, runs: Sequence[RunInfo]) -> Backfill:
        """Create one with these dates, in this order."""
        if not self._store.has_dag(new.dag_id):
            raise NotFoundError(f"There is no DAG {new.dag_id!r}.")
        if any(one.dag_id == new.dag_id for one in self.open_backfills()):
            raise ConflictError(f"There is already a running backfill for dag {new.dag_id}.")
        now = self._clock()
        made = Backfill(
            pk=next(self._numbers),
            dag_id=new.dag_id,
            from_date=new.from_date,
            to_date=new.to_date,
            conf=new.conf,
            reprocess=new.reprocess,
            max_active_runs=new.max_active_runs,
            run_backwards=new.run_backwards,
            on_latest_version=new.on_latest_version,
            triggering_user=new.triggering_user,
            created_at=now,
            updated_at=now,
        )
        self._entries[made.pk] = _Entry(made, [_Date(info) for info in runs])
        self._store.notify(NoticeKind.BACKFILL_CHANGED, str(made.pk))
        return made

    def get_backfill(self, pk: int) -> Backfill:
        """Raises `NotFoundError`."""
        return self._entry(pk).backfill

    def list_backfills(self, dag_id: str | None, window: Window) -> Page[Backfill]:
        """A page of backfills, oldest first."""
        found = [
            entry.backfill
            for entry in self._entries.values()
            if dag_id in (None, entry.backfill.dag_id)
        ]
        return Page(found[window.offset : window.offset + window.limit], len(found))

    def backfill_progress(self, pk: int) -> BackfillProgress:
        """What has become of its dates."""
        entry = self._entry(pk)
        states = {run.pk: run.state.value for run in self._store.runs()}
        runs: dict[str, int] = {}
        skipped: dict[str, int] = {}
        waiting = 0
        for ordinal, date in enumerate(entry.dates, start=1):
            if date.skip is not None:
                skipped[date.skip.value] = skipped.get(date.skip.value, 0) + 1
            elif ordinal > entry.position:
                waiting += 1
            else:
                state = states.get(date.run_pk or 0, "deleted")
                runs[state] = runs.get(state, 0) + 1
        return BackfillProgress(len(entry.dates), waiting, runs, skipped)

    def set_backfill_paused(self, pk: int, paused: bool) -> Backfill:
        """Let it make no more runs, or go on."""
        entry = self._open(pk)
        return self._changed(entry, is_paused=paused)

    def cancel_backfill(self, pk: int) -> Backfill:
        """End it: runs of it that wait fail, those that run go on, and no more are made."""
        entry = self._open(pk)
        now = self._clock()
        for run in self._store.runs():
            if run.pk in entry.runs and run.state is RunState.QUEUED:
                why = "Its backfill was cancelled."
                self._store.end_run(replace(run, state=RunState.FAILED, end_date=now, reason=why))
        for date in entry.dates[entry.position :]:
            date.skip = BackfillSkip.CANCELLED
        return self._changed(entry, is_paused=True, completed_at=now)

    def runs_of_dates(self, dag_id: str, runs: Sequence[RunInfo]) -> Sequence[DagRun | None]:
        """For each of these the run that the DAG has for its date or partition already."""
        known: dict[object, DagRun] = {
            run.logical_date or (run.partition_key, run.partition_date): run
            for run in self._store.runs()
            if run.dag_id == dag_id
        }
        return [known.get(identity_of(info)) for info in runs]

    def open_backfills(self) -> Sequence[Backfill]:
        """Those that are not complete."""
        return [
            entry.backfill
            for entry in self._entries.values()
            if entry.backfill.completed_at is None
        ]

    def advance_backfill(self, pk: int, version_id: str, most: int) -> BackfillAdvance:
        """Decide of its next dates until `most` runs were made or reopened."""
        entry = self._entry(pk)
        found = entry.backfill
        if found.is_paused or found.completed_at is not None:
            return BackfillAdvance()
        created: list[DagRun] = []
        reopened: list[int] = []
        dates = entry.dates[entry.position : entry.position + _AT_ONCE]
        existing = self.runs_of_dates(found.dag_id, [date.info for date in dates])
        for date, there in zip(dates, existing, strict=True):
            if len(created) + len(reopened) >= most:
                break
            entry.position += 1
            date.skip = in_the_way(there, found.reprocess)
            if date.skip is None and (there is None or date.info.interval is None):
                run = self._store.create_run(new_backfill_run(found, date.info, version_id))
                created.append(run)
                date.run_pk = run.pk
            elif date.skip is None and there is not None:
                of_ours = replace(
                    there,
                    backfill=pk,
                    run_type=RunType.BACKFILL,
                    triggered_by=TriggeredBy.BACKFILL,
                    conf=there.conf if found.conf is None else found.conf,
                )
                self._store.reopen_for_backfill(of_ours, latest_version=found.on_latest_version)
                reopened.append(there.pk)
                date.run_pk = there.pk
        entry.runs.update(date.run_pk for date in dates if date.run_pk is not None)
        return BackfillAdvance(created, reopened, entry.position == len(entry.dates))

    def complete_backfill(self, pk: int) -> bool:
        """Its last run has ended; False where one has not."""
        entry = self._entry(pk)
        active = [run for run in self._store.runs() if run.backfill == pk]
        if any(run.state not in RUN_FINISHED for run in active):
            return False
        if entry.backfill.completed_at is None:
            now = self._clock()
            entry.backfill = replace(entry.backfill, completed_at=now, updated_at=now)
        return True

    def _changed(self, entry: _Entry, **fields: object) -> Backfill:
        changes: dict[str, object] = {**fields, "updated_at": self._clock()}
        entry.backfill = replace(entry.backfill, **changes)  # type: ignore[arg-type]  # its fields
        self._store.notify(NoticeKind.BACKFILL_CHANGED, str(entry.backfill.pk))
        return entry.backfill

    def _open(self, pk: int) -> _Entry:
        entry = self._entry(pk)
        if entry.backfill.completed_at is not None:
            raise ConflictError("Backfill is already completed.")
        return entry

    def _entry(self, pk: int) -> _Entry:
        try:
            return self._entries[pk]
        except KeyError:
            raise NotFoundError(f"There is no backfill with the number {pk}.") from None
