"""The base of triggers: what a deferred task waits on, many of them in one process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from slipstream.model.states import TaskState
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._types import UserValue


@dataclass(frozen=True)
class TriggerEvent:
    """What a trigger saw; the payload is JSON and is handed to the task's method as `event`."""

    payload: UserValue


class BaseTaskEndEvent(TriggerEvent):
    """An event that ends the task in a state, without its process being started again."""

    task_instance_state: TaskState
    xcoms: Mapping[str, UserValue]

    def __init__(
        self, *, xcoms: Mapping[str, UserValue] | None = None, payload: UserValue = None
    ) -> None:
        super().__init__(payload)
        object.__setattr__(self, "xcoms", dict(xcoms or {}))


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task has succeeded."""

    task_instance_state = TaskState.SUCCESS


class TaskFailedEvent(BaseTaskEndEvent):
    """The task has failed."""

    task_instance_state = TaskState.FAILED


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task is skipped."""

    task_instance_state = TaskState.SKIPPED


@dataclass
class StartTriggerArgs:
    """What a task that begins in the triggerer waits on first, and where it then goes on."""

    trigger_cls: str
    next_method: str
    trigger_kwargs: dict[str, UserValue] | None = None
    next_kwargs: dict[str, UserValue] | None = None
    timeout: timedelta | None = None


class BaseTrigger(LoggingMixin, ABC):
    """Waits for something in a coroutine. Subclasses take JSON values in `__init__`."""

    supports_triggerer_queue: bool = True

    def __init__(self, **kwargs: UserValue) -> None:
        super().__init__()
        self.task_instance: UserValue = None
        self.trigger_id: int | None = None

    @abstractmethod
    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """Its import path and the arguments that make it again."""

    @abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield an event once it has come."""

    async def cleanup(self) -> None:
        """Free what it holds, once it is not needed any more."""

    async def on_kill(self) -> None:
        """The task that waits on it was ended."""

    def __repr__(self) -> str:
        path, arguments = self.serialize()
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items()))
        return f"<{path} {shown}>"


class BaseEventTrigger(BaseTrigger):
    """A trigger that may watch assets: it goes on after an event, for ever.

    Triggers of one kind that look at the same thing may share one look at it: those whose
    `shared_stream_key()` is equal get what one `open_shared_stream()` gives, each through its own
    `filter_shared_stream()`.
    """

    supports_triggerer_queue: bool = False

    @staticmethod
    def hash(classpath: str, kwargs: Mapping[str, UserValue]) -> int:
        """The same number for the same trigger: one runs for all assets that it watches."""
        from slipstream.sdk._values import encode_value

        return hash((classpath, encode_value(dict(sorted(kwargs.items())))))

    def shared_stream_key(self) -> Hashable | None:
        """What it looks at; None for a look of its own, by `run()`."""
        return None

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, UserValue]) -> AsyncIterator[UserValue]:
        """Yield what is seen, for all that share the look; `kwargs` are those of one of them."""
        raise NotImplementedError(
            f"{cls.__name__} has a shared_stream_key(), so it needs open_shared_stream()."
        )
        yield

    def filter_shared_stream(
        self, shared_stream: AsyncIterator[UserValue]
    ) -> AsyncIterator[TriggerEvent]:
        """Yield the events that this trigger makes of what is seen."""
        raise NotImplementedError(
            f"{type(self).__name__} has a shared_stream_key(), so it needs filter_shared_stream()."
        )
