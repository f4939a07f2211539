from __future__ import annotations

import threading
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from tests.sdk.memory import NOON, Running

from slipstream.model.states import RunType
from slipstream.sdk import DAG, BaseOperator, get_current_context, task
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._context import Context, context_merge, running
from slipstream.sdk.exceptions import (
    AirflowContextDeprecationWarning,
    AirflowException,
    RemovedInAirflow3Warning,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.python import PythonOperator


def one_task(**dag_arguments: Any) -> Running:
    with DAG("d", **dag_arguments) as dag:
        BashOperator(task_id="t", bash_command="true")
    return Running(dag)


KEYS_OF_AIRFLOW = """
    conn dag dag_run data_interval_end data_interval_start outlet_events ds ds_nodash
    expanded_ti_count exception inlets inlet_events logical_date macros map_index_template
    outlets params partition_key partition_date prev_data_interval_start_success
    prev_data_interval_end_success prev_start_date_success prev_end_date_success reason run_id
    task task_reschedule_count task_instance task_instance_key_str task_state_store
    asset_state_store templates_dict test_mode ti triggering_asset_events try_number ts
    ts_nodash ts_nodash_with_tz var
"""


@pytest.mark.parametrize("key", KEYS_OF_AIRFLOW.split())
def test_every_key_of_airflow_is_there(key: str) -> None:
    context = one_task().context("t")
    assert key in context
    assert key in list(context)
    context[key]


def test_times_and_texts_of_the_run() -> None:
    context = one_task().context("t", try_number=2, max_tries=3)
    assert context["logical_date"] == NOON
    assert isinstance(context["logical_date"], pendulum.DateTime)
    assert isinstance(context["data_interval_start"], pendulum.DateTime)
    assert context["ds"] == "2026-01-31"
    assert context["ds_nodash"] == "20260131"
    assert context["ts"] == "2026-01-31T12:00:00+00:00"
    assert context["ts_nodash"] == "20260131T120000"
    assert context["ts_nodash_with_tz"] == "20260131T120000+0000"
    assert context["task_instance_key_str"] == "d__t__20260131"
    assert (context["run_id"], context["try_number"]) == ("run", 2)
    assert context["ti"].max_tries == 3
    assert context["ti"].key == ("d", "t", "run", 2, -1)


def test_a_run_without_a_logical_date_takes_the_day_from_when_it_was_due() -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="true")
    context = Running(dag, logical_date=None).context("t")
    assert context["ds"] == "2026-01-31"
    assert context["task_instance_key_str"] == "d__t__run"


def test_a_run_without_a_logical_date_has_no_keys_of_one() -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="true")
    context = Running(dag, logical_date=None).context("t")
    # Source: Airflow 3.3.2's `get_template_context`, seen with `dag.test(logical_date=None)`.
    gone = {
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "prev_data_interval_start_success",
        "prev_data_interval_end_success",
    }
    assert set(KEYS_OF_AIRFLOW.split()) - set(context) == gone
    assert not any(key in context for key in gone)
    assert context.get("logical_date") is None
    with pytest.raises(KeyError, match="the run 'run' was asked for without a logical date"):
        context["data_interval_end"]
    with pytest.raises(KeyError, match=r"^'no_such_key'$"):
        context["no_such_key"]


def test_a_function_gets_its_own_default_for_a_date_that_its_run_does_not_have() -> None:
    @task
    def when(logical_date=None, data_interval_end=None):
        return [logical_date, data_interval_end]

    with DAG("d") as dag:
        when()
    assert Running(dag, logical_date=None).execute("when") == [None, None]


def test_nothing_is_looked_up_before_it_is_asked_for() -> None:
    running_dag = one_task()
    context = running_dag.context("t")
    dict(context)
    assert running_dag.backend.asked == []
    running_dag.backend.previous = {
        "dag_id": "d",
        "dag_run_id": "before",
        "run_type": "scheduled",
        "state": "success",
        "start_date": "2026-01-30T12:00:00+00:00",
        "data_interval_start": "2026-01-30T00:00:00+00:00",
    }
    assert context["prev_start_date_success"] == datetime(2026, 1, 30, 12, tzinfo=UTC)
    assert context["prev_data_interval_start_success"].day == 30
    assert running_dag.backend.asked == ["get_previous_run"]


