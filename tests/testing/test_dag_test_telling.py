"""What `DAG.test()` tells while it runs: changes in their order, and its log."""

import pytest

from slipstream.model.changes import Change, MapExpanded, RangeChanged
from slipstream.sdk import DAG, task_group
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator
from slipstream.testing.dag_test import run as run_dag


def test_changes_are_told_in_the_order_in_which_they_were_decided() -> None:
    """Also where the run before is asked in the middle, for a task above a mapped group."""
    with DAG("d", schedule=None) as made:
        first = EmptyOperator(task_id="first", depends_on_past=True)

        @task_group
        def group(x: int) -> None:
            PythonOperator(task_id="inner", python_callable=print, op_args=[x])

        first >> group.expand(x=[1, 2])
    known: set[str] = set()
    moved: set[str] = set()

    def watch(change: Change) -> None:
        match change:
            case MapExpanded():
                known.add(change.task_id)
            case RangeChanged():
                moved.add(change.task_id)
                assert change.task_id in known

    assert run_dag(made, on_event=watch).state == "success"
    assert moved == {"group.inner"}


def test_the_log_shows_what_a_task_returned(caplog: pytest.LogCaptureFixture) -> None:
    with DAG("shows", schedule=None) as dag:
        PythonOperator(task_id="counts", python_callable=lambda: {"rows": 3})
        PythonOperator(
            task_id="hides",
            python_callable=lambda: "not for the log",
            show_return_value_in_logs=False,
        )
        PythonOperator(task_id="much", python_callable=lambda: "x" * 600)
    with caplog.at_level("INFO"):
        dag.test()
    assert 'Done. Returned value was: {"rows":3}' in caplog.text
    assert "not for the log" not in caplog.text
    assert "x" * 499 + " …" in caplog.text
    assert "x" * 500 not in caplog.text
