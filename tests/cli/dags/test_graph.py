"""A DAG's graph as text."""

from __future__ import annotations

from slipstream.cli.dags.graph import dot_text, mermaid_text, tree_lines
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec
from slipstream.model.states import TriggerRule


def diamond() -> DagSpec:
    """load → (left, right in a group) → join."""
    tasks = (
        TaskSpec(task_id="load", downstream=("sides.left", "sides.right")),
        TaskSpec(
            task_id="sides.left",
            upstream=("load",),
            downstream=("join",),
            group_id="sides",
            mapped=Literal(3),
        ),
        TaskSpec(task_id="sides.right", upstream=("load",), downstream=("join",), group_id="sides"),
        TaskSpec(
            task_id="join",
            upstream=("sides.left", "sides.right"),
            trigger_rule=TriggerRule.ALL_DONE,
        ),
    )
    return DagSpec(
        dag_id="diamond",
        tasks={task.task_id: task for task in tasks},
        groups={"sides": GroupSpec(group_id="sides", label="Both sides")},
    )


def test_the_tree_holds_each_task_once_below_its_last_upstream() -> None:
    assert list(tree_lines(diamond())) == [
        "load (BaseOperator)",
        "├─ sides.left[] (BaseOperator)",
        "└─ sides.right (BaseOperator)",
        "   └─ join (BaseOperator) if all_done also after sides.left",
    ]


def test_a_long_chain_is_no_problem() -> None:
    names = [f"t{number}" for number in range(5000)]
    tasks = {
        name: TaskSpec(
            task_id=name,
            upstream=tuple(names[place - 1 : place]) if place else (),
            downstream=tuple(names[place + 1 : place + 2]),
        )
        for place, name in enumerate(names)
    }
    assert len(list(tree_lines(DagSpec(dag_id="chain", tasks=tasks)))) == 5000


def test_dot_has_groups_as_clusters_and_every_edge() -> None:
    text = dot_text(diamond())
    assert text.startswith('digraph "diamond" {')
    assert 'subgraph "cluster_sides" { label="Both sides";' in text
    assert '"sides.left" [label="left []"];' in text
    assert text.count(" -> ") == 4
    assert text.count("{") == text.count("}")


def test_mermaid_has_groups_as_subgraphs_and_every_edge() -> None:
    lines = mermaid_text(diamond()).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  subgraph g0["Both sides"]' in lines
    assert '    t1["left []"]' in lines
    assert "  t0 --> t1" in lines
    assert len([line for line in lines if "-->" in line]) == 4


def test_quotes_in_names_are_escaped() -> None:
    spec = DagSpec(dag_id='a"b', tasks={})
    assert dot_text(spec).startswith('digraph "a\\"b" {')