def test_a_value_that_is_looked_up_late_behaves_as_the_value() -> None:
    running_dag = one_task()
    running_dag.backend.previous = {
        "dag_id": "d",
        "dag_run_id": "before",
        "run_type": "scheduled",
        "state": "success",
        "end_date": "2026-01-30T12:00:00+00:00",
    }
    late = running_dag.context("t")["prev_end_date_success"]
    assert isinstance(late, datetime)
    assert NOON - late == timedelta(days=1)
    assert late < NOON
    assert str(late).startswith("2026-01-30")
    assert f"{late:%Y}" == "2026"
    assert late.strftime("%d") == "30"
    assert hash(late) == hash(datetime(2026, 1, 30, 12, tzinfo=UTC))


def test_there_may_be_no_earlier_success() -> None:
    late = one_task().context("t")["prev_end_date_success"]
    assert not late
    assert late == None  # noqa: E711 - the stand-in cannot be None itself


# ---------------------------------------------------------------- names of older releases


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("execution_date", NOON),
        ("next_ds", "2026-01-31"),
        ("prev_ds_nodash", "20260131"),
        ("tomorrow_ds", "2026-02-01"),
        ("tomorrow_ds_nodash", "20260201"),
        ("yesterday_ds", "2026-01-30"),
        ("yesterday_ds_nodash", "20260130"),
        ("next_execution_date", NOON),
    ],
)
def test_names_of_older_releases_are_found_with_one_warning(key: str, expected: Any) -> None:
    context = one_task().context("t")
    assert key in context
    assert key not in list(context)
    with pytest.warns(AirflowContextDeprecationWarning, match=f"'{key}'"):
        assert context[key] == expected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert context.get(key) == expected


def test_the_next_date_of_a_scheduled_run_is_the_schedules_next() -> None:
    with DAG("d", schedule="0 6 * * *", start_date=datetime(2026, 1, 1)) as dag:
        BashOperator(task_id="t", bash_command="true")
    at = datetime(2026, 1, 31, 6, tzinfo=UTC)
    context = Running(dag, run_type=RunType.SCHEDULED, logical_date=at).context("t")
    with pytest.warns(AirflowContextDeprecationWarning):
        assert context["next_ds"] == "2026-02-01"
    with pytest.warns(AirflowContextDeprecationWarning):
        assert context["prev_execution_date"] == at - timedelta(days=1)


def test_a_template_may_use_them() -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="{{ execution_date }} {{ yesterday_ds }}")
    with pytest.warns(AirflowContextDeprecationWarning):
        assert Running(dag).render("t").bash_command == "2026-01-31 12:00:00+00:00 2026-01-30"


def helper(context: Any) -> Any:
    return context["tomorrow_ds"]


def test_a_function_with_any_keyword_gets_those_it_mentions() -> None:
    def use(**kwargs: Any) -> Any:
        return kwargs["execution_date"].year

    def indirect(**context: Any) -> Any:
        return helper(context)

    def without(**kwargs: Any) -> Any:
        return "run_id" in kwargs

    with DAG("d") as dag:
        for function in (use, indirect, without):
            PythonOperator(task_id=function.__name__, python_callable=function)
    running_dag = Running(dag)
    with pytest.warns(AirflowContextDeprecationWarning, match="execution_date"):
        assert running_dag.execute("use") == 2026
    with pytest.warns(AirflowContextDeprecationWarning, match="tomorrow_ds"):
        assert running_dag.execute("indirect") == "2026-02-01"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert running_dag.execute("without") is True


def test_the_run_answers_to_its_former_names() -> None:
    run = one_task().context("t")["dag_run"]
    with pytest.warns(RemovedInAirflow3Warning, match="execution_date"):
        assert run.execution_date == NOON
    with pytest.warns(RemovedInAirflow3Warning, match="external_trigger"):
        assert run.external_trigger is True


# ---------------------------------------------------------------- what is behind the keys


def test_variables_and_connections_in_templates() -> None:
    with DAG("d") as dag:
        BashOperator(
            task_id="t",
            bash_command=(
                "{{ var.value.region }} {{ var.json.grid.a[1] }} {{ var.value.get('no', 'x') }} "
                "{{ conn.db.host }}:{{ conn.db.port }} {{ conn.get('none', 'y') }}"
            ),
        )
    found = Running(dag)
    found.backend.variables.update(region="eu", grid='{"a": [1, 2]}')
    found.backend.connections["db"] = StoredConnection(
        conn_id="db", conn_type="postgres", host="h", port=5, password="secret"
    )
    assert found.render("t").bash_command == "eu 2 x h:5 y"
    assert "secret" in found.backend.masked


