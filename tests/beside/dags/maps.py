"""Mapped tasks: products, zips, filters, groups, and maps over maps."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import dag, task, task_group
from airflow.sdk.exceptions import AirflowSkipException


@dag(schedule=None)
def maps():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def words():
        return {"a": "x", "b": "y"}

    @task(map_index_template="{{ task.op_kwargs['n'] }}")
    def square(n, plus=0):
        if n == 2:
            raise AirflowSkipException
        return n * n + plus

    @task
    def pair(n, word):
        return [n, word]

    @task(trigger_rule="all_done")
    def total(found):
        return sorted(item for item in found if item is not None)

    @task_group
    def each(n):
        @task
        def double(n):
            return 2 * n

        @task
        def describe(n):
            return f"<{n}>"

        return describe(double(n))

    @task
    def letters():
        return ["p", "q", "r"]

    found = numbers()
    total(square.partial(plus=1).expand(n=found))
    pair.expand(n=found, word=words())
    each.expand(n=found)
    total.override(task_id="zipped")(
        pair.override(task_id="pairs").expand_kwargs(
            found.zip(letters()).map(lambda both: {"n": both[0], "word": both[1]})
        )
    )
    BashOperator.partial(task_id="echo").expand(bash_command=["echo 1", "echo 2"])
    PythonOperator.partial(task_id="call", python_callable=lambda a, b: a + b).expand(
        op_args=[[1, 2], [3, 4]]
    )

    @task
    def nothing():
        return []

    square.override(task_id="of_nothing").expand(n=nothing())


maps()
