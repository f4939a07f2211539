"""The audit log, in every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.store.making import NOON, recorded, started

from slipstream.model.errors import NotFoundError
from slipstream.store.event_records import Door, EventFilter, NewEvent
from slipstream.store.interface import Store
from slipstream.store.records import Window

CLEAR = NewEvent(
    event="clear",
    owner="ada",
    door=Door.REST_API,
    address="127.0.0.1",
    dag_id="sales",
    run_id="first",
    task_id="load",
    map_index=3,
    try_number=2,
    details={"body": {"dry_run": False}},
)
PAUSE = NewEvent(event="cli_dags_pause", owner="bob", door=Door.CLI, dag_id="other")


def events(store: Store, order: Sequence[str] = (), **which: object) -> list[str]:
    page = store.list_events(EventFilter(**which), Window(order_by=tuple(order)))  # type: ignore[arg-type]
    assert page.total == len(page.items)
    return [record.what.event for record in page.items]


def test_what_was_done_is_kept_as_it_was_told(store: Store) -> None:
    started(store, recorded(store), logical_date=NOON)
    number = store.log_event(CLEAR)
    found = store.get_event(number)
    assert (found.pk, found.what, found.logical_date) == (number, CLEAR, NOON)
    other = store.get_event(store.log_event(PAUSE))
    assert (other.what, other.logical_date) == (PAUSE, None)
    assert other.pk > number
    with pytest.raises(NotFoundError):
        store.get_event(9_999)


def test_it_is_found_by_what_is_known_of_it(store: Store) -> None:
    store.log_event(CLEAR)
    store.log_event(PAUSE)
    assert events(store) == ["clear", "cli_dags_pause"]
    assert events(store, ["-event"]) == ["cli_dags_pause", "clear"]
    assert events(store, ["-id"]) == ["cli_dags_pause", "clear"]
    for which in (
        {"dag_id": "sales"},
        {"run_id": "first"},
        {"task_id": "load"},
        {"map_index": 3},
        {"try_number": 2},
        {"owner": "ada"},
        {"event": "clear"},
        {"dag_id_pattern": "%SAL%"},
        {"run_id_pattern": "f%"},
        {"task_id_pattern": "%oa%"},
        {"owner_pattern": "a%"},
        {"event_pattern": "cle%"},
        {"included_events": ["clear", "x"]},
        {"excluded_events": ["cli_dags_pause"]},
    ):
        assert events(store, **which) == ["clear"], which
    assert events(store, before=NOON) == []
    assert events(store, after=NOON.replace(year=2100)) == []
    assert len(events(store, after=NOON.replace(year=2000))) == 2


def test_it_outlives_its_run_and_is_cleaned_by_its_age(store: Store) -> None:
    number = store.log_event(CLEAR)
    assert store.clean(NOON.replace(year=2000), tables=["event_log"], dry_run=False) == {
        "event_log": 0
    }
    assert store.get_event(number).what == CLEAR
    far = NOON.replace(year=2100)
    assert store.clean(far, tables=["event_log"], dry_run=True) == {"event_log": 1}
    assert store.clean(far, tables=["event_log"], dry_run=False) == {"event_log": 1}
    assert events(store) == []
