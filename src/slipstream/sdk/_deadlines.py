"""Deadlines: a run that takes too long calls back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipstream.sdk._types import UserValue


class BaseDeadlineReference:
    """The moment that a deadline is counted from."""

    @property
    def reference_name(self) -> str:
        """What it is called."""
        return type(self).__name__

    def serialize_reference(self) -> dict[str, UserValue]:
        """Its name and what it needs, as JSON can hold it."""
        return {"reference_type": self.reference_name, **_plain(vars(self))}


class DagRunLogicalDateDeadline(BaseDeadlineReference):
    """The run's logical date."""


class DagRunQueuedAtDeadline(BaseDeadlineReference):
    """When the run was queued."""


class FixedDatetimeDeadline(BaseDeadlineReference):
    """A moment, the same for every run."""

    def __init__(self, datetime: datetime) -> None:
        self.datetime = datetime


class AverageRuntimeDeadline(BaseDeadlineReference):
    """The run's start plus the average time that the latest runs took."""

    def __init__(self, max_runs: int = 10, min_runs: int | None = None) -> None:
        self.max_runs = max_runs
        self.min_runs = max_runs if min_runs is None else min_runs


class DeadlineReference:
    """The moments that a deadline may be counted from."""

    DAGRUN_LOGICAL_DATE = DagRunLogicalDateDeadline()
    DAGRUN_QUEUED_AT = DagRunQueuedAtDeadline()

    @classmethod
    def FIXED_DATETIME(cls, moment: datetime) -> FixedDatetimeDeadline:  # noqa: N802 - Airflow's name
        """A moment, the same for every run."""
        return FixedDatetimeDeadline(moment)

    @classmethod
    def AVERAGE_RUNTIME(  # noqa: N802 - Airflow's name
        cls, max_runs: int = 10, min_runs: int | None = None
    ) -> AverageRuntimeDeadline:
        """The average of the latest runs."""
        return AverageRuntimeDeadline(max_runs, min_runs)


class Callback:
    """A function to call, given itself or by its import path."""

    def __init__(
        self,
        callback_callable: Callable[..., UserValue] | str,
        kwargs: Mapping[str, UserValue] | None = None,
    ) -> None:
        if not isinstance(callback_callable, str) and not callable(callback_callable):
            raise TypeError(f"A callback has to be a function; {callback_callable!r} is none.")
        self.path = (
            callback_callable
            if isinstance(callback_callable, str)
            else f"{callback_callable.__module__}.{callback_callable.__qualname__}"
        )
        self.kwargs = dict(kwargs or {})
        if "context" in self.kwargs:
            raise ValueError("The name 'context' is taken: a callback gets the context under it.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"


class SyncCallback(Callback):
    """A function that an executor calls."""

    def __init__(
        self,
        callback_callable: Callable[..., UserValue] | str,
        kwargs: Mapping[str, UserValue] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor


class AsyncCallback(Callback):
    """A coroutine function that the triggerer calls."""


@dataclass(frozen=True)
class DeadlineAlert:
    """When `interval` has gone by since `reference` and the run is not done, call back."""

    reference: BaseDeadlineReference
    interval: timedelta
    callback: Callback
    name: str | None = None

    def describe(self) -> dict[str, UserValue]:
        """The alert as JSON can hold it."""
        return {
            "name": self.name,
            "reference": self.reference.serialize_reference(),
            "interval": self.interval.total_seconds(),
            "callback": {
                "type": type(self.callback).__name__,
                "path": self.callback.path,
                "kwargs": self.callback.kwargs,
            },
        }


def _plain(fields: Mapping[str, UserValue]) -> dict[str, UserValue]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
