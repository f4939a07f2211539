"""Task instances one by one: arguments, maps, groups, what they see of each other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, BaseOperator, task, task_group
from slipstream.sdk._mapping import check_result
from slipstream.sdk._xcom_sequences import LazyXComSequence
from slipstream.sdk.exceptions import (
    AirflowSkipException,
    UnmappableXComTypePushed,
    XComForMappingNotPushed,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.python import PythonOperator


@task
def give(value: Any = None) -> Any:
    return value


@task
def pair(x: Any, y: Any) -> Any:
    return (x, y)


def mapped_values(running: Running, task_id: str, count: int) -> list[Any]:
    return [running.execute(task_id, index) for index in range(count)]


# ---------------------------------------------------------------- arguments


def test_an_output_reaches_the_next_task() -> None:
    with DAG("d") as dag:
        give.override(task_id="b")(give.override(task_id="a")([1, {"k": 2}]))
    running = Running(dag)
    running.execute("a")
    assert running.execute("b") == [1, {"k": 2}]


def test_outputs_deep_in_an_argument_are_found() -> None:
    with DAG("d") as dag:
        a = give.override(task_id="a")(7)
        give.override(task_id="b")({"x": [a, (a, "t")], "y": {"z": a}})
    running = Running(dag)
    running.execute("a")
    assert running.execute("b") == {"x": [7, (7, "t")], "y": {"z": 7}}


def test_an_output_in_a_text_becomes_its_value() -> None:
    with DAG("d") as dag:
        a = give.override(task_id="a")("world")
        BashOperator(task_id="b", bash_command=f"echo hello {a}")
    running = Running(dag)
    running.execute("a")
    assert running.render("b").bash_command == "echo hello world"


def test_multiple_outputs_are_pushed_one_by_one() -> None:
    @task(multiple_outputs=True)
    def split() -> dict[str, int]:
        return {"one": 1, "two": 2}

    with DAG("d") as dag:
        found = split()
        pair(found["one"], found["two"])
    running = Running(dag)
    running.execute("split")
    assert running.execute("pair") == (1, 2)


@pytest.mark.parametrize("annotation", [dict, dict[str, int], "dict[str, int]"])
def test_multiple_outputs_follow_from_the_annotation(annotation: Any) -> None:
    def split() -> Any: ...

    split.__annotations__["return"] = annotation
    assert task(split).multiple_outputs is True


@pytest.mark.parametrize("annotation", [dict[int, int], list[str], int, None, "Unknown"])
def test_multiple_outputs_do_not_follow_from_other_annotations(annotation: Any) -> None:
    def split() -> Any: ...

    split.__annotations__["return"] = annotation
    assert task(split).multiple_outputs is False


def test_a_coroutine_function_is_run_to_its_end() -> None:
    @task
    async def fetch() -> int:
        return 5

    with DAG("d") as dag:
        fetch()
    assert Running(dag).execute("fetch") == 5


def test_rendering_leaves_the_dags_operator_alone() -> None:
    with DAG("d") as dag:
        operator = BashOperator(task_id="b", bash_command="{{ run_id }}")
    assert Running(dag).render("b").bash_command == "run"
    assert operator.bash_command == "{{ run_id }}"


def test_a_function_that_cannot_be_called_so_is_refused_at_once() -> None:
    with DAG("d"), pytest.raises(TypeError, match=r"pair\(.*missing a required argument: 'y'"):
        pair(1)
    with DAG("d"), pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        pair(1, 2, z=3)


# ---------------------------------------------------------------- maps


def test_each_instance_gets_its_item() -> None:
    with DAG("d") as dag:
        give.expand(value=[1, "b", None])
    assert mapped_values(Running(dag), "give", 3) == [1, "b", None]


def test_several_arguments_are_a_cross_product_the_last_varying_fastest() -> None:
    with DAG("d") as dag:
        pair.expand(x=[1, 2], y=["a", "b", "c"])
    assert mapped_values(Running(dag), "pair", 6) == [
        (1, "a"),
        (1, "b"),
        (1, "c"),
        (2, "a"),
        (2, "b"),
        (2, "c"),
    ]


def test_a_dictionary_gives_pairs() -> None:
    with DAG("d") as dag:
        give.expand(value={"a": 1, "b": 2})
    assert mapped_values(Running(dag), "give", 2) == [("a", 1), ("b", 2)]


def test_a_map_over_an_output_and_the_sequence_that_comes_of_it() -> None:
    with DAG("d") as dag:
        squares = give.override(task_id="square").expand(
            value=give.override(task_id="a")([1, 2, 3]).map(lambda x: x * x)
        )
        give.override(task_id="total")(squares)
    running = Running(dag)
    running.execute("a")
    assert mapped_values(running, "square", 3) == [1, 4, 9]
    found = running.render("total").op_args[0]
    assert isinstance(found, LazyXComSequence)
    assert len(found) == 3
    assert list(found) == [1, 4, 9]
    assert found[-1] == 9
    assert found[1:] == [4, 9]
    assert found == [1, 4, 9]
    with pytest.raises(IndexError):
        found[3]


def test_a_map_after_a_map_pairs_instances() -> None:
    with DAG("d") as dag:
        first = give.override(task_id="a").expand(value=[1, 2, 3])
        give.override(task_id="b").expand(value=first)
    running = Running(dag)
    mapped_values(running, "a", 3)
    assert mapped_values(running, "b", 3) == [1, 2, 3]


def test_zip_and_concat() -> None:
    with DAG("d") as dag:
        a = give.override(task_id="a")([1, 2, 3])
        b = give.override(task_id="b")(["x", "y"])
        give.override(task_id="short").expand(value=a.zip(b))
        give.override(task_id="long").expand(value=a.zip(b, fillvalue="-"))
        give.override(task_id="all").expand(value=a.concat(b).map(str))
    running = Running(dag)
    running.execute("a")
    running.execute("b")
    assert mapped_values(running, "short", 2) == [(1, "x"), (2, "y")]
    assert mapped_values(running, "long", 3) == [(1, "x"), (2, "y"), (3, "-")]
    assert mapped_values(running, "all", 5) == ["1", "2", "3", "x", "y"]


def test_a_function_in_map_may_skip_an_instance() -> None:
    def odd(x: int) -> int:
        if x % 2 == 0:
            raise AirflowSkipException(f"{x} is even")
        return x

    with DAG("d") as dag:
        give.override(task_id="b").expand(value=give.override(task_id="a")([1, 2]).map(odd))
    running = Running(dag)
    running.execute("a")
    assert running.execute("b", 0) == 1
    with pytest.raises(AirflowSkipException, match="2 is even"):
        running.execute("b", 1)


def test_fixed_arguments_and_mapped_ones_meet() -> None:
    with DAG("d") as dag:
        pair.partial(x=give("fixed")).expand(y=[1, 2])
    running = Running(dag)
    running.execute("give")
    assert mapped_values(running, "pair", 2) == [("fixed", 1), ("fixed", 2)]


def test_dictionaries_of_arguments() -> None:
    with DAG("d") as dag:
        pair.expand_kwargs(give([{"x": 1, "y": 2}, {"x": 3, "y": 4}]))
    running = Running(dag)
    running.execute("give")
    assert mapped_values(running, "pair", 2) == [(1, 2), (3, 4)]


def test_an_operator_is_made_anew_for_each_instance() -> None:
    with DAG("d", default_args={"retries": 2}) as dag:
        mapped = PythonOperator.partial(
            task_id="p", python_callable=lambda x, y: (x, y), op_kwargs={"x": 1}
        ).expand(op_args=[[], []])
        BashOperator.partial(task_id="b", env={"X": "{{ ti.map_index }}"}).expand(
            bash_command=["echo {{ run_id }}", "echo 2"]
        )
    running = Running(dag)
    first = running.render("b", 0)
    assert isinstance(first, BashOperator)
    assert (first.bash_command, first.env) == ("echo run", {"X": "0"})
    assert first.dag is dag
    assert first.retries == 2
    assert mapped.retries == 2
    assert dag.get_task("b") is not first


def test_the_context_names_the_instances_own_operator() -> None:
    seen = []

    class Mine(BaseOperator):
        template_fields = ("x",)

        def __init__(self, *, x: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.x = x

        def execute(self, context: Any) -> Any:
            seen.append((context["task"] is self or context["task"].x, context["ti"].map_index))
            return self.x

    with DAG("d") as dag:
        Mine.partial(task_id="m").expand(x=["{{ ti.map_index }}", "b"])
    assert mapped_values(Running(dag), "m", 2) == ["0", "b"]
    assert [index for _, index in seen] == [0, 1]


def test_params_may_be_mapped() -> None:
    with DAG("d", params={"a": 0}) as dag:
        BashOperator.partial(task_id="b", bash_command="{{ params.a }} {{ params.b }}").expand(
            params=[{"a": 1, "b": 2}, {"b": 3}]
        )
    running = Running(dag)
    assert running.render("b", 0).bash_command == "1 2"
    assert running.render("b", 1).bash_command == "0 3"


def test_something_that_cannot_be_mapped_over_says_so_when_it_runs() -> None:
    with DAG("d") as dag:
        give.override(task_id="b").expand(value=give.override(task_id="a")(5))
    running = Running(dag)
    running.execute("a")
    with pytest.raises(UnmappableXComTypePushed, match=r"'value'.*of type int"):
        running.execute("b", 0)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: give.expand(), "at least one argument"),
        (lambda: give.expand(value="abc"), "'value' is of type str"),
        (lambda: give.expand(value=3), "'value' is of type int"),
        (lambda: give.expand(valve=[1]), "'valve', which give"),
        (lambda: give.partial(value=1).expand(value=[1]), "'value' cannot be given to expand"),
        (lambda: give.partial(value=1)(2), "makes no task"),
        (lambda: pair.expand(x=[1]), "missing a required argument: 'y'"),
        (lambda: give.expand_kwargs([1]), "item of type int"),
        (lambda: give.expand_kwargs(3), "of type int"),
        (lambda: BashOperator.partial(task_id="b", bash="x"), "'bash', which the operator"),
        (
            lambda: BashOperator.partial(task_id="b").expand(task_id=["x"]),
            "cannot map over 'task_id'",
        ),
        (
            lambda: BashOperator.partial(task_id="b").expand(bash_command="x"),
            "'bash_command' is of type str",
        ),
        (
            lambda: BashOperator.partial(task_id="b", bash_command="x").expand(bash_command=["y"]),
            "'bash_command' cannot be given to expand",
        ),
        (lambda: list(give()), "cannot be iterated over"),
        (lambda: 3 in give(), "in"),
        (lambda: give()[0], "which is text; 0 is of type int"),
        (lambda: give().map(give), "plain function"),
        (lambda: give().zip([1]), "outputs of tasks"),
    ],
)
def test_wrong_maps_are_refused_with_a_reason(write: Any, message: str) -> None:
    with DAG("d"), pytest.raises((TypeError, ValueError), match=message):
        write()


def test_a_default_argument_does_not_stand_in_the_way_of_a_map() -> None:
    with DAG("d", default_args={"bash_command": "true", "cwd": "/tmp"}) as dag:
        BashOperator.partial(task_id="b").expand(bash_command=["a", "b"])
    rendered = Running(dag).render("b", 1)
    assert (rendered.bash_command, rendered.cwd) == ("b", "/tmp")


# ---------------------------------------------------------------- mapped groups


def test_inside_a_mapped_group_instances_see_their_own() -> None:
    with DAG("d") as dag:

        @task_group
        def g(x: Any) -> Any:
            first = give.override(task_id="first")(x)
            return pair(first, x)

        give.override(task_id="after")(g.expand(x=["a", "b"]))
    running = Running(dag)
    assert mapped_values(running, "g.first", 2) == ["a", "b"]
    assert mapped_values(running, "g.pair", 2) == [("a", "a"), ("b", "b")]
    assert list(running.render("after").op_args[0]) == [("a", "a"), ("b", "b")]


def test_nested_mapped_groups_multiply() -> None:
    with DAG("d") as dag:

        @task_group
        def inner(x: Any, y: Any) -> Any:
            return pair(x, y)

        @task_group
        def outer(x: Any) -> Any:
            one = give.override(task_id="one")(x)
            found = inner.partial(x=one).expand(y=[10, 20, 30])
            return give.override(task_id="all")(found)

        outer.expand(x=["a", "b"])
    running = Running(dag)
    mapped_values(running, "outer.one", 2)
    assert mapped_values(running, "outer.inner.pair", 6) == [
        ("a", 10),
        ("a", 20),
        ("a", 30),
        ("b", 10),
        ("b", 20),
        ("b", 30),
    ]
    assert running.execute("outer.all", 1) == [("b", 10), ("b", 20), ("b", 30)]


def test_a_group_over_dictionaries() -> None:
    with DAG("d") as dag:

        @task_group
        def g(x: Any, y: Any) -> Any:
            return pair(x, y)

        g.expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    assert mapped_values(Running(dag), "g.pair", 2) == [(1, 2), (3, 4)]


def test_a_groups_arguments_are_looked_up_once_for_an_instance() -> None:
    with DAG("d") as dag:

        @task_group
        def g(x: Any, y: Any) -> Any:
            return pair(x, y)

        g.expand_kwargs(give([{"x": 1, "y": 2}]))
    running = Running(dag)
    running.execute("give")
    running.backend.asked.clear()
    running.render("g.pair", 0)
    assert running.backend.asked == ["get_xcom_item"]


def test_a_mapped_task_in_a_mapped_group_is_refused() -> None:
    with DAG("d"):

        @task_group
        def g(x: Any) -> None:
            give.expand(value=[1])

        with pytest.raises(NotImplementedError, match=r"'g\.give' stands in a mapped task group"):
            g.expand(x=[1])


def test_the_number_of_instances_is_in_the_context() -> None:
    with DAG("d") as dag:
        give.expand(value=[1, 2, 3])
        pair(1, 2)
    running = Running(dag)
    assert running.context("give", 0)["expanded_ti_count"] == 3
    assert running.context("pair")["expanded_ti_count"] is None


@pytest.mark.parametrize("value", [None, 5, "abc", b"abc", {1, 2}])
def test_what_cannot_be_mapped_over_is_the_fault_of_who_returned_it(value: Any) -> None:
    # Airflow 3.3.2 fails the task that returned it, which was looked up by running it.
    with DAG("d") as dag:
        give.override(task_id="b").expand(value=give.override(task_id="a")())

        @task_group
        def g(x: Any) -> None:
            give(x)

        g.expand(x=give.override(task_id="c")().map(str))
    for task_id in ("a", "c"):
        error = XComForMappingNotPushed if value is None else UnmappableXComTypePushed
        with pytest.raises(error, match=f"what '{task_id}' returns"):
            check_result(dag.get_task(task_id), value)


@pytest.mark.parametrize("value", [[], [1], (1, 2), {"a": 1}])
def test_lists_and_dictionaries_can_be_mapped_over(value: Any) -> None:
    with DAG("d") as dag:
        give.override(task_id="b").expand(value=give.override(task_id="a")())
    check_result(dag.get_task("a"), value)


def test_what_nobody_maps_over_may_be_anything() -> None:
    with DAG("d") as dag:
        a = give.override(task_id="a")()
        give.override(task_id="b").partial().expand(value=[a, 1])
        give.override(task_id="c")(a)
        give.override(task_id="d").expand(value=a["key"])
        mapped = give.override(task_id="m").expand(value=[1])
        give.override(task_id="e").expand(value=mapped)
    check_result(dag.get_task("a"), 5)
    check_result(dag.get_task("m"), 5)
