"""Alerts that take long: everything else goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.runtime.smtp import MailServer, mail_server
from tests.services.deployment import Deployment, eventually

from slipstream.model.states import RunState

pytestmark = pytest.mark.processes

FILE = """
from slipstream.sdk import BaseNotifier

def note(word):
    with (HERE / "said").open("a") as file:
        print(word, file=file)

def slow(kind):
    def callback(context):
        note(f"{kind} begins")
        while not (HERE / "go").exists():
            time.sleep(0.01)
        note(f"{kind} ends")
    return callback

class Slow(BaseNotifier):
    template_fields = ()
    def notify(self, context):
        slow("notifier")(context)

def fails():
    raise RuntimeError("no")

with DAG("ended", on_failure_callback=slow("dag")):
    PythonOperator(task_id="fails", python_callable=fails)
with DAG("alerts"):
    PythonOperator(task_id="calls", python_callable=fails, on_failure_callback=slow("task"))
    PythonOperator(task_id="notifies", python_callable=fails, on_failure_callback=Slow())
    PythonOperator(task_id="mails", python_callable=fails, email="ada@example.org")
with DAG("other"):
    one = PythonOperator(task_id="one", python_callable=note, op_args=["one"])
    one >> PythonOperator(task_id="two", python_callable=note, op_args=["two"])
"""


async def _hold(self: MailServer, server: SMTP, session: Session, envelope: Envelope) -> str:
    _asked.set()
    while not _may_answer.is_set():
        await asyncio.sleep(0.01)
    return "250 taken"


_asked = threading.Event()
_may_answer = threading.Event()


def test_tasks_and_runs_go_on_while_alerts_wait(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MailServer, "handle_DATA", _hold)
    deployment.write(FILE)
    kinds = {"task", "notifier", "dag"}
    with mail_server() as server:
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_STARTTLS", "False")
        try:
            with deployment.running():
                assert deployment.run("ended").state is RunState.FAILED
                run = deployment.trigger("alerts")
                assert set(deployment.said(lines=3)) == {f"{kind} begins" for kind in kinds}
                eventually(_asked.is_set, "a mail that is being sent")
                assert deployment.run("other").state is RunState.SUCCESS
                assert deployment.said()[3:] == ["one", "two"]
                (deployment.home / "go").touch()
                _may_answer.set()
                assert set(deployment.said(lines=8)[5:]) == {f"{kind} ends" for kind in kinds}
                assert deployment.ended(run).state is RunState.FAILED
                eventually(lambda: not deployment.store.owed_callbacks())
        finally:
            _may_answer.set()
