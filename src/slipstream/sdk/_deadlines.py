"""Deadlines: a run that takes too long calls back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, TypeAlias

from slipstream.model.deadline import DeadlineKind, DeadlineSpec
from slipstream.sdk._times import aware, in_utc
from slipstream.sdk._types import UserValue
from slipstream.sdk._variable import Variable


class BaseDeadlineReference:
    """The moment that a deadline is counted from.

    One of your own says it in `_evaluate_with`, which is called in a process of the DAG's file.
    Mark it with `@deadline_reference`.
    """

    required_kwargs: ClassVar[set[str]] = set()
    """What of `dag_id`, `run_id`, `logical_date`, `queued_at`, `run_after` and `run_type` it
    takes."""

    @property
    def reference_name(self) -> str:
        """What it is called."""
        return type(self).__name__

    def serialize_reference(self) -> dict[str, UserValue]:
        """Its name and what it needs, as JSON can hold it."""
        return {"reference_type": self.reference_name, **_plain(vars(self))}

    @classmethod
    def deserialize_reference(
        cls, reference_data: Mapping[str, UserValue]
    ) -> BaseDeadlineReference:
        """Make it again."""
        return cls()

    def evaluate_with(
        self, *, session: UserValue = None, interval: timedelta, **kwargs: UserValue
    ) -> datetime | None:
        """The deadline: the moment that `_evaluate_with` gives, and the interval after it."""
        missing = self.required_kwargs - kwargs.keys()
        if missing:
            raise ValueError(
                f"{self.reference_name} needs {', '.join(sorted(missing))}. There are "
                f"{', '.join(sorted(kwargs))}."
            )
        wanted = {name: kwargs[name] for name in kwargs if name in self.required_kwargs}
        base = self._evaluate_with(session=session, **wanted)
        return None if base is None else base + interval

    def _evaluate_with(self, *, session: UserValue, **kwargs: UserValue) -> datetime | None:
        """The moment; None for no deadline. There is no session: the database is not in reach."""
        raise NotImplementedError(f"{self.reference_name} has no _evaluate_with().")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDeadlineReference):
            return NotImplemented
        return self.serialize_reference() == other.serialize_reference()

    def __hash__(self) -> int:
        return hash(self.reference_name)


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """The run's logical date."""


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """When the run was queued."""


class FixedDatetimeDeadline(BaseDeadlineReference):
    """A moment, the same for every run."""

    def __init__(self, datetime: datetime) -> None:
        self.datetime = aware(datetime, "FIXED_DATETIME")


class AverageRuntimeDeadline(BaseDeadlineReference):
    """When the run was queued, and the average time that the latest runs took after it."""

    DEFAULT_LIMIT = 10

    def __init__(self, max_runs: int = DEFAULT_LIMIT, min_runs: int | None = None) -> None:
        self.max_runs = max_runs or self.DEFAULT_LIMIT
        self.min_runs = self.max_runs if min_runs is None else min_runs
        if self.min_runs < 1:
            raise ValueError(f"min_runs is {self.min_runs}; expected at least 1.")


DeadlineReferenceTypes: TypeAlias = tuple[type[BaseDeadlineReference], ...]


