"""An attempt of a task: what an executor is handed, and how it can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from slipstream.model.asset import AssetUpdate
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of one task instance: everything that a supervisor needs to start it."""

    attempt_id: str
    """A UUIDv7; the fence. Every report and request of the task's process carries it."""
    run: DagRun
    task_id: str
    map_index: int = UNMAPPED
    try_number: int = 1
    max_tries: int = 0
    fileloc: str
    """The DAG file, absolute."""
    queue: str = "default"
    execution_timeout_seconds: float | None = None
    priority: int = 0
    """The total weight: where places are short, higher goes first."""
    upstream_map_lengths: Mapping[str, int] = field(default_factory=dict)
    """`{task_id: instances}` of the mapped upstreams, by finished expansion."""
    first_start: datetime | None = None
    """When this try first ran, across reschedules."""
    reschedules: int = 0
    is_rerun: bool = False
    """Whether the task instance may have run before, and have pushed XComs then."""
    next_method: str | None = None
    """After a deferral: the operator's method to call instead of `execute`."""
    next_kwargs: str | None = None
    """Its arguments, as JSON text."""
    next_event: str | None = None
    """What the trigger gave, or people answered, as JSON text; None where the trigger failed."""
    executor_config: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the task's author says to the executor, as JSON can hold it."""
    is_over: bool = False
    """Its end has been reported; what speaks in its name now are callbacks."""

    @property
    def key(self) -> TaskKey:
        """The task instance within its run."""
        return TaskKey(self.task_id, self.map_index)


@dataclass(frozen=True, slots=True)
class LoadingFile:
    """A DAG file whose code runs outside of any attempt: it is being loaded, or asked for times."""

    fileloc: str


Asker: TypeAlias = Attempt | LoadingFile | None
"""In whose name something is asked; None is the deployment's own."""


@dataclass(frozen=True, slots=True)
class XComWrite:
    """One XCom to store with the end of the attempt that pushed it."""

    key: str
    value: str
    """JSON text as `wire.values` encodes it, or the reference to an object in the XCom store."""
    length: int | None = None
    """Items, where the value is a list or a dict: what mapped tasks downstream expand over."""
    is_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The task's code returned."""

    xcoms: tuple[XComWrite, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    """`{xcom key: items}` of everything sized that the attempt pushed, earlier pushes too."""
    skip: tuple[str, ...] = ()
    """Task ids directly or further downstream that the task decided to skip (branching)."""
    skip_all_downstream: bool = False
    """Short circuit that ignores trigger rules: everything below is skipped."""
    rendered_map_index: str | None = None
    updates: tuple[AssetUpdate, ...] = ()
    """The assets that the task has updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The task's code raised, ran out of time, or its process died by itself."""

    message: str
    """One line: the exception or the signal."""
    retryable: bool = True
    """False after `AirflowFailException`: no further try."""
    retry_delay: timedelta | None = None
    """How long to wait for the next try, where the task's retry policy says so."""
    policy: str = ""
    """Why the task's retry policy decided about the next try; empty where it did not."""
    xcoms: tuple[XComWrite, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    rendered_map_index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """The task's code raised `AirflowSkipException`."""

    message: str = ""
    xcoms: tuple[XComWrite, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    rendered_map_index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What of another DAG an instance waits for: these tasks, a group, or else its runs."""

    dag_id: str
    task_ids: tuple[str, ...] = ()
    group_id: str | None = None
    since: datetime
    """When it looked last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescheduled:
    """A sensor in reschedule mode gives its place back until `at`, or until something ends."""

    at: datetime
    watched: Watched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The task waits on a trigger and holds no place meanwhile. Arguments are JSON texts."""

    trigger_classpath: str
    trigger_kwargs: str = field(default="{}", repr=False)
    method_name: str
    method_kwargs: str = field(default="{}", repr=False)
    timeout_at: datetime | None = None
    queue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitsInput:
    """The task has asked people something and holds no place until they answer."""

    method_name: str
    method_kwargs: str = field(default="{}", repr=False)
    """JSON text."""
    default: str = field(default="null", repr=False)
    """What counts as the answer at `timeout_at`: `model.input.default_answer`; `null` for none."""
    timeout_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The attempt ended without a word from the task, and not by the task's fault.

    The server stopped or died, a zygote could not be had, a worker vanished. It does not use up a
    retry: the same try is started again, a bounded number of times.
    """

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The attempt was ended on request (cleared, marked, run timed out) and is gone."""

    message: str = ""


Outcome: TypeAlias = (
    Succeeded | Failed | Skipped | Rescheduled | Deferred | AwaitsInput | Lost | Cancelled
)
