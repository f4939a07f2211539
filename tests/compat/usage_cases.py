"""Values for the keywords that real DAG files use, and what takes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jinja2

from slipstream import sdk
from slipstream.sdk import DAG, TaskGroup, task, task_group
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.latest_only import LatestOnlyOperator
from slipstream.sdk.operators.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
)
from slipstream.sdk.sensors.python import PythonSensor

MOMENT = datetime(2026, 1, 1)


def call(*_: Any, **__: Any) -> bool:
    return True


OF_TASKS: dict[str, Any] = {
    "default_args": {"retries": 1},
    "depends_on_past": True,
    "do_xcom_push": False,
    "doc": "text",
    "doc_json": "{}",
    "doc_md": "# text",
    "doc_rst": "text",
    "doc_yaml": "a: b",
    "email": ["a@example.com"],
    "email_on_failure": False,
    "email_on_retry": False,
    "end_date": MOMENT,
    "execution_timeout": timedelta(minutes=1),
    "executor": "LocalExecutor",
    "executor_config": {"KubernetesExecutor": {"image": "x"}},
    "inlets": [sdk.Asset("a")],
    "map_index_template": "{{ x }}",
    "max_active_tis_per_dag": 1,
    "max_active_tis_per_dagrun": 1,
    "max_retry_delay": timedelta(hours=1),
    "multiple_outputs": True,
    "on_execute_callback": call,
    "on_failure_callback": call,
    "on_retry_callback": call,
    "on_skipped_callback": [call],
    "on_success_callback": call,
    "outlets": [sdk.Asset("a")],
    "owner": "me",
    "params": {"a": 1},
    "pool": "small",
    "pool_slots": 2,
    "post_execute": call,
    "pre_execute": call,
    "priority_weight": 3,
    "provide_context": True,
    "queue": "q",
    "resources": {"cpus": 1},
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "run_as_user": "me",
    "sla": timedelta(hours=1),
    "start_date": MOMENT,
    "task_concurrency": 2,
    "task_display_name": "A task",
    "task_id": "t",
    "trigger_rule": "all_done",
    "wait_for_downstream": True,
    "weight_rule": "upstream",
    "xcom_push": True,
}
OF_PYTHON = {
    "python_callable": call,
    "op_args": [1],
    "op_kwargs": {"a": 1},
    "templates_dict": {"a": "{{ ds }}"},
    "ignore_downstream_trigger_rules": False,
    "show_return_value_in_logs": False,
}
OF_BASH = {
    "bash_command": "true",
    "env": {"A": "1"},
    "append_env": True,
    "cwd": "/tmp",
    "output_encoding": "utf-8",
    "skip_on_exit_code": 99,
}
OF_SENSORS = {
    "poke_interval": 5,
    "timeout": 60,
    "mode": "reschedule",
    "soft_fail": True,
    "exponential_backoff": True,
    "python_callable": call,
    "op_args": [1],
    "op_kwargs": {"a": 1},
}
OF_DAGS: dict[str, Any] = {
    "catchup": False,
    "concurrency": 3,
    "dag_display_name": "A DAG",
    "dag_id": "d",
    "dagrun_timeout": timedelta(hours=1),
    "default_args": {"owner": "me"},
    "default_view": "graph",
    "description": "text",
    "doc_md": "# text",
    "end_date": MOMENT,
    "max_active_runs": 1,
    "max_active_tasks": 1,
    "max_consecutive_failed_dag_runs": 3,
    "on_failure_callback": call,
    "on_success_callback": call,
    "params": {"a": 1},
    "is_paused_upon_creation": True,
    "render_template_as_native_obj": True,
    "schedule": "@daily",
    "schedule_interval": "@daily",
    "sla_miss_callback": call,
    "start_date": MOMENT,
    "tags": ["a"],
    "template_searchpath": ["/tmp"],
    "template_undefined": jinja2.Undefined,
    "user_defined_filters": {"f": str},
    "user_defined_macros": {"m": str},
    "access_control": {"team": {"can_read"}},
    "orientation": "LR",
    "fail_fast": True,
}
OF_GROUPS = {
    "group_id": "g",
    "tooltip": "text",
    "default_args": {"retries": 1},
    "prefix_group_id": False,
    "ui_color": "#fff",
    "ui_fgcolor": "#000",
}
OF_PARAMS = {
    "default": 3,
    "description": "text",
    "description_md": "text",
    "enum": [3, 4],
    "examples": [3],
    "format": "date",
    "maximum": 9,
    "maxLength": 9,
    "minLength": 1,
    "minimum": 1,
    "title": "A param",
    "type": ["integer", "null"],
}
OF_CONNECTIONS = {
    "conn_id": "c",
    "conn_type": "http",
    "description": "text",
    "extra": '{"a": 1}',
    "host": "example.com",
    "login": "me",
    "password": "secret",
    "port": 80,
    "schema": "https",
    "uri": "http://example.com",
}


def make_task(operator: Any, **needed: Any) -> Callable[[dict[str, Any]], Any]:
    def make(arguments: dict[str, Any]) -> DAG:
        with DAG("d", start_date=datetime(2025, 1, 1)) as dag:
            operator(**{"task_id": "t", **needed, **arguments})
        build_spec(dag)
        return dag

    return make


def make_dag(arguments: dict[str, Any]) -> DAG:
    dag = DAG(**{"dag_id": "d", "start_date": datetime(2025, 1, 1), **arguments})
    build_spec(dag)
    return dag


def make_dag_with_decorator(arguments: dict[str, Any]) -> Any:
    return sdk.dag(**arguments)(named(call))()


def named(function: Callable[..., Any]) -> Callable[..., Any]:
    def f() -> dict[str, Any]:
        return {}

    return f


def make_function_task(arguments: dict[str, Any]) -> Any:
    with DAG("d", start_date=datetime(2025, 1, 1)) as dag:
        task(**arguments)(named(call))()
    build_spec(dag)
    return dag


def make_group(arguments: dict[str, Any]) -> Any:
    with DAG("d"):
        return TaskGroup(**{"group_id": "g", **arguments})


def make_group_with_decorator(arguments: dict[str, Any]) -> Any:
    with DAG("d"):
        return task_group(**arguments)(named(call))()


def override(arguments: dict[str, Any]) -> Any:
    with DAG("d"):
        return task(named(call)).override(**arguments)()


def partial(arguments: dict[str, Any]) -> Any:
    with DAG("d", start_date=datetime(2025, 1, 1)) as dag:
        known = {"task_id": "t", "python_callable": call, **arguments}
        PythonOperator.partial(**known).expand(op_args=[[1], [2]])
    build_spec(dag)
    return dag


Makers = dict[str, tuple[Callable[[dict[str, Any]], Any], dict[str, Any]]]
MAKERS: Makers = {
    "(any operator/sensor)": (make_task(EmptyOperator), OF_TASKS),
    "(any sensor)": (make_task(PythonSensor, python_callable=call), {**OF_TASKS, **OF_SENSORS}),
    "(any @task / @task.*)": (make_function_task, OF_TASKS),
    "@task": (make_function_task, OF_TASKS),
    "task": (make_function_task, OF_TASKS),
    ".override()": (override, OF_TASKS),
    ".partial()": (partial, {**OF_TASKS, "python_callable": call}),
    "DAG": (make_dag, OF_DAGS),
    "@dag": (make_dag_with_decorator, OF_DAGS),
    "TaskGroup": (make_group, OF_GROUPS),
    "@task_group": (make_group_with_decorator, OF_GROUPS),
    "EmptyOperator": (make_task(EmptyOperator), OF_TASKS),
    "DummyOperator": (make_task(EmptyOperator), OF_TASKS),
    "LatestOnlyOperator": (make_task(LatestOnlyOperator), OF_TASKS),
    "PythonOperator": (
        make_task(PythonOperator, python_callable=call),
        {**OF_TASKS, **OF_PYTHON},
    ),
    "BranchPythonOperator": (
        make_task(BranchPythonOperator, python_callable=call),
        {**OF_TASKS, **OF_PYTHON},
    ),
    "ShortCircuitOperator": (
        make_task(ShortCircuitOperator, python_callable=call),
        {**OF_TASKS, **OF_PYTHON},
    ),
    "BashOperator": (make_task(BashOperator, bash_command="true"), {**OF_TASKS, **OF_BASH}),
    "PythonSensor": (make_task(PythonSensor, python_callable=call), {**OF_TASKS, **OF_SENSORS}),
    "Param": (lambda given: sdk.Param(**{"default": 3, **given}), OF_PARAMS),
    "Connection": (lambda given: sdk.Connection(**{"conn_id": "c", **given}), OF_CONNECTIONS),
    "Dataset": (lambda given: sdk.Asset(**given), {"uri": "s3://a/b"}),
    "Asset": (
        lambda given: sdk.Asset(**{"uri": "s3://a/b", **given}),
        {"uri": "s3://a/b", "name": "a", "watchers": [], "extra": {"a": 1}, "group": "g"},
    ),
    "PokeReturnValue": (
        lambda given: sdk.PokeReturnValue(**{"is_done": True, **given}),
        {"is_done": True, "xcom_value": 3},
    ),
    "CronTriggerTimetable": (
        lambda given: sdk.CronTriggerTimetable("@daily", **{"timezone": "UTC", **given}),
        {"timezone": "UTC", "interval": timedelta(days=1)},
    ),
    "CronDataIntervalTimetable": (
        lambda given: sdk.CronDataIntervalTimetable(
            **{"cron": "@daily", "timezone": "UTC", **given}
        ),
        {"timezone": "UTC", "cron": "0 0 * * *"},
    ),
}
