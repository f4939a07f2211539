"""How urgent a task is, compared with others that wait for the same places."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slipstream.model.states import WeightRule
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator

MIN_WEIGHT, MAX_WEIGHT = -(2**31), 2**31 - 1
"""What fits the database; sums beyond are cut."""


class PriorityWeightStrategy(ABC):
    """A weight rule of one's own: subclass it and pass it as `weight_rule`."""

    @abstractmethod
    def get_weight(self, ti: UserValue) -> int:
        """The weight of a task instance; higher goes first."""

    def serialize(self) -> dict[str, UserValue]:
        """What its constructor needs to make it again."""
        return {}

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue]) -> PriorityWeightStrategy:
        """Make it again."""
        return cls(**data)


class WeighedTask:
    """What a strategy may look at: the task with its ids, before there is an instance."""

    def __init__(self, task: AbstractOperator) -> None:
        self.task = task
        self.task_id = task.task_id
        self.dag_id = task.dag_id
        self.priority_weight = getattr(task, "priority_weight", 1)
        self.try_number = 1
        self.map_index = -1


def total_weights(ordered: Sequence[AbstractOperator]) -> dict[str, int]:
    """`{task_id: weight after its weight rule}` of tasks in topological order.

    The rules `downstream` and `upstream` add the weights of every task below or above, each once.
    Sets of tasks are whole numbers with a bit for each task, so that even thousands of tasks in a
    dense graph cost little.
    """
    weights = [int(getattr(task, "priority_weight", 1)) for task in ordered]
    rules = {_rule(task) for task in ordered}
    sums = _Sums(weights)
    below = _reach(ordered, upstream=False) if WeightRule.DOWNSTREAM in rules else {}
    above = _reach(ordered, upstream=True) if WeightRule.UPSTREAM in rules else {}
    totals: dict[str, int] = {}
    for task, weight in zip(ordered, weights, strict=True):
        match _rule(task):
            case WeightRule.DOWNSTREAM:
                total = weight + sums.over(below[task.task_id])
            case WeightRule.UPSTREAM:
                total = weight + sums.over(above[task.task_id])
            case PriorityWeightStrategy() as strategy:
                total = _asked(strategy, task)
            case _:
                total = weight
        totals[task.task_id] = min(max(total, MIN_WEIGHT), MAX_WEIGHT)
    return totals


def _asked(strategy: PriorityWeightStrategy, task: AbstractOperator) -> int:
    """What a strategy of the user's own says. Raises `AirflowException` where it fails."""
    name = type(strategy).__qualname__
    try:
        weight = strategy.get_weight(WeighedTask(task))
    except Exception as error:
        raise AirflowException(
            f"The weight rule {name} of task {task.task_id!r} in DAG {task.dag_id!r} failed: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(weight, int | float):
        raise AirflowException(
            f"The weight rule {name} of task {task.task_id!r} in DAG {task.dag_id!r} must give a "
            f"number; it gave {weight!r}."
        )
    return int(weight)


def _rule(task: AbstractOperator) -> WeightRule | PriorityWeightStrategy:
    rule: WeightRule | PriorityWeightStrategy = task.weight_rule
    return rule


def _reach(ordered: Sequence[AbstractOperator], *, upstream: bool) -> dict[str, int]:
    """`{task_id: set of the tasks above or below it}`."""
    bits = {task.task_id: 1 << position for position, task in enumerate(ordered)}
    reach: dict[str, int] = {}
    for task in ordered if upstream else reversed(ordered):
        found = 0
        for task_id in task.get_direct_relative_ids(upstream):
            found |= bits[task_id] | reach[task_id]
        reach[task.task_id] = found
    return reach


class _Sums:
    """Sums weights over sets of tasks: for each distinct weight, how many have it."""

    def __init__(self, weights: Sequence[int]) -> None:
        self._sets: dict[int, int] = {}
        for position, weight in enumerate(weights):
            self._sets[weight] = self._sets.get(weight, 0) | 1 << position

    def over(self, tasks: int) -> int:
        """The sum over the tasks of the set."""
        return sum(weight * (tasks & having).bit_count() for weight, having in self._sets.items())
