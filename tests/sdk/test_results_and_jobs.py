"""What is a DAG's result, and jobs of other systems that a later try finds again."""

from __future__ import annotations

from typing import Any

import pytest

from slipstream.sdk import DAG, BaseOperator, ResumableJobMixin, dag, result, setup, task
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import AirflowException


def results(made: DAG) -> list[str]:
    """The tasks whose results the spec names."""
    spec = build_spec(made)
    return [of for of, one in spec.tasks.items() if one.details.get("returns_dag_result")]


def test_the_result_of_a_dag_is_marked_on_a_task() -> None:
    with DAG("d", schedule=None) as made:

        @result
        @task
        def counts(n: int = 0) -> int:
            return n

        @task
        def other() -> None:
            pass

        counts.override(task_id="again")()
        counts.override(task_id="each").expand(n=[1, 2])
        other()
    assert results(made) == ["again", "each"]


def test_what_a_dag_function_returns_is_its_result() -> None:
    @dag(schedule=None)
    def made() -> Any:
        @task
        def counts() -> dict[str, int]:
            return {"rows": 3}

        return counts()

    assert results(made()) == ["counts"]


def test_only_what_a_task_returns_as_a_whole_is_a_result() -> None:
    with DAG("d", schedule=None) as made:

        @task
        def counts() -> dict[str, int]:
            return {"rows": 3}

        with pytest.raises(ValueError, match="result of DAG 'd' has to be what a task returns"):
            made.add_result(counts()["rows"])
    with pytest.raises(TypeError, match="@result stands above @task"):
        result(setup)  # type: ignore[arg-type]  # what is wrong with it


class Cluster:
    """Another system: `{job: status}`, and what was asked of it."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}
        self.breaks = 0


CLUSTER = Cluster()


class Job(ResumableJobMixin, BaseOperator):
    def execute(self, context: Any) -> Any:
        return self.execute_resumable(context)

    def submit_job(self, context: Any) -> str:
        job = f"job{len(CLUSTER.jobs) + 1}"
        CLUSTER.jobs[job] = "RUNNING"
        return job

    def get_job_status(self, external_id: Any, context: Any) -> str:
        return CLUSTER.jobs[external_id]

    def is_job_active(self, status: str) -> bool:
        return status == "RUNNING"

    def is_job_succeeded(self, status: str) -> bool:
        return status == "SUCCEEDED"

    def poll_until_complete(self, external_id: Any, context: Any) -> Any:
        if CLUSTER.breaks:
            CLUSTER.breaks -= 1
            raise AirflowException("the connection is lost")
        CLUSTER.jobs[external_id] = "SUCCEEDED"
        return f"waited for {external_id}"

    def get_job_result(self, external_id: Any, context: Any) -> str:
        return f"result of {external_id}"


@pytest.mark.parametrize(
    ("durable", "after_the_break", "jobs", "returned"),
    [
        (True, "RUNNING", 1, "waited for job1"),
        (True, "SUCCEEDED", 1, "result of job1"),
        (True, "FAILED", 2, "result of job2"),
        (False, "RUNNING", 2, "result of job2"),
    ],
)
def test_a_later_try_goes_on_with_the_job_of_an_earlier_one(
    durable: bool, after_the_break: str, jobs: int, returned: str
) -> None:
    CLUSTER.jobs, CLUSTER.breaks = {}, 1

    def end_it(context: Any) -> None:
        CLUSTER.jobs["job1"] = after_the_break

    with DAG("d", schedule=None) as made:
        Job(task_id="t", durable=durable, retries=1, retry_delay=0, on_retry_callback=end_it)
    run = made.test()
    assert run.result("t") == returned
    assert len(CLUSTER.jobs) == jobs
