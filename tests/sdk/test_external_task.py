"""Starting runs of other DAGs and waiting for them, in `DAG.test()`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from slipstream.sdk import DAG, TaskGroup, TaskInstance, task
from slipstream.sdk._backend import current_backend
from slipstream.sdk._deprecation import forget_warnings
from slipstream.sdk._external import External, Verdict
from slipstream.sdk._standard_exceptions import DuplicateStateError
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.trigger_dagrun import DagIsPaused, TriggerDagRunOperator
from slipstream.sdk.sensors.external_task import (
    ExternalDagLink,
    ExternalTaskMarker,
    ExternalTaskSensor,
)
from slipstream.sdk.triggers.external_task import DagStateTrigger, WorkflowTrigger
from slipstream.testing.dag_test import run as run_dag
from slipstream.testing.memory_backend import MemoryBackend

DATE = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)


def worker(dag_id: str = "worker", *, fails: bool = False) -> DAG:
    """A DAG of a task, and a group with a mapped task in it."""
    with DAG(dag_id, params={"size": 2}) as dag:

        @task(retries=0)
        def work(params: Mapping[str, Any]) -> list[int]:
            if fails:
                raise AirflowException("on purpose")
            return list(range(params["size"]))

        @task
        def one(number: int) -> int:
            return number

        numbers = work()
        with TaskGroup("group"):
            inside = one.expand(number=numbers)
            inside >> EmptyOperator(task_id="last")
    return dag


def outcome(
    *operators: Any, other: DAG | None = None, logical_date: datetime | None = DATE
) -> tuple[dict[str, str], Any]:
    """The states of a DAG whose tasks those functions make, one after the other; and its run."""
    assert other is None or other.dag_id
    with DAG("main") as dag:
        tasks = [make() for make in operators]
        for upper, lower in pairwise(tasks):
            upper >> lower
    run = dag.test(logical_date=logical_date)
    return {one.task_id: one.state.value for one in run.get_task_instances()}, run


def trigger(**kwargs: Any) -> Any:
    arguments = {
        "task_id": "trigger",
        "trigger_dag_id": "worker",
        "trigger_run_id": "begun",
        "logical_date": "{{ logical_date }}",
        "retries": 0,
        **kwargs,
    }
    return lambda: TriggerDagRunOperator(**arguments)


def wait(**kwargs: Any) -> Any:
    arguments = {
        "task_id": "wait",
        "external_dag_id": "worker",
        "timeout": 0,
        "poke_interval": 0.01,
        **kwargs,
    }
    return lambda: ExternalTaskSensor(**arguments)


# ---------------------------------------------------------------------- starting runs


@pytest.mark.parametrize(
    "how",
    [{}, {"wait_for_completion": True}, {"wait_for_completion": True, "deferrable": True}],
)
def test_a_run_is_started_with_its_conf(how: dict[str, Any]) -> None:
    other = worker()
    states, run = outcome(
        trigger(conf='{"size": {{ 1 + 2 }}}', **how), wait(external_task_id="work"), other=other
    )
    assert states == {"trigger": "success", "wait": "success"}
    ti = run.get_task_instance("trigger")
    assert ti.xcom_pull("trigger", key="trigger_run_id") == "begun"
    link = ti.xcom_pull("trigger", key="_link_TriggerDagRunLink")
    assert link.endswith("/dags/worker/runs/begun")
    assert ti.xcom_pull(task_ids="work", dag_id="worker", run_id="begun") == [0, 1, 2]


@pytest.mark.parametrize("deferrable", [True, False])
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"wait_for_completion": True}, "failed"),
        (
            {"wait_for_completion": True, "failed_states": [], "allowed_states": ["failed"]},
            "success",
        ),
        ({"wait_for_completion": "{{ False }}"}, "success"),
    ],
)
def test_a_failed_run(how: dict[str, Any], expected: str, deferrable: bool) -> None:
    other = worker(fails=True)
    states, _ = outcome(trigger(deferrable=deferrable, **how), other=other)
    assert states == {"trigger": expected}


def test_a_run_that_is_there_already() -> None:
    other = worker()

    def again(name: str, **how: Any) -> Any:
        return trigger(task_id=name, trigger_rule="all_done", **how)

    states, _ = outcome(
        trigger(),
        again("skipped", skip_when_already_exists=True),
        again("failed", retries=5),
        again("reset", reset_dag_run=True),
        other=other,
    )
    assert states == {
        "trigger": "success",
        "skipped": "skipped",
        "failed": "failed",
        "reset": "success",
    }


def test_the_run_id_is_made_from_the_date() -> None:
    other = worker()
    for how, begins in (
        ({"logical_date": DATE}, f"manual__{DATE.isoformat()}"),
        ({"logical_date": "2026-02-01"}, "manual__2026-02-01T00:00:00+00:00"),
        ({"logical_date": None}, "manual__"),
        ({"logical_date": None, "run_after": "2026-02-01"}, "manual__2026-02-01T00:00:00+00:00_"),
    ):
        _, run = outcome(trigger(trigger_run_id=None, **how), other=other)
        run_id = run.get_task_instance("trigger").xcom_pull("trigger", key="trigger_run_id")
        assert run_id.startswith(begins)


def test_a_dag_that_starts_itself_does_not_run_inside_of_itself() -> None:
    with DAG("main") as dag:
        TriggerDagRunOperator(task_id="t", trigger_dag_id="main")
    assert dag.test().state == "success"


def test_a_dag_that_is_not_there() -> None:
    states, _ = outcome(trigger(trigger_dag_id="nowhere"))
    assert states == {"trigger": "failed"}


def test_a_paused_dag_may_fail_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    other = worker()
    get_dag = MemoryBackend.get_dag

    def paused(self: MemoryBackend, dag_id: str) -> Any:
        from dataclasses import replace

        found = get_dag(self, dag_id)
        return None if found is None else replace(found, is_paused=True)

    monkeypatch.setattr(MemoryBackend, "get_dag", paused)
    assert outcome(trigger(fail_when_dag_is_paused=True), other=other)[0] == {"trigger": "failed"}
    assert outcome(trigger(), other=other)[0] == {"trigger": "success"}
    assert str(DagIsPaused("x")) == "Dag x is paused"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"logical_date": 5}, TypeError), ({"allowed_states": ["nonsense"]}, ValueError)],
)
def test_wrong_arguments_of_a_trigger(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        trigger(**wrong)()


@pytest.mark.parametrize("conf", ["nonsense", {"a": object()}, "[1]"])
def test_a_conf_has_to_be_json(conf: Any) -> None:
    other = worker()
    assert outcome(trigger(conf=conf), other=other)[0] == {"trigger": "failed"}


def test_the_former_name_of_the_date() -> None:
    with pytest.warns(DeprecationWarning, match="Use logical_date"):
        operator = TriggerDagRunOperator(task_id="t", trigger_dag_id="x", execution_date="{{ ds }}")
    assert operator.logical_date == "{{ ds }}"


def test_a_function_may_fill_in_the_order_as_in_airflow_1() -> None:
    def order(context: Any, order: Any) -> Any:
        if context["params"]["wanted"]:
            order.payload = {"size": 4}
            return order
        return None

    other = worker()
    for wanted, expected in ((True, [0, 1, 2, 3]), (False, None)):
        with pytest.warns(DeprecationWarning, match="python_callable"):
            _, run = outcome(trigger(python_callable=order, params={"wanted": wanted}), other=other)
        ti = run.get_task_instance("trigger")
        assert ti.state == "success"
        assert ti.xcom_pull(task_ids="work", dag_id="worker", run_id="begun") == expected
        forget_warnings()


# ---------------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, "success"),
        ({"external_task_id": "work"}, "success"),
        ({"external_task_ids": ["work", "group.last"]}, "success"),
        ({"external_task_id": "group.one"}, "success"),  # All instances of a mapped task.
        ({"external_task_group_id": "group"}, "success"),
        ({"external_task_ids": ["work", "nothing"]}, "failed"),
        ({"execution_delta": timedelta(hours=1)}, "failed"),
        ({"execution_date_fn": lambda logical_date: logical_date}, "success"),
        ({"execution_date_fn": lambda date, context: context["logical_date"]}, "success"),
        ({"execution_date_fn": lambda date, ds: [date, date - timedelta(1)]}, "failed"),
        ({"allowed_states": ["failed"]}, "failed"),
        ({"failed_states": ["success"], "allowed_states": ["failed"]}, "failed"),
        (
            {"failed_states": ["success"], "allowed_states": ["failed"], "soft_fail": True},
            "skipped",
        ),
        ({"skipped_states": ["success"], "allowed_states": ["failed"]}, "skipped"),
        ({"external_dag_id": "nowhere"}, "failed"),
        ({"mode": "reschedule"}, "success"),
    ],
)
@pytest.mark.parametrize("deferrable", [True, False])
def test_waiting_for_a_run(how: dict[str, Any], expected: str, deferrable: bool) -> None:
    other = worker()
    patience = {"timeout": 0.2} if deferrable else {}
    states, _ = outcome(trigger(), wait(deferrable=deferrable, **patience, **how), other=other)
    assert states == {"trigger": "success", "wait": expected}


def test_several_dates_are_waited_for_together() -> None:
    other = worker()
    earlier = DATE - timedelta(days=1)
    states, _ = outcome(
        trigger(),
        trigger(task_id="second", trigger_run_id="second", logical_date=earlier),
        wait(execution_date_fn=lambda date: [date, earlier], external_task_group_id="group"),
        other=other,
    )
    assert states["wait"] == "success"


def test_a_failed_part_of_a_group_fails_the_wait() -> None:
    other = worker(fails=True)
    states, _ = outcome(
        trigger(),
        wait(
            external_task_group_id="group",
            failed_states=["failed", "upstream_failed"],
            timeout=600,
        ),
        other=other,
    )
    assert states["wait"] == "failed"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, "success"),
        ({"external_dag_id": "nowhere"}, "There is no DAG 'nowhere'"),
        ({"external_task_id": "nothing"}, "has no task 'nothing'"),
        ({"external_task_group_id": "nothing"}, "has no group 'nothing'"),
    ],
)
def test_what_is_waited_for_has_to_exist(
    how: dict[str, Any], expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = worker()
    states, _ = outcome(trigger(), wait(check_existence=True, timeout=600, **how), other=other)
    assert states["wait"] == ("success" if expected == "success" else "failed")
    assert expected == "success" or expected in caplog.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"external_task_id": "a", "external_task_ids": ["b"]}, ValueError),
        ({"external_task_id": "a", "external_task_group_id": "b"}, ValueError),
        ({"external_task_ids": "abc"}, ValueError),
        ({"allowed_states": ["skipped"]}, ValueError),
        ({"external_task_id": "a", "allowed_states": ["nonsense"]}, ValueError),
        ({"failed_states": ["success"]}, DuplicateStateError),
        ({"execution_delta": timedelta(1), "execution_date_fn": lambda d: d}, ValueError),
    ],
)
def test_wrong_arguments_of_a_wait(wrong: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="wait"):
        wait(**wrong)()


def test_its_defaults() -> None:
    sensor = ExternalTaskSensor(task_id="t", external_dag_id="d", poll_interval=3)
    assert (sensor.poke_interval, sensor.poll_interval) == (3, 3)
    assert (sensor.allowed_states, sensor.failed_states) == (["success"], [])
    link = sensor.operator_extra_links[0]
    assert isinstance(link, ExternalDagLink)
    assert link.get_link(sensor, ti_key=None).endswith("/dags/d")  # type: ignore[arg-type]


def test_a_marker_does_nothing() -> None:
    marked = ExternalTaskMarker(
        task_id="m", external_dag_id="d", external_task_id="t", logical_date=DATE
    )
    assert marked.logical_date == DATE.isoformat()
    with pytest.raises(ValueError, match="recursion_depth of 'm' is 0"):
        ExternalTaskMarker(
            task_id="m", external_dag_id="d", external_task_id="t", recursion_depth=0
        )
    states, _ = outcome(
        lambda: ExternalTaskMarker(task_id="m", external_dag_id="d", external_task_id="t")
    )
    assert states == {"m": "success"}


# ---------------------------------------------------------------------- what is asked


class Answers:
    """A backend that knows runs of one DAG: `{run id: {task key: state}}`."""

    def __init__(
        self, runs: Mapping[str, Mapping[str, str | None]], state: str = "success"
    ) -> None:
        self.runs = runs
        self.state = state

    def get_task_states(self, **_: Any) -> Mapping[str, Mapping[str, str | None]]:
        return self.runs

    def count_runs(self, *, states: Sequence[str], **_: Any) -> int:
        return len(self.runs) if self.state in states else 0

    def get_run_state(self, **_: Any) -> str:
        return self.state

    async def change_after(self, **_: Any) -> int:
        return 0


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ({}, Verdict.WAITING),
        ({"r": {}}, Verdict.WAITING),
        ({"r": {"a": "success"}}, Verdict.WAITING),
        ({"r": {"a": "success", "b": None}}, Verdict.WAITING),
        ({"r": {"a": "success", "b": "success"}}, Verdict.SUCCESS),
        ({"r": {"a": "success", "b_0": "success", "b_1": "running"}}, Verdict.WAITING),
        ({"r": {"a": "success", "b_0": "success", "b_1": "success"}}, Verdict.SUCCESS),
        ({"r": {"a": "success", "b_0": "success", "b_1": "removed"}}, Verdict.SUCCESS),
        ({"r": {"a": "running", "b": "failed"}}, Verdict.FAILED),
        ({"r": {"a": "running", "b": "skipped"}}, Verdict.SKIPPED),
    ],
)
def test_tasks_of_a_run(runs: Any, expected: Verdict) -> None:
    external = External(
        dag_id="d", run_ids=["r"], task_ids=["a", "b"], failed=["failed"], skipped=["skipped"]
    )
    assert external.look(Answers(runs)) is expected  # type: ignore[arg-type]


def payload(trigger: Any, backend: Any) -> Any:
    async def first() -> Any:
        return (await anext(trigger.run())).payload

    token = current_backend.set(backend)
    try:
        return asyncio.run(first())
    finally:
        current_backend.reset(token)


def test_the_events_of_the_triggers() -> None:
    done = Answers({"r": {"a": "failed"}}, "failed")
    workflow = WorkflowTrigger(
        "d", run_ids=["r"], external_task_ids=["a"], failed_states=["failed"]
    )
    assert payload(workflow, done) == {"status": "failed"}
    workflow.soft_fail = True
    assert payload(workflow, done) == {"status": "skipped"}
    path, found = payload(DagStateTrigger("d", ["failed"], run_ids=["r"]), done)
    assert path.endswith("DagStateTrigger")
    assert (found["run_ids"], found["r"]) == (["r"], "failed")


def test_a_task_can_ask_about_other_dags_itself() -> None:
    other = worker()

    def asking() -> Any:
        @task
        def ask(ti: TaskInstance) -> list[Any]:
            return [
                ti.get_dagrun_state("worker", "begun"),
                TaskInstance.get_dr_count("worker", states=["success"]),
                ti.get_ti_count("worker", task_ids=["group.one"], states=["success"]),
                dict(ti.get_task_states("worker", task_group_id="group")["begun"]),
                ti.get_dag("worker").is_paused,
            ]

        return ask()

    _, run = outcome(trigger(), asking, other=other)
    assert run.get_task_instance("ask").xcom_pull("ask") == [
        "success",
        1,
        2,
        {"group.one_0": "success", "group.one_1": "success", "group.last": "success"},
        False,
    ]


def test_asking_outside_of_a_task_is_refused() -> None:
    with pytest.raises(AirflowException, match="in a task or in a trigger"):
        TaskInstance.get_dagrun_state("d", "r")


def test_a_marked_trigger_starts_nothing() -> None:
    with DAG("main") as dag:
        TriggerDagRunOperator(task_id="t", trigger_dag_id="nowhere")
    assert run_dag(dag, mark_success_pattern="t").state == "success"
