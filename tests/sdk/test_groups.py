from __future__ import annotations

from typing import Any

import pytest

from slipstream.sdk import (
    DAG,
    Label,
    TaskGroup,
    TriggerRule,
    WeightRule,
    chain,
    chain_linear,
    setup,
    task,
    task_group,
    teardown,
)
from slipstream.sdk._setup_teardown import ContextWrapper
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import (
    AirflowException,
    DuplicateTaskIdFound,
    TaskAlreadyInTaskGroup,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator


def empty(task_id: str, **kwargs: Any) -> EmptyOperator:
    return EmptyOperator(task_id=task_id, **kwargs)


def edges(dag: DAG) -> set[tuple[str, str]]:
    return {(one.task_id, below) for one in dag.tasks for below in one.downstream_task_ids}


# ---------------------------------------------------------------- names and members


def test_ids_and_labels() -> None:
    with DAG("d") as dag, TaskGroup("a") as a, TaskGroup("b") as b:
        one = empty("one")
    assert (a.group_id, b.group_id, one.task_id) == ("a", "a.b", "a.b.one")
    assert (b.label, one.label) == ("b", "one")
    assert dag.task_group.group_id is None
    assert dag.task_group.is_root
    assert dag.task_group_dict == {"a": a, "a.b": b}
    assert b.parent_group is a
    assert b.get_child_by_label("one") is one
    assert list(a) == [one]
    assert a.has_task(one)
    assert not b.has_task(empty("two", dag=dag))


def test_a_group_may_be_given_its_dag_or_its_parent() -> None:
    dag = DAG("d")
    outer = TaskGroup("outer", dag=dag)
    inner = TaskGroup("inner", parent_group=outer)
    with inner:
        one = empty("one")
    assert one.task_id == "outer.inner.one"
    assert one.dag is dag


def test_a_group_without_a_dag_is_refused() -> None:
    with pytest.raises(AirflowException, match="Task group 'g' belongs to no DAG"):
        TaskGroup("g")


@pytest.mark.parametrize("group_id", ["a.b", "a b", "", "x" * 201])
def test_group_ids_have_no_dots(group_id: str) -> None:
    with DAG("d"), pytest.raises(ValueError, match="group_id"):
        TaskGroup(group_id)


def test_ids_of_groups_and_tasks_are_taken_once() -> None:
    with DAG("d"):
        TaskGroup("g")
        with pytest.raises(DuplicateTaskIdFound, match="group id 'g' is taken"):
            TaskGroup("g")
        with pytest.raises(DuplicateTaskIdFound, match="'g'"):
            empty("g")
        empty("t")
        with pytest.raises(DuplicateTaskIdFound, match="group id 't' is taken"):
            TaskGroup("t")


def test_a_suffix_may_be_added() -> None:
    with DAG("d"):
        first = TaskGroup("g", add_suffix_on_collision=True)
        second = TaskGroup("g", add_suffix_on_collision=True)
    assert (first.group_id, second.group_id) == ("g", "g__1")


def test_suffixes_go_on_from_the_highest() -> None:
    @task
    def f() -> None: ...

    with DAG("d") as dag:
        f()
        empty("f__5")
        f()
        f.override(task_id="f__5")()
    assert dag.task_ids == ["f", "f__5", "f__6", "f__7"]


def test_a_task_stands_in_one_group() -> None:
    with DAG("d"):
        one, two = TaskGroup("one"), TaskGroup("two")
        inside = empty("t", task_group=one)
        with pytest.raises(TaskAlreadyInTaskGroup, match=r"'one\.t' is in 'one' already"):
            two.add(inside)


def test_the_group_decorator() -> None:
    @task_group(group_id="renamed", tooltip="tip", default_args={"retries": 7})
    def g(x: int) -> None:
        """Not the tooltip."""
        empty(f"t{x}")

    with DAG("d") as dag:
        made = g(3)
        g.override(group_id="other")(4)
    assert isinstance(made, TaskGroup)
    assert made.tooltip == "tip"
    assert dag.task_ids == ["renamed.t3", "other.t4"]
    assert dag.get_task("renamed.t3").retries == 7


def test_a_group_functions_docstring_is_its_tooltip() -> None:
    @task_group
    def g() -> None:
        """What it does."""

    with DAG("d"):
        assert g().tooltip == "What it does."


@pytest.mark.parametrize("returned", ["list", "dict", "tuple"])
def test_what_a_group_function_returns_is_given(returned: str) -> None:
    @task
    def f() -> int:
        return 1

    @task_group
    def g() -> Any:
        a, b = f(), f()
        return {"list": [a, b], "tuple": (a, b), "dict": {"a": a, "b": b}}[returned]

    with DAG("d"):
        found = g()
        assert type(found).__name__ == returned


# ---------------------------------------------------------------- order


def test_edges_to_a_group_join_what_is_in_it_at_that_moment() -> None:
    with DAG("d") as dag:
        a = empty("a")
        with TaskGroup("g") as g:
            empty("b")
        a >> g
        empty("late", task_group=g)
    assert edges(dag) == {("a", "g.b")}


def test_chain_takes_labels_side_by_side() -> None:
    with DAG("d") as dag:
        a, b, c = empty("a"), empty("b"), empty("c")
        chain(a, [Label("x"), Label("y")], [b, c])
    assert edges(dag) == {("a", "b"), ("a", "c")}
    assert dag.get_edge_info("a", "c") == {"label": "y"}


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda a, b, c: chain([a, b], [c]), "found 2 and 1"),
        (lambda a, b, c: chain(a, 5), "5 is of type int"),
        (lambda a, b, c: chain([a], 5), "5 is of type int"),
        (lambda a, b, c: a >> print, "A @task function is a task only once it is called"),
        (lambda a, b, c: a >> "b", "'b' is of type str"),
        (lambda a, b, c: a >> Label("x") >> Label("y"), "stand next to each other"),
        (lambda a, b, c: chain_linear(a), "joins at least two elements"),
        (lambda a, b, c: chain_linear(a, Label("x"), b), "takes no labels"),
        (lambda a, b, c: DAG("e").task_group.__class__("g", dag=DAG("e")).add(a), "is in the DAG"),
    ],
)
def test_wrong_orders_are_refused_with_a_reason(write: Any, message: str) -> None:
    with DAG("d"):
        a, b, c = empty("a"), empty("b"), empty("c")
        with pytest.raises((AirflowException, TypeError, ValueError), match=message):
            write(a, b, c)


