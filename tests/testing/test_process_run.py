"""`DAG.test(use_executor=True)` with more than one DAG in the file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FILE = """
from slipstream.sdk import DAG
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.trigger_dagrun import TriggerDagRunOperator
with DAG("worker", schedule="@daily", catchup=True):
    BashOperator(
        task_id="work", pool="own", bash_command="test {{ dag_run.conf['who'] }} = you"
    )
with DAG("caller") as caller:
    TriggerDagRunOperator(
        task_id="call", trigger_dag_id="worker", conf={"who": "you"}, wait_for_completion=True,
        poke_interval=3600,
    )
"""


def test_a_task_may_start_a_run_of_another_dag_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "both.py"
    file.write_text(FILE)
    spec = importlib.util.spec_from_file_location("both", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    run = module.caller.test(use_executor=True)
    assert run.state == "success", run.reason
    assert [ti.task_id for ti in run.get_task_instances()] == ["call"]
