"""Each name that templates and tasks of real DAG files use, rendered."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import pytest
from tests.sdk.memory import NOON, Running
from tests.sdk.template_cases import CASES, KEYS, summary

from slipstream.model.states import RunType
from slipstream.sdk import DAG, BaseOperator
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._context import running as running_scope


class Holder(BaseOperator):
    template_fields = ("value",)

    def __init__(self, *, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value


def running(template: str) -> Running:
    dag = DAG(
        "d",
        schedule=timedelta(days=1),
        start_date=NOON - timedelta(days=9),
        params={"table": "orders", "nested": {"a": [1, None]}},
        user_defined_macros={"work_dir": "/data", "shout": str.upper},
    )
    Holder(task_id="up", value="", dag=dag)
    Holder(task_id="t", value=template, dag=dag)
    found = Running(
        dag,
        run_type=RunType.SCHEDULED,
        data_interval_start=NOON - timedelta(days=1),
        start_date=NOON,
        conf={"day": "Friday"},
    )
    found.push("up", [1, 2])
    found.push("up", {"a": 5}, key="k")
    found.backend.variables = {"bucket": "b-1", "settings": '{"rows": 3, "tags": ["x"]}'}
    found.backend.connections["db"] = StoredConnection(
        conn_id="db",
        conn_type="postgres",
        host="db.local",
        login="ada",
        password="secret",
        schema="sales",
        port=5432,
        extra='{"mode": "ro"}',
    )
    before = NOON - timedelta(days=2)
    found.backend.previous = {
        "dag_id": "d",
        "dag_run_id": "before",
        "run_type": "scheduled",
        "state": "success",
        "logical_date": (NOON - timedelta(days=1)).isoformat(),
        "data_interval_start": before.isoformat(),
        "data_interval_end": (NOON - timedelta(days=1)).isoformat(),
        "run_after": (NOON - timedelta(days=1)).isoformat(),
        "start_date": before.isoformat(),
        "end_date": before.isoformat(),
    }
    return found


@pytest.mark.parametrize(("name", "template", "expected"), CASES, ids=[name for name, *_ in CASES])
def test_what_a_template_mentions_is_rendered(name: str, template: str, expected: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert running(template).render("t").value == expected


@pytest.mark.parametrize("key", KEYS)
def test_what_a_task_asks_the_context_for_is_there(key: str) -> None:
    found = running("")
    context = found.context("t")
    with running_scope(context), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert summary(key, context[key]) == KEYS[key]
