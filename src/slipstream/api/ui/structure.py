"""What a DAG consists of: tasks and groups as a tree in the order of the flow, and edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload, mapping, text
from slipstream.model.dag import DagSpec, GroupSpec, TaskSpec
from slipstream.model.version import DagVersion

routes = Routes("UI", prefix="/ui")

_NOTHING: Final[Mapping[str, object]] = {}


class NodePayload(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """A task or a task group."""

    id: str
    label: str
    parent_id: str | None = None
    """The group that it is in."""
    is_group: bool = False
    is_mapped: bool = False
    operator: str | None = None
    trigger_rule: str | None = None
    is_setup: bool = False
    is_teardown: bool = False
    tooltip: str | None = None


class EdgePayload(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """One task stands behind another."""

    source: str
    target: str
    label: str | None = None


class StructureResponse(Payload, frozen=True, kw_only=True):
    """A version of a DAG as a graph. A node stands behind its parent and before its siblings that
    come later in the flow."""

    dag_id: str
    version_number: int
    nodes: Sequence[NodePayload]
    edges: Sequence[EdgePayload]


@routes.add(
    "GET", "/dags/{dag_id}/structure", permission=reading(Resource.TASK), answer=StructureResponse
)
def get_structure(call: Call, dag_id: str, version_number: int | None = None) -> StructureResponse:
    """The graph of the DAG's latest version, or of the one asked for."""
    version = (
        call.store.get_dag(dag_id).latest
        if version_number is None
        else call.store.get_version_number(dag_id, version_number)
    )
    return structure_of(version)


def structure_of(version: DagVersion) -> StructureResponse:
    """The graph of that version."""
    spec = version.spec
    return StructureResponse(
        dag_id=version.dag_id,
        version_number=version.number,
        nodes=list(_nodes(spec)),
        edges=list(_edges(spec)),
    )


def _nodes(spec: DagSpec) -> Iterator[NodePayload]:
    """Depth first; a group stands where the first of its tasks stands in the flow."""
    children: dict[str | None, list[str]] = {}
    placed: set[str] = set()
    for task in spec.tasks.values():
        child, parent = task.task_id, task.group_id
        children.setdefault(parent, []).append(child)
        while parent is not None and parent not in placed:
            placed.add(parent)
            child, parent = parent, spec.groups[parent].parent_id
            children.setdefault(parent, []).append(child)
    todo = list(reversed(children.get(None, ())))
    while todo:
        node_id = todo.pop()
        group = spec.groups.get(node_id)
        if group is None:
            yield _task_node(spec.tasks[node_id])
        else:
            yield _group_node(group)
            todo += reversed(children[node_id])


def _task_node(task: TaskSpec) -> NodePayload:
    name = task.display_name
    inside = f"{task.group_id}."
    return NodePayload(
        id=task.task_id,
        label=name.removeprefix(inside) if task.group_id else name,
        parent_id=task.group_id,
        is_group=False,
        is_mapped=task.mapped is not None,
        operator=task.operator_name,
        trigger_rule=task.trigger_rule.value,
        is_setup=task.is_setup,
        is_teardown=task.is_teardown,
    )


def _group_node(group: GroupSpec) -> NodePayload:
    return NodePayload(
        id=group.group_id,
        label=group.label or group.group_id.rpartition(".")[2],
        parent_id=group.parent_id,
        is_group=True,
        is_mapped=group.mapped is not None,
        tooltip=group.tooltip or None,
    )


def _edges(spec: DagSpec) -> Iterator[EdgePayload]:
    labels = mapping(spec.details.get("edge_info")) or _NOTHING
    for task in spec.tasks.values():
        of_task = labels.get(task.task_id)
        for target in task.downstream:
            info = of_task.get(target) if isinstance(of_task, Mapping) else None
            label = info.get("label") if isinstance(info, Mapping) else None
            yield EdgePayload(source=task.task_id, target=target, label=text(label))
