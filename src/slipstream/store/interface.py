"""What the store offers: domain verbs and values. One transaction per verb.

All verbs are synchronous and safe to call from any thread. Times are aware UTC datetimes. A verb
that changes what a scheduler must know of (a run created, cleared or marked from outside, a DAG
paused, a pool resized) leaves a `Notice` in the same transaction and wakes the listeners after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from slipstream.model.changes import (
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    RunChanged,
)
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import DagVersion, FileError, ParsedFile

T = TypeVar("T")


class NoticeKind(StrEnum):
    """What happened outside of the scheduler that it must know of."""

    RUN_CREATED = "run_created"
    RUN_EDITED = "run_edited"
    """Somebody cleared, marked, deleted from or otherwise edited the run: read it again."""
    RUN_DELETED = "run_deleted"
    DAG_CHANGED = "dag_changed"
    """A new version, paused, unpaused or deleted."""
    POOL_CHANGED = "pool_changed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry of the scheduler's inbox. `subject`: a run's number, a DAG id, a pool's name."""

    pk: int
    kind: NoticeKind
    subject: str


@dataclass(frozen=True, slots=True)
class RunWrite:
    """What the scheduler writes of one run; refused as a whole if the revision moved on.

    `changes` are applied in order. The store sets the run's revision to `seen_revision + 1`.
    An instance that is `QUEUED` with a new attempt id also begins that attempt's history row;
    later changes of the instance with the same attempt id keep it up to date, save for those to
    `SCHEDULED` and `NONE`, which say something of the instance and nothing of the attempt.
    The `note` of a run or of an instance belongs to people: these writes leave it as it is.
    """

    run_pk: int
    seen_revision: int
    changes: Sequence[InstancesAdded | MapExpanded | RangeChanged | InstanceChanged | RunChanged]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to create, in state `QUEUED`. `reason` says why it exists, in one sentence."""

    dag_id: str
    run_id: str
    run_type: RunType
    version_id: str
    run_after: datetime
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    triggered_by: str
    triggering_user: str | None = None
    conf: Mapping[str, JsonValue] = field(default_factory=dict)
    note: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run with all its task instances and the reported map lengths."""

    run: DagRun
    instances: Sequence[TaskInstance]
    lengths: Mapping[TaskKey, Mapping[str, int]]
    """`{instance: {xcom key: items}}` of the sized XComs that unmapped instances pushed."""
    pushed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """`{mapped task id: {xcom key: instances that pushed it}}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagRecord:
    """A DAG as the deployment knows it, whatever its versions."""

    dag_id: str
    is_paused: bool
    is_stale: bool
    """True when its file, or it in its file, is gone. Its history stays."""
    fileloc: str
    relative_fileloc: str
    bundle_name: str
    latest: DagVersion
    last_parsed_at: datetime
    last_parse_seconds: float = 0.0
    has_import_errors: bool = False
    next_logical_date: datetime | None = None
    next_interval_start: datetime | None = None
    next_interval_end: datetime | None = None
    next_run_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt in the history of a task instance."""

    attempt_id: str
    run_pk: int
    task_id: str
    map_index: int
    try_number: int
    state: TaskState
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    hostname: str = ""
    pid: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class XComRecord:
    """One XCom. `value` is JSON text; one that lives in the object store was fetched."""

    run_pk: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: str
    timestamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRecord:
    """A variable, its value in the clear."""

    key: str
    value: str
    description: str | None = None
    is_encrypted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRecord:
    """A connection, password and extra in the clear. `extra` is JSON text."""

    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRecord:
    """A pool. `slots` of -1 is without limit."""

    name: str
    slots: int
    description: str | None = None
    include_deferred: bool = False


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Slots taken in a pool right now, by state of what holds or wants them."""

    running: int
    queued: int
    scheduled: int
    deferred: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing and the number of all entries that match."""

    items: Sequence[T]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which page, in which order. `order_by` entries are field names, `-` in front descends."""

    limit: int = 50
    offset: int = 0
    order_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFilter:
    """Which DAGs. None does not restrict; patterns are SQL LIKE with `%`."""

    dag_ids: Sequence[str] | None = None
    dag_id_pattern: str | None = None
    display_name_pattern: str | None = None
    tags: Sequence[str] | None = None
    tags_match_all: bool = False
    owners: Sequence[str] | None = None
    is_paused: bool | None = None
    exclude_stale: bool = True
    has_import_errors: bool | None = None
    last_run_state: RunState | None = None
    bundle_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Bounds on a time; None does not restrict."""

    gte: datetime | None = None
    gt: datetime | None = None
    lte: datetime | None = None
    lt: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs. None does not restrict."""

    dag_ids: Sequence[str] | None = None
    run_ids: Sequence[str] | None = None
    run_id_pattern: str | None = None
    states: Sequence[RunState] | None = None
    run_types: Sequence[RunType] | None = None
    triggering_user_pattern: str | None = None
    logical_date: Range = field(default_factory=Range)
    run_after: Range = field(default_factory=Range)
    start_date: Range = field(default_factory=Range)
    end_date: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which task instances. None does not restrict."""

    dag_ids: Sequence[str] | None = None
    run_ids: Sequence[str] | None = None
    task_ids: Sequence[str] | None = None
    map_indexes: Sequence[int] | None = None
    states: Sequence[TaskState] | None = None
    pools: Sequence[str] | None = None
    queues: Sequence[str] | None = None
    task_id_pattern: str | None = None
    logical_date: Range = field(default_factory=Range)
    run_after: Range = field(default_factory=Range)
    start_date: Range = field(default_factory=Range)
    end_date: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True)