def test_relatives() -> None:
    with DAG("d") as dag:
        a, b, c, d = (empty(name) for name in "abcd")
        a >> b >> c >> d
    assert b.upstream_list == [a]
    assert b.downstream_list == [c]
    assert b.get_flat_relative_ids(upstream=False) == {"c", "d"}
    assert [one.task_id for one in c.get_flat_relatives(upstream=True)] == ["a", "b"]
    assert dag.roots == [a]
    assert dag.leaves == [d]
    assert [one.task_id for one in dag.topological_sort()] == ["a", "b", "c", "d"]
    dag.set_dependency("a", "d")
    assert "d" in a.downstream_task_ids


# ---------------------------------------------------------------- setup and teardown


def test_several_setups_and_teardowns_in_one_block() -> None:
    with DAG("d") as dag:
        s1, s2, t = empty("s1").as_setup(), empty("s2").as_setup(), empty("t")
        t.as_teardown(setups=[s1, s2])
        with ContextWrapper([s1, s2, t]) as scope:
            empty("w")
            scope.add_task(empty("x"))
    assert edges(dag) == {
        ("s1", "t"),
        ("s2", "t"),
        ("s1", "w"),
        ("s2", "w"),
        ("w", "t"),
        ("s1", "x"),
        ("s2", "x"),
        ("x", "t"),
    }


def test_decorated_setups_and_teardowns() -> None:
    @setup
    @task(retries=3)
    def begin() -> int:
        return 1

    @teardown(on_failure_fail_dagrun=True)
    def end(x: int) -> None: ...

    with DAG("d") as dag:
        end(begin())
    spec = build_spec(dag)
    assert spec.tasks["begin"].is_setup
    assert spec.tasks["begin"].retries == 3
    assert spec.tasks["end"].is_teardown
    assert spec.tasks["end"].on_failure_fail_dagrun
    assert spec.tasks["end"].trigger_rule == "all_done_setup_success"


