"""What outputs of tasks give to the tasks that take them, in whole runs."""

from __future__ import annotations

from typing import Any

from slipstream.sdk import DAG, task


def test_an_instance_of_a_map_may_return_anything_to_a_map_below() -> None:
    @task
    def double(x: int) -> int:
        return 2 * x

    @task
    def add_up(values: Any) -> int:
        return sum(values)

    with DAG("d") as dag:
        first = double.expand(x=[1, 2, 3])
        add_up(double.override(task_id="again").expand(x=first))
    run = dag.test()
    assert run.state == "success"
    assert run.get_task_instance("add_up").xcom_pull(task_ids="add_up") == 24


def test_a_dictionary_gives_its_keys_to_concat_and_its_pairs_to_map() -> None:
    @task
    def pairs() -> dict[str, int]:
        return {"a": 1}

    @task
    def listed(values: Any) -> list[Any]:
        return list(values)

    with DAG("d") as dag:
        listed.override(task_id="more")(pairs().concat(listed([2])))
        listed.override(task_id="each")(pairs().map(list))
    run = dag.test()
    assert run.get_task_instance("more").xcom_pull(task_ids="more") == ["a", 2]
    assert run.get_task_instance("each").xcom_pull(task_ids="each") == [["a", 1]]