class InstanceInRun:
    """A task instance with the run that it belongs to."""

    instance: TaskInstance
    run: DagRun


class SchedulerStore(Protocol):
    """What the scheduler needs."""

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write all of it in one transaction; gives the runs whose revision had moved on.

        Nothing of a refused run is written; the others are. Bulk statements: 10,000 instances in
        one call are nothing unusual.
        """

    def active_run_pks(self) -> Sequence[int]:
        """The runs that are queued or running, oldest `run_after` first."""

    def load_run(self, run_pk: int) -> RunSnapshot:
        """A run as it is now. Raises `NotFoundError`."""

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """Remove and give the oldest notices."""

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` after every commit, by any process, that left a notice; gives the undo.

        A wake-up may come too often, never too seldom: after a reconnect it comes unasked.
        """

    def past_instance(self, run: DagRun, key: TaskKey) -> InstanceInRun | None:
        """That instance in the DAG's previous run by logical date (by run_after where there is
        none), or None where there is no previous run."""

    def past_downstream_done(self, run: DagRun, task_ids: Sequence[str]) -> bool:
        """Whether all instances of these tasks succeeded or were skipped in the previous run."""

    def create_run(self, new: NewRun) -> DagRun:
        """Create a run. Raises `AlreadyExistsError` (run id or logical date of the DAG taken)."""

    def set_next_run(
        self,
        dag_id: str,
        *,
        logical_date: datetime | None,
        interval_start: datetime | None,
        interval_end: datetime | None,
        run_after: datetime | None,
    ) -> None:
        """Keep for people when the DAG runs next; None for never."""

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """The newest run by the timetable (scheduled or backfill), or None."""

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """`{dag_id: queued and running instances}`."""

    def heartbeat(self, job: str, hostname: str, pid: int) -> None:
        """Say that a component is alive; the health endpoint reads it."""


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

    def set_paused(self, dag_ids: Sequence[str], paused: bool) -> Sequence[str]:
        """Pause or unpause; gives the ids that changed."""

    def delete_dag(self, dag_id: str) -> None:
        """Remove a DAG with its whole history. Raises `NotFoundError`, or `ConflictError` while
        a task of it is live."""

    def get_version(self, version_id: str) -> DagVersion:
        """Raises `NotFoundError`. Cached: versions never change."""

    def get_version_number(self, dag_id: str, number: int) -> DagVersion:
        """Raises `NotFoundError`."""

    def list_versions(self, dag_id: str, window: Window) -> Page[DagVersion]:
        """A DAG's versions, newest first unless ordered."""

    def get_sources(self, source_hash: str) -> Mapping[str, str]:
        """`{relative path: text}` of a version. Raises `NotFoundError`."""

    def list_file_errors(self, window: Window) -> Page[FileError]:
        """A page of import errors."""

    def get_file_error(self, pk: int) -> FileError:
        """Raises `NotFoundError`."""

    def list_tags(self, pattern: str | None, window: Window) -> Page[str]:
        """A page of the tags in use."""


