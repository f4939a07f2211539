"""A deferral: what a task instance waits on that holds no place, and how it goes on after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from slipstream.model.attempt import XComWrite
from slipstream.model.states import TaskState

BY_PEOPLE = ""
"""The class path of a wait that no trigger ends: people answer."""

TRIGGER_FAILED = "__fail__"
"""The `next_method` of a task whose trigger failed or did not fire in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """One wait of one task instance. Arguments are JSON texts, as `wire.values` encodes them."""

    attempt_id: str
    """The attempt that was deferred: it names the trigger, and fences what the trigger says."""
    classpath: str
    """The import path of the trigger's class; `BY_PEOPLE` where the wait is for their answer."""
    kwargs: str = field(default="{}", repr=False)
    """The trigger's arguments; of a wait for people `model.input.default_answer`, or `null`."""
    created_at: datetime
    timeout_at: datetime | None = None
    """When the wait fails; None where it may last for ever."""
    queue: str | None = None
    next_method: str
    """The operator's method that the next attempt calls, or `TRIGGER_FAILED`."""
    next_kwargs: str = field(default="{}", repr=False)
    event: str | None = field(default=None, repr=False)
    """What the trigger gave, or the answer; None as long as it waits, and where it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrigger:
    """How a task begins that waits first and has a process only afterwards."""

    classpath: str
    kwargs: str = "{}"
    next_method: str
    next_kwargs: str = "{}"
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """The trigger saw what it waited for: the task goes on."""

    payload: str = field(default="null", repr=False)
    """JSON text, as `wire.values` encodes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The trigger failed: the task goes on, to fail by it."""

    error: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsTask:
    """The trigger ends its task in this state; nothing of the task runs any more."""

    state: TaskState
    """`SUCCESS`, `FAILED` (which is tried again where there are tries left) or `SKIPPED`."""
    xcoms: tuple[XComWrite, ...] = ()


TriggerEnd: TypeAlias = Fired | Broken | EndsTask
