"""What the scheduler needs of the store, beyond what is its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from slipstream.model.backfill import Backfill
from slipstream.model.run import DagRun
from slipstream.model.states import RunState
from slipstream.model.version import DagVersion
from slipstream.store.backfill_records import BackfillAdvance
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline
from slipstream.store.interface import SchedulerStore
from slipstream.store.records import (
    DagFilter,
    DagRecord,
    Page,
    PoolRecord,
    RunFilter,
    Window,
)


class SchedulingStore(SchedulerStore, Protocol):
    """The scheduler's verbs, and the few of the others that it reads with."""

    def get_dag(self, dag_id: str) -> DagRecord:
        """See `slipstream.store.interface.DagStore`."""

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """See `slipstream.store.interface.DagStore`."""

    def get_version(self, version_id: str) -> DagVersion:
        """See `slipstream.store.interface.DagStore`."""

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """See `slipstream.store.interface.DagStore`."""

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """See `slipstream.store.interface.RunStore`."""

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """See `slipstream.store.interface.RunStore`."""

    def put_deadlines(
        self, run: DagRun, deadlines: Sequence[ReckonedDeadline]
    ) -> list[DeadlineRecord]:
        """See `slipstream.store.interface.DeadlineStore`."""

    def miss_deadlines(self, numbers: Sequence[int]) -> list[DeadlineRecord]:
        """See `slipstream.store.interface.DeadlineStore`."""

    def meet_deadlines(self, run_pks: Sequence[int] | None) -> None:
        """See `slipstream.store.interface.DeadlineStore`."""

    def run_durations(self, dag_id: str, most: int, before: datetime) -> Sequence[timedelta]:
        """See `slipstream.store.interface.DeadlineStore`."""

    def open_backfills(self) -> Sequence[Backfill]:
        """See `slipstream.store.interface.BackfillStore`."""

    def advance_backfill(self, pk: int, version_id: str, most: int) -> BackfillAdvance:
        """See `slipstream.store.interface.BackfillStore`."""

    def complete_backfill(self, pk: int) -> bool:
        """See `slipstream.store.interface.BackfillStore`."""

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]:
        """See `slipstream.store.interface.SettingsStore`."""