class RunStore(Protocol):
    """Runs and task instances, for people and programs."""

    def get_run(self, dag_id: str, run_id: str) -> DagRun:
        """Raises `NotFoundError`."""

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """A page of runs, by default in order of creation."""

    def set_run_state(self, dag_id: str, run_id: str, state: RunState) -> DagRun:
        """Mark a run: `SUCCESS` and `FAILED` end it (live instances are failed or cancelled, what
        has not begun is skipped), `QUEUED` starts it over where it stands."""

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

    def clear_instances(
        self,
        run_pk: int,
        keys: Sequence[TaskKey],
        *,
        run_state: RunState = RunState.QUEUED,
        dry_run: bool = False,
    ) -> Sequence[InstanceInRun]:
        """Let these run again, with all their retries; gives what was (or would be) cleared.

        A live instance becomes `RESTARTING` and is started again when its process is gone; the
        others become `NONE`. Their XComs go. The run becomes `run_state`.
        """

    def set_instances_state(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState, *, dry_run: bool = False
    ) -> Sequence[InstanceInRun]:
        """Mark instances as success, failed or skipped; a live attempt is fenced off and ended."""

    def set_instance_note(
        self, run_pk: int, key: TaskKey, note: str | None, user: str | None
    ) -> InstanceInRun:
        """Attach a note."""

    def get_rendered_fields(self, run_pk: int, key: TaskKey) -> Mapping[str, JsonValue]:
        """The rendered template fields of the latest attempt; empty where there are none."""

    def set_rendered_fields(self, attempt_id: str, fields: Mapping[str, JsonValue]) -> None:
        """Keep them. Raises `ConflictError` where the attempt no longer counts."""


class XComStore(Protocol):
    """Values between tasks. Text above the threshold goes to the object store and back."""

    def set_xcom(
        self,
        run_pk: int,
        key: TaskKey,
        xcom_key: str,
        value: str,
        length: int | None,
        *,
        attempt_id: str | None = None,
    ) -> None:
        """Store a value. With an attempt id: raises `ConflictError` unless it still counts."""

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> XComRecord | None:
        """One value; with prior dates, the newest at or before the run's logical date."""

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        include_prior_dates: bool = False,
    ) -> Sequence[XComRecord]:
        """The values of a task's instances in map index order, sliced as a list is."""

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """How many instances pushed the key."""

    def list_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str | None,
        map_index: int | None,
        key: str | None,
        window: Window,
    ) -> Page[XComRecord]:
        """A page of XComs; `~` as dag or run id stands for all."""

    def delete_xcom(self, run_pk: int, key: TaskKey, xcom_key: str) -> bool:
        """Remove one; False where there was none."""


class SettingsStore(Protocol):
    """Variables, connections, pools, users. Values and passwords are encrypted at rest."""

    def get_variable(self, key: str) -> VariableRecord | None: ...

    def set_variable(self, variable: VariableRecord) -> bool:
        """Create or replace; True when it was new."""

    def delete_variable(self, key: str) -> bool: ...

    def list_variables(self, pattern: str | None, window: Window) -> Page[VariableRecord]: ...

    def get_connection(self, conn_id: str) -> ConnectionRecord | None: ...

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """Create or replace; True when it was new."""

    def delete_connection(self, conn_id: str) -> bool: ...

    def list_connections(self, pattern: str | None, window: Window) -> Page[ConnectionRecord]: ...

    def get_pool(self, name: str) -> PoolRecord | None: ...

    def set_pool(self, pool: PoolRecord) -> bool:
        """Create or replace; True when it was new."""

    def delete_pool(self, name: str) -> bool:
        """Raises `ConflictError` for `default_pool`."""

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]: ...

    def pool_use(self) -> Mapping[str, PoolUse]:
        """`{pool name: what is taken}`."""

    def rotate_encryption(self) -> int:
        """Encrypt everything anew with the first key; gives the number of values."""

    def get_user_hash(self, username: str) -> tuple[str, str] | None:
        """`(argon2 hash, role)` of a user, or None."""

    def set_user(self, username: str, password_hash: str, role: str) -> bool:
        """Create or replace; True when it was new."""

    def list_users(self) -> Sequence[tuple[str, str]]:
        """`(user name, role)` of all."""

    def get_secret_key(self, name: str, create: Callable[[], str]) -> str:
        """A secret of the deployment's own (the JWT key); made and kept on first use."""


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """When a component last said that it lives; None for never."""

    job: str
    hostname: str
    pid: int
    latest: datetime | None


class AdminStore(Protocol):
    """The database itself."""

    def migrate(self) -> None:
        """Bring the schema to this version's; also creates it. Safe to call at any time."""

    def check(self) -> None:
        """Raises `slipstream.store.errors.StoreUnavailableError` where it cannot be reached."""

    def schema_revision(self) -> str | None:
        """The schema's revision, or None for an empty database."""

    def reset(self) -> None:
        """Drop everything and create it anew."""

    def clean(
        self, before: datetime, *, tables: Sequence[str] | None, dry_run: bool
    ) -> Mapping[str, int]:
        """Remove what ended before that moment; `{table: rows}`."""

    def health(self) -> Sequence[ComponentHealth]:
        """What the components last said."""

    def close(self) -> None:
        """Give back every connection."""


class Store(SchedulerStore, DagStore, RunStore, XComStore, SettingsStore, AdminStore, Protocol):
    """The whole of it."""
