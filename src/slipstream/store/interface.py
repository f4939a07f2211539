"""What the store offers: domain verbs and values. One transaction per verb.

All verbs are synchronous and safe to call from any thread. Times are aware UTC datetimes. A verb
that changes what a scheduler must know of (a run created, cleared or marked from outside, a DAG
paused, a pool resized) leaves a `Notice` in the same transaction and wakes the listeners after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from slipstream.core.timetable import RunInfo
from slipstream.model.asset import (
    AssetAliasRecord,
    AssetEvent,
    AssetName,
    AssetQueue,
    AssetRecord,
    AssetUpdate,
)
from slipstream.model.backfill import Backfill, BackfillProgress
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, PastRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.model.version import DagVersion, FileError, ParsedFile
from slipstream.store.access_interface import AccessStore
from slipstream.store.admin_interface import AdminStore
from slipstream.store.backfill_records import BackfillAdvance, NewBackfill
from slipstream.store.component_interface import ComponentStore, RequestStore
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline
from slipstream.store.imported import HistoryStore
from slipstream.store.input_interface import EventLogStore, InputStore
from slipstream.store.input_records import GivenInput
from slipstream.store.overview_interface import OverviewStore
from slipstream.store.pool_interface import PoolStore
from slipstream.store.records import (
    AssetEventFilter,
    AssetFilter,
    AttemptRecord,
    ConnectionRecord,
    DagFilter,
    DagRecord,
    DeferralRecord,
    FileErrorFilter,
    InstanceFilter,
    InstanceInRun,
    NewAssetRun,
    NewRun,
    NextRun,
    Notice,
    NoticeKind,
    OwedCallback,
    Page,
    PoolRecord,
    PoolUse,
    QueuedEvent,
    Range,
    RunFilter,
    RunSnapshot,
    RunWrite,
    Source,
    VariableRecord,
    Window,
    XComRecord,
)
from slipstream.store.team_interface import TeamStore
from slipstream.store.trigger_interface import TriggererStore
from slipstream.store.value_interface import KeptStateStore, XComStore
from slipstream.store.wakeups import Hear, Topic

__all__ = [
    "AccessStore",
    "AdminStore",
    "AttemptRecord",
    "CallbackStore",
    "ComponentStore",
    "ConnectionRecord",
    "DagFilter",
    "DagRecord",
    "DagStore",
    "DeferralRecord",
    "EventLogStore",
    "HistoryStore",
    "InputStore",
    "InstanceFilter",
    "InstanceInRun",
    "KeptStateStore",
    "NewRun",
    "Notice",
    "NoticeKind",
    "Page",
    "PoolRecord",
    "PoolUse",
    "Range",
    "RequestStore",
    "RunFilter",
    "RunSnapshot",
    "RunStore",
    "RunWrite",
    "SchedulerStore",
    "SettingsStore",
    "Store",
    "VariableRecord",
    "Window",
    "XComRecord",
    "XComStore",
]


class SchedulerStore(Protocol):
    """What the scheduler needs."""

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write all of it in one transaction; gives the runs whose revision had moved on.

        Nothing of a refused run is written; the others are. Bulk statements: 10,000 instances in
        one call are nothing unusual.
        """

    def active_run_pks(self) -> Sequence[int]:
        """The runs that are queued or running, oldest `run_after` first."""

    def given_inputs(self, attempt_ids: Sequence[str]) -> Sequence[GivenInput]:
        """The answers of people to what these attempts have asked, of those that are there."""

    def load_run(self, run_pk: int) -> RunSnapshot:
        """A run as it is now. Raises `NotFoundError`."""

    def load_runs(self, run_pks: Sequence[int]) -> Mapping[int, RunSnapshot]:
        """`{number: run as it is now}` of those that exist."""

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """Remove and give the oldest notices."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` after every commit, by any process, that is of that topic; gives the undo.

        A wake-up may come too often, never too seldom: after a reconnect it comes unasked.
        """

    def past_run(
        self, run: DagRun, task_ids: Sequence[str], *, only_scheduled: bool
    ) -> PastRun | None:
        """The DAG's run before this one by logical date (by run_after where there is none), with
        the states of these tasks in it; None where there is none.

        `only_scheduled` passes over runs that somebody triggered.
        """

    def create_run(self, new: NewRun) -> DagRun:
        """Create a run. Raises `AlreadyExistsError` (run id or logical date of the DAG taken)."""

    def read_asset_queue(self, dag_id: str) -> AssetQueue:
        """Everything that waits to start a run of the DAG."""

    def read_asset_queues(self, dag_ids: Sequence[str]) -> Mapping[str, AssetQueue]:
        """The same of several DAGs, at one moment."""

    def dags_with_asset_queue(self) -> Sequence[str]:
        """The DAGs that something waits for."""

    def sort_partitions(self, dag_id: str, sorted_into: Mapping[int, Sequence[str]]) -> None:
        """Say which partitions of the DAG entries without one belong to, `{entry: keys}`.

        One without keys is dropped; one with several is there once for each afterwards.
        """

    def create_asset_run(
        self, new: NewRun, assets: Sequence[int], partitions: Sequence[int]
    ) -> DagRun | None:
        """Make a run for the queued assets, or entries of a partition, of these numbers.

        They are taken out of the queue, and the events behind them are kept as the run's. Gives
        None, and does nothing, where one of them is not there any more. Raises
        `AlreadyExistsError` (run id taken).
        """

    def create_asset_runs(self, wanted: Sequence[NewAssetRun]) -> Sequence[DagRun | None]:
        """The same for several, in one transaction: where one raises, none is made."""

    def set_next_runs(self, runs: Sequence[NextRun]) -> None:
        """Keep for people when these DAGs run next."""

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """The newest run by the timetable (scheduled or backfill), or None."""

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """`{dag_id: queued and running instances}`."""


