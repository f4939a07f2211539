"""Setup and teardown: tasks that stand around others, and `with` blocks that wire them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Self, TypeVar

from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from types import TracebackType

    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._node import DependencyMixin

F = TypeVar("F", bound="Callable[..., object]")


class SetupTeardownScope:
    """A `with` block of a setup or teardown task: the work done in it stands in between."""

    def __init__(
        self, setups: Sequence[AbstractOperator], teardowns: Sequence[AbstractOperator]
    ) -> None:
        self.setups = tuple(setups)
        self.teardowns = tuple(teardowns)
        self._tasks: dict[str, AbstractOperator] = {}

    def add_task(self, task: AbstractOperator) -> None:
        """Count a task among those in between."""
        self._tasks[task.task_id] = task

    def nest(self, inner: SetupTeardownScope) -> None:
        """An inner block is set up after this one and torn down before it."""
        for setup in inner.setups:
            for outer in self.setups:
                setup.set_upstream(outer)
        for teardown in inner.teardowns:
            for outer in self.teardowns:
                teardown.set_downstream(outer)

    def connect(self) -> None:
        """Let the first tasks wait for the setups, and the teardowns wait for the last.

        First and last are those that wait for nothing and that nothing waits for, anywhere in the
        DAG; where there are none such, all of them are. Setups and teardowns among the tasks are
        left to their own edges. This is how Airflow joins them.
        """
        work = [one for one in self._tasks.values() if not one.is_setup and not one.is_teardown]
        first = [one for one in work if not one.upstream_task_ids] or work
        last = [one for one in work if not one.downstream_task_ids] or work
        for task in first:
            for setup in self.setups:
                task.set_upstream(setup)
        for task in last:
            for teardown in self.teardowns:
                task.set_downstream(teardown)


_open: list[SetupTeardownScope] = []


def note_new_task(task: AbstractOperator) -> None:
    """A task was made: it belongs to the innermost open block."""
    if _open:
        _open[-1].add_task(task)


def enter(operators: Iterable[AbstractOperator]) -> SetupTeardownScope:
    """Begin a `with` block of these setup and teardown tasks."""
    operators = list(operators)
    if not operators or not all(one.is_setup or one.is_teardown for one in operators):
        raise AirflowException("Only setup and teardown tasks can be used with `with`.")
    setups = [one for one in operators if one.is_setup]
    teardowns = [one for one in operators if one.is_teardown]
    for teardown in teardowns:
        setups += [up for up in teardown.upstream_list if up.is_setup and up not in setups]
    if not teardowns:
        for setup in setups:
            teardowns += [d for d in setup.downstream_list if d.is_teardown and d not in teardowns]
    scope = SetupTeardownScope(setups, teardowns)
    if _open:
        _open[-1].nest(scope)
    _open.append(scope)
    return scope


def leave(failed: bool) -> None:
    """End the innermost `with` block; it is wired unless an error ended it."""
    scope = _open.pop()
    if not failed:
        scope.connect()


def add_to_scope(task: AbstractOperator) -> None:
    """`scope.add_task(task)` for the innermost block: a task made before it joins in."""
    if not _open:
        raise AirflowException("add_task() only makes sense inside a `with` block of a teardown.")
    _open[-1].add_task(task)


def forget() -> None:
    """Drop what broken code left open."""
    _open.clear()


class ContextWrapper(list["DependencyMixin"]):
    """Several setup or teardown tasks for one `with`: `with ContextWrapper([s1, s2]): …`."""

    def __enter__(self) -> Self:
        enter(task for item in self for task in item.roots)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        leave(failed=kind is not None)

    def add_task(self, task: AbstractOperator) -> None:
        """A task made before the block joins in."""
        add_to_scope(task)