class DeadlineReference:
    """The moments that a deadline may be counted from."""

    class TYPES:
        """When deadlines are reckoned."""

        DAGRUN_CREATED: DeadlineReferenceTypes = (
            DagRunLogicalDateDeadline,
            FixedDatetimeDeadline,
            AverageRuntimeDeadline,
        )
        DAGRUN_QUEUED: DeadlineReferenceTypes = (DagRunQueuedAtDeadline,)
        DAGRUN: DeadlineReferenceTypes = DAGRUN_CREATED + DAGRUN_QUEUED

    DAGRUN_LOGICAL_DATE = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT = DagRunQueuedAtDeadline()

    @classmethod
    def FIXED_DATETIME(cls, dt: datetime) -> FixedDatetimeDeadline:  # noqa: N802 - Airflow's name
        """A moment, the same for every run."""
        return FixedDatetimeDeadline(dt)

    @classmethod
    def AVERAGE_RUNTIME(  # noqa: N802 - Airflow's name
        cls, max_runs: int = 0, min_runs: int | None = None
    ) -> AverageRuntimeDeadline:
        """The average of the latest runs."""
        return AverageRuntimeDeadline(max_runs, min_runs)

    @classmethod
    def register_custom_reference(
        cls,
        reference_class: type[BaseDeadlineReference],
        deadline_reference_type: DeadlineReferenceTypes | None = None,
    ) -> type[BaseDeadlineReference]:
        """Make a class of one's own known, under its name as an attribute of this one.

        `deadline_reference_type`: whether it is reckoned when a run is created (by default) or
        whenever it is queued. Raises `ValueError` for a class that is no reference.
        """
        types = cls.TYPES
        wanted = (
            types.DAGRUN_CREATED if deadline_reference_type is None else deadline_reference_type
        )
        if not issubclass(reference_class, BaseDeadlineReference):
            raise ValueError(
                f"{reference_class.__name__} is no deadline reference. Derive it from "
                f"BaseDeadlineReference."
            )
        try:
            made = reference_class()
        except TypeError as error:
            raise TypeError(
                f"{reference_class.__name__} cannot be made without arguments ({error}). Give each "
                f"of them a default."
            ) from error
        if wanted is types.DAGRUN_QUEUED:
            types.DAGRUN_QUEUED = (*types.DAGRUN_QUEUED, reference_class)
        elif wanted is types.DAGRUN_CREATED:
            types.DAGRUN_CREATED = (*types.DAGRUN_CREATED, reference_class)
        else:
            raise ValueError(
                f"{wanted!r} is no time at which deadlines are reckoned. Expected "
                f"DeadlineReference.TYPES.DAGRUN_CREATED or DeadlineReference.TYPES.DAGRUN_QUEUED."
            )
        types.DAGRUN = types.DAGRUN_CREATED + types.DAGRUN_QUEUED
        setattr(cls, reference_class.__name__, made)
        return reference_class


def deadline_reference(
    deadline_reference_type: type[BaseDeadlineReference] | DeadlineReferenceTypes | None = None,
) -> UserValue:
    """Mark a class as a deadline reference of one's own, with or without parentheses."""
    if isinstance(deadline_reference_type, type):
        return DeadlineReference.register_custom_reference(deadline_reference_type)
    when = deadline_reference_type

    def register(reference_class: type[BaseDeadlineReference]) -> type[BaseDeadlineReference]:
        return DeadlineReference.register_custom_reference(reference_class, when)

    return register


