import pytest
from tests.core.making import dag, task

from slipstream.core.plan import Plan, leaf_ids, plan_for
from slipstream.core.relatives import scope_setups
from slipstream.model.dag import DagSpec, GroupSpec, Literal, TaskSpec, Upstream
from slipstream.model.errors import InvalidInputError


def test_every_task_comes_after_all_that_it_depends_on() -> None:
    spec = DagSpec(
        dag_id="dag",
        tasks={
            "last": TaskSpec(task_id="last", upstream=("middle",)),
            "middle": TaskSpec(task_id="middle", mapped=Upstream("first"), downstream=("last",)),
            "first": TaskSpec(task_id="first"),
        },
    )
    assert [node.task_id for node in Plan(spec).nodes] == ["first", "middle", "last"]


def test_a_cycle_is_refused_by_name() -> None:
    spec = DagSpec(
        dag_id="dag",
        tasks={
            "a": TaskSpec(task_id="a", upstream=("b",), downstream=("b",)),
            "b": TaskSpec(task_id="b", upstream=("a",), downstream=("a",)),
        },
    )
    with pytest.raises(InvalidInputError, match="cycle through a, b"):
        Plan(spec)


def test_an_upstream_that_is_not_in_the_dag_is_refused_by_name() -> None:
    spec = DagSpec(dag_id="dag", tasks={"a": TaskSpec(task_id="a", upstream=("ghost",))})
    with pytest.raises(InvalidInputError, match="'ghost'"):
        Plan(spec)


def test_runs_of_one_dag_share_its_plan() -> None:
    spec = dag(task("a"))
    kept = plan_for(spec)
    assert plan_for(spec) is kept
    assert plan_for(dag(task("a"))) is not kept


def test_the_leaves_are_what_nothing_but_teardowns_follows() -> None:
    spec = dag(task("a"), task("b", "a"), task("end", "b", is_teardown=True))
    assert leaf_ids(spec) == {"b"}


def test_a_teardown_that_fails_the_run_is_a_leaf() -> None:
    end = task("end", "b", is_teardown=True, on_failure_fail_dagrun=True)
    assert leaf_ids(dag(task("a"), task("b", "a"), end)) == {"end"}


def test_where_all_are_teardowns_the_last_ones_are_leaves() -> None:
    spec = dag(task("a", is_teardown=True), task("b", "a", is_teardown=True))
    assert leaf_ids(spec) == {"b"}


def test_a_task_works_under_a_setup_until_its_teardown() -> None:
    spec = dag(
        task("begin", is_setup=True),
        task("direct", "begin"),
        task("work", "direct"),
        task("end", "begin", "work", is_teardown=True),
        task("after", "end"),
    )
    assert scope_setups(spec)["work"] == ("begin",)
    assert scope_setups(spec)["direct"] == ()
    assert scope_setups(spec)["end"] == ()
    assert scope_setups(spec)["after"] == ()


def test_a_setup_without_a_teardown_covers_everything_below() -> None:
    spec = dag(task("begin", is_setup=True), task("a", "begin"), task("b", "a"), task("c", "b"))
    assert scope_setups(spec)["c"] == ("begin",)


def test_an_edge_knows_how_many_mapped_groups_its_ends_share() -> None:
    groups = [
        GroupSpec(group_id="outer", mapped=Literal(2)),
        GroupSpec(group_id="plain", parent_id="outer"),
        GroupSpec(group_id="inner", parent_id="plain", mapped=Literal(3)),
    ]
    spec = dag(
        task("before"),
        task("a", "before", group_id="outer"),
        task("b", "a", group_id="inner"),
        task("c", "b", group_id="inner"),
        task("after", "c"),
        groups=groups,
    )
    depths = {
        (edge.source, edge.target): edge.depth
        for node in Plan(spec).nodes
        for edge in node.incoming
    }
    assert depths == {(0, 1): 0, (1, 2): 1, (2, 3): 2, (3, 4): 0}
