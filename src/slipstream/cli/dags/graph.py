"""A DAG's graph as text: a tree for the terminal, DOT, Mermaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from slipstream.model.dag import DagSpec, GroupSpec, TaskSpec
from slipstream.model.states import TriggerRule


def tree_lines(spec: DagSpec) -> Iterator[str]:
    """The tasks as a tree, each one once.

    A task stands below the last of its upstreams; the others are named beside it.
    """
    children: defaultdict[str | None, list[str]] = defaultdict(list)
    order = {task_id: place for place, task_id in enumerate(spec.tasks)}
    for task in spec.tasks.values():
        parent = max(task.upstream, key=order.__getitem__, default=None)
        children[parent].append(task.task_id)
    for root in children[None]:
        yield _label(spec.tasks[root], None)
        yield from _branches(spec, children, root, "")


def _branches(
    spec: DagSpec, children: Mapping[str | None, list[str]], top: str, indent: str
) -> Iterator[str]:
    """The lines below one task. A stack instead of recursion: chains may be long."""
    stack = [(task_id, top, indent) for task_id in reversed(children.get(top, ()))]
    while stack:
        task_id, parent, indent = stack.pop()
        is_last = task_id == children[parent][-1]
        yield f"{indent}{'└─ ' if is_last else '├─ '}{_label(spec.tasks[task_id], parent)}"
        below = indent + ("   " if is_last else "│  ")
        stack += [(child, task_id, below) for child in reversed(children.get(task_id, ()))]


def _label(task: TaskSpec, parent: str | None) -> str:
    others = [upstream for upstream in task.upstream if upstream != parent]
    words = [
        task.task_id + ("[]" if task.mapped is not None else ""),
        f"({task.operator_name})",
        *([f"if {task.trigger_rule.value}"] if _is_special(task) else []),
        *(["setup"] if task.is_setup else []),
        *(["teardown"] if task.is_teardown else []),
        *([f"also after {', '.join(others)}"] if others else []),
    ]
    return " ".join(words)


def _is_special(task: TaskSpec) -> bool:
    return task.trigger_rule is not TriggerRule.ALL_SUCCESS


def dot_text(spec: DagSpec, colours: Mapping[str, str] | None = None) -> str:
    """The graph in Graphviz's DOT, groups as clusters. `colours` is `{task id: its colour}`."""
    lines = [
        f"digraph {quoted(spec.dag_id)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fillcolor=white];',
    ]
    for depth, part in _outline(spec, None, 1):
        match part:
            case GroupSpec():
                name = quoted(f"cluster_{part.group_id}")
                lines.append(f"{'  ' * depth}subgraph {name} {{ label={quoted(_title(part))};")
            case TaskSpec():
                colour = (colours or {}).get(part.task_id)
                filled = "" if colour is None else f", fillcolor={quoted(colour)}"
                about = f"[label={quoted(_short(part))}{filled}];"
                lines.append(f"{'  ' * depth}{quoted(part.task_id)} {about}")
            case None:
                lines.append(f"{'  ' * depth}}}")
    lines += [f"  {quoted(up)} -> {quoted(down)};" for up, down in _edges(spec)]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid_text(spec: DagSpec) -> str:
    """The graph as a Mermaid flowchart, groups as subgraphs."""
    tasks = {task_id: f"t{place}" for place, task_id in enumerate(spec.tasks)}
    groups = {group_id: f"g{place}" for place, group_id in enumerate(spec.groups)}
    lines = ["flowchart LR"]
    for depth, part in _outline(spec, None, 1):
        match part:
            case GroupSpec():
                title = _escaped(_title(part))
                lines.append(f'{"  " * depth}subgraph {groups[part.group_id]}["{title}"]')
            case TaskSpec():
                label = _escaped(_short(part))
                lines.append(f'{"  " * depth}{tasks[part.task_id]}["{label}"]')
            case None:
                lines.append(f"{'  ' * depth}end")
    lines += [f"  {tasks[up]} --> {tasks[down]}" for up, down in _edges(spec)]
    return "\n".join(lines) + "\n"


def _outline(
    spec: DagSpec, parent: str | None, depth: int
) -> Iterator[tuple[int, GroupSpec | TaskSpec | None]]:
    """Groups with what is in them, `(depth, part)`; None closes a group."""
    for group in spec.groups.values():
        if group.parent_id == parent and group.group_id != parent:
            yield depth, group
            yield from _outline(spec, group.group_id, depth + 1)
            yield depth, None
    for task in spec.tasks.values():
        if task.group_id == parent:
            yield depth, task


def _edges(spec: DagSpec) -> Iterator[tuple[str, str]]:
    for task in spec.tasks.values():
        for downstream in task.downstream:
            yield task.task_id, downstream


def _short(task: TaskSpec) -> str:
    """The id within its group; brackets mark a mapped task."""
    name = task.task_id
    if task.group_id:
        name = name.removeprefix(f"{task.group_id}.")
    return f"{name} []" if task.mapped is not None else name


def _title(group: GroupSpec) -> str:
    title = group.label or group.group_id
    return f"{title} []" if group.mapped is not None else title


def quoted(text: str) -> str:
    """A name in DOT."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    return text.replace('"', "#quot;")