class Callback:
    """A function to call, given itself or by its import path."""

    def __init__(
        self,
        callback_callable: Callable[..., UserValue] | str,
        kwargs: Mapping[str, UserValue] | None = None,
    ) -> None:
        if not isinstance(callback_callable, str) and not callable(callback_callable):
            raise TypeError(f"A callback has to be a function; {callback_callable!r} is none.")
        self.function = None if isinstance(callback_callable, str) else callback_callable
        self.path = (
            callback_callable.strip()
            if isinstance(callback_callable, str)
            else f"{callback_callable.__module__}.{callback_callable.__qualname__}"
        )
        if not all(part.isidentifier() for part in self.path.replace("<locals>", "x").split(".")):
            raise ImportError(
                f"{self.path!r} is no import path. Expected one such as 'my_package.alerts.tell'."
            )
        self.kwargs = dict(kwargs or {})
        if "context" in self.kwargs:
            raise ValueError("The name 'context' is taken: a callback gets the context under it.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Callback):
            return NotImplemented
        return (type(self), self.path, self.kwargs) == (type(other), other.path, other.kwargs)

    def __hash__(self) -> int:
        return hash(self.path)


class SyncCallback(Callback):
    """A function that is called when a deadline is missed."""

    def __init__(
        self,
        callback_callable: Callable[..., UserValue] | str,
        kwargs: Mapping[str, UserValue] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor


class AsyncCallback(Callback):
    """A coroutine function that is awaited when a deadline is missed."""

    def __init__(
        self,
        callback_callable: Callable[..., UserValue] | str,
        kwargs: Mapping[str, UserValue] | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        given = self.function
        if given and not (inspect.iscoroutinefunction(given) or hasattr(given, "__await__")):
            raise AttributeError(
                f"{self.path} cannot be awaited. Make it an `async def`, or use SyncCallback."
            )


@dataclass(frozen=True)
class VariableInterval:
    """An interval whose seconds are kept in a variable; read whenever a deadline is reckoned."""

    key: str

    def resolve(self) -> timedelta:
        """The interval as the variable has it now."""
        value = Variable.get(self.key, None)
        if value is None:
            raise ValueError(f"There is no variable {self.key!r} to take an interval from.")
        try:
            return timedelta(seconds=int(value))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The variable {self.key!r} is {value!r}; expected a whole number of seconds."
            ) from error


_OWN_EXECUTORS = ("LocalExecutor", "SequentialExecutor")
"""What tasks run beside the scheduler by."""
_KINDS: Mapping[type[BaseDeadlineReference], DeadlineKind] = {
    DagRunLogicalDateDeadline: DeadlineKind.LOGICAL_DATE,
    DagRunQueuedAtDeadline: DeadlineKind.QUEUED_AT,
    FixedDatetimeDeadline: DeadlineKind.FIXED,
    AverageRuntimeDeadline: DeadlineKind.AVERAGE_RUNTIME,
}


class DeadlineAlert:
    """When `interval` has gone by since `reference` and the run is not done, call back."""

    def __init__(
        self,
        reference: BaseDeadlineReference,
        interval: timedelta | VariableInterval,
        callback: Callback,
        name: str | None = None,
    ) -> None:
        if not isinstance(reference, BaseDeadlineReference):
            raise TypeError(
                f"{reference!r} is no deadline reference. Expected one of DeadlineReference, such "
                f"as DeadlineReference.DAGRUN_QUEUED_AT."
            )
        if not isinstance(interval, timedelta | VariableInterval):
            raise TypeError(f"The interval of a deadline is {interval!r}; expected a timedelta.")
        if not isinstance(callback, AsyncCallback | SyncCallback):
            raise ValueError(
                f"{callback!r} is no callback of a deadline. Expected a SyncCallback or an "
                f"AsyncCallback."
            )
        self.reference = reference
        self.interval = interval
        self.callback = callback
        self.name = name

    def interval_now(self) -> timedelta:
        """The interval; of one that is kept in a variable, what it is now."""
        return self.interval if isinstance(self.interval, timedelta) else self.interval.resolve()

    def describe(self) -> dict[str, UserValue]:
        """The alert as JSON can hold it."""
        interval: UserValue = self.interval
        return {
            "name": self.name,
            "reference": self.reference.serialize_reference(),
            "interval": {"variable": interval.key}
            if isinstance(interval, VariableInterval)
            else interval.total_seconds(),
            "callback": {
                "type": type(self.callback).__name__,
                "path": self.callback.path,
                "kwargs": self.callback.kwargs,
            },
        }

    def as_spec(self) -> DeadlineSpec:
        """The value that the scheduler works with.

        Raises `ValueError` for a callback that is to be called by another executor than ours.
        """
        reference = self.reference
        executor = getattr(self.callback, "executor", None)
        if executor and executor.rpartition(".")[2] not in _OWN_EXECUTORS:
            raise ValueError(
                f"{self.callback!r} names the executor {executor!r}; callbacks of deadlines are "
                "called beside the scheduler, in a process of the DAG's file. Leave `executor` "
                "out, or write 'LocalExecutor'."
            )
        kind = _KINDS.get(type(reference), DeadlineKind.CUSTOM)
        fixed = reference.datetime if isinstance(reference, FixedDatetimeDeadline) else None
        average = reference if isinstance(reference, AverageRuntimeDeadline) else None
        return DeadlineSpec(
            kind=kind,
            interval=self.interval if isinstance(self.interval, timedelta) else None,
            at=in_utc(fixed),
            max_runs=average.max_runs if average else 0,
            min_runs=average.min_runs if average else 0,
            name=self.name,
            when_queued=isinstance(reference, DeadlineReference.TYPES.DAGRUN_QUEUED),
        )


def as_deadlines(given: UserValue) -> list[DeadlineAlert]:
    """What authors pass as `deadline`, as a list. Raises `TypeError`."""
    if not given:
        return []
    alerts = list(given) if isinstance(given, list | tuple) else [given]
    for alert in alerts:
        if not isinstance(alert, DeadlineAlert):
            raise TypeError(
                f"deadline has {alert!r} in it; expected a DeadlineAlert, or a list of them."
            )
    return alerts


def _plain(fields: Mapping[str, UserValue]) -> dict[str, UserValue]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
