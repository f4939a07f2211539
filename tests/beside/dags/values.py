"""What goes from task to task: values of many types, templates, macros, variables, connections."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseHook, Param, Variable, dag, task


@dataclass
class Point:
    x: int
    y: int


@dag(schedule=None, params={"times": Param(3, type="integer", minimum=1)})
def values():
    @task
    def make():
        return {
            "tuple": (1, 2),
            "nested": [{"a": [1, (2, 3)]}],
            "moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "day": date(2026, 1, 2),
            "span": timedelta(minutes=90),
            "amount": Decimal("1.5"),
            "none": None,
            "text": "ü€",
        }

    @task
    def read(given):
        return {key: f"{type(value).__name__} {value}" for key, value in given.items()}

    @task(multiple_outputs=True)
    def several() -> dict[str, int]:
        return {"one": 1, "two": 2}

    @task
    def add(one, two, params=None, ds=None, ts_nodash=None):
        return [one + two, params["times"], ds, ts_nodash]

    @task
    def places():
        connection = BaseHook.get_connection("place")
        return [
            Variable.get("greeting"),
            Variable.get("nothing", default="else"),
            [connection.conn_type, connection.host, connection.port, connection.login],
            connection.extra_dejson,
        ]

    made = make()
    read(made)
    counted = several()
    add(counted["one"], counted["two"]) >> places()

    BashOperator(
        task_id="templates",
        bash_command="echo '{{ macros.ds_add(ds, 5) }} {{ var.value.greeting }} "
        "{{ conn.place.host }} {{ params.times * 2 }} {{ task.task_id }} {{ dag.dag_id }} "
        "{{ data_interval_end | ds_nodash }} {{ dag_run.dag_id }}'",
    )
    PythonOperator(
        task_id="pushes",
        python_callable=lambda ti, **_: (
            [ti.xcom_push(key=key, value=key * 2) for key in "ab"] and 0
        ),
    ) >> PythonOperator(
        task_id="pulls",
        python_callable=lambda ti: [
            ti.xcom_pull(task_ids="pushes", key="a"),
            ti.xcom_pull(task_ids=["pushes", "several"], key="two"),
            ti.xcom_pull(task_ids="absent"),
            ti.xcom_pull(task_ids="pushes"),
        ],
    )


values()
