"""What runs again with a task. The answers are those of Airflow 3.3.2's `DAG.partial_subset`."""

from __future__ import annotations

import pytest

from slipstream.core.relatives import to_clear
from slipstream.model.dag import DagSpec
from slipstream.sdk import DAG
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.empty import EmptyOperator


def spec_of(edges: str) -> DagSpec:
    """`s>w w>t`: ids that begin with s are setups, those that begin with t are teardowns."""
    with DAG("d") as dag:
        tasks: dict[str, EmptyOperator] = {}
        for edge in edges.split():
            for name in edge.split(">"):
                if name not in tasks:
                    task = tasks[name] = EmptyOperator(task_id=name)
                    task.is_setup, task.is_teardown = name[0] == "s", name[0] == "t"
        for edge in edges.split():
            above, below = edge.split(">")
            tasks[above] >> tasks[below]
    return build_spec(dag)


PAIR = "s>w w>t s>t"
TWO = "s1>a a>t1 s1>t1 s2>b b>t2 s2>t2 a>b"
NESTED = "s1>s2 s2>w w>t2 s2>t2 t2>t1 s1>t1 s1>v v>t1"


@pytest.mark.parametrize(
    ("edges", "named", "upstream", "downstream", "expected"),
    [
        (PAIR, "w", False, False, "s w t"),
        (PAIR, "s", False, False, "s t"),
        (PAIR, "t", False, False, "t"),
        (PAIR, "w", True, False, "s w t"),
        (PAIR, "w", False, True, "s w t"),
        (PAIR, "t", True, False, "s w t"),
        ("s>w w>after", "w", False, False, "s w"),
        ("s>w w>t s>t t>after", "after", False, False, "after"),
        ("s>w w>t s>t t>after", "after", True, False, "s w t after"),
        (TWO, "b", False, False, "s2 b t2"),
        (TWO, "a", False, False, "s1 a t1"),
        (TWO, "a", False, True, "s1 a t1 s2 b t2"),
        (TWO, "b", True, False, "s1 a t1 s2 b t2"),
        (NESTED, "w", False, False, "s1 s2 w t2 t1"),
        (NESTED, "v", False, False, "s1 v t1"),
        (NESTED, "s2", False, False, "s2 t2"),
    ],
)
def test_setup_work_and_teardown_stay_together(
    edges: str, named: str, upstream: bool, downstream: bool, expected: str
) -> None:
    found = to_clear(spec_of(edges), named.split(), upstream=upstream, downstream=downstream)
    assert found == set(expected.split())
