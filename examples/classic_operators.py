"""Operators, templates, a branch, trigger rules and a retry, in the style of Airflow 2."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.utils.trigger_rule import TriggerRule


def choose_by_weekday(logical_date=None, **context):
    day = (logical_date or context["dag_run"].run_after).weekday()
    return "weekend" if day >= 5 else "weekday"


def fail_the_first_time(ti):
    if ti.try_number == 1:
        raise RuntimeError("the first try always fails, so that you can see a retry")
    print(f"Try {ti.try_number} succeeded.")


with DAG(
    dag_id="classic_operators",
    start_date=datetime(2026, 1, 1),
    schedule=None,
    catchup=False,
    default_args={"owner": "examples", "retries": 0},
    tags=["example"],
    doc_md=__doc__,
) as dag:
    greet = BashOperator(
        task_id="greet",
        bash_command="echo \"Run {{ run_id }} by $GREETER\"; echo '{{ params.punctuation }}'",
        env={"GREETER": "{{ dag.dag_id }}"},
        append_env=True,
        params={"punctuation": "!"},
    )
    branch = BranchPythonOperator(task_id="branch", python_callable=choose_by_weekday)
    weekday = EmptyOperator(task_id="weekday")
    weekend = EmptyOperator(task_id="weekend")
    join = EmptyOperator(task_id="join", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    flaky = PythonOperator(
        task_id="flaky",
        python_callable=fail_the_first_time,
        retries=1,
        retry_delay=timedelta(seconds=1),
    )
    stop_here = ShortCircuitOperator(
        task_id="stop_here",
        python_callable=lambda: False,
        ignore_downstream_trigger_rules=False,
    )
    never = EmptyOperator(task_id="never")
    clean_up = BashOperator(
        task_id="clean_up",
        bash_command="echo 'This runs whatever became of the others.'",
        trigger_rule="all_done",
    )

    greet >> branch >> [weekday, weekend] >> join >> flaky
    join >> stop_here >> never
    [flaky, never] >> clean_up
