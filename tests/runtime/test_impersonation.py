"""`run_as_user`: the task's process changes to that user, or says why it cannot."""

from __future__ import annotations

import os
import pwd

import pytest
from tests.runtime.conftest import PATIENCE_SECONDS, Harness

from slipstream.model.attempt import Cancelled, Failed, Succeeded
from slipstream.runtime.jobs import ErrandFailedError
from slipstream.wire.messages import CallbackKind, Errand

BODY = """
ARGUMENTS = {"other": {"run_as_user": "nobody"}, "waits": {"run_as_user": "nobody"},
             "stranger": {"run_as_user": "no-such-user"}}
def _who():
    return [os.geteuid(), os.getegid(), os.environ.get("USER"), os.environ.get("HOME")]
def own(): return _who()[0]
def other():
    logging.getLogger("airflow.task").info("I am %s", os.geteuid())
    return _who()
def stranger(): return _who()
def waits():
    print("waiting", flush=True)
    time.sleep(600)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changing users takes root")


@needs_root
def test_a_task_runs_as_the_user_that_it_names_and_its_neighbours_do_not(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(BODY))
    nobody = pwd.getpwnam("nobody")
    attempt = harness.start(source, "other")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Succeeded), harness.log_text(attempt)
    expected = f'[{nobody.pw_uid},{nobody.pw_gid},"nobody","{nobody.pw_dir}"]'
    assert outcome.xcoms[0].value == expected
    assert f"I am {nobody.pw_uid}" in harness.log_text(attempt)
    own = harness.run(source, "own")
    assert isinstance(own, Succeeded)
    assert own.xcoms[0].value == str(os.geteuid())


@needs_root
def test_a_task_of_another_user_can_be_ended(harness: Harness) -> None:
    source = harness.source(harness.write_tasks(BODY))
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "waiting")
    harness.host.cancel(attempt.attempt_id, "enough")
    assert isinstance(harness.wait_ended(attempt), Cancelled)


@needs_root
def test_the_deployment_names_a_user_for_all_tasks(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_IMPERSONATION", "nobody")
    outcome = harness.run(harness.source(harness.write_tasks(BODY)), "own")
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == str(pwd.getpwnam("nobody").pw_uid)


def test_a_user_that_is_not_there_is_named(harness: Harness) -> None:
    outcome = harness.run(harness.source(harness.write_tasks(BODY)), "stranger")
    assert isinstance(outcome, Failed)
    assert "Task 'stranger' of DAG 'one' is to run as 'no-such-user'" in outcome.message
    assert "create the user" in outcome.message


def _call_back(harness: Harness, user: str) -> None:
    """Have the failure callback of a task called that died, and that was that user's."""
    path = harness.write(
        "one.py",
        f"""
import os
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
def tell(context):
    if os.geteuid() != {pwd.getpwnam("nobody").pw_uid}:
        raise RuntimeError(f"called by user {{os.geteuid()}}")
with DAG("one"):
    PythonOperator(
        task_id="t", python_callable=print, run_as_user={user!r}, on_failure_callback=tell
    )
""",
    )
    errand = Errand(
        kind=CallbackKind.TASK, attempt=harness.attempt(path, "t"), succeeded=False, reason="died"
    )
    harness.host.call_back(errand, harness.source(path)).result(PATIENCE_SECONDS)


@needs_root
def test_callbacks_of_a_task_that_died_are_called_by_its_user(harness: Harness) -> None:
    _call_back(harness, "nobody")


def test_callbacks_are_not_called_by_another_user(harness: Harness) -> None:
    with pytest.raises(ErrandFailedError, match="is to run as 'no-such-user'"):
        _call_back(harness, "no-such-user")
