"""Callbacks: who calls them, with what, and that they change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runtime.conftest import PATIENCE_SECONDS, Harness, wait_until

from slipstream.model.attempt import Failed, Skipped, Succeeded
from slipstream.runtime.jobs import ErrandFailedError
from slipstream.wire.messages import CallbackKind, Errand

TASKS = """
from slipstream.sdk.exceptions import AirflowSkipException
def _tell(what):
    def callback(context):
        print(what, context["ti"].state, type(context.get("exception")).__name__)
    return callback
def _broken(context):
    raise ValueError("callback is broken")
ALL = {
    f"on_{name}_callback": [_broken, _tell(name)]
    for name in ("execute", "success", "failure", "retry", "skipped")
}
def good(): print("working")
def bad(): raise RuntimeError("no")
def skips(): raise AirflowSkipException
def dies(): os.kill(os.getpid(), 9)
def waits():
    print("waiting")
    time.sleep(600)
for name in ("good", "bad", "skips", "dies", "waits"):
    ARGUMENTS[name] = ALL
"""


def test_each_end_has_its_callback_and_a_broken_one_changes_nothing(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    for task_id, tries, said, kind in (
        ("good", 1, "success success NoneType", Succeeded),
        ("bad", 1, "failure failed RuntimeError", Failed),
        ("bad", 2, "retry up_for_retry RuntimeError", Failed),
        ("skips", 1, "skipped skipped NoneType", Skipped),
    ):
        attempt = harness.start(source, task_id, max_tries=tries - 1, map_index=tries)
        assert isinstance(harness.wait_ended(attempt), kind)
        harness.wait_in_log(attempt, said)
        told = harness.events_in_log(attempt, "task.stdout")
        assert told[0] == "execute running NoneType"
        assert told[-1] == said
        assert "callback is broken" in harness.log_text(attempt)


def test_a_success_is_reported_before_its_callbacks_are_called(harness: Harness) -> None:
    flag = harness.dags.parent / "flag"
    source = harness.source(
        harness.write_tasks(
            f"""
            def _waits(context):
                while not os.path.exists({str(flag)!r}):
                    time.sleep(0.005)
                print("told")
            def good(): pass
            ARGUMENTS["good"] = {{"on_success_callback": _waits}}
            """
        )
    )
    attempt = harness.start(source, "good")
    assert harness.wait_ended(attempt) == Succeeded()
    flag.touch()
    harness.wait_in_log(attempt, "told")


def test_a_task_that_was_killed_has_its_callbacks_called_by_another_process(
    harness: Harness,
) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    attempt = harness.start(source, "dies")
    assert isinstance(harness.wait_ended(attempt), Failed)
    harness.wait_in_log(attempt, "failure failed AirflowException")


def test_who_is_cancelled_has_not_failed(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(TASKS))
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "waiting")
    harness.host.cancel(attempt.attempt_id, "cleared")
    harness.wait_ended(attempt)
    wait_until(lambda: "Task was ended: cleared" in harness.log_text(attempt))
    assert "failure" not in harness.events_in_log(attempt, "task.stdout")


DAGS = """
from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator
def tell(context):
    print("dag callback", context["dag_run"].run_id, context["reason"])
def broken(context):
    raise ValueError("broken")
with DAG("one", on_success_callback=tell, on_failure_callback=broken):
    PythonOperator(task_id="t", python_callable=print)
"""


def test_a_dags_callbacks_are_called_with_its_run(harness: Harness) -> None:
    path = harness.write("one.py", DAGS)
    source = harness.source(path)
    attempt = harness.attempt(path, "t")
    errand = Errand(
        kind=CallbackKind.DAG, attempt=attempt, succeeded=True, reason="all tasks succeeded"
    )
    assert harness.host.call_back(errand, source).result(PATIENCE_SECONDS) is None
    log = harness.settings.log_dir / "dag_id=one" / "run_id=run1" / "dag_callbacks.log"
    wait_until(lambda: "dag callback run1 all tasks succeeded" in log.read_text())


def test_a_dags_callback_that_fails_is_told(harness: Harness) -> None:
    path = harness.write("one.py", DAGS)
    errand = Errand(
        kind=CallbackKind.DAG,
        attempt=harness.attempt(path, "t"),
        succeeded=False,
        reason="t failed",
    )
    with pytest.raises(ErrandFailedError, match="ValueError: broken"):
        harness.host.call_back(errand, harness.source(path)).result(PATIENCE_SECONDS)


def test_a_dags_callback_that_takes_too_long_is_ended(harness: Harness) -> None:
    harness.configure(callback_timeout_seconds=0.2, timeout_grace_seconds=0.2)
    path = harness.write(
        "one.py",
        DAGS.replace("def tell(context):", "def tell(context):\n    import time; time.sleep(600)"),
    )
    errand = Errand(
        kind=CallbackKind.DAG, attempt=harness.attempt(path, "t"), succeeded=True, reason=""
    )
    with pytest.raises(ErrandFailedError, match="longer than"):
        harness.host.call_back(errand, harness.source(path)).result(PATIENCE_SECONDS)


KILLED = """
import os, signal, time
from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator
def tell(context):
    while not os.path.exists({flag!r}):
        time.sleep(0.01)
    print("failure callback", context["ti"].task_id)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
with DAG("one"):
    PythonOperator(task_id="t", python_callable=die, on_failure_callback=tell)
"""


def test_a_host_waits_for_the_callbacks_of_a_task_that_was_killed(
    harness: Harness, tmp_path: Path
) -> None:
    """A worker that has one attempt to run ends when that, and what it owes, has ended."""
    flag = tmp_path / "flag"
    path = harness.write("one.py", KILLED.format(flag=str(flag)))
    source = harness.source(path)
    assert harness.host.await_idle(PATIENCE_SECONDS)
    attempt = harness.start(source, "t")
    assert isinstance(harness.wait_ended(attempt), Failed)
    # Now the callback waits in a process of its own.
    flag.touch()
    assert harness.host.await_idle(PATIENCE_SECONDS)
    assert harness.events_in_log(attempt, "task.stdout") == ["failure callback t"]
