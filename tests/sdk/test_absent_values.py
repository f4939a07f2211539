"""Arguments from tasks that pushed nothing."""

from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, task
from slipstream.sdk.exceptions import XComNotFound


@task
def give(value: Any = None) -> Any:
    return value


def test_a_task_that_returned_nothing_gives_none_downstream() -> None:
    with DAG("d") as dag:
        give.override(task_id="b")(give.override(task_id="a")())
    running = Running(dag)
    running.execute("a")
    assert running.execute("b") is None


def test_another_key_that_was_never_pushed_is_an_error_that_names_it() -> None:
    with DAG("d") as dag:
        give.override(task_id="b")(give.override(task_id="a")()["part"])
    with pytest.raises(XComNotFound, match="no XCom 'part' of task 'a' of DAG 'd'"):
        Running(dag).render("b")


def test_a_key_of_multiple_outputs_that_was_not_pushed_is_none() -> None:
    with DAG("d") as dag:
        above = give.override(task_id="a", multiple_outputs=True)()
        give.override(task_id="b")(above["part"])
    assert Running(dag).execute("b") is None