def test_a_missing_variable_in_a_template_is_an_error() -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="{{ var.value.region }}")
    with pytest.raises(KeyError, match="Variable 'region' does not exist"):
        Running(dag).render("t")


def test_the_environment_goes_before_the_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="{{ var.value.region }}")
    found = Running(dag)
    found.backend.variables["region"] = "eu"
    monkeypatch.setenv("AIRFLOW_VAR_REGION", "us")
    assert found.render("t").bash_command == "us"


def test_params_come_from_dag_task_and_conf_the_last_wins() -> None:
    with DAG("d", params={"a": 1, "b": 2, "c": 3}) as dag:
        BashOperator(
            task_id="t", bash_command="{{ params.a }}{{ params.b }}{{ params.c }}", params={"b": 5}
        )
    assert Running(dag, conf={"c": 9}).render("t").bash_command == "159"


def test_macros_in_templates() -> None:
    with DAG("d") as dag:
        BashOperator(
            task_id="t",
            bash_command=(
                "{{ macros.ds_add(ds, 1) }} {{ macros.datetime(2026, 1, 1).year }} "
                "{{ (logical_date + macros.timedelta(days=2)) | ds_nodash }}"
            ),
        )
    assert Running(dag).render("t").bash_command == "2026-02-01 2026 20260202"


def test_other_task_instances_of_the_run() -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t_1", bash_command="true")
        BashOperator.partial(task_id="m").expand(bash_command=["a", "b"])
    found = Running(dag)
    found.backend.states.update({"t_1": "success", "m_0": "failed", "m_1": None})
    run = found.context("t_1")["dag_run"]
    seen = [(ti.task_id, ti.map_index, ti.state) for ti in run.get_task_instances()]
    assert seen == [("t_1", -1, "success"), ("m", 0, "failed"), ("m", 1, None)]
    assert [ti.map_index for ti in run.get_task_instances(state="failed")] == [0]
    assert run.get_task_instance("m", map_index=0).state == "failed"
    assert run.get_task_instance("nobody") is None


# ---------------------------------------------------------------- the dictionary


def test_a_context_is_a_dictionary() -> None:
    context = one_task().context("t")
    assert isinstance(context, dict)
    context_merge(context, {"a": 1}, b=2)
    assert (context["a"], context.get("b"), context.get("c", 3)) == (1, 2, 3)
    copied = {**context}
    assert copied["ds"] == "2026-01-31"
    assert copied["a"] == 1
    with pytest.raises(KeyError):
        context["nothing"]
    assert context.pop("a") == 1
    assert "a" not in context
    assert context.pop("ds") == "2026-01-31"
    assert "ds" not in context
    assert context.setdefault("ds", "x") == "x"
    del context["ts"]
    assert "ts" not in context.copy()
    assert len(list(context.items())) == len(context) == len(context.keys())


def test_a_context_may_be_made_by_hand() -> None:
    context = Context(ti=1)
    context["ds"] = "2026-01-01"
    assert dict(context) == {"ti": 1, "ds": "2026-01-01"}
    assert Context({"a": 1}) == {"a": 1}


def test_the_current_context_is_that_of_the_running_task() -> None:
    found = one_task()
    context = found.context("t")
    with running(context):
        assert get_current_context() is context
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(get_current_context()))
        thread.start()
        thread.join()
        assert seen == [context]
    with pytest.raises(AirflowException, match="No task is running"):
        get_current_context()


def test_callables_are_filled_from_the_context() -> None:
    @task
    def use(ds: str, ti: Any = None, params: Any = None, *, run_id: str) -> Any:
        return ds, ti.task_id, params, run_id

    with DAG("d", params={"a": 1}) as dag:
        use()
    assert Running(dag).execute("use") == ("2026-01-31", "use", {"a": 1}, "run")


def test_a_parameter_named_like_a_key_needs_none_as_default() -> None:
    with pytest.raises(ValueError, match="Parameter 'ds' of 'use' is filled from the context"):

        @task
        def use(ds: str = "today") -> None: ...


def test_operators_push_and_pull_through_the_context() -> None:
    class Push(BaseOperator):
        def execute(self, context: Any) -> None:
            self.xcom_push(context, key="k", value=5)
            assert self.xcom_pull(context, task_ids="t", key="k") == 5

    with DAG("d") as dag:
        Push(task_id="t")
    Running(dag).execute("t")


def test_the_log_url_names_the_try() -> None:
    url = one_task().context("t", try_number=3)["ti"].log_url
    assert url == "http://localhost:8080/dags/d/runs/run/tasks/t?try_number=3"
