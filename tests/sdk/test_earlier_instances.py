"""What a task may ask about its instances in other runs, and about what has ended in a run."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.sdk.memory import NOON, Running

from slipstream.model.run import FoundInstance
from slipstream.sdk import DAG, Connection, task
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._context import running as active
from slipstream.sdk._hook import BaseHook
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.testing import dag_test

BEFORE = FoundInstance(
    dag_id="d",
    run_id="before",
    task_id="t",
    map_index=-1,
    state="success",
    try_number=2,
    operator="EmptyOperator",
    logical_date=NOON - timedelta(days=1),
    start_date=NOON,
    end_date=NOON + timedelta(seconds=5),
)


@pytest.fixture
def running() -> Running:
    with DAG("d", schedule=None) as dag:
        EmptyOperator(task_id="t")
    return Running(dag)


def test_the_instance_before_is_asked_for_by_the_runs_date(running: Running) -> None:
    context = running.context("t")
    ti = context["ti"]
    with active(context):
        assert ti.get_previous_ti(state="success") is None
        running.backend.instances.append(BEFORE)
        found = ti.get_previous_ti(state="success")
        ti.get_previous_ti(logical_date=NOON - timedelta(days=3), map_index=4)
    assert found is not None
    assert (found.run_id, found.state, found.try_number) == ("before", "success", 2)
    assert (found.duration, found.logical_date) == (5.0, NOON - timedelta(days=1))
    asked = running.backend.asked
    assert f"'before': {NOON!r}" in asked[0]
    assert "'states': ['success']" in asked[0]
    assert "'map_index': 4" in asked[-1]


def test_breadcrumbs_are_what_has_ended_in_a_run(running: Running) -> None:
    context = running.context("t")
    ti = context["ti"]
    running.backend.instances.append(BEFORE)
    with active(context):
        assert ti.get_task_breadcrumbs("d", "before") == [
            {
                "task_id": "t",
                "map_index": -1,
                "state": "success",
                "operator": "EmptyOperator",
                "duration": 5.0,
            }
        ]
    assert "'upstream_failed'" in running.backend.asked[0]
    assert ti.stats_tags == {"dag_id": "d", "task_id": "t"}


def test_a_tested_dag_tells_what_has_ended_before() -> None:
    with DAG("d", schedule=None) as dag:

        @task
        def first() -> int:
            return 1

        @task
        def second(_: int, ti: object = None) -> list[object]:
            assert ti.get_previous_ti() is None  # type: ignore[attr-defined]
            return ti.get_task_breadcrumbs("d", ti.run_id)  # type: ignore[attr-defined, no-any-return]

        second(first())
    run = dag_test.run(dag)
    [ended] = run.result("second")
    assert ended["task_id"] == "first"
    assert ended["state"] == "success"
    assert ended["operator"] == "@task"


def test_a_connection_is_awaited(running: Running) -> None:
    stored = StoredConnection(conn_id="db", conn_type="http", host="h", extra='{"a": 1}')
    running.backend.connections["db"] = stored

    async def ask() -> tuple[bool, dict[str, object]]:
        found = await Connection.async_get("db")
        return await found.aget_uri() == found.get_uri(), await found.aextra_dejson()

    with active(running.context("t")):
        assert asyncio.run(ask()) == (True, {"a": 1})


def test_a_hook_is_awaited(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.backend.connections["db"] = StoredConnection(conn_id="db", conn_type="made_up")
    given: list[object] = []
    monkeypatch.setattr(
        Connection, "get_hook", lambda self, hook_params: given.append(hook_params) or "hook"
    )
    with active(running.context("t")):
        assert asyncio.run(BaseHook.aget_hook("db", {"x": 1})) == "hook"
    assert given == [{"x": 1}]
