"""The values that the store takes and gives, apart from those of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from slipstream.model.changes import RowChange
from slipstream.model.deferral import Deferral
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import DagVersion
from slipstream.store.deadline_records import DeadlineRecord

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
    ASSETS_UPDATED = "assets_updated"
    """Something that the DAG waits for was updated."""
    BACKFILL_CHANGED = "backfill_changed"
    """Created, paused, unpaused or cancelled."""
    INPUT_GIVEN = "input_given"
    """Somebody has answered what a task asked."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry of the scheduler's inbox. `subject`: a run's number, a DAG id, a pool's
    name, the id of the attempt that asked."""

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
    changes: Sequence[RowChange]


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
    partition_key: str | None = None
    partition_date: datetime | None = None
    backfill: int | None = None


BRANCH_DECISION_KEY = "skipmixin_key"
"""The XCom in which a branch keeps what it decided, as in Airflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRun:
    """When a DAG runs next by its timetable; all None for never."""

    dag_id: str
    run_after: datetime | None = None
    logical_date: datetime | None = None
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    problem: str = ""
    """Why it is not known when the DAG runs next; empty where it is."""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run with all its task instances and the reported map lengths."""

    run: DagRun
    instances: Sequence[TaskInstance]
    lengths: Mapping[TaskKey, Mapping[str, int]]
    """`{instance: {xcom key: items}}` of the sized XComs that unmapped instances pushed."""
    pushed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """`{mapped task id: {xcom key: finished instances that pushed it}}`."""
    decisions: Mapping[TaskKey, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """`{instance: {"followed": task ids}}`, or `"skipped"`: what branches decided."""
    deferrals: Mapping[TaskKey, Deferral] = field(default_factory=dict)
    """What instances wait on, or have waited on in this try."""


@dataclass(frozen=True, slots=True)
class DeferralRecord:
    """A deferral, and the number under which people know its trigger."""

    number: int
    deferral: Deferral


@dataclass(frozen=True, slots=True, kw_only=True)
class DagWarning:
    """Something that is wrong with a DAG that runs all the same."""

    dag_id: str
    warning_type: str
    message: str
    timestamp: datetime


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
    pause_reason: str = ""
    """Why it is paused, where nobody has paused it by hand."""
    next_logical_date: datetime | None = None
    next_interval_start: datetime | None = None
    next_interval_end: datetime | None = None
    next_run_after: datetime | None = None
    schedule_problem: str = ""
    """Why it is not known when the DAG runs next; empty where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """The instances of one task in one run that are in one state."""

    run_pk: int
    task_id: str
    state: TaskState
    count: int
    is_mapped: bool
    try_number: int
    """The highest of them."""
    queued_at: datetime | None = None
    """The earliest of them; so is the start. The end is the latest."""
    start_date: datetime | None = None
    end_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class PoolSpan:
    """For how long a task instance has taken slots of a pool."""

    slots: int
    start: datetime
    end: datetime | None
    """None while it does."""


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
class TaskStateRecord:
    """What a task instance remembers under a key. `value` is JSON text."""

    key: str
    value: str
    updated_at: datetime
    expires_at: datetime | None = None
    """None for what never expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWriter:
    """Who wrote the state of an asset: a task instance, or somebody through the API."""

    kind: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStateRecord:
    """What is remembered of an asset under a key. `value` is JSON text."""

    asset_name: str
    asset_uri: str
    key: str
    value: str
    updated_at: datetime
    writer: StateWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRecord:
    """A variable, its value in the clear."""

    key: str
    value: str
    description: str | None = None
    is_encrypted: bool = True
    team_name: str | None = None
    """Only this team's DAGs find it; None is for all. So it is of connections."""


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
    team_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRecord:
    """A pool. `slots` of -1 is without limit. One of a team is for this team's tasks alone."""

    name: str
    slots: int
    description: str | None = None
    include_deferred: bool = False
    team_name: str | None = None


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
    after: Cursor | None = None
    """Where the next page begins, of a page that was asked for by its place; None: nowhere."""
    before: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a sorted listing: just behind, or just before, the entry with these values."""

    values: tuple[str | int | float | None, ...] | None = None
    """None for the beginning."""
    backwards: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which page, in which order. `order_by` entries are field names, `-` in front descends."""

    limit: int = 50
    offset: int = 0
    order_by: tuple[str, ...] = ()
    cursor: Cursor | None = None
    """Where the page begins, instead of `offset`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Bounds on a time; None does not restrict."""

    gte: datetime | None = None
    gt: datetime | None = None
    lte: datetime | None = None
    lt: datetime | None = None


