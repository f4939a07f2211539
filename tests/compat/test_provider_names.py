"""The names that provider packages ask for: those of Airflow 3.3.2 are there, no others.

`provider_names.csv` was read off Airflow 3.3.2 itself: what its 101 provider packages import or
probe for, and a sample of names that it does not have.
"""

import json
from pathlib import Path

import pytest

from .interpreter import run

NAMES = Path(__file__).with_name("provider_names.csv")

OF_OLDER_RELEASES = (
    "airflow.datasets",
    "airflow.models.dataset",
    "airflow.models.mappedoperator",
    "airflow.utils.context",
    "airflow.utils.dag_parsing_context",
    "airflow.utils.log",
    "airflow.utils.module_loading",
    "airflow.utils.operator_helpers",
)
"""Modules with names of Airflow 2 that DAG files still import."""

PROBE = """
import csv, importlib, json, warnings
warnings.simplefilter("ignore")

def there(module, name):
    try:
        found = importlib.import_module(module)
        if name == "<module>" or hasattr(found, name):
            return True
        importlib.import_module(f"{module}.{name}")
        return True
    except ImportError:
        return False

rows = csv.reader(open(NAMES))
next(rows)
print(json.dumps([[m, n, there(m, n), wanted == "yes"] for m, n, wanted in rows]))
"""


@pytest.fixture(scope="module")
def found() -> list[tuple[str, str, bool, bool]]:
    return json.loads(run(f"NAMES = {str(NAMES)!r}\n" + PROBE))


def test_what_providers_import_is_there(found: list[tuple[str, str, bool, bool]]) -> None:
    missing = [f"{module}.{name}" for module, name, there, wanted in found if wanted and not there]
    assert missing == []


def test_what_airflow_does_not_have_is_not_there(
    found: list[tuple[str, str, bool, bool]],
) -> None:
    more = [f"{module}.{name}" for module, name, there, wanted in found if there and not wanted]
    assert [name for name in more if not name.startswith(OF_OLDER_RELEASES)] == []


def test_what_has_no_counterpart_says_what_to_use() -> None:
    assert run("""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.db_manager import BaseDBManager
    class Tables(BaseDBManager): ...
    for use in (get_auth_manager, lambda: SerializedDagModel.get("x"), Tables(None).initdb):
        try:
            use()
        except Exception as error:
            print(type(error).__name__, "slipstream users" in str(error), "REST API" in str(error),
                  "Slipstream's own" in str(error))
    """).splitlines() == [
        "NotHereError True True False",
        "NotHereError False True False",
        "NotHereError False False True",
    ]


def test_an_executor_and_a_serialized_dag_can_be_named_and_not_made() -> None:
    said = run("""
    from airflow.executors.local_executor import LocalExecutor
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    for kind in (LocalExecutor, LazyDeserializedDAG):
        try:
            kind()
        except Exception as error:
            print(type(error).__name__, error)
    """)
    assert "leave [core] executor as it is" in said.splitlines()[0]
    assert "read a file with DagBag" in said.splitlines()[1]


def test_a_log_handler_can_announce_where_logs_are_kept() -> None:
    assert run("""
    from airflow.logging_config import (
        _ActiveLoggingConfig, get_default_remote_conn_id, get_remote_task_log)
    assert get_remote_task_log() is None
    class Store: ...
    store = Store()
    _ActiveLoggingConfig.set(store, "shelf")
    print(get_remote_task_log() is store, get_default_remote_conn_id())
    """).splitlines() == ["True shelf"]
