"""A store that fails when it is told to: before a verb, after it, or together with its process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TypeAlias, TypeVar

from slipstream.model.asset import AssetQueue
from slipstream.model.backfill import Backfill
from slipstream.model.run import DagRun, PastRun
from slipstream.model.states import RunState
from slipstream.model.version import DagVersion
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.store.backfill_records import BackfillAdvance
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline
from slipstream.store.errors import StoreUnavailableError
from slipstream.store.input_records import GivenInput
from slipstream.store.records import (
    DagFilter,
    DagRecord,
    NewAssetRun,
    NewRun,
    NextRun,
    Notice,
    Page,
    PoolRecord,
    RunFilter,
    RunSnapshot,
    RunWrite,
    Window,
)
from slipstream.store.wakeups import Topic

T = TypeVar("T")


class Fate(Enum):
    """What becomes of one call."""

    WELL = auto()
    ERROR_BEFORE = auto()
    """It fails, and nothing was done."""
    ERROR_AFTER = auto()
    """It fails, although everything was done: the answer was lost."""
    CRASH_BEFORE = auto()
    """The scheduler's process dies before the call does anything."""
    CRASH_AFTER = auto()
    """The scheduler's process dies as soon as the call has done its work."""


Fates: TypeAlias = Callable[[str], Fate]
"""Decides what becomes of a call, by the verb's name."""


class CrashError(BaseException):
    """The process is dead: nothing but the simulation may catch it."""


def meet(fates: Fates, verb: str, act: Callable[[], T]) -> T:
    """Do `act` as fate has it."""
    fate = fates(verb)
    if fate is Fate.CRASH_BEFORE:
        raise CrashError(f"crashed before {verb}")
    if fate is Fate.ERROR_BEFORE:
        raise StoreUnavailableError(f"{verb} was not carried out")
    result = act()
    if fate is Fate.CRASH_AFTER:
        raise CrashError(f"crashed after {verb}")
    if fate is Fate.ERROR_AFTER:
        raise StoreUnavailableError(f"{verb} may have been carried out")
    return result


