"""Links of operators: asked for when a task has come to its end, and kept under their keys."""

from __future__ import annotations

from typing import Any

import pytest

from slipstream.sdk import DAG, BaseOperator, BaseOperatorLink
from slipstream.sdk._spec import build_spec
from slipstream.sdk._xcom import BaseXCom
from slipstream.sdk.exceptions import AirflowSkipException


class JobLink(BaseOperatorLink):
    """Leads to a job whose number the task returned or pushed."""

    name = "Job"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        number = BaseXCom.get_value(ti_key=ti_key, key="return_value")
        return f"https://jobs/{operator.server}/{number}"  # type: ignore[attr-defined]


class OwnKeyLink(BaseOperatorLink):
    name = "Own"
    xcom_key = "own_key"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        return f"https://{ti_key.task_id}/{ti_key.map_index}/{ti_key.try_number}"


class BrokenLink(BaseOperatorLink):
    name = "Broken"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        raise RuntimeError("on purpose")


class Job(BaseOperator):
    template_fields = ("server",)
    operator_extra_links = (BrokenLink(), JobLink(), OwnKeyLink())

    def __init__(self, *, server: str, error: Exception | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.server = server
        self.error = error

    def execute(self, context: Any) -> int:
        if self.error is not None:
            raise self.error
        return 7


def test_links_are_made_of_what_the_task_has_left(caplog: pytest.LogCaptureFixture) -> None:
    with DAG("d") as dag:
        Job(task_id="t", server="{{ dag.dag_id }}")
    ti = dag.test().get_task_instance("t")
    assert ti is not None
    assert ti.state == "success"
    assert ti.xcom_pull("t", key="_link_JobLink") == "https://jobs/d/7"
    assert ti.xcom_pull("t", key="own_key") == "https://t/-1/1"
    assert ti.xcom_pull("t", key="_link_BrokenLink") is None
    assert "BrokenLink" in caplog.text


@pytest.mark.parametrize("error", [ValueError("x"), AirflowSkipException("x")])
def test_tasks_that_do_not_succeed_have_links_too(error: Exception) -> None:
    with DAG("d") as dag:
        Job(task_id="t", server="s", error=error)
    ti = dag.test().get_task_instance("t")
    assert ti is not None
    assert ti.xcom_pull("t", key="own_key") == "https://t/-1/1"


def test_each_instance_of_a_mapped_task_has_its_own() -> None:
    with DAG("d") as dag:
        Job.partial(task_id="t").expand(server=["a", "b"])
    run = dag.test()
    for index, server in enumerate("ab"):
        ti = run.get_task_instance("t", index)
        assert ti is not None
        assert ti.xcom_pull("t", map_indexes=index, key="_link_JobLink").startswith(
            f"https://jobs/{server}/"
        )


def test_the_scheduler_knows_the_keys() -> None:
    with DAG("d") as dag:
        Job.partial(task_id="t").expand(server=["a", "b"])
    assert build_spec(dag).tasks["t"].details["extra_link_keys"] == {
        "Broken": "_link_BrokenLink",
        "Job": "_link_JobLink",
        "Own": "own_key",
    }