class RunTime(StrEnum):
    """A time of a run by which runs are counted."""

    DUE = "due"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class DagFilter:
    r"""Which DAGs. None does not restrict; patterns are SQL LIKE: `%`, `_`, and `\` to escape."""

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
    filelocs: Sequence[str] | None = None
    waits_for_assets: bool | None = None
    waits_for_asset: str | None = None
    """DAGs that wait for an asset with that text in its name or URI."""
    favorite_of: str | None = None
    """DAGs that this user has put first."""
    not_favorite_of: str | None = None
    """All others."""
    timetable_types: Sequence[str] | None = None
    run_states: Sequence[RunState] | None = None
    """DAGs with a run in one of these states, that began and ended within the bounds below."""
    run_start_date: Range = field(default_factory=Range)
    run_end_date: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bounds on a length of time, in seconds; None does not restrict. What has not ended has no
    length and is within no bounds."""

    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCallback:
    """Callbacks that have not been called yet, or not been known to have been."""

    pk: int
    run: DagRun
    """The run as it is now."""
    succeeded: bool
    reason: str
    instance: TaskInstance | None = None
    """The attempt of a task whose callbacks they are; None for the DAG's own. Of the instance,
    only what tells the attempt is kept."""
    deadline: DeadlineRecord | None = None
    """The deadline that was missed, whose callback it is."""


@dataclass(frozen=True, slots=True)
class NewAssetRun:
    """A run for what is queued: assets, or entries of a partition, by their numbers."""

    run: NewRun
    assets: Sequence[int] = ()
    partitions: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs. None does not restrict."""

    dag_ids: Sequence[str] | None = None
    dag_id_pattern: str | None = None
    run_ids: Sequence[str] | None = None
    run_id_pattern: str | None = None
    version_numbers: Sequence[int] | None = None
    conf_contains: str | None = None
    """A part of the conf's JSON text, whatever its case."""
    duration: Span = field(default_factory=Span)
    states: Sequence[RunState] | None = None
    run_types: Sequence[RunType] | None = None
    triggering_user_pattern: str | None = None
    consumed_asset: str | None = None
    """Runs that were made for an event of an asset with that text in its name or URI."""
    partition_keys: Sequence[str] | None = None
    partition_key_pattern: str | None = None
    partition_date: Range = field(default_factory=Range)
    logical_dates: Sequence[datetime] | None = None
    logical_date: Range = field(default_factory=Range)
    run_after: Range = field(default_factory=Range)
    start_date: Range = field(default_factory=Range)
    end_date: Range = field(default_factory=Range)
    updated_at: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFilter:
    """Which task instances. None does not restrict."""

    dag_ids: Sequence[str] | None = None
    dag_id_pattern: str | None = None
    run_ids: Sequence[str] | None = None
    run_id_pattern: str | None = None
    version_numbers: Sequence[int] | None = None
    try_numbers: Sequence[int] | None = None
    pool_pattern: str | None = None
    queue_pattern: str | None = None
    rendered_map_index_pattern: str | None = None
    duration: Span = field(default_factory=Span)
    task_ids: Sequence[str] | None = None
    map_indexes: Sequence[int] | None = None
    states: Sequence[TaskState] | None = None
    pools: Sequence[str] | None = None
    queues: Sequence[str] | None = None
    task_id_pattern: str | None = None
    logical_dates: Sequence[datetime] | None = None
    logical_date: Range = field(default_factory=Range)
    run_after: Range = field(default_factory=Range)
    start_date: Range = field(default_factory=Range)
    end_date: Range = field(default_factory=Range)
    updated_at: Range = field(default_factory=Range)
    executors: Sequence[str] | None = None
    operators: Sequence[str] | None = None
    operator_pattern: str | None = None
    task_display_name_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class XComItem:
    """One item of an XCom, as JSON text; the whole of it where `length` is None."""

    text: str
    length: int | None
    is_pair: bool = False
    """Whether the item is a key and its value, in a list of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XComFilter:
    """Which XComs. None does not restrict."""

    dag_ids: Sequence[str] | None = None
    run_ids: Sequence[str] | None = None
    run_id_pattern: str | None = None
    task_ids: Sequence[str] | None = None
    task_id_pattern: str | None = None
    map_indexes: Sequence[int] | None = None
    keys: Sequence[str] | None = None
    key_pattern: str | None = None
    dag_display_name_pattern: str | None = None
    logical_date: Range = field(default_factory=Range)
    run_after: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileErrorFilter:
    """Which import errors. None does not restrict."""

    filelocs: Sequence[str] | None = None
    fileloc_pattern: str | None = None
    bundle_name: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceInRun:
    """A task instance with the run that it belongs to."""

    instance: TaskInstance
    run: DagRun


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """When a component last said that it lives; None for never."""

    job: str
    hostname: str
    pid: int
    latest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFilter:
    """Which assets. None does not restrict."""

    name: str | None = None
    uri: str | None = None
    name_pattern: str | None = None
    uri_pattern: str | None = None
    dag_ids: Sequence[str] | None = None
    """Assets that one of these DAGs mentions."""
    only_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEventFilter:
    """Which events of assets. None does not restrict."""

    asset_pk: int | None = None
    asset_name: str | None = None
    asset_uri: str | None = None
    alias: str | None = None
    """Events that came through that alias."""
    name_pattern: str | None = None
    source_dag_id: str | None = None
    source_task_id: str | None = None
    source_run_id: str | None = None
    source_map_index: int | None = None
    timestamp: Range = field(default_factory=Range)
    partition_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedEvent:
    """That an asset was updated since the DAG's last run by assets."""

    dag_id: str
    asset_pk: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who updated an asset; nothing is known of those that are no tasks."""

    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int = UNMAPPED
    partition_key: str | None = None
    """The partition of the run."""
    partition_date: datetime | None = None
