from __future__ import annotations

import pytest
from tests.sdk import language_cases_of_groups
from tests.sdk.language_cases import CASES

from slipstream.sdk import DAG
from slipstream.sdk._spec import build_spec
from slipstream.wire.dag import decode_dag, encode_dag

assert language_cases_of_groups
"""Its import has added its cases to the others."""


@pytest.mark.parametrize("name", CASES)
def test_a_dag_gives_the_spec_that_its_author_meant(name: str) -> None:
    expected = CASES[name]
    with DAG(name) as dag:
        expected.write()
    spec = build_spec(dag)
    edges = {(task.task_id, below) for task in spec.tasks.values() for below in task.downstream}
    assert edges == expected.edges
    assert edges == {(up, task.task_id) for task in spec.tasks.values() for up in task.upstream}
    assert {t.task_id: t.mapped for t in spec.tasks.values() if t.mapped} == expected.lengths
    assert {g.group_id: g.parent_id for g in spec.groups.values()} == expected.groups
    lengths = {g.group_id: g.mapped for g in spec.groups.values() if g.mapped}
    assert lengths == expected.group_lengths
    for task_id, rule in expected.rules.items():
        assert spec.tasks[task_id].trigger_rule == rule
    labels = {
        (up, down): info["label"]
        for up, downs in dag.edge_info.items()
        for down, info in downs.items()
    }
    assert labels == expected.labels
    if expected.tasks is not None:
        assert set(spec.tasks) == expected.tasks


@pytest.mark.parametrize("name", CASES)
def test_a_spec_travels_as_it_is(name: str) -> None:
    with DAG(name) as dag:
        CASES[name].write()
    spec = build_spec(dag)
    assert decode_dag(encode_dag(spec)) == spec