def test_outputs_become_setups_and_teardowns() -> None:
    @task
    def f() -> None: ...

    with DAG("d") as dag:
        s = f.override(task_id="s")().as_setup()
        w = f.override(task_id="w")()
        s >> w >> f.override(task_id="t")().as_teardown(setups=s)
    assert edges(dag) == {("s", "w"), ("w", "t"), ("s", "t")}
    assert dag.get_task("s").is_setup
    assert [one.task_id for one in dag.teardowns] == ["t"]


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda a: a.as_setup().as_teardown(), "is a setup; it cannot be a teardown too"),
        (lambda a: a.as_teardown().as_setup(), "is a teardown; it cannot be a setup too"),
        (
            lambda a: setattr(a, "on_failure_fail_dagrun", True),
            "only means something for a teardown",
        ),
        (lambda a: a.__enter__(), "Only setup and teardown tasks can be used with"),
        (lambda a: a.add_task(a), "only makes sense inside a `with`"),
        (lambda a: setup(task_group(lambda: None)), "A task group cannot be a setup"),
        (lambda a: Label("x").__enter__(), "EdgeModifier cannot be used with"),
    ],
)
def test_wrong_setups_are_refused_with_a_reason(write: Any, message: str) -> None:
    with DAG("d"):
        a = empty("a")
        with pytest.raises((AirflowException, ValueError), match=message):
            write(a)


def test_what_is_written_about_a_group_is_kept() -> None:
    with DAG("d") as dag:
        TaskGroup("g", tooltip="short", doc_md="**long**")
    group = build_spec(dag).groups["g"]
    assert (group.tooltip, group.doc_md) == ("short", "**long**")


def test_an_argument_of_a_mapped_group_cannot_be_iterated_over() -> None:
    @task_group
    def each(items: Any) -> None:
        for _ in items:
            EmptyOperator(task_id="x")

    with DAG("d"), pytest.raises(TypeError, match="'items' of a mapped task group cannot be"):
        each.expand(items=[[1]])


def test_a_group_knows_what_is_around_it() -> None:
    with DAG("d") as dag:
        a, b, c = (EmptyOperator(task_id=name) for name in "abc")
        with TaskGroup("g") as group:
            EmptyOperator(task_id="x")
        a >> group >> [b, c]
    assert group.dag_id == "d"
    assert group.upstream_list == [a]
    assert group.downstream_list == [b, c]
    assert group.get_flat_relative_ids(upstream=True) == {"a"}
    assert dag.get_task("g.x").upstream_list == [a]


def test_the_members_of_a_group_in_order() -> None:
    with DAG("d", schedule=None) as dag:
        last = EmptyOperator(task_id="last")
        with TaskGroup("g") as group:
            second = EmptyOperator(task_id="second")
            with TaskGroup("inner") as inner:
                first = EmptyOperator(task_id="first")
        first >> second
        inner >> last
    assert [node.node_id for node in group.topological_sort()] == ["g.inner", "g.second"]
    assert [node.node_id for node in dag.task_group.topological_sort()] == ["g", "last"]


def test_a_label_is_what_people_see() -> None:
    with DAG("d", schedule=None), TaskGroup("g", group_display_name="Nice"):
        shown = EmptyOperator(task_id="a", task_display_name="Shown")
        plain = EmptyOperator(task_id="b")
        mapped = BashOperator.partial(task_id="c", task_display_name="Mapped").expand(
            bash_command=["true"]
        )
    assert [one.label for one in (shown, plain, mapped)] == ["Shown", "b", "Mapped"]


def test_rules_are_known_by_name() -> None:
    assert TriggerRule.is_valid("all_done")
    assert not TriggerRule.is_valid("all_sucess")
    assert len(TriggerRule.all_triggers()) == 13
    assert WeightRule.is_valid("upstream")
    assert WeightRule.all_weight_rules() == {"downstream", "upstream", "absolute"}
