"""Task groups: tasks that belong together, with a common prefix and common defaults."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from slipstream.sdk import _scope
from slipstream.sdk._keys import check_group_id
from slipstream.sdk._naming import naming
from slipstream.sdk._node import DAGNode, DependencyMixin, Orderable
from slipstream.sdk.exceptions import (
    AirflowException,
    DuplicateTaskIdFound,
    TaskAlreadyInTaskGroup,
)

if TYPE_CHECKING:
    from types import TracebackType

    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._edges import EdgeModifier
    from slipstream.sdk._expand_input import ExpandInput
    from slipstream.sdk._types import UserValue


class TaskGroup(DAGNode):
    """Tasks that belong together. Use it with `with`, or put tasks in with `task_group=`.

    The ids of what stands in it begin with the group's id, unless `prefix_group_id` is false.
    """

    is_mapped = False

    def __init__(
        self,
        group_id: str | None = None,
        prefix_group_id: bool = True,
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: Mapping[str, UserValue] | None = None,
        tooltip: str = "",
        doc_md: str | None = None,
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
        group_display_name: str = "",
    ) -> None:
        self.prefix_group_id = prefix_group_id
        self.default_args: dict[str, UserValue] = copy.deepcopy(dict(default_args or {}))
        self.tooltip = tooltip
        self.doc_md = doc_md
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.group_display_name = group_display_name
        self.children: dict[str, DAGNode] = {}
        self.upstream_group_ids: set[str | None] = set()
        self.downstream_group_ids: set[str | None] = set()
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_group = None
        self.dag = dag
        self.add_suffix_on_collision = add_suffix_on_collision
        self._group_id: str | None = None
        if group_id is not None:
            with naming(dag_id=getattr(dag, "dag_id", None)):
                self._join_parent(check_group_id(group_id), parent_group, add_suffix_on_collision)

    @classmethod
    def create_root(cls, dag: DAG) -> TaskGroup:
        """The group that everything in the DAG stands in; it has no id."""
        return cls(group_id=None, dag=dag)

    def _join_parent(self, group_id: str, parent: TaskGroup | None, add_suffix: bool) -> None:
        if parent is None:
            dag = self.dag or _scope.current_dag()
            parent = _scope.current_group(dag) if dag is not None else _scope.open_group()
        if parent is None or parent.dag is None:
            raise AirflowException(
                f"Task group {group_id!r} belongs to no DAG. Create it inside `with DAG(...)`, or "
                f"pass dag= or parent_group=."
            )
        self.dag = parent.dag
        self._group_id = group_id
        self.default_args = {**parent.default_args, **self.default_args}
        if add_suffix:
            self._group_id = _free_suffix(group_id, parent.child_id, self.dag)
        if not self.group_display_name:
            self.group_display_name = self._group_id
        self.task_group = parent
        self.dag.register_group(parent.child_id(self._group_id), self)
        parent.add(self)

    # ------------------------------------------------------------------ names

    @property
    def is_root(self) -> bool:
        """Whether it is the DAG's outermost group."""
        return self._group_id is None

    @property
    def group_id(self) -> str | None:
        """The id with the prefixes of the groups around it; None for the outermost."""
        if self._group_id is None:
            return None
        parent = self.task_group
        return parent.child_id(self._group_id) if parent is not None else self._group_id

    @property
    def node_id(self) -> str:
        """The group id; empty for the outermost."""
        return self.group_id or ""

    @property
    def label(self) -> str:
        """The id without prefixes."""
        return self._group_id or ""

    @property
    def dag_id(self) -> str:
        """The id of its DAG."""
        return self.dag.dag_id if self.dag is not None else ""

    def get_dag(self) -> DAG | None:
        """The DAG that it belongs to."""
        return self.dag

    def has_dag(self) -> bool:
        """Whether it belongs to a DAG."""
        return self.dag is not None

    @property
    def log(self) -> logging.Logger:
        """The logger of groups."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    @property
    def used_group_ids(self) -> set[str | None]:
        """The ids in its DAG that no further task or group may have."""
        dag = self.dag
        if dag is None:
            return set()
        groups = [group for group in dag.task_group_dict.values() if not group.is_root]
        return {
            *dag.task_dict,
            *(name for group in groups for name in _ids_of(group)),
        }

    @property
    def parent_group(self) -> TaskGroup | None:
        """The group that it stands in."""
        return self.task_group

    def child_id(self, label: str) -> str:
        """The id of something in this group: with the prefix, where the group has one."""
        if self._group_id is None:
            return label
        if self.prefix_group_id:
            return f"{self.group_id}.{label}"
        # A group without a prefix of its own leaves out the prefixes around it, too.
        return label

    @property
    def upstream_join_id(self) -> str:
        """The id of the point where all edges into the group meet, in a drawing."""
        return f"{self.group_id}.upstream_join_id"

    @property
    def downstream_join_id(self) -> str:
        """The id of the point where all edges out of the group meet, in a drawing."""
        return f"{self.group_id}.downstream_join_id"

    # ------------------------------------------------------------------ members

    def add(self, node: DAGNode) -> DAGNode:
        """Put a task or a group in. Raises where one of that id is there, or it is elsewhere."""
        if node.task_group is not None and node.task_group is not self:
            raise TaskAlreadyInTaskGroup(
                node.node_id, node.task_group.group_id, self.node_id or "the DAG"
            )
        if node.node_id in self.children and self.children[node.node_id] is not node:
            raise DuplicateTaskIdFound(
                f"The id {node.node_id!r} is taken already in {self._described()}. Give each task "
                f"and each group an id of its own."
            )
        if isinstance(node, TaskGroup) and node.dag is not self.dag:
            raise AirflowException(f"Task group {node.node_id!r} belongs to another DAG.")
        node.task_group = self
        self.children[node.node_id] = node
        return node

    def _described(self) -> str:
        dag_id = self.dag.dag_id if self.dag is not None else "?"
        return f"group {self.node_id!r} of DAG {dag_id!r}" if self.node_id else f"DAG {dag_id!r}"

    def __iter__(self) -> Iterator[AbstractOperator]:
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child  # type: ignore[misc]  # a node is either a group or an operator

    def iter_tasks(self) -> Iterator[AbstractOperator]:
        """The tasks in this group and the groups in it."""
        return iter(self)

    def topological_sort(self) -> list[DAGNode]:
        """Its members, each after what it waits for; among equals, in the order of their making."""
        left = dict(self.children)
        within = {
            node_id: {task.task_id for task in child} if isinstance(child, TaskGroup) else {node_id}
            for node_id, child in left.items()
        }
        above = {
            node_id: {
                one
                for task in (child if isinstance(child, TaskGroup) else [child])
                for one in task.upstream_task_ids
            }
            for node_id, child in left.items()
        }
        ordered: list[DAGNode] = []
        while left:
            waiting = set().union(*(within[node_id] for node_id in left))
            ready = next(
                (of for of in left if not above[of] & (waiting - within[of])), next(iter(left))
            )
            ordered.append(left.pop(ready))
        return ordered

    def hierarchical_alphabetical_sort(self) -> list[DAGNode]:
        """Its members by id, groups first."""
        return sorted(
            self.children.values(),
            key=lambda node: (not isinstance(node, TaskGroup), node.node_id),
        )

    def has_task(self, task: AbstractOperator) -> bool:
        """Whether the task stands in this group or in a group in it."""
        group = task.task_group
        while group is not None:
            if group is self:
                return True
            group = group.task_group
        return False

    def get_child_by_label(self, label: str) -> DAGNode:
        """The member of that id without prefix. Raises `KeyError`."""
        return self.children[self.child_id(label)]

    def get_task_group_dict(self) -> dict[str | None, TaskGroup]:
        """`{group_id: group}` of this group and the groups in it."""
        found: dict[str | None, TaskGroup] = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def iter_mapped_task_groups(self) -> Iterator[MappedTaskGroup]:
        """The mapped groups around this, from the inside out, itself included."""
        group: TaskGroup | None = self
        while group is not None:
            if isinstance(group, MappedTaskGroup):
                yield group
            group = group.task_group

    # ------------------------------------------------------------------ order

    def get_roots(self) -> Iterator[AbstractOperator]:
        """The tasks that wait for no other task of the group."""
        members = {task.task_id for task in self}
        for task in self:
            if not task.upstream_task_ids & members:
                yield task

    def get_leaves(self) -> Iterator[AbstractOperator]:
        """The tasks that no other task of the group waits for, teardowns aside.

        What follows a group does not wait for its teardown tasks, but for the work before them.
        """
        members = {task.task_id: task for task in self}
        seen: set[str] = set()
        for task in members.values():
            if task.downstream_task_ids & members.keys():
                continue
            for leaf in _work_before(task, members):
                if leaf.task_id not in seen:
                    seen.add(leaf.task_id)
                    yield leaf

    @property
    def roots(self) -> Sequence[AbstractOperator]:
        """The tasks that wait for no other task of the group; of an empty one, what follows it."""
        return list(self.get_roots()) or self._beyond(upstream=False)

    @property
    def leaves(self) -> Sequence[AbstractOperator]:
        """The tasks that no other task of the group waits for, teardowns aside.

        Where it has none, what the group waits for: `a >> group >> b` then joins a and b.
        """
        return list(self.get_leaves()) or self._beyond(upstream=True)

    def _beyond(self, *, upstream: bool) -> list[AbstractOperator]:
        """The tasks that a group without work passes on to those on its other side."""
        assert self.dag is not None
        groups, waiting = [self], [self]
        found: dict[str, AbstractOperator] = {}
        while waiting:
            group = waiting.pop()
            ids = group.upstream_task_ids if upstream else group.downstream_task_ids
            found.update((task_id, self.dag.get_task(task_id)) for task_id in sorted(ids))
            for group_id in group.upstream_group_ids if upstream else group.downstream_group_ids:
                near = self.dag.task_group_dict[group_id or ""]
                ends = list(near.get_leaves() if upstream else near.get_roots())
                found.update((task.task_id, task) for task in ends)
                if not ends and near not in groups:
                    groups.append(near)
                    waiting.append(near)
        return list(found.values())

    def set_upstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let the group's first tasks wait for `other`."""
        from slipstream.sdk._edges import order_back

        order_back(self, other, edge_modifier)

    def set_downstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let `other` wait for the group's last tasks."""
        from slipstream.sdk._edges import order

        order(self, other, edge_modifier)

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Keep what the group as a whole was joined with."""
        if isinstance(other, TaskGroup):
            (self.upstream_group_ids if upstream else self.downstream_group_ids).add(other.group_id)
            return
        tasks = other.leaves if upstream else other.roots
        ids = self.upstream_task_ids if upstream else self.downstream_task_ids
        ids.update(task.task_id for task in tasks)

    def __enter__(self) -> Self:
        _scope.enter_group(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _scope.leave_group()

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"


class MappedTaskGroup(TaskGroup):
    """A group that runs once for every element of what it was expanded over."""

    is_mapped = True

    def __init__(
        self,
        group_id: str | None = None,
        *,
        expand_input: ExpandInput,
        prefix_group_id: bool = True,
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: Mapping[str, UserValue] | None = None,
        tooltip: str = "",
        doc_md: str | None = None,
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
        group_display_name: str = "",
    ) -> None:
        super().__init__(
            group_id=group_id,
            prefix_group_id=prefix_group_id,
            parent_group=parent_group,
            dag=dag,
            default_args=default_args,
            tooltip=tooltip,
            doc_md=doc_md,
            ui_color=ui_color,
            ui_fgcolor=ui_fgcolor,
            add_suffix_on_collision=add_suffix_on_collision,
            group_display_name=group_display_name,
        )
        self.expand_input = expand_input

    def iter_mapped_dependencies(self) -> Iterator[AbstractOperator]:
        """The tasks that it is mapped over the results of."""
        for operator, _ in self.expand_input.iter_references():
            yield operator

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        for operator, _ in self.expand_input.iter_references():
            self.set_upstream(operator)


def _ids_of(group: TaskGroup) -> tuple[str | None, ...]:
    return group.group_id, group.upstream_join_id, group.downstream_join_id


def unique_label(label: str, group: TaskGroup | None, dag: DAG | None) -> str:
    """The label, or `label__1`, `label__2` … where its id is taken already in the DAG."""
    if dag is None:
        return label
    return _free_suffix(label, group.child_id if group is not None else str, dag)


def _free_suffix(label: str, full_id: Callable[[str], str], dag: DAG) -> str:
    if not dag.has_node(full_id(label)):
        return label
    base = re.sub(r"__\d+\Z", "", label)
    return f"{base}__{dag.highest_suffix(full_id(base)) + 1}"


def _work_before(
    task: AbstractOperator, members: Mapping[str, AbstractOperator]
) -> Iterator[AbstractOperator]:
    """The task itself; for a teardown, the work right before it that nothing else follows."""
    if not task.is_teardown:
        yield task
        return
    for up_id in sorted(task.upstream_task_ids & members.keys()):
        up = members[up_id]
        if up.is_teardown:
            yield from _work_before(up, members)
        elif not up.is_setup and not _goes_on(up, members):
            yield up


def _goes_on(task: AbstractOperator, members: Mapping[str, AbstractOperator]) -> bool:
    """Whether something but a teardown waits for it in the group."""
    below = task.downstream_task_ids & members.keys()
    return any(not members[task_id].is_teardown for task_id in below)
