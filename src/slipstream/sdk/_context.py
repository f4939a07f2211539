"""The context of a running task: what `execute` is given and templates may name."""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import TYPE_CHECKING

from slipstream.sdk._context_keys import FORMER, LAZY, OF_A_DATE, UNDATED
from slipstream.sdk._running import get_current_context, running
from slipstream.sdk._task_instance import TaskInstance
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.model.attempt import Attempt
    from slipstream.model.run import DagRun
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._dag import DAG

__all__ = ["Context", "build_context", "context_merge", "get_current_context", "running"]

_NOTHING = object()


class UndatedRunError(KeyError):
    """A key of the context that only runs with a logical date have."""

    def __str__(self) -> str:
        return str(self.args[0])


class Context(dict[str, UserValue]):
    """A dictionary that computes its values when they are first asked for.

    Names of older releases are found, with a deprecation warning, but not listed.
    """

    __slots__ = ("_lazy", "_unlisted")

    def __init__(
        self,
        known: Mapping[str, UserValue] | None = None,
        *,
        lazy: Mapping[str, Callable[[Context], UserValue]] | None = None,
        unlisted: Mapping[str, Callable[[Context], UserValue]] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(known or {}, **kwargs)
        # Shared and never changed: copying them would write to every page that they lie in.
        self._lazy = lazy or {}
        self._unlisted = unlisted or {}

    def __missing__(self, key: str) -> UserValue:
        if key in self._lazy:
            value = self[key] = self._lazy[key](self)
            return value
        if key in self._unlisted:
            return self._unlisted[key](self)
        if key in OF_A_DATE and "dag_run" in self:
            raise UndatedRunError(
                f"{key}: the run {self['run_id']!r} was asked for without a logical date. ds, ts "
                "and dag_run.run_after are of the moment when it was due."
            )
        raise KeyError(key)

    def __delitem__(self, key: str) -> None:
        found = super().pop(key, _NOTHING)
        if key in self._lazy:
            self._lazy = {name: compute for name, compute in self._lazy.items() if name != key}
        elif found is _NOTHING:
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._lazy or key in self._unlisted

    def __iter__(self) -> Iterator[str]:
        return iter([*super().__iter__(), *self._uncomputed()])

    def __len__(self) -> int:
        return super().__len__() + len(self._uncomputed())

    def _uncomputed(self) -> list[str]:
        known = super().__contains__
        return [name for name in self._lazy if not known(name)]

    def __bool__(self) -> bool:
        return len(self) > 0

    def keys(self) -> KeysView[str]:  # type: ignore[override]  # dict's own view knows no lazy keys
        """The names, without those of older releases."""
        return KeysView(self)

    def items(self) -> ItemsView[str, UserValue]:  # type: ignore[override]  # as for keys
        """The names with their values."""
        return ItemsView(self)

    def values(self) -> ValuesView[UserValue]:  # type: ignore[override]  # as for keys
        """The values."""
        return ValuesView(self)

    def get(self, key: str, default: UserValue = None) -> UserValue:
        """The value, or the default."""
        return self[key] if key in self else default  # noqa: SIM401 - that would be this method

    def pop(self, key: str, *default: UserValue) -> UserValue:
        """Remove a name and give its value."""
        if key in self._lazy:
            value = self[key]
            del self[key]
            return value
        return super().pop(key, *default)

    def setdefault(self, key: str, default: UserValue = None) -> UserValue:
        """The value; sets the default where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Take names over."""
        super().update(dict(*args, **kwargs))

    def copy(self) -> Context:
        """A context of its own with the same values, computed and not."""
        return Context(
            dict(zip(super().__iter__(), super().values(), strict=True)),
            lazy=self._lazy,
            unlisted=self._unlisted,
        )

    __copy__ = copy

    def forget(self, key: str) -> None:
        """Compute the value anew when it is next asked for."""
        super().pop(key, None)

    def lookup_unlisted(self, wanted: Callable[[str], bool]) -> dict[str, UserValue]:
        """The names of older releases that are wanted, with their values."""
        return {name: self[name] for name in list(self._unlisted) if wanted(name)}


def context_merge(
    context: MutableMapping[str, UserValue],
    *additions: Mapping[str, UserValue] | None,
    **kwargs: UserValue,
) -> None:
    """Put more names into a context."""
    for addition in additions:
        if addition:
            context.update(addition)
    context.update(kwargs)


def build_context(dag: DAG, task: AbstractOperator, attempt: Attempt, backend: Backend) -> Context:
    """The context of one attempt. Nothing is looked up before it is asked for.

    Use `running(context)` around whatever user code runs in it, and `unmap(task, context)` to get
    the operator to run.
    """
    ti = TaskInstance(attempt, task, dag, backend)
    run = attempt.run
    context = Context(
        {
            "dag": dag,
            "dag_run": ti.dag_run,
            "run_id": run.run_id,
            "task": task,
            "task_instance": ti,
            "ti": ti,
            "try_number": attempt.try_number,
            "task_reschedule_count": attempt.reschedules,
            "task_instance_key_str": f"{run.dag_id}__{task.task_id}__{_day(run)}",
            "inlets": getattr(task, "inlets", []),
            "outlets": getattr(task, "outlets", []),
            "map_index_template": getattr(task, "map_index_template", None),
            "templates_dict": None,
            "test_mode": False,
            "partition_key": run.partition_key,
            "partition_date": run.partition_date and ti.dag_run.partition_date,
            "exception": None,
            "reason": None,
        },
        lazy=UNDATED if run.logical_date is None else LAZY,
        unlisted=FORMER,
    )
    ti.context = context
    return context


def is_context_key(name: str) -> bool:
    """Whether every task's context has something of that name."""
    from slipstream.sdk._context_keys import FORMER_NAMES, LAZY

    return name in LAZY or name in FORMER_NAMES or name in _KNOWN_AT_ONCE


_KNOWN_AT_ONCE = frozenset(
    [
        "dag",
        "dag_run",
        "run_id",
        "task",
        "task_instance",
        "ti",
        "try_number",
        "task_reschedule_count",
        "task_instance_key_str",
        "inlets",
        "outlets",
        "map_index_template",
        "templates_dict",
        "test_mode",
        "partition_key",
        "partition_date",
        "exception",
        "reason",
    ]
)


def set_task(context: Context, task: AbstractOperator) -> None:
    """The operator that runs has been made from a mapped one."""
    context["task"] = context["ti"].task = task
    context["inlets"] = getattr(task, "inlets", [])
    context["outlets"] = getattr(task, "outlets", [])
    context.forget("params")


def _day(run: DagRun) -> str:
    """What tells the runs apart: the day of the logical date, or the run's id without one."""
    if run.logical_date is None:
        return run.run_id
    return run.logical_date.isoformat()[:10].replace("-", "")
