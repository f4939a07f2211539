"""Branches, short circuits, trigger rules, retries, groups, setups and what they skip."""

from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import chain, dag, setup, task, task_group, teardown
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException


@dag(schedule="@daily", default_args={"retry_delay": timedelta(0)})
def paths():
    @task.branch
    def choose():
        return ["left", "inner.first"]

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")

    @task_group
    def inner():
        first, second = EmptyOperator(task_id="first"), EmptyOperator(task_id="second")
        first >> second

    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    chosen = choose()
    chosen >> [left, right] >> join
    chosen >> inner() >> join

    stop = ShortCircuitOperator(task_id="stop", python_callable=lambda: 0)
    chain(stop, EmptyOperator(task_id="after"), EmptyOperator(task_id="long_after"))

    @task(retries=2)
    def flaky(ti=None):
        if ti.try_number < 3:
            raise ValueError(ti.try_number)
        return ti.try_number

    @task(retries=2)
    def hopeless():
        raise AirflowFailException("no retry")

    @task
    def left_out():
        raise AirflowSkipException

    @task(trigger_rule="one_failed")
    def mend():
        return "mended"

    @task(trigger_rule="all_done")
    def at_last():
        return "done"

    chain([flaky(), hopeless(), left_out()], mend(), at_last())
    BashOperator(task_id="skips", bash_command="exit 99") >> EmptyOperator(task_id="never")
    hopeless_twice = BashOperator(task_id="breaks", bash_command="exit 3", retries=1)
    hopeless_twice >> EmptyOperator(task_id="below")

    @setup
    def open_it():
        return "open"

    @teardown
    def close_it():
        return "closed"

    @task
    def use():
        return "used"

    with close_it().as_teardown(setups=open_it()):
        use()


paths()
