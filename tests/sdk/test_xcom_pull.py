from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, BaseXCom, task
from slipstream.sdk._context import running as running_scope
from slipstream.sdk.exceptions import AirflowException


@task
def give(value: Any = None) -> Any:
    return value


@pytest.fixture
def running() -> Running:
    with DAG("d") as dag:
        for name in ("a", "b", "me"):
            give.override(task_id=name)()
        give.override(task_id="mapped").expand(value=[1, 2, 3])
        give.override(task_id="lonely").expand(value=[1])
    found = Running(dag)
    found.push("a", "from a")
    found.push("a", {"k": [1]}, key="other")
    found.push("b", "from b")
    found.push("lonely", 5, map_index=0)
    for index in (2, 0, 1):
        found.push("mapped", index * 10, map_index=index)
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"task_ids": "a"}, "from a"),
        ({"task_ids": "a", "key": "other"}, {"k": [1]}),
        ({"task_ids": ["a", "b"]}, ["from a", "from b"]),
        ({"task_ids": ["a"]}, ["from a"]),
        ({"task_ids": ("b", "nobody")}, ["from b", None]),
        ({"task_ids": "nobody"}, None),
        ({"task_ids": "nobody", "default": 5}, 5),
        ({"task_ids": "a", "key": "absent"}, None),
        ({}, None),
        ({"task_ids": "mapped"}, [0, 10, 20]),
        ({"task_ids": ["mapped", "a"]}, [0, 10, 20, "from a"]),
        ({"task_ids": "mapped", "map_indexes": 1}, 10),
        ({"task_ids": "mapped", "map_indexes": [2, 0]}, [20, 0]),
        ({"task_ids": "mapped", "map_indexes": range(2)}, [0, 10]),
        ({"task_ids": "a", "map_indexes": -1}, "from a"),
        ({"task_ids": "a", "map_indexes": None}, "from a"),
        ({"task_ids": "mapped", "map_indexes": None}, None),
        ({"task_ids": ["mapped"]}, [0, 10, 20]),
        ({"task_ids": "lonely"}, [5]),
        ({"task_ids": "mapped", "key": "absent"}, None),
        ({"task_ids": ["a", "mapped"], "key": "absent"}, [None, None]),
        ({"task_ids": "mapped", "key": "absent", "default": 5}, 5),
        ({"task_ids": "a", "run_id": "another"}, None),
        ({"task_ids": "a", "dag_id": "another"}, None),
    ],
)
def test_pulling(running: Running, arguments: dict[str, Any], expected: Any) -> None:
    assert running.context("me")["ti"].xcom_pull(**arguments) == expected


def test_the_values_of_a_mapped_task_are_a_list(running: Running) -> None:
    assert isinstance(running.context("me")["ti"].xcom_pull(task_ids="mapped"), list)


def test_without_task_ids_a_task_pulls_its_own(running: Running) -> None:
    ti = running.context("me")["ti"]
    ti.xcom_push(key="return_value", value=7)
    assert ti.xcom_pull() == 7
    mapped = running.context("mapped", 1)["ti"]
    assert mapped.xcom_pull() == 10


def test_a_template_pulls(running: Running) -> None:
    context = running.context("me")
    rendered = running.prepare(context).render_template(
        "{{ ti.xcom_pull('a') }} {{ task_instance.xcom_pull(task_ids='b', key='return_value') }}",
        context,
    )
    assert rendered == "from a from b"


def test_xcoms_by_their_coordinates(running: Running) -> None:
    where = {"dag_id": "d", "run_id": "run", "task_id": "a"}
    with running_scope(running.context("me")):
        assert BaseXCom.get_one(**where) == "from a"
        BaseXCom.set("new", [1], **where)
        assert BaseXCom.get_one(key="new", **where) == [1]
        BaseXCom.delete("new", "a", "d", "run")
        assert BaseXCom.get_one(key="new", **where) is None
        assert BaseXCom.get_all(dag_id="d", run_id="run", task_id="mapped") == [0, 10, 20]
        assert BaseXCom.get_all(dag_id="d", run_id="run", task_id="nobody") is None
        assert BaseXCom.deserialize_value(BaseXCom.serialize_value({"a": 1})) == {"a": 1}


def test_outside_of_a_task_there_are_no_xcoms() -> None:
    with pytest.raises(AirflowException, match="while a task runs"):
        BaseXCom.get_one(dag_id="d", run_id="r", task_id="t")
