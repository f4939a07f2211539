"""Frozen values of the model, made in a fraction of the time that their own constructors take.

A frozen dataclass sets each field through `object.__setattr__`, which would be most of the cost of
a decision. Here a plain object with the same slots is filled and then given the frozen class, which
Python allows for classes of one layout. The result cannot be told from one made the usual way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from slipstream.core.records import Record
from slipstream.model.attempt import Attempt, XComWrite
from slipstream.model.changes import InstanceChanged, Ready, Released
from slipstream.model.dag import TaskSpec
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState

_NO_CONFIG: Final[Mapping[str, JsonValue]] = {}


def task_instance(
    run_pk: int, key: TaskKey, state: TaskState, record: Record, reason: str
) -> TaskInstance:
    """A task instance as its record has it."""
    draft = _TaskInstance()
    draft.run_pk = run_pk
    draft.task_id, draft.map_index = key
    draft.state = state
    draft.try_number = record.try_number
    draft.max_tries = record.max_tries
    draft.attempt_id = record.attempt_id
    draft.losses = record.losses
    draft.reschedules = record.reschedules
    draft.not_before = record.not_before
    draft.scheduled_at = record.scheduled_at
    draft.queued_at = record.queued_at
    draft.start_date = record.start_date
    draft.end_date = record.end_date
    draft.hostname = record.hostname
    draft.pid = record.pid
    draft.rendered_map_index = record.rendered_map_index
    draft.note = None
    draft.reason = reason
    draft.__class__ = TaskInstance  # type: ignore[assignment]  # one layout, see above
    return cast(TaskInstance, draft)


def new_instance(run_pk: int, task: TaskSpec, map_index: int, reason: str) -> TaskInstance:
    """A pending task instance that was never tried."""
    draft = _TaskInstance()
    draft.run_pk = run_pk
    draft.task_id = task.task_id
    draft.map_index = map_index
    draft.state = TaskState.NONE
    draft.max_tries = task.retries
    draft.try_number = draft.losses = draft.reschedules = 0
    draft.attempt_id = draft.pid = draft.rendered_map_index = draft.note = None
    draft.not_before = draft.scheduled_at = draft.queued_at = None
    draft.start_date = draft.end_date = None
    draft.hostname = ""
    draft.reason = reason
    draft.__class__ = TaskInstance  # type: ignore[assignment]  # one layout, see above
    return cast(TaskInstance, draft)


def instance_changed(instance: TaskInstance, xcoms: tuple[XComWrite, ...] = ()) -> InstanceChanged:
    """The change to this value."""
    draft = _InstanceChanged()
    draft.instance = instance
    draft.xcoms = xcoms
    draft.__class__ = InstanceChanged  # type: ignore[assignment]  # one layout, see above
    return cast(InstanceChanged, draft)


def ready(key: TaskKey, count: int = 1) -> Ready:
    """That instances wait for admission."""
    draft = _Ready()
    draft.key = key
    draft.count = count
    draft.__class__ = Ready  # type: ignore[assignment]  # one layout, see above
    return cast(Ready, draft)


def released(key: TaskKey, *, waits: TaskState | None = None) -> Released:
    """That an instance holds no places any more."""
    draft = _Released()
    draft.key = key
    draft.waits = waits
    draft.__class__ = Released  # type: ignore[assignment]  # one layout, see above
    return cast(Released, draft)


def attempt(
    run: DagRun,
    fileloc: str,
    task: TaskSpec,
    key: TaskKey,
    record: Record,
    upstream_map_lengths: dict[str, int],
) -> Attempt:
    """The attempt that the record names; it must name one."""
    assert record.attempt_id is not None
    draft = _Attempt()
    draft.attempt_id = record.attempt_id
    draft.run = run
    draft.task_id, draft.map_index = key
    draft.try_number = record.try_number
    draft.max_tries = record.max_tries
    draft.fileloc = fileloc
    draft.queue = task.queue
    timeout = task.execution_timeout
    draft.execution_timeout_seconds = None if timeout is None else timeout.total_seconds()
    draft.priority = task.total_weight
    draft.upstream_map_lengths = upstream_map_lengths
    draft.first_start = record.start_date
    draft.reschedules = record.reschedules
    waited = record.deferral
    draft.next_method = None if waited is None else waited.next_method
    draft.next_kwargs = None if waited is None else waited.next_kwargs
    draft.next_event = None if waited is None else waited.event
    draft.is_rerun = record.try_number > 1 or record.reschedules > 0 or record.losses > 0
    draft.executor_config = cast(
        "Mapping[str, JsonValue]", task.details.get("executor_config", _NO_CONFIG)
    )
    draft.is_over = False
    draft.__class__ = Attempt  # type: ignore[assignment]  # one layout, see above
    return cast(Attempt, draft)


class _TaskInstance:
    __slots__ = TaskInstance.__slots__

    run_pk: int
    task_id: str
    map_index: int
    state: TaskState
    try_number: int
    max_tries: int
    attempt_id: str | None
    losses: int
    reschedules: int
    not_before: datetime | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None
    hostname: str
    pid: int | None
    rendered_map_index: str | None
    note: str | None
    reason: str


class _InstanceChanged:
    __slots__ = InstanceChanged.__slots__

    instance: TaskInstance
    xcoms: tuple[XComWrite, ...]


class _Ready:
    __slots__ = Ready.__slots__

    key: TaskKey
    count: int


class _Released:
    __slots__ = Released.__slots__

    key: TaskKey
    waits: TaskState | None


class _Attempt:
    __slots__ = Attempt.__slots__

    attempt_id: str
    run: DagRun
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    fileloc: str
    queue: str
    execution_timeout_seconds: float | None
    priority: int
    upstream_map_lengths: dict[str, int]
    first_start: datetime | None
    reschedules: int
    is_rerun: bool
    next_method: str | None
    next_kwargs: str | None
    next_event: str | None
    executor_config: Mapping[str, JsonValue]
    is_over: bool
