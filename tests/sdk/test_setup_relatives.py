"""What stands above a task, seen through setups and teardowns; Airflow 3.3.2 says the same."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from slipstream.sdk import DAG, BaseOperator, TaskGroup, task, task_group
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._mapped_operator import MappedOperator
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator, ShortCircuitOperator


@pytest.fixture(scope="module")
def dag() -> DAG:
    """`s0 >> a >> s1 >> w >> w2 >> t1`, where t1 cleans up after s1, and nothing after s0."""
    with DAG("d", schedule=None) as made:
        a, w, w2 = (EmptyOperator(task_id=name) for name in ("a", "w", "w2"))
        s0, s1 = (EmptyOperator(task_id=name).as_setup() for name in ("s0", "s1"))
        t1 = EmptyOperator(task_id="t1").as_teardown(setups=s1)
        s0 >> s1 >> w >> w2 >> t1
        a >> w2
        s0 >> a >> s1
    return made


def ids(tasks: Iterable[AbstractOperator]) -> list[str]:
    return [one.task_id for one in tasks]


@pytest.mark.parametrize(
    ("task_id", "everything", "setups", "with_teardowns"),
    [
        ("s1", "a s0", "s0", "s0"),
        ("w", "a s0 s1 t1", "s0 s1", "s0 s1 t1"),
        ("w2", "a s0 s1 t1 w", "s0 s1", "s0 s1 t1"),
        ("t1", "a s0 s1 w w2", "s0", "s0"),
        ("a", "s0", "s0", "s0"),
        ("s0", "", "", ""),
    ],
)
def test_what_stands_above_is_told_with_its_setups(
    dag: DAG, task_id: str, everything: str, setups: str, with_teardowns: str
) -> None:
    one = dag.get_task(task_id)
    assert ids(one.get_upstreams_follow_setups()) == everything.split()
    assert ids(one.get_upstreams_only_setups()) == setups.split()
    assert ids(one.get_upstreams_only_setups_and_teardowns()) == with_teardowns.split()


def test_a_dag_tells_what_comes_right_before_teardowns(dag: DAG) -> None:
    assert ids(dag.tasks_upstream_of_teardowns) == ["w2", "s1"]
    dag.validate_setup_teardown()


def test_what_follows_a_setup_has_to_wait_for_it() -> None:
    with DAG("d", schedule=None) as dag:
        setup = EmptyOperator(task_id="s").as_setup()
        setup >> EmptyOperator(task_id="below", trigger_rule="all_done")
    with pytest.raises(AirflowException, match=r"'below' of DAG 'd'.*'all_success'"):
        dag.validate_setup_teardown()


def test_a_task_tells_who_is_mapped_over_it() -> None:
    with DAG("d", schedule=None):

        @task
        def numbers() -> list[int]:
            return [1]

        @task
        def shown(x: int) -> None: ...

        @task_group
        def each(x: int) -> None:
            shown.override(task_id="inside")(x)

        given = numbers()
        mapped = shown.expand(x=given)
        group = each.expand(x=given)
        plain = shown.override(task_id="plain")(given)
    assert list(given.operator.iter_mapped_dependants()) == [mapped.operator, group]
    assert isinstance(mapped.operator, MappedOperator)
    assert list(mapped.operator.iter_mapped_dependencies()) == [given.operator]
    assert list(group.iter_mapped_dependencies()) == [given.operator]
    assert list(plain.operator.iter_mapped_dependants()) == []


def test_a_mapped_task_tells_what_its_class_says() -> None:
    with DAG("d", schedule=None, user_defined_macros={"mine": 7}):
        plain = PythonOperator.partial(task_id="p", python_callable=print).expand(op_args=[[1]])
        short = ShortCircuitOperator.partial(task_id="s", python_callable=bool).expand(
            op_args=[[1]]
        )
    assert plain.template_fields_renderers == PythonOperator.template_fields_renderers
    assert plain.get_template_env().from_string("{{ mine }}").render() == "7"
    assert (plain.is_async, plain.inherits_from_empty_operator) == (False, False)
    assert (plain.inherits_from_skipmixin, short.inherits_from_skipmixin) == (False, True)


def test_the_coroutine_of_a_mapped_task_shows() -> None:
    with DAG("d", schedule=None):

        @task
        async def waits(x: int) -> None: ...

        mapped = waits.expand(x=[1]).operator
    assert isinstance(mapped, MappedOperator)
    assert mapped.is_async
    assert waits.decorator_name == "task"
    assert list(waits.function_signature.parameters) == ["x"]


def test_a_group_tells_of_its_dag_and_its_members() -> None:
    with DAG("d", schedule=None) as dag, TaskGroup("g") as group:
        EmptyOperator(task_id="b")
        with TaskGroup("z"):
            EmptyOperator(task_id="c")
        EmptyOperator(task_id="a")
    assert group.get_dag() is dag
    assert group.has_dag()
    assert not group.add_suffix_on_collision
    sorted_ids = [node.node_id for node in group.hierarchical_alphabetical_sort()]
    assert sorted_ids == ["g.z", "g.a", "g.b"]
    assert {"g", "g.a", "g.z", "g.z.c", "g.upstream_join_id"} <= group.used_group_ids
    group.log.info("a group has a logger")


def test_default_args_can_be_asked_for() -> None:
    with DAG("d", schedule=None, default_args={"retries": 3}):
        made = EmptyOperator(task_id="a", default_args={"owner": "ada"})
    assert made.default_args is None
    assert (made.retries, made.owner) == (3, "ada")
    assert BaseOperator.default_args is None
