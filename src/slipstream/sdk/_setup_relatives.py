"""What stands above a node, seen through setups and teardowns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._node import DAGNode


def above_with_teardowns(node: DAGNode) -> Iterator[AbstractOperator]:
    """Everything above the node, and the teardowns of the setups among it."""
    above = {task.task_id: task for task in node.get_flat_relatives(upstream=True)}
    for task in list(above.values()):
        if task.is_setup:
            above.update((end.task_id, end) for end in _teardowns_of(task))
    above.pop(node.node_id, None)
    yield from (above[task_id] for task_id in sorted(above))


def setups_above(node: DAGNode, *, with_teardowns: bool) -> Iterator[AbstractOperator]:
    """The setups that the node works under, each with its teardowns where they are asked for.

    It works under a setup that has no teardown, or one of whose teardowns is below the node.
    """
    below = node.get_flat_relative_ids(upstream=False)
    found: dict[str, AbstractOperator] = {}
    for task in node.get_flat_relatives(upstream=True):
        if not task.is_setup:
            continue
        ends = _teardowns_of(task)
        if ends and not any(end.task_id in below for end in ends):
            continue
        found[task.task_id] = task
        if with_teardowns:
            found.update((end.task_id, end) for end in ends)
    yield from (found[task_id] for task_id in sorted(found))


def _teardowns_of(setup: AbstractOperator) -> list[AbstractOperator]:
    return [task for task in setup.downstream_list if task.is_teardown]
