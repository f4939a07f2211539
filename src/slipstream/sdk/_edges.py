"""Ways to put many tasks in order at once, and labels on the edges between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict

from slipstream.sdk._naming import naming
from slipstream.sdk._node import DependencyMixin, Orderable, connect, flatten
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._dag import DAG


class EdgeInfo(TypedDict, total=False):
    """What is known about an edge besides its ends."""

    label: str | None


class EdgeModifier(DependencyMixin):
    """Stands between two sides of `>>` and marks the edges that arise between them.

    `a >> Label("x") >> b` marks the edge from a to b. The edge arises once both sides are there.
    """

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[DependencyMixin] = []
        self._downstream: list[DependencyMixin] = []

    @property
    def roots(self) -> Sequence[AbstractOperator]:
        """The first tasks of what stands after it."""
        return [task for item in self._downstream for task in item.roots]

    @property
    def leaves(self) -> Sequence[AbstractOperator]:
        """The last tasks of what stands before it."""
        return [task for item in self._upstream for task in item.leaves]

    def set_upstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Put `other` in front of the marked edges."""
        for item in flatten(other):
            self.update_relative(item, upstream=True)

    def set_downstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Put `other` behind the marked edges."""
        for item in flatten(other):
            self.update_relative(item, upstream=False)

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Take in one side; connects it with everything on the other side."""
        side, opposite = (
            (self._upstream, self._downstream) if upstream else (self._downstream, self._upstream)
        )
        if isinstance(other, EdgeModifier):
            raise AirflowException(
                f"The labels {self.label!r} and {other.label!r} stand next to each other; "
                f"put a task between them."
            )
        side.append(other)
        for item in opposite:
            first, then = (other, item) if upstream else (item, other)
            first.set_downstream(then, edge_modifier=self)

    def add_edge_info(self, dag: DAG, upstream_id: str, downstream_id: str) -> None:
        """Mark one edge."""
        dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})


def Label(label: str) -> EdgeModifier:  # noqa: N802 - Airflow's name
    """An edge with this text on it: `a >> Label("when empty") >> b`."""
    return EdgeModifier(label=label)


def chain(*tasks: Orderable) -> None:
    """Put tasks one after the other: `chain(a, [b, c], [d, e], f)`.

    Two lists side by side are joined item by item and must have the same length; a list and a
    single item are joined all to one.
    """
    for left, right in pairwise(tasks):
        if isinstance(left, DependencyMixin):
            left.set_downstream(right)
        elif isinstance(right, DependencyMixin):
            right.set_upstream(left)
        else:
            _join_item_by_item(_listed(left), _listed(right))


def _join_item_by_item(left: Sequence[DependencyMixin], right: Sequence[DependencyMixin]) -> None:
    if len(left) != len(right):
        raise AirflowException(
            f"chain() joins neighbouring lists item by item, so they need the same length; "
            f"found {len(left)} and {len(right)}. chain_linear() joins all with all."
        )
    for one, other in zip(left, right, strict=True):
        one.set_downstream(other)


def _listed(side: Orderable) -> Sequence[DependencyMixin]:
    if not isinstance(side, Sequence) or isinstance(side, str):
        raise TypeError(
            f"chain() takes tasks, task groups, labels and lists of them; "
            f"{side!r} is of type {type(side).__name__}."
        )
    return side


def chain_linear(*elements: Orderable) -> None:
    """Put tasks one after the other, every item of a list joined with all of the next."""
    if len(elements) < 2:
        raise ValueError(
            f"chain_linear() joins at least two elements; it was given {len(elements)}. "
            f"A list of tasks is passed with a star: chain_linear(*tasks)."
        )
    for left, right in pairwise(elements):
        if isinstance(left, EdgeModifier) or isinstance(right, EdgeModifier):
            raise ValueError("chain_linear() takes no labels; use chain() or >> for those.")
        for item in flatten(left):
            item.set_downstream(right)


def cross_downstream(
    from_tasks: Sequence[DependencyMixin], to_tasks: DependencyMixin | Sequence[DependencyMixin]
) -> None:
    """Let each of `to_tasks` wait for each of `from_tasks`."""
    for task in from_tasks:
        task.set_downstream(to_tasks)


def order(first: DependencyMixin, then: Orderable, edge_modifier: EdgeModifier | None) -> None:
    """`first >> then` for anything but an edge modifier on the left."""
    for item in _neighbours(first, then):
        if isinstance(item, EdgeModifier):
            item.update_relative(first, upstream=True)
            continue
        item.update_relative(first, upstream=True, edge_modifier=edge_modifier)
        first.update_relative(item, upstream=False, edge_modifier=edge_modifier)
        connect(first.leaves, item.roots, edge_modifier)


def _neighbours(one: DependencyMixin, others: Orderable) -> list[DependencyMixin]:
    """What is joined with it, one by one. Errors name the task and the DAG."""
    if isinstance(others, DependencyMixin):
        return [others]
    with naming(task_id=getattr(one, "task_id", None), dag_id=getattr(one, "dag_id", None)):
        return list(flatten(others))


def order_back(then: DependencyMixin, first: Orderable, edge_modifier: EdgeModifier | None) -> None:
    """`then << first` for anything but an edge modifier on the left."""
    for item in _neighbours(then, first):
        if isinstance(item, EdgeModifier):
            item.update_relative(then, upstream=False)
            continue
        item.update_relative(then, upstream=False, edge_modifier=edge_modifier)
        then.update_relative(item, upstream=True, edge_modifier=edge_modifier)
        connect(item.leaves, then.roots, edge_modifier)
