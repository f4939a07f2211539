"""Deadlines of DAG files, missed in real processes."""

from __future__ import annotations

import json

import pytest
from tests.services.deployment import Deployment, eventually

from slipstream.model.states import RunState
from slipstream.store.records import VariableRecord

pytestmark = pytest.mark.processes

FILE = """
import json
from airflow.sdk import (
    AsyncCallback, BaseDeadlineReference, BaseNotifier, DeadlineAlert, DeadlineReference,
    SyncCallback, deadline_reference,
)
from airflow.sdk.definitions.deadline import VariableInterval

def tell(word, context):
    with (HERE / "said").open("a") as file:
        deadline = context["deadline"]
        run = context["dag_run"]
        said = [word, run["dag_run_id"], run["state"], deadline["alert_name"]]
        print(json.dumps(said), file=file)

async def tell_later(word, **kwargs):
    tell(word, kwargs["context"])

class Note(BaseNotifier):
    template_fields = ()
    def __init__(self, word):
        super().__init__()
        self.word = word
    def notify(self, context):
        tell(self.word, context)

def broken():
    raise ValueError("nobody is told")

@deadline_reference
class AtOnce(BaseDeadlineReference):
    required_kwargs = {"logical_date"}
    def _evaluate_with(self, *, session, logical_date):
        return logical_date

now = timedelta(seconds=0.2)
queued = DeadlineReference.DAGRUN_QUEUED_AT
alerts = [
    DeadlineAlert(queued, now, SyncCallback(tell, {"word": "sync"}), name="first"),
    DeadlineAlert(queued, now, AsyncCallback(tell_later, {"word": "async"})),
    DeadlineAlert(DeadlineReference.AtOnce, now, SyncCallback(Note, {"word": "note"})),
    DeadlineAlert(queued, VariableInterval("patience"), SyncCallback(tell, {"word": "variable"})),
    DeadlineAlert(queued, now, SyncCallback(broken)),
    DeadlineAlert(queued, timedelta(hours=1), SyncCallback(tell, {"word": "never"})),
]
def waits():
    while not (HERE / "go").exists():
        time.sleep(0.01)
with DAG("d", deadline=alerts):
    PythonOperator(task_id="waits", python_callable=waits)
"""


def test_every_alert_of_a_late_run_calls_back_once(deployment: Deployment) -> None:
    deployment.write(FILE)
    deployment.store.set_variable(VariableRecord(key="patience", value="0"))
    with deployment.running():
        run = deployment.trigger()
        said = deployment.said(lines=4)
        eventually(lambda: not deployment.store.owed_callbacks())
        (deployment.home / "go").touch()
        assert deployment.ended(run).state is RunState.SUCCESS
        eventually(
            lambda: [one for one in deployment.store.list_deadlines("d") if one.met_at is not None]
        )
    told = sorted(json.loads(line) for line in said)
    assert told == [
        ["async", "r", "running", None],
        ["note", "r", "running", None],
        ["sync", "r", "running", "first"],
        ["variable", "r", "running", None],
    ]
    kept = deployment.store.list_deadlines("d")
    assert sum(one.missed_at is not None for one in kept) == 5
    assert len(kept) == 6
    assert len(deployment.said()) == 4
    log = deployment.settings.log_dir / "dag_id=d" / "run_id=r" / "dag_callbacks.log"
    assert "nobody is told" in log.read_text()
