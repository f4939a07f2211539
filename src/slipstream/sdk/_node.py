"""What tasks, groups and their outputs have in common: they can be put in order."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Self, TypeAlias, TypeVar

from slipstream.sdk._keys import quoted
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from types import TracebackType

    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._edges import EdgeModifier
    from slipstream.sdk._group import TaskGroup

D = TypeVar("D", bound="DependencyMixin | Sequence[DependencyMixin]")

Orderable: TypeAlias = "DependencyMixin | Sequence[DependencyMixin]"
"""What may stand on either side of `>>`."""


class DependencyMixin(metaclass=ABCMeta):
    """Something that can stand on either side of `>>` and `<<`."""

    @property
    @abstractmethod
    def roots(self) -> Sequence[AbstractOperator]:
        """The tasks that come first in it."""

    @property
    @abstractmethod
    def leaves(self) -> Sequence[AbstractOperator]:
        """The tasks that come last in it."""

    @abstractmethod
    def set_upstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let this wait for `other`."""

    @abstractmethod
    def set_downstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let `other` wait for this."""

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Learn that `other` was put before (`upstream`) or after this."""
        return

    def as_setup(self) -> DependencyMixin:
        """Make every task in this a setup task."""
        raise NotImplementedError(f"{type(self).__name__} cannot be a setup.")

    def as_teardown(
        self,
        *,
        setups: AbstractOperator | Sequence[AbstractOperator] | None = None,
        on_failure_fail_dagrun: bool | None = None,
    ) -> DependencyMixin:
        """Make every task in this a teardown task of `setups`."""
        raise NotImplementedError(f"{type(self).__name__} cannot be a teardown.")

    def __rshift__(self, other: D) -> D:
        """`self >> other`."""
        self.set_downstream(other)
        return other

    def __lshift__(self, other: D) -> D:
        """`self << other`."""
        self.set_upstream(other)
        return other

    def __rrshift__(self, other: Sequence[DependencyMixin]) -> Self:
        """`[a, b] >> self`: lists have no `>>` of their own."""
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Sequence[DependencyMixin]) -> Self:
        """`[a, b] << self`."""
        self.set_downstream(other)
        return self

    def __enter__(self) -> Self:
        raise AirflowException(
            f"{type(self).__name__} cannot be used with `with`; DAGs, task groups, setup and "
            f"teardown tasks can."
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


class DAGNode(DependencyMixin):
    """A task or a group: it has an id in a DAG and stands in at most one group."""

    dag: DAG | None
    task_group: TaskGroup | None
    upstream_task_ids: set[str]
    downstream_task_ids: set[str]

    @property
    @abstractmethod
    def node_id(self) -> str:
        """The id in the DAG, with the prefixes of the groups."""

    @property
    def label(self) -> str:
        """The id without the prefix of the group that it stands in."""
        group = self.task_group
        if group is not None and group.node_id and group.prefix_group_id:
            return self.node_id.removeprefix(f"{group.node_id}.")
        return self.node_id

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:
        """The ids of the tasks right before (`upstream`) or right after this."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[AbstractOperator]:
        """The tasks right before (`upstream`) or right after this, ordered by id."""
        ids = self.get_direct_relative_ids(upstream)
        if self.dag is None:
            return []
        return [self.dag.get_task(task_id) for task_id in sorted(ids)]

    @property
    def upstream_list(self) -> list[AbstractOperator]:
        """The tasks right before this."""
        return self.get_direct_relatives(upstream=True)

    @property
    def downstream_list(self) -> list[AbstractOperator]:
        """The tasks right after this."""
        return self.get_direct_relatives(upstream=False)

    def get_flat_relative_ids(self, *, upstream: bool = False) -> set[str]:
        """The ids of all tasks before (`upstream`) or after this, at any distance."""
        found: set[str] = set()
        waiting = set(self.get_direct_relative_ids(upstream))
        while waiting and self.dag is not None:
            found |= waiting
            waiting = {
                further
                for task_id in waiting
                for further in self.dag.get_task(task_id).get_direct_relative_ids(upstream)
            } - found
        return found

    def get_flat_relatives(self, upstream: bool = False) -> list[AbstractOperator]:
        """All tasks before (`upstream`) or after this, at any distance, ordered by id."""
        if self.dag is None:
            return []
        ids = self.get_flat_relative_ids(upstream=upstream)
        return [self.dag.get_task(task_id) for task_id in sorted(ids)]

    def get_upstreams_follow_setups(self) -> Iterator[AbstractOperator]:
        """All tasks before this, and the teardowns of the setups among them, ordered by id."""
        from slipstream.sdk._setup_relatives import above_with_teardowns

        return above_with_teardowns(self)

    def get_upstreams_only_setups(self) -> Iterator[AbstractOperator]:
        """The setups that this works under, ordered by id."""
        from slipstream.sdk._setup_relatives import setups_above

        return setups_above(self, with_teardowns=False)

    def get_upstreams_only_setups_and_teardowns(self) -> Iterator[AbstractOperator]:
        """The setups that this works under, and their teardowns, ordered by id."""
        from slipstream.sdk._setup_relatives import setups_above

        return setups_above(self, with_teardowns=True)


def flatten(other: Orderable) -> Iterator[DependencyMixin]:
    """One after the other, whatever the nesting of lists. Raises `AirflowException`."""
    if isinstance(other, DependencyMixin):
        yield other
    elif isinstance(other, list | tuple | set | frozenset):
        for item in other:
            yield from flatten(item)
    else:
        raise AirflowException(
            f"Only tasks, task groups and task outputs can be put in order; "
            f"{other!r} is of type {type(other).__name__}. "
            f"A @task function is a task only once it is called."
        )


def connect(
    first: Iterable[AbstractOperator],
    then: Iterable[AbstractOperator],
    edge_modifier: EdgeModifier | None = None,
) -> None:
    """Let each of `then` wait for each of `first`."""
    before, after = list(first), list(then)
    if not before or not after:
        return
    dag = _common_dag([*before, *after])
    for task in (*before, *after):
        if task.dag is None:
            task.dag = dag
    for up in before:
        for down in after:
            up.downstream_task_ids.add(down.task_id)
            down.upstream_task_ids.add(up.task_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(dag, up.task_id, down.task_id)


def _common_dag(tasks: Iterable[AbstractOperator]) -> DAG:
    tasks = list(tasks)
    dags = {id(task.dag): task.dag for task in tasks if task.dag is not None}
    ids = quoted(task.task_id for task in tasks)
    if not dags:
        raise AirflowException(
            f"The tasks {ids} cannot be put in order: none of them belongs to a DAG. "
            f"Create them inside `with DAG(...)`, or pass dag=."
        )
    if len(dags) > 1:
        found = quoted(dag.dag_id for dag in dags.values())
        raise AirflowException(
            f"The tasks {ids} cannot be put in order: they belong to several DAGs ({found}). A DAG "
            f"starts another with TriggerDagRunOperator, or waits for it with ExternalTaskSensor."
        )
    return next(iter(dags.values()))
