from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from slipstream.sdk import DAG, BaseOperator, Context, TaskInstance, Variable, task
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk.exceptions import AirflowException, AirflowSkipException
from slipstream.sdk.operators.bash import BashOperator
from slipstream.testing.kit import Surroundings

DATE = datetime(2026, 1, 2, tzinfo=UTC)


class Adds(BaseOperator):
    template_fields = ("text",)

    def __init__(self, *, text: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # as operators do
        self.text = text

    def execute(self, context: Context) -> str:
        return f"{self.text}!"


def example() -> DAG:
    with DAG("example", schedule=timedelta(days=1), start_date=DATE) as dag:
        first = Adds(task_id="first", text="{{ ds }}")

        @task
        def second(text: str) -> str:
            return text + "?"

        @task(retries=1)
        def fails() -> None:
            raise ValueError("broken")

        @task
        def skips() -> None:
            raise AirflowSkipException("not today")

        second(first.output)
        fails()
        skips()
    return dag


def test_task_instances_are_run_one_by_one_as_airflows_documentation_has_it() -> None:
    # https://airflow.apache.org/docs/apache-airflow/stable/best-practices.html, "Unit test for
    # custom operator"
    dag = example()
    run = dag.create_dagrun(
        run_id="test_run",
        logical_date=DATE,
        data_interval=(DATE, DATE + timedelta(days=1)),
        run_type="manual",
        state="running",
        start_date=DATE,
    )
    ti = run.get_task_instance(task_id="first")
    ti.task = dag.get_task(task_id="first")
    ti.run(ignore_ti_state=True)
    assert ti.state == "success"
    assert ti.xcom_pull(task_ids="first") == "2026-01-02!"
    after = run.get_task_instance("second")
    after.run()
    assert after.xcom_pull("second") == "2026-01-02!?"
    # What drives the tasks may push for each of them, whichever ran last.
    ti.xcom_push(key="seen", value=1)
    assert after.xcom_pull("first", key="seen") == 1


def test_what_a_task_raises_is_raised() -> None:
    run = example().create_dagrun(logical_date=DATE)
    ti = run.get_task_instance("fails")
    with pytest.raises(ValueError, match="broken"):
        ti.run()
    assert ti.state == "up_for_retry"
    skipped = run.get_task_instance("skips")
    skipped.run()
    assert skipped.state == "skipped"
    assert {ti.task_id for ti in run.get_task_instances("skipped")} == {"skips"}


def test_an_operator_is_executed_with_a_context_of_its_own() -> None:
    world = Surroundings()
    world.variables["retries"] = {"most": 3}
    world.connections["lake"] = {"conn_type": "s3", "host": "lake.example"}
    with world.in_force():
        assert Variable.get("retries", deserialize_json=True) == {"most": 3}
        alone = BashOperator(task_id="alone", bash_command="echo {{ ds }} {{ conn.lake.host }}")
        context = world.context(alone, logical_date=DATE, conf={"n": 1})
        assert (context["ds"], context["dag_run"].conf) == ("2026-01-02", {"n": 1})
        alone.render_template_fields(context)
        assert alone.execute(context) == "2026-01-02 lake.example"


def test_what_other_tasks_returned_is_given_with_the_context() -> None:
    dag = example()
    context = Surroundings().context(dag.get_task("second"), results={"first": "given"})
    assert context["ti"].xcom_pull(task_ids="first") == "given"


def test_a_test_may_set_variables_that_are_no_longer_there_afterwards() -> None:
    world = Surroundings()
    with world.in_force():
        Variable.set("set_by_code", "1")
        assert world.variables == {"set_by_code": "1"}
    assert Variable.get("set_by_code", default=None) is None


def test_task_instances_are_made_by_their_class_as_airflows_users_do() -> None:
    # https://airflow.apache.org/docs/apache-airflow/2.10.5/best-practices.html and the suites of
    # providers: TaskInstance(task=…, run_id=…) after dag.create_dagrun(…).
    dag = example()
    dag.create_dagrun(run_id="test_run", logical_date=DATE, run_type="manual", state="running")
    ti = TaskInstance(task=dag.get_task("first"), run_id="test_run")
    assert isinstance(ti, TaskInstance)
    assert (ti.state, ti.run_id, ti.dag_id) == (None, "test_run", "example")
    ti.run(ignore_ti_state=True, test_mode=True)
    assert ti.state == "success"
    below = TaskInstance(dag.get_task("second"), run_id="test_run")
    below.run()
    assert below.xcom_pull(task_ids="second") == "2026-01-02!?"


def test_a_task_instance_of_a_date_has_a_run_of_that_date() -> None:
    dag = example()
    ti = TaskInstance(task=dag.get_task("first"), execution_date=DATE)
    context = ti.get_template_context()
    assert (context["ds"], context["ti"]) == ("2026-01-02", ti)
    ti.render_templates()
    assert ti.task.execute(context) == "2026-01-02!"
    ti.xcom_push(key="seen", value=[1])
    assert ti.xcom_pull(task_ids="first", key="seen") == [1]
    again = TaskInstance(dag.get_task("first"), DATE)
    assert again.run_id == ti.run_id


def test_a_task_instance_is_given_a_run() -> None:
    dag = example()
    ti = TaskInstance(task=dag.get_task("first"), run_id="other", state="queued")
    ti.dag_run = DagRun(
        dag_id="example", run_id="given", execution_date=DATE, run_type="manual", conf={"n": 1}
    )
    assert (ti.state, ti.run_id) == ("queued", "given")
    context = ti.get_template_context()
    assert (context["run_id"], context["ds"], context["dag_run"].conf) == (
        "given",
        "2026-01-02",
        {"n": 1},
    )
    assert ti.set_state("success") is True
    assert ti.state == "success"


def test_each_call_of_run_is_a_try() -> None:
    dag = example()
    ti = TaskInstance(task=dag.get_task("fails"), run_id="tries")
    for state, number in (("up_for_retry", 1), ("failed", 2)):
        with pytest.raises(ValueError, match="broken"):
            ti.run()
        assert (ti.state, ti.try_number) == (state, number)


def test_a_task_without_a_dag_has_no_task_instance() -> None:
    with pytest.raises(AirflowException, match=r"'alone' belongs to no DAG.*task.execute"):
        TaskInstance(task=Adds(task_id="alone", text=""), run_id="x")


def test_a_task_that_a_test_runs_leaves_no_variables_behind() -> None:
    before = dict(os.environ)
    example().create_dagrun(logical_date=DATE).get_task_instance("first").run()
    assert dict(os.environ) == before


def test_a_task_instance_without_a_task_is_refused() -> None:
    with pytest.raises(TypeError, match=r"needs a task.*TaskInstance\(task=dag.get_task"):
        TaskInstance(run_id="x")
    with pytest.raises(TypeError, match=r"'load' is of type str. dag.get_task"):
        TaskInstance(task="load", run_id="x")
