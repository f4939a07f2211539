"""Sends metrics of what the server does: runs, task instances, pools, slots, DAG files.

What the scheduler has written is handed over as it is; names and numbers are made of it in a thread
of this service's own. Gauges are read from the store at the intervals that the settings give. Where
no metrics are wanted, none of this exists.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue

from slipstream.model.changes import (
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RowChange,
    RunChanged,
)
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.errors import SlipstreamError
from slipstream.model.news import RunNews
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import ParsedFile
from slipstream.sdk._stats import stats

_log = logging.getLogger(__name__)

_ENDS = frozenset(
    {
        TaskState.SUCCESS,
        TaskState.FAILED,
        TaskState.SKIPPED,
        TaskState.UP_FOR_RETRY,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.DEFERRED,
    }
)
"""States that an attempt ends in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Something that is read every so often and sent."""

    every_seconds: float
    send: Callable[[], None]


@dataclass(slots=True)
class _FileCounts:
    """What is known of the DAG files."""

    dags: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)


class MetricsService:
    """Takes what happens, from any thread, and sends what it comes to from its own."""

    def __init__(self, readings: Sequence[Reading] = ()) -> None:
        self._readings = tuple(readings)
        self._inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._files = _FileCounts()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Send, in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send what has arrived, and end the thread."""
        self._inbox.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        stats.forget_backend()

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """The scheduler has written these changes. Never blocks."""
        for one in news:
            self._inbox.put(partial(_send_changes, one.dag, one.changes))

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """What others change is counted by the readings."""

    def passed(self, seconds: float) -> None:
        """A pass of the scheduler's loop took so long. Never blocks."""
        length = timedelta(seconds=seconds)
        self._inbox.put(partial(stats.timing, "scheduler.scheduler_loop_duration", length))

    def parsed(self, files: Sequence[ParsedFile]) -> None:
        """These DAG files have been loaded. Never blocks."""
        self._inbox.put(lambda: self._send_files(files))

    def _run(self) -> None:
        due = [time.monotonic() for _ in self._readings]
        while True:
            for index, reading in enumerate(self._readings):
                if due[index] <= time.monotonic():
                    due[index] = time.monotonic() + reading.every_seconds
                    self._guarded(reading.send)
            try:
                wait = max(0.0, min(due) - time.monotonic()) if due else None
                item = self._inbox.get(timeout=wait)
            except Empty:
                continue
            if item is None:
                return
            self._guarded(item)

    def _guarded(self, send: Callable[[], None]) -> None:
        try:
            send()
        except SlipstreamError as error:
            _log.warning("Metrics are missing: %s", error)
        except Exception:  # noqa: BLE001 - a metric is not worth a server
            _log.exception("Metrics could not be sent")

    def _send_files(self, files: Sequence[ParsedFile]) -> None:
        for file in files:
            self._send_file(file)

    def _send_file(self, file: ParsedFile) -> None:
        name = file.relative_fileloc
        counts = self._files
        counts.dags[name] = len(file.dags)
        counts.seconds[name] = file.duration_seconds
        if file.error is None:
            counts.broken.discard(name)
        else:
            counts.broken.add(name)
        stats.timing(
            "dag_processing.last_duration",
            timedelta(seconds=file.duration_seconds),
            tags={"bundle_name": file.bundle_name, "file_name": stem_of(name)},
        )
        stats.gauge("dag_processing.total_parse_time", sum(counts.seconds.values()))
        stats.gauge("dagbag_size", sum(counts.dags.values()))
        stats.gauge("dag_processing.import_errors", len(counts.broken))


def stem_of(name: str) -> str:
    """A file's name without folders and suffix, as metrics name it."""
    return name.rpartition("/")[2].removesuffix(".py")


def _send_changes(dag: DagSpec, changes: Sequence[RowChange]) -> None:
    for change in changes:
        _send_change(dag, change)


def _send_change(dag: DagSpec, change: RowChange) -> None:
    match change:
        case RunChanged():
            _send_run(change.run)
        case InstanceChanged():
            _send_instance(dag, change.instance)
        case InstancesAdded():
            for instance in change.instances:
                _send_created(dag, instance.task_id, 1)
        case MapExpanded():
            _send_created(dag, change.task_id, change.length)


def _send_created(dag: DagSpec, task_id: str, number: int) -> None:
    task = dag.tasks.get(task_id)
    if task is not None:
        stats.incr("task_instance_created", number, tags={"task_type": _class_name(task)})


def _class_name(task: TaskSpec | None) -> str:
    """The name of the operator's class."""
    reference = None if task is None else task.details.get("class_ref")
    if isinstance(reference, Mapping):
        return str(reference.get("class_name", ""))
    return "" if task is None else task.operator_name


def _send_run(run: DagRun) -> None:
    tags = {"dag_id": run.dag_id, "run_type": run.run_type.value}
    match run:
        case DagRun(state=RunState.RUNNING, run_type=RunType.SCHEDULED):
            _send_length("dagrun.schedule_delay", run.run_after, run.start_date, tags)
        case DagRun(state=RunState.SUCCESS | RunState.FAILED as state):
            _send_length(f"dagrun.duration.{state.value}", run.start_date, run.end_date, tags)


def _send_instance(dag: DagSpec, instance: TaskInstance) -> None:
    if instance.attempt_id is None:
        return
    tags = {"dag_id": dag.dag_id, "task_id": instance.task_id}
    task = dag.tasks.get(instance.task_id)
    state = instance.state
    if state is TaskState.QUEUED:
        _send_length("task.scheduled_duration", instance.scheduled_at, instance.queued_at, tags)
    elif state is TaskState.RUNNING:
        stats.incr("ti.start", tags=tags)
        _send_length("task.queued_duration", instance.queued_at, instance.start_date, tags)
    elif state in _ENDS:
        stats.incr("ti.finish", tags={**tags, "state": state.value})
        _send_length("task.duration", instance.start_date, instance.end_date, tags)
        operator = {**tags, "operator_name": _class_name(task)}
        if state is TaskState.SUCCESS:
            stats.incr("ti_successes", tags=tags)
            stats.incr("operator_successes", tags=operator)
        elif state in {TaskState.FAILED, TaskState.UP_FOR_RETRY}:
            stats.incr("ti_failures", tags=tags)
            stats.incr("operator_failures", tags=operator)


def _send_length(
    name: str, begin: datetime | None, end: datetime | None, tags: Mapping[str, str]
) -> None:
    if begin is not None and end is not None and end >= begin:
        stats.timing(name, end - begin, tags=tags)