class BackfillStore(Protocol):
    """Backfills. What becomes of their dates is decided one after the other, as they advance."""

    def create_backfill(self, new: NewBackfill, runs: Sequence[RunInfo]) -> Backfill:
        """Create one with these dates, in this order. Raises `ConflictError` while another one of
        the DAG is not complete, and `NotFoundError` for a DAG that there is not."""

    def get_backfill(self, pk: int) -> Backfill:
        """Raises `NotFoundError`."""

    def list_backfills(
        self, dag_id: str | None, window: Window, *, dag_ids: Sequence[str] | None = None
    ) -> Page[Backfill]:
        """A page of a DAG's backfills, of all of them where None; by default oldest first. With
        `dag_ids` only of these DAGs."""

    def backfill_progress(self, pk: int) -> BackfillProgress:
        """What has become of its dates. Raises `NotFoundError`."""

    def set_backfill_paused(self, pk: int, paused: bool) -> Backfill:
        """Let it make no more runs, or go on. Raises `NotFoundError`, or `ConflictError` for one
        that is complete."""

    def cancel_backfill(self, pk: int) -> Backfill:
        """End it: runs of it that wait fail, those that run go on, and no more are made. Raises
        as `set_backfill_paused`."""

    def runs_of_dates(self, dag_id: str, runs: Sequence[RunInfo]) -> Sequence[DagRun | None]:
        """For each of these the run that the DAG has for its date or partition already."""

    def open_backfills(self) -> Sequence[Backfill]:
        """Those that are not complete."""

    def advance_backfill(self, pk: int, version_id: str, most: int) -> BackfillAdvance:
        """Decide of its next dates, in one transaction, until `most` runs were made or reopened,
        or some hundred dates were looked at. New runs are of that version. Nothing happens to one
        that is complete or paused."""

    def complete_backfill(self, pk: int) -> bool:
        """Its last run has ended; False where one of its runs has not. One that is complete
        already stays as it is."""


class DeadlineStore(Protocol):
    """Deadlines of runs."""

    def put_deadlines(
        self, run: DagRun, deadlines: Sequence[ReckonedDeadline]
    ) -> list[DeadlineRecord]:
        """Keep what was reckoned, unless it is kept already; gives those of the run that are open.

        One that is renewed when the run is queued again is kept anew then, missed or not.
        """

    def miss_deadlines(self, numbers: Sequence[int]) -> list[DeadlineRecord]:
        """These moments have come: gives those that are missed by it, for which callbacks are owed
        from now on. One whose run has ended, or that was missed before, is not among them."""

    def meet_deadlines(self, run_pks: Sequence[int] | None) -> None:
        """These runs have ended: what they had not missed by then, they have met. None stands for
        every run that has."""

    def run_durations(self, dag_id: str, most: int, before: datetime) -> Sequence[timedelta]:
        """How long the DAG's latest runs took that had ended before that, the newest first."""

    def list_deadlines(self, dag_id: str, run_id: str | None = None) -> Sequence[DeadlineRecord]:
        """The deadlines of a DAG's runs, or of one of them, the latest due first; some hundred at
        most."""


class CallbackStore(Protocol):
    """Callbacks that are owed: kept from the moment of what they tell of until they are called."""

    def owed_callbacks(self, after: int = 0) -> Sequence[OwedCallback]:
        """The oldest callbacks that are still to be called, of those with a higher number; some
        hundred at most. Their runs are as they are now."""

    def callback_called(self, pk: int) -> None:
        """It has been called, well or not. An unknown one is ignored."""


