"""`slipstream audit`."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Slipstream

from slipstream.store.event_records import Door, NewEvent
from slipstream.store.interface import Store


@pytest.fixture(autouse=True)
def _entries(store: Store) -> None:
    for number in range(3):
        store.log_event(
            NewEvent(
                event="alert_failed" if number == 1 else "patch_dag",
                owner=None if number == 1 else f"user{number}",
                door=Door.REST_API,
                address="10.0.0.1",
                dag_id=f"d{number}",
                run_id="r",
                task_id="t",
                map_index=number or None,
                details={"number": number},
            )
        )


def listed(slipstream: Slipstream, *words: str) -> list[str]:
    found = slipstream("audit", "list", "-o", "json", *words).json
    assert isinstance(found, list)
    return [str(entry["dag_id"]) for entry in found]


def test_entries_are_listed_the_newest_first(slipstream: Slipstream) -> None:
    found = slipstream("audit", "list", "-o", "json").json
    assert isinstance(found, list)
    assert [entry["dag_id"] for entry in found] == ["d2", "d1", "d0"]
    assert found[0]["when"] >= found[1]["when"]
    del found[0]["when"]
    assert found[0] == {
        "user": "user2",
        "event": "patch_dag",
        "dag_id": "d2",
        "run_id": "r",
        "task_id": "t",
        "map_index": 2,
        "via": "rest_api",
        "details": {"from": "10.0.0.1", "number": 2},
    }


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--dag-id", "d1"], ["d1"]),
        (["--run-id", "other"], []),
        (["--task-id", "t", "--user", "user0"], ["d0"]),
        (["--event", "alert_failed"], ["d1"]),
        (["--event", "alert_failed", "--event", "patch_dag"], ["d2", "d1", "d0"]),
        (["--since", "2000-01-01", "--limit", "2"], ["d2", "d1"]),
        (["--until", "2000-01-01"], []),
        (["--limit", "0"], ["d2", "d1", "d0"]),
    ],
)
def test_entries_are_chosen(slipstream: Slipstream, words: list[str], wanted: list[str]) -> None:
    assert listed(slipstream, *words) == wanted


def test_what_is_no_moment_and_no_number_is_said(slipstream: Slipstream) -> None:
    assert "'yesterday' is not a moment" in slipstream("audit", "list", "--since", "yesterday").err
    assert "--limit is -1" in slipstream("audit", "list", "--limit", "-1").err
