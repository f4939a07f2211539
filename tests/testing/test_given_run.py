from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipstream.model.errors import InvalidInputError
from slipstream.sdk import DAG, BaseHook, BaseOperator, Connection, Context, Variable, task
from slipstream.sdk._triggers import TriggerEvent
from slipstream.sdk.sensors.date_time import DateTimeSensor
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


def test_a_run_begins_at_another_moment_and_its_waits_pass_on_that_clock() -> None:
    seen: list[datetime] = []
    with DAG("later", schedule=None) as dag:

        @task(retries=2, retry_delay=timedelta(hours=1))
        def flaky() -> None:
            seen.append(datetime.now(UTC))
            if len(seen) < 3:
                raise ValueError("not yet")

        at_noon = DateTimeSensor(
            task_id="at_noon", target_time="2031-05-01T12:00:00+00:00", mode="reschedule"
        )
        flaky() >> at_noon

    begins = datetime(2031, 5, 1, 9, tzinfo=UTC)
    run = run_dag(dag, now=begins)
    assert_succeeded(run)
    hours = [round((moment - begins) / timedelta(hours=1), 2) for moment in seen]
    assert hours == [0, 1, 2]
    ended = run.get_task_instance("at_noon").end_date
    assert ended is not None
    assert begins + timedelta(hours=3) <= ended < begins + timedelta(hours=4)
    assert datetime.now(UTC) < begins


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"now": datetime(2031, 5, 1)}, "expected a datetime with a time zone"),
        ({"now": datetime(2031, 5, 1, tzinfo=UTC), "waits": True}, "now or waits, not both"),
    ],
)
def test_what_a_run_at_another_time_does_not_take(arguments: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        run_dag(sales(), results={"extract": []}, **arguments)


def test_the_instances_of_a_run_that_ended_say_when_they_began_and_ended() -> None:
    with DAG("timed", schedule=None) as dag:

        @task
        def work() -> None:
            time.sleep(0.02)

        @task
        def never() -> None: ...

        work() >> never()

    run = run_dag(dag, results={"never": 1})
    ti = run.get_task_instance("work")
    assert ti is not None
    assert ti.start_date is not None
    assert ti.end_date is not None
    assert ti.duration == (ti.end_date - ti.start_date).total_seconds() >= 0.02
    assert run.end_date is not None
    assert run.start_date <= ti.start_date < ti.end_date <= run.end_date