class DagStore(Protocol):
    """DAGs, their versions and their files."""

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        """Store what parsing gave, in one transaction; `{dag_id: version}` of what is new.

        A DAG gets a new version when its spec or its sources changed. A file's error replaces its
        earlier one; success removes it. DAGs no longer in a parsed file become stale.
        """

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        """The DAGs of these files become stale; their import errors go."""

    def known_files(self) -> Mapping[str, str]:
        """`{fileloc: source hash of its latest versions, or of its error}`."""

    def get_dag(self, dag_id: str) -> DagRecord:
        """Raises `NotFoundError`."""

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """A page of DAGs, by default ordered by id."""

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """Pause or unpause; gives the ids that changed. `reason` is kept while they are paused:
        it says why, where nobody did it by hand."""

    def delete_dag(self, dag_id: str) -> None:
        """Remove a DAG with its whole history. Raises `NotFoundError`, or `ConflictError` while
        a task of it is live."""

    def get_version(self, version_id: str) -> DagVersion:
        """Raises `NotFoundError`. Cached: versions never change."""

    def get_version_number(self, dag_id: str, number: int) -> DagVersion:
        """Raises `NotFoundError`."""

    def list_versions(
        self,
        dag_id: str | None,
        window: Window,
        *,
        number: int | None = None,
        bundle_name: str | None = None,
    ) -> Page[DagVersion]:
        """A DAG's versions (None: those of all), newest first unless ordered."""

    def get_sources(self, source_hash: str) -> Mapping[str, str]:
        """`{relative path: text}` of a version. Raises `NotFoundError`."""

    def list_file_errors(
        self, window: Window, which: FileErrorFilter | None = None
    ) -> Page[FileError]:
        """A page of import errors, of all of them where `which` is None."""

    def get_file_error(self, pk: int) -> FileError:
        """Raises `NotFoundError`."""

    def list_tags(
        self, pattern: str | None, window: Window, *, dag_ids: Sequence[str] | None = None
    ) -> Page[str]:
        """A page of the tags in use, by these DAGs where they are given."""


class RunStore(Protocol):
    """Runs and task instances, for people and programs."""

    def get_run(self, dag_id: str, run_id: str) -> DagRun:
        """Raises `NotFoundError`."""

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """A page of runs, by default in order of creation."""

    def set_run_state(self, dag_id: str, run_id: str, state: RunState) -> DagRun:
        """Mark a run. `SUCCESS` ends it and makes all its instances a success; `FAILED` ends it,
        fails what is under way and skips what has not begun; `QUEUED` starts it over where it
        stands. Teardown that is still due is left to run, and the run to end after it."""

    def forget_partitions(self, run_pks: Sequence[int]) -> None:
        """Make these runs be about no partition. Raises `NotFoundError` where one is not there."""

    def set_run_note(self, dag_id: str, run_id: str, note: str | None, user: str | None) -> DagRun:
        """Attach a note."""

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Remove a run and all that belongs to it. Raises `ConflictError` while it is running."""

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """The DAG's run before this one, of that state."""

    def get_instance(self, dag_id: str, run_id: str, key: TaskKey) -> InstanceInRun:
        """Raises `NotFoundError`."""

    def list_instances(self, which: InstanceFilter, window: Window) -> Page[InstanceInRun]:
        """A page of task instances, by default in order of creation and map index."""

    def iterate_instances(self, which: InstanceFilter) -> Iterator[InstanceInRun]:
        """All that match, streamed."""

    def list_attempts(
        self, dag_id: str, run_id: str, key: TaskKey, window: Window
    ) -> Page[AttemptRecord]:
        """The history of an instance, oldest first: every try with the latest attempt of it."""

    def deferrals_of(
        self, instances: Sequence[InstanceInRun]
    ) -> Mapping[tuple[int, TaskKey], DeferralRecord]:
        """`{(run number, instance): deferral}` of those of the instances that wait, or have
        waited in this try."""

    def clear_instances(
        self,
        run_pk: int,
        keys: Sequence[TaskKey],
        *,
        run_state: RunState | None = RunState.QUEUED,
        dry_run: bool = False,
        latest_version: bool | None = None,
        only_new: bool = False,
    ) -> Sequence[InstanceInRun]:
        """Let these run again, with all their retries; gives what was cleared, and a dry run what
        would be, as it is now.

        With `latest_version` the run goes on with the latest version of the DAG instead of its
        own; None leaves that to the DAG (`rerun_with_latest_version`). `only_new` lets it do so for
        the tasks that are new there, also where no instance is given.

        A live instance becomes `RESTARTING` and is started again when its process is gone; the
        others become `NONE`. Their XComs go. A run that was finished becomes `run_state`; with None
        it stays as it is, and they run once it is opened again.
        Raises `NotFoundError` where one of them does not exist.
        """

    def set_instances_state(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState, *, dry_run: bool = False
    ) -> Sequence[InstanceInRun]:
        """Mark instances as success, failed or skipped; a live attempt is fenced off: its instance
        has no attempt id any more. The run's state stays. A dry run gives what would be marked, as
        it is now. Raises `NotFoundError`."""

    def delete_instances(self, run_pk: int, keys: Sequence[TaskKey]) -> None:
        """Remove instances with all that belongs to them; a run that goes on gets them anew.
        Raises `NotFoundError` where one does not exist, `ConflictError` while one is live."""

    def set_instance_note(
        self, run_pk: int, key: TaskKey, note: str | None, user: str | None
    ) -> InstanceInRun:
        """Attach a note."""

    def get_rendered_fields(self, run_pk: int, key: TaskKey) -> Mapping[str, JsonValue]:
        """The rendered template fields of the latest attempt; empty where there are none."""


