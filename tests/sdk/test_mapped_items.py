"""What an instance of a map asks for: its own item, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, task
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._mapping import check_result
from slipstream.sdk.exceptions import UnmappableXComLengthPushed, UnmappableXComTypePushed
from slipstream.sdk.operators.python import PythonOperator


def shown(n: int) -> dict[str, int]:
    return {"n": n}


def test_an_instance_fetches_its_own_item_and_nothing_else() -> None:
    with DAG("d") as dag:
        numbers = PythonOperator(task_id="numbers", python_callable=list)
        PythonOperator.partial(task_id="m", python_callable=shown).expand(op_kwargs=numbers.output)
    running = Running(dag)
    running.push("numbers", [{"n": number} for number in range(1000)])
    for index in (0, 7, 999):
        running.backend.asked.clear()
        assert running.execute("m", index) == {"n": index}
        assert running.backend.asked == ["get_xcom_item"]
    with pytest.raises(IndexError, match="There is no map index 1000: the map has become shorter"):
        running.execute("m", 1000)


def test_each_argument_of_a_product_costs_one_question() -> None:
    with DAG("d") as dag:
        letters = PythonOperator(task_id="letters", python_callable=list)
        pairs = PythonOperator(task_id="pairs", python_callable=dict)

        @task
        def m(letter: str, pair: tuple[str, int]) -> list[object]:
            return [letter, pair]

        m.expand(letter=letters.output, pair=pairs.output)
    running = Running(dag)
    running.push("letters", ["a", "b"])
    running.push("pairs", {"x": 1, "y": 2, "z": 3})
    found = []
    for index in range(6):
        running.backend.asked.clear()
        found.append(running.execute("m", index))
        assert running.backend.asked == ["get_xcom_item"] * 2
    assert found == [[of, pair] for of in "ab" for pair in (("x", 1), ("y", 2), ("z", 3))]


def test_items_are_fetched_through_map_zip_and_concat() -> None:
    with DAG("d") as dag:
        one = PythonOperator(task_id="one", python_callable=list).output
        two = PythonOperator(task_id="two", python_callable=list).output

        @task
        def m(x: Any) -> Any:
            return x

        m.override(task_id="mapped").expand(x=one.map(lambda n: n * 10))
        m.override(task_id="zipped").expand(x=one.zip(two))
        m.override(task_id="filled").expand(x=one.zip(two, fillvalue=0))
        m.override(task_id="both").expand(x=one.concat(two))
    running = Running(dag)
    running.push("one", [1, 2, 3])
    running.push("two", [7, 8])
    assert [running.execute("mapped", index) for index in range(3)] == [10, 20, 30]
    assert [running.execute("zipped", index) for index in range(2)] == [(1, 7), (2, 8)]
    assert running.execute("filled", 2) == (3, 0)
    assert [running.execute("both", index) for index in range(5)] == [1, 2, 3, 7, 8]
    assert "get_xcom" not in running.backend.asked


def test_a_mapping_gives_pairs_to_map_and_zip_and_keys_to_concat() -> None:
    with DAG("d") as dag:
        pairs = PythonOperator(task_id="pairs", python_callable=dict).output
        more = PythonOperator(task_id="more", python_callable=list).output

        @task
        def m(x: Any) -> Any:
            return x

        m.override(task_id="mapped").expand(x=pairs.map(list))
        m.override(task_id="zipped").expand(x=pairs.zip(more))
        m.override(task_id="joined").expand(x=more.concat(pairs))
    running = Running(dag)
    running.push("pairs", {"a": 1, "b": 2})
    running.push("more", [7, 8])
    assert [running.execute("mapped", index) for index in range(2)] == [["a", 1], ["b", 2]]
    assert running.execute("zipped", 1) == (("b", 2), 8)
    assert [running.execute("joined", index) for index in range(4)] == [7, 8, "a", "b"]
    assert "get_xcom" not in running.backend.asked


def test_what_cannot_be_mapped_over_is_told_as_before() -> None:
    with DAG("d") as dag:
        value = PythonOperator(task_id="value", python_callable=list)

        @task
        def m(x: Any) -> Any:
            return x

        m.expand(x=value.output)
    running = Running(dag)
    for pushed, kind in ((5, "int"), ({1}, "set"), ("text", "str")):
        running.push("value", pushed)
        with pytest.raises(UnmappableXComTypePushed, match=f"of type {kind}"):
            running.execute("m", 0)
    running.push("value", (1, 2))
    assert running.execute("m", 1) == 2
    running.push("value", [])
    with pytest.raises(IndexError, match="There is no map index 0"):
        running.execute("m", 0)


def test_more_than_max_map_length_is_refused_where_something_is_mapped_over_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with DAG("d") as dag:
        a = PythonOperator(task_id="a", python_callable=list)
        PythonOperator(task_id="b", python_callable=list)
        PythonOperator.partial(task_id="m").expand(python_callable=a.output)
    monkeypatch.setenv("SLIPSTREAM__CORE__MAX_MAP_LENGTH", "3")
    read_settings_anew()
    try:
        check_result(dag.get_task("a"), [1, 2, 3])
        check_result(dag.get_task("b"), [1, 2, 3, 4])
        with pytest.raises(
            UnmappableXComLengthPushed,
            match=r"'m' is mapped over what 'a' returns, which has 4 items; .* allows 3",
        ):
            check_result(dag.get_task("a"), {"a": 1, "b": 2, "c": 3, "d": 4})
    finally:
        monkeypatch.undo()
        read_settings_anew()
