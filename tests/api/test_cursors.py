"""Walking through listings by cursors."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from tests.api.conftest import Client
from tests.api.making import NOON, a_run, recorded

from slipstream.store.interface import Store

RUNS = "/dags/etl/dagRuns"


def _fill(store: Store) -> None:
    version = recorded(store)
    for number in range(5):
        a_run(store, version, f"run{number}", logical_date=NOON.replace(hour=number))


def test_runs_are_walked_through(api: Client, store: Store) -> None:
    _fill(store)
    seen: list[str] = []
    cursor = ""
    while True:
        query = {"cursor": cursor, "limit": 2, "order_by": "-logical_date", "offset": 3}
        page = api.get(RUNS, params=query).json()
        assert (page["total_entries"], page["total_entries_limit"]) == (5, 50_000)
        assert (page["previous_cursor"] is None) is (not seen)
        seen += [run["dag_run_id"] for run in page["dag_runs"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"run{number}" for number in (4, 3, 2, 1, 0)]
    plain = api.get(RUNS).json()
    assert (plain["next_cursor"], plain["total_entries_limit"]) == (None, None)


def _made_up(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        "A",
        _made_up("{}"),
        _made_up('[["run_after"],[1,2],false]'),
        _made_up("[[],[1,2],false]"),
        _made_up("[[],[[1]],false]"),
        _made_up("[[],[],false]"),
    ],
)
def test_a_cursor_that_is_none_is_refused(api: Client, store: Store, cursor: str) -> None:
    _fill(store)
    answer = api.get(RUNS, params={"cursor": cursor})
    assert answer.status_code == 400
    assert "cursor" in answer.json()["detail"]


def test_values_of_a_cursor_are_values(api: Client, store: Store) -> None:
    _fill(store)
    cursor = _made_up("""[["run_id"],["' OR 1=1 --", 0],false]""")
    answer = api.get(RUNS, params={"cursor": cursor, "order_by": "run_id"})
    assert answer.status_code == 200
    assert len(answer.json()["dag_runs"]) == 5


@pytest.mark.parametrize("path", ["/dags", RUNS])
def test_no_bundle_has_versions(api: Client, store: Store, path: str) -> None:
    _fill(store)
    assert api.get(path, params={"bundle_version": "1"}).json()["total_entries"] == 0
