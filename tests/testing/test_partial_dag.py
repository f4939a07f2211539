from __future__ import annotations

import re

import pytest

from slipstream.sdk import DAG, Label, TaskGroup, setup, task, task_group, teardown

BOTH = "each.one each.two"
# Airflow 3.3.2's own DAG.partial_subset gives these sets for this DAG.


def example() -> DAG:
    with DAG("example", schedule=None, params={"p": 1}) as dag:

        @task
        def numbers() -> list[int]:
            return [1, 2]

        @task_group
        def each(x: int) -> None:
            @task
            def one(x: int) -> int:
                return x + 1

            @task
            def two(x: int) -> int:
                return x * 10

            two(one(x))

        @setup
        def begin() -> None:
            pass

        @teardown
        def end() -> None:
            pass

        @task
        def work() -> None:
            pass

        found = each.expand(x=numbers())
        with TaskGroup("guarded"):
            first, middle, last = begin(), work(), end()
            first >> middle >> last
            first >> last
        found >> Label("then") >> middle
    return dag


@pytest.mark.parametrize(
    ("chosen", "options", "expected"),
    [
        ("one", {}, "numbers each.one"),
        (re.compile("^each"), {"include_upstream": False}, "each.one each.two"),
        (["guarded.work"], {"include_upstream": False}, "guarded.begin guarded.work guarded.end"),
        (["guarded.begin"], {"include_upstream": False}, "guarded.begin guarded.end"),
        (["each.two"], {"include_upstream": False, "include_direct_upstream": True}, BOTH),
        (["numbers"], {"include_downstream": True, "depth": 1}, "numbers each.one"),
        (["each.two"], {"depth": 1}, "each.one each.two"),
        ("nothing", {}, ""),
    ],
)  # fmt: skip
def test_a_part_of_a_dag_has_the_tasks_that_airflows_has(
    chosen: str, options: dict[str, bool], expected: str
) -> None:
    part = example().partial_subset(chosen, **options)
    assert set(part.task_ids) == set(expected.split())
    for one in part.tasks:
        assert one.dag is part
        assert one.upstream_task_ids | one.downstream_task_ids <= set(part.task_ids)


def test_the_dag_itself_stays_whole() -> None:
    dag = example()
    part = dag.partial_subset("one")
    assert len(dag.tasks) == 6
    assert dag.get_task("each.one").downstream_task_ids == {"each.two"}
    assert part.get_task("each.one").downstream_task_ids == set()
    assert set(part.task_group_dict) == {"each"}
    assert part.task_group_dict["each"].children.keys() == {"each.one"}
    assert part.params["p"] == 1
    assert dag.get_edge_info("each.two", "guarded.work") == {"label": "then"}
    assert part.edge_info == {}


def test_a_part_runs_and_its_mapped_groups_keep_their_indexes() -> None:
    run = example().partial_subset("two").test()
    assert run.state == "success"
    assert [run.result("each.two", index) for index in (0, 1)] == [20, 30]


def test_the_former_names_take_a_regular_expression() -> None:
    dag = example()
    assert dag.partial_subset(task_ids_or_regex=r"each\.o").task_ids == ["numbers", "each.one"]
    with pytest.warns(DeprecationWarning, match="partial_subset"):
        assert dag.sub_dag("^numbers$").task_ids == ["numbers"]


def test_a_negative_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="depth is -1; expected 0 or more"):
        example().partial_subset("one", depth=-1)
