from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from slipstream.model.errors import InvalidInputError
from slipstream.sdk import DAG, BaseHook, BaseOperator, Connection, Context, Variable, task
from slipstream.sdk._triggers import TriggerEvent
from slipstream.testing.kit import assert_edges, assert_states, assert_succeeded, run_dag


def sales() -> DAG:
    with DAG("sales", schedule=None) as dag:

        @task
        def extract() -> list[int]:
            raise RuntimeError("the warehouse is not here")

        @task
        def double(n: int) -> int:
            return n * int(Variable.get("factor"))

        @task
        def load(values: list[int]) -> str:
            return f"{sum(values)} to {BaseHook.get_connection('lake').host}"

        load(double.expand(n=extract()))
    return dag


def test_a_run_has_the_variables_connections_and_results_that_it_is_given() -> None:
    run = run_dag(
        sales(),
        variables={"factor": 2},
        connections={"lake": "s3://lake.example/"},
        results={"extract": [1, 2, 3]},
    )
    assert_succeeded(run)
    assert run.states == {
        "extract": "success",
        "double[0]": "success",
        "double[1]": "success",
        "double[2]": "success",
        "load": "success",
    }
    assert run.result("double", 2) == 6
    assert run.result("load") == "12 to lake.example"


@pytest.mark.parametrize(
    "given",
    [
        Connection(conn_id="lake", conn_type="s3", host="lake.example"),
        {"conn_type": "s3", "host": "lake.example"},
        '{"conn_type": "s3", "host": "lake.example"}',
    ],
)
def test_connections_come_in_several_forms(given: object) -> None:
    run = run_dag(
        sales(), variables={"factor": "1"}, connections={"lake": given}, results={"extract": [1]}
    )
    assert run.result("load") == "1 to lake.example"


def test_nothing_of_one_run_is_there_in_the_next() -> None:
    run_dag(sales(), variables={"factor": "1"}, results={"extract": [1]})
    run = run_dag(sales(), results={"extract": [1]})
    assert run.states["double[0]"] == "failed"


def test_retries_take_no_time_unless_they_are_wanted_to() -> None:
    tries: list[datetime] = []
    with DAG("flaky", schedule=None) as dag:

        @task(retries=2, retry_delay=timedelta(hours=1))
        def fails_twice() -> None:
            tries.append(datetime.now(UTC))
            if len(tries) < 3:
                raise RuntimeError("not yet")

        fails_twice()
    began = time.monotonic()
    assert_succeeded(run_dag(dag))
    assert len(tries) == 3
    assert time.monotonic() - began < 600


def test_a_trigger_fires_with_the_event_that_the_test_gives() -> None:
    seen: list[object] = []

    class Waits(BaseOperator):
        def execute(self, context: Context) -> None:
            self.defer(trigger=TriggerThatMustNotRun(), method_name="go_on")

        def go_on(self, context: Context, event: object) -> None:
            seen.append(event)

    with DAG("waiting", schedule=None) as dag:
        Waits(task_id="plain")
        Waits(task_id="whole")
    run = run_dag(dag, events={"plain": {"status": "done"}, "whole": TriggerEvent("over")})
    assert_succeeded(run)
    assert sorted(map(str, seen)) == ["over", "{'status': 'done'}"]


class TriggerThatMustNotRun:
    def serialize(self) -> tuple[str, dict[str, object]]:
        return "nowhere.Trigger", {}


def test_a_task_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"results names 'extrakt'; DAG 'sales' has the"):
        run_dag(sales(), results={"extrakt": []})
    with pytest.raises(InvalidInputError, match="expected a list of task ids"):
        run_dag(sales(), succeed="extract")


def test_assertions_say_what_was_found() -> None:
    run = run_dag(sales())
    with pytest.raises(
        AssertionError, match=r"(?s)run manual.* is failed.*extract: failed .*warehouse"
    ):
        assert_succeeded(run)
    assert_states(run, {"extract": "failed", "load": "upstream_failed"})
    with pytest.raises(AssertionError, match="load is upstream_failed, expected success"):
        assert_states(run, {"load": "success"})
    with pytest.raises(AssertionError, match="nothing is not there, expected success"):
        assert_states(run, {"nothing": "success"})


def test_edges_are_compared_as_a_whole() -> None:
    dag = sales()
    assert_edges(dag, {"extract": ["double"], "double": ["load"], "load": []})
    with pytest.raises(AssertionError, match="load is not expected"):
        assert_edges(dag, {"extract": ["double"], "double": ["load"]})
    with pytest.raises(AssertionError, match=r"extract is followed by \['double'\], expected \[\]"):
        assert_edges(dag, {"extract": [], "double": ["load"], "load": []})