class FaultyStore:
    """Passes everything on to `store`, as fate has it."""

    def __init__(self, store: SchedulingStore, fates: Fates) -> None:
        self._store = store
        self._fates = fates

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """See `SchedulerStore`."""
        return meet(self._fates, "apply", lambda: self._store.apply(writes))

    def given_inputs(self, attempt_ids: Sequence[str]) -> Sequence[GivenInput]:
        """See `SchedulerStore`."""
        return meet(self._fates, "given_inputs", lambda: self._store.given_inputs(attempt_ids))

    def active_run_pks(self) -> Sequence[int]:
        """See `SchedulerStore`."""
        return meet(self._fates, "active_run_pks", self._store.active_run_pks)

    def load_run(self, run_pk: int) -> RunSnapshot:
        """See `SchedulerStore`."""
        return meet(self._fates, "load_run", lambda: self._store.load_run(run_pk))

    def load_runs(self, run_pks: Sequence[int]) -> Mapping[int, RunSnapshot]:
        """See `SchedulerStore`."""
        return meet(self._fates, "load_runs", lambda: self._store.load_runs(run_pks))

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """See `SchedulerStore`."""
        return meet(self._fates, "take_notices", lambda: self._store.take_notices(limit))

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """See `SchedulerStore`. It never fails: nothing is asked of the database."""
        return self._store.listen(wake, topic)

    def past_run(
        self, run: DagRun, task_ids: Sequence[str], *, only_scheduled: bool
    ) -> PastRun | None:
        """See `slipstream.store.interface.SchedulerStore`."""
        return meet(
            self._fates,
            "past_run",
            lambda: self._store.past_run(run, task_ids, only_scheduled=only_scheduled),
        )

    def create_run(self, new: NewRun) -> DagRun:
        """See `SchedulerStore`."""
        return meet(self._fates, "create_run", lambda: self._store.create_run(new))

    def read_asset_queue(self, dag_id: str) -> AssetQueue:
        """See `SchedulerStore`."""
        return meet(self._fates, "read_asset_queue", lambda: self._store.read_asset_queue(dag_id))

    def read_asset_queues(self, dag_ids: Sequence[str]) -> Mapping[str, AssetQueue]:
        """See `SchedulerStore`."""
        return meet(
            self._fates, "read_asset_queues", lambda: self._store.read_asset_queues(dag_ids)
        )

    def dags_with_asset_queue(self) -> Sequence[str]:
        """See `SchedulerStore`."""
        return meet(self._fates, "dags_with_asset_queue", self._store.dags_with_asset_queue)

    def sort_partitions(self, dag_id: str, sorted_into: Mapping[int, Sequence[str]]) -> None:
        """See `SchedulerStore`."""
        meet(
            self._fates,
            "sort_partitions",
            lambda: self._store.sort_partitions(dag_id, sorted_into),
        )

    def create_asset_run(
        self, new: NewRun, assets: Sequence[int], partitions: Sequence[int]
    ) -> DagRun | None:
        """See `SchedulerStore`."""
        return meet(
            self._fates,
            "create_asset_run",
            lambda: self._store.create_asset_run(new, assets, partitions),
        )

    def create_asset_runs(self, wanted: Sequence[NewAssetRun]) -> Sequence[DagRun | None]:
        """See `SchedulerStore`."""
        return meet(self._fates, "create_asset_runs", lambda: self._store.create_asset_runs(wanted))

    def put_deadlines(
        self, run: DagRun, deadlines: Sequence[ReckonedDeadline]
    ) -> list[DeadlineRecord]:
        """See `DeadlineStore`."""
        return meet(self._fates, "put_deadlines", lambda: self._store.put_deadlines(run, deadlines))

    def miss_deadlines(self, numbers: Sequence[int]) -> list[DeadlineRecord]:
        """See `DeadlineStore`."""
        return meet(self._fates, "miss_deadlines", lambda: self._store.miss_deadlines(numbers))

    def meet_deadlines(self, run_pks: Sequence[int] | None) -> None:
        """See `DeadlineStore`."""
        meet(self._fates, "meet_deadlines", lambda: self._store.meet_deadlines(run_pks))

    def run_durations(self, dag_id: str, most: int, before: datetime) -> Sequence[timedelta]:
        """See `DeadlineStore`."""
        return meet(
            self._fates,
            "run_durations",
            lambda: self._store.run_durations(dag_id, most, before),
        )

    def open_backfills(self) -> Sequence[Backfill]:
        """See `BackfillStore`."""
        return meet(self._fates, "open_backfills", self._store.open_backfills)

    def advance_backfill(self, pk: int, version_id: str, most: int) -> BackfillAdvance:
        """See `BackfillStore`."""
        return meet(
            self._fates,
            "advance_backfill",
            lambda: self._store.advance_backfill(pk, version_id, most),
        )

    def complete_backfill(self, pk: int) -> bool:
        """See `BackfillStore`."""
        return meet(self._fates, "complete_backfill", lambda: self._store.complete_backfill(pk))

    def set_next_runs(self, runs: Sequence[NextRun]) -> None:
        """See `SchedulerStore`."""
        meet(self._fates, "set_next_runs", lambda: self._store.set_next_runs(runs))

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """See `SchedulerStore`."""
        return meet(
            self._fates, "last_scheduled_run", lambda: self._store.last_scheduled_run(dag_id)
        )

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """See `SchedulerStore`."""
        return meet(self._fates, "running_instances_by_dag", self._store.running_instances_by_dag)

    def get_dag(self, dag_id: str) -> DagRecord:
        """See `DagStore`."""
        return meet(self._fates, "get_dag", lambda: self._store.get_dag(dag_id))

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """See `DagStore`."""
        return meet(self._fates, "list_dags", lambda: self._store.list_dags(which, window))

    def get_version(self, version_id: str) -> DagVersion:
        """See `DagStore`."""
        return meet(self._fates, "get_version", lambda: self._store.get_version(version_id))

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """See `DagStore`."""
        return meet(
            self._fates,
            "set_paused",
            lambda: self._store.set_paused(dag_ids, paused, reason=reason),
        )

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """See `RunStore`."""
        return meet(self._fates, "list_runs", lambda: self._store.list_runs(which, window))

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """See `RunStore`."""
        return meet(self._fates, "previous_run", lambda: self._store.previous_run(run, state))

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]:
        """See `SettingsStore`."""
        return meet(self._fates, "list_pools", lambda: self._store.list_pools(pattern, window))
