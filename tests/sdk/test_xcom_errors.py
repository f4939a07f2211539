"""What is said of values that cannot be pushed or pulled."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk import DAG, task
from slipstream.sdk._xcom_values import XComValueError
from slipstream.wire import values


@task
def nothing(value: Any = None) -> Any:
    return value


def running() -> Running:
    with DAG("d") as dag:
        nothing.override(task_id="t")()
    return Running(dag)


def test_a_push_names_task_key_type_and_what_is_expected() -> None:
    ti = running().context("t")["ti"]
    with pytest.raises(
        XComValueError,
        match=r"XCom 'lock' of task 't' \(DAG 'd', run 'run'\) cannot be pushed: at \['a'\]\[1\] "
        r"is a value of type _thread\.lock.*Expected is something that JSON can hold",
    ):
        ti.xcom_push("lock", {"a": [0, threading.Lock()]})


def test_a_returned_value_names_them_too() -> None:
    with DAG("d") as dag:

        @task(multiple_outputs=True)
        def give() -> Any:
            return {"fine": 1, "bad": threading.Lock()}

        give()
    found = Running(dag)
    attempt = found.context("give")["ti"]._attempt
    outcome: Any = TaskRun(attempt, dag, found.backend).run().outcome
    assert "XCom 'bad' of task 'give'" in outcome.message
    assert "_thread.lock" in outcome.message


def test_a_value_that_is_too_large_names_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_VALUE_BYTES", 1000)
    ti = running().context("t")["ti"]
    ti.xcom_push("fits", "x" * 998)
    with pytest.raises(
        XComValueError, match=r"XCom 'big' of task 't'.* takes 1,002 bytes, and at most 1,000"
    ):
        ti.xcom_push("big", "x" * 1000)


def test_a_pull_of_what_cannot_be_read_names_the_task_that_pushed_it() -> None:
    found = running()
    found.backend.set_xcom(
        dag_id="d",
        run_id="run",
        task_id="other",
        map_index=-1,
        key="return_value",
        value='{"__type__":"dataclass","__value__":{"class":"nowhere:X","data":{}}}',
        length=None,
    )
    with pytest.raises(
        XComValueError,
        match=r"XCom 'return_value' of task 'other' \(DAG 'd', run 'run'\) cannot be read: "
        r".*nowhere\.X.*allowed_deserialization_classes",
    ):
        found.context("t")["ti"].xcom_pull("other")
