"""Methods that worked on the metadata database say what to use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipstream.sdk import DAG, BaseOperator
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk.exceptions import AirflowException


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda: DAG("d").cli(), "dag.test()"),
        (lambda: DAG("d").run(), "slipstream backfill create"),
        (lambda: DAG("d").clear(start_date=None), "slipstream tasks clear"),
        (lambda: BaseOperator(task_id="t").run(), "slipstream tasks test"),
        (lambda: BaseOperator(task_id="t").clear(), "slipstream tasks clear"),
        (lambda: DagRun.find(dag_id="d", state="failed"), "ti.get_dr_count()"),
        (lambda: DagRun.find_duplicate("d", "r"), "REST API"),
        (lambda: DagRun.get_latest_runs(), "ti.get_previous_dagrun()"),
    ],
)
def test_what_worked_on_the_database_says_what_to_use(
    call: Callable[[], object], instead: str
) -> None:
    with pytest.raises(AirflowException, match="worked on the metadata database") as refusal:
        call()
    assert instead in str(refusal.value)
