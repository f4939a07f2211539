"""`slipstream state-store`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.store.making import recorded, spec, started

from slipstream.model.run import DagRun, TaskKey
from slipstream.store import open_store
from slipstream.store.interface import Store


@pytest.fixture
def store(slipstream: Slipstream, home: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{home}/slipstream.db", xcom_url=str(home / "xcom"))
    opened.migrate()
    yield opened
    opened.close()


def remember(store: Store, run: DagRun, key: str, year: int) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    store.set_task_state(run.pk, TaskKey("load"), key, "1", moment)


def test_what_has_expired_is_counted_and_removed(slipstream: Slipstream, store: Store) -> None:
    run = started(store, recorded(store, spec("remembering")))
    for key, year in (("a", 2001), ("b", 2001), ("c", 2901)):
        remember(store, run, key, year)
    assert slipstream("state-store", "clean", "--dry-run").out == (
        "2 expired values would be removed.\n"
    )
    assert slipstream("state-store", "clean").out == "2 expired values removed.\n"
    assert slipstream("state-store", "clean").out == "0 expired values removed.\n"
    assert store.get_task_state(run.pk, TaskKey("load"), "c") is not None