class AssetStore(Protocol):
    """Assets, their aliases, their events, and what these have queued."""

    def record_asset_updates(
        self, source: Source, updates: Sequence[AssetUpdate]
    ) -> Sequence[int | None]:
        """Record them; gives the numbers of the events, None for what there is no asset of."""

    def note_watcher(self, asset: AssetName, name: str, problem: str | None) -> None:
        """Keep for people why the watcher does not watch at the moment; None: it does."""

    def list_assets(self, which: AssetFilter, window: Window) -> Page[AssetRecord]:
        """A page of assets, by default in order of creation."""

    def get_asset(self, asset_pk: int) -> AssetRecord:
        """Raises `NotFoundError`."""

    def list_asset_aliases(self, pattern: str | None, window: Window) -> Page[AssetAliasRecord]:
        """A page of aliases, by default in order of creation."""

    def get_asset_alias(self, alias_pk: int) -> AssetAliasRecord:
        """Raises `NotFoundError`."""

    def list_asset_events(self, which: AssetEventFilter, window: Window) -> Page[AssetEvent]:
        """A page of events, by default the oldest first."""

    def get_asset_event(self, event_pk: int) -> AssetEvent:
        """Raises `NotFoundError`."""

    def events_of_run(self, run_pk: int) -> Sequence[AssetEvent]:
        """The events that a run was made for, the oldest first."""

    def runs_of_events(self, event_pks: Sequence[int]) -> Mapping[int, Sequence[DagRun]]:
        """`{event: the runs that were made for it}`."""

    def queued_events(
        self,
        *,
        dag_id: str | None = None,
        asset_pk: int | None = None,
        before: datetime | None = None,
    ) -> Sequence[QueuedEvent]:
        """What waits for a DAG, or of an asset, and was queued before that moment."""

    def delete_queued_events(
        self,
        *,
        dag_id: str | None = None,
        asset_pk: int | None = None,
        before: datetime | None = None,
    ) -> int:
        """Let that start nothing; gives how many entries there were."""


class SettingsStore(Protocol):
    """Variables, connections, pools. Values and passwords are encrypted at rest."""

    def get_variable(self, key: str) -> VariableRecord | None: ...

    def set_variable(self, variable: VariableRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""

    def delete_variable(self, key: str) -> bool: ...

    def list_variables(self, pattern: str | None, window: Window) -> Page[VariableRecord]: ...

    def get_connection(self, conn_id: str) -> ConnectionRecord | None: ...

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""

    def delete_connection(self, conn_id: str) -> bool: ...

    def list_connections(self, pattern: str | None, window: Window) -> Page[ConnectionRecord]: ...

    def rotate_encryption(self) -> int:
        """Encrypt everything anew with the first key; gives the number of values."""

    def get_secret_key(self, name: str, create: Callable[[], str]) -> str:
        """A secret of the deployment's own (the JWT key); made and kept on first use."""


class TellingStore(Protocol):
    """What processes tell each other, and nobody keeps."""

    def tell_others(self, text: str) -> None:
        """Tell other processes of the database that hear; some may miss it.

        At most `slipstream.store.wakeups.LONGEST_TOLD_BYTES`. Raises `StoreError`.
        """

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be given what other processes tell, and what this one does, in a thread of the store's;
        None where something may have been missed. Gives the undo."""


class Store(
    SchedulerStore,
    BackfillStore,
    DeadlineStore,
    CallbackStore,
    DagStore,
    RunStore,
    OverviewStore,
    InputStore,
    XComStore,
    KeptStateStore,
    AssetStore,
    SettingsStore,
    TeamStore,
    PoolStore,
    AccessStore,
    EventLogStore,
    TriggererStore,
    HistoryStore,
    ComponentStore,
    RequestStore,
    TellingStore,
    AdminStore,
    Protocol,
):
    """The whole of it."""
