"""Links of task instances."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, a_run, recorded, started

from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

LINKS = "/dags/etl/dagRuns/first/taskInstances/extract/links"


@pytest.fixture(autouse=True)
def _run(store: Store) -> None:
    tasks = {
        **ETL.tasks,
        "extract": replace(
            ETL.tasks["extract"],
            details={
                "extra_links": ["Job", "Log", "Odd"],
                "extra_link_keys": {"Job": "_link_Job", "Log": "log", "Odd": "odd"},
            },
        ),
    }
    version = recorded(store, replace(ETL, tasks=tasks))
    run = started(
        store,
        a_run(store, version),
        version,
        extract=TaskState.SUCCESS,
        transform=TaskState.SUCCESS,
    )
    store.set_xcom(run.pk, TaskKey("extract"), "_link_Job", '"https://jobs/7"', None)
    store.set_xcom(run.pk, TaskKey("extract"), "odd", "[1]", None)


def test_links_are_listed_with_those_that_are_not_there_yet(api: Client) -> None:
    assert api.get(LINKS).json() == {
        "extra_links": {"Job": "https://jobs/7", "Log": None, "Odd": None},
        "total_entries": 3,
    }
    assert api.get(LINKS, params={"try_number": 1}).json()["total_entries"] == 3


def test_a_task_without_links(api: Client) -> None:
    mapped = "/dags/etl/dagRuns/first/taskInstances/transform/links"
    found = api.get(mapped, params={"map_index": 1}).json()
    assert found == {"extra_links": {}, "total_entries": 0}


@pytest.mark.parametrize(
    "path",
    [
        LINKS.replace("extract", "nothing"),
        LINKS.replace("first", "nothing"),
        LINKS.replace("etl", "nothing"),
        LINKS.replace("extract", "transform"),
    ],
)
def test_instances_that_are_not_there(api: Client, path: str) -> None:
    assert api.get(path).status_code == 404
