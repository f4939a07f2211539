"""Tasks that start from a trigger, as the spec of their DAG has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from slipstream.model.deferral import StartTrigger
from slipstream.runtime.trigger_code import make_trigger
from slipstream.sdk import DAG, BaseOperator, task_group
from slipstream.sdk._spec import build_spec
from slipstream.sdk._triggers import StartTriggerArgs
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.sensors.date_time import DateTimeSensorAsync
from slipstream.sdk.sensors.filesystem import FileSensor
from slipstream.sdk.sensors.time import TimeSensor
from slipstream.sdk.triggers.temporal import DateTimeTrigger

ARGUMENTS = StartTriggerArgs(
    trigger_cls="a.B",
    trigger_kwargs={"x": (1, 2)},
    next_method="go_on",
    next_kwargs={"y": 1},
    timeout=timedelta(minutes=1),
)


class Starts(BaseOperator):
    start_from_trigger = True
    start_trigger_args = ARGUMENTS

    def __init__(self, number: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context: Any) -> None:
        raise AssertionError("it begins in the trigger")

    def go_on(self, context: Any, event: Any = None, y: int = 0) -> Any:
        return [event, y]


def start_of(dag: DAG, task_id: str = "t") -> StartTrigger | None:
    return build_spec(dag).tasks[task_id].start_trigger


def test_what_a_task_starts_from_is_in_the_spec() -> None:
    with DAG("d") as dag:
        Starts(task_id="t")
        BaseOperator(task_id="other")
    assert start_of(dag) == StartTrigger(
        classpath="a.B",
        kwargs='{"x":{"__type__":"tuple","__value__":[1,2]}}',
        next_method="go_on",
        next_kwargs='{"y":1}',
        timeout=timedelta(minutes=1),
    )
    assert start_of(dag, "other") is None


def test_an_instance_may_decide_for_itself() -> None:
    with DAG("d") as dag:
        operator = Starts(task_id="t")
        operator.start_from_trigger = False
    assert start_of(dag) is None


def test_mapped_tasks_begin_in_their_processes_as_in_airflow() -> None:
    with DAG("d") as dag:
        Starts.partial(task_id="t").expand(number=[1, 2])

        @task_group
        def group(number: int) -> None:
            Starts(task_id="inside", number=number)

        group.expand(number=[1, 2])
    assert start_of(dag) is None
    assert start_of(dag, "group.inside") is None


@pytest.mark.parametrize("text", ["{{ ds }}", "{% if True %}x{% endif %}"])
def test_a_task_whose_arguments_have_templates_begins_where_they_are_rendered(text: str) -> None:
    with DAG("d") as dag:
        Starts(task_id="t").start_trigger_args = replace(ARGUMENTS, trigger_kwargs={"x": [text]})
    assert start_of(dag) is None


def test_the_standard_sensors_start_from_their_triggers_where_they_can() -> None:
    with DAG("d") as dag:
        known = DateTimeSensorAsync(
            task_id="t", target_time="2026-01-01T00:00:00+00:00", start_from_trigger=True
        )
        DateTimeSensorAsync(task_id="template", target_time="{{ ds }}", start_from_trigger=True)
        FileSensor(task_id="file", filepath="x", deferrable=True, start_from_trigger=True)
        TimeSensor(task_id="time", target_time=time(1), deferrable=True, start_from_trigger=True)
    start = start_of(dag)
    assert start is not None
    assert start.next_method == "execute_complete"
    trigger = make_trigger(start.classpath, start.kwargs)
    assert isinstance(trigger, DateTimeTrigger)
    assert trigger.moment == datetime(2026, 1, 1, tzinfo=UTC)
    for task_id in ("template", "file", "time"):
        assert start_of(dag, task_id) is None
    assert known.start_from_trigger
    assert DateTimeSensorAsync.start_trigger_args.trigger_kwargs == {
        "moment": "",
        "end_from_trigger": False,
    }


def test_arguments_of_another_kind_are_refused() -> None:
    with DAG("d") as dag:
        Starts(task_id="t").start_trigger_args = {"trigger_cls": "a.B"}
    with pytest.raises(AirflowException, match=r"'t' starts from a trigger.*StartTriggerArgs"):
        start_of(dag)
