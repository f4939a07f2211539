"""How much of a try's time a deferral uses up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slipstream.model.attempt import Attempt, Failed, Succeeded
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime.task_runner import TaskRun
from slipstream.runtime.waited import seconds_before
from slipstream.sdk import DAG, BaseOperator
from slipstream.sdk._context import Context
from slipstream.testing.memory_backend import MemoryBackend


class Resumes(BaseOperator):
    def go_on(self, context: Context, event: object = None) -> object:
        deadline = datetime.now(UTC) + timedelta(seconds=20)
        while event == "slow" and datetime.now(UTC) < deadline:
            pass
        return event


def attempt(event: str, begun: timedelta, next_method: str | None = "go_on") -> Attempt:
    now = datetime.now(UTC)
    run = DagRun(
        pk=1,
        dag_id="d",
        run_id="r",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="",
        run_after=now,
        logical_date=now,
    )
    return Attempt(
        attempt_id="a",
        run=run,
        task_id="t",
        fileloc="/d.py",
        first_start=now - begun,
        next_method=next_method,
        next_kwargs="{}",
        next_event=f'"{event}"',
    )


def outcome(of: Attempt, limit: timedelta) -> object:
    with DAG("d") as dag:
        Resumes(task_id="t", execution_timeout=limit)
    return TaskRun(of, dag, MemoryBackend("d", "r")).run().outcome


def test_what_ran_and_waited_before_counts_against_the_time_limit() -> None:
    limit = timedelta(hours=1)
    late = outcome(attempt("slow", limit - timedelta(seconds=0.1)), limit)
    assert isinstance(late, Failed)
    assert late.message.startswith("AirflowTaskTimeout")
    assert isinstance(outcome(attempt("quick", timedelta(minutes=30)), limit), Succeeded)


def test_a_sensor_that_only_looks_again_has_its_whole_time() -> None:
    assert seconds_before(attempt("x", timedelta(hours=1), next_method=None)) == 0
    assert seconds_before(attempt("x", timedelta(hours=1))) >= 3600
