"""What tasks remember, on every database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.store.making import changed, recorded, started

from slipstream.model.errors import ConflictError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import StateWriter, Window

LOAD = TaskKey("load")
LONG_AGO, IN_AGES = datetime(2001, 1, 1, tzinfo=UTC), datetime(2901, 1, 1, tzinfo=UTC)
WRITER = StateWriter(kind="task", dag_id="sales", run_id="first", task_id="load", map_index=-1)


def running(store: Store) -> DagRun:
    """A run whose task `load` runs as the attempt `a-2`."""
    run = started(store, recorded(store))
    instance = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, try_number=2, attempt_id="a-2"
    )
    return changed(store, run, instance)


def value(store: Store, run: DagRun, name: str = "k", key: TaskKey = LOAD) -> str | None:
    found = store.get_task_state(run.pk, key, name)
    return None if found is None else found.value


def test_a_task_instance_finds_what_it_has_kept(store: Store) -> None:
    run = running(store)
    assert value(store, run) is None
    store.set_task_state(run.pk, LOAD, "k", "1", None, attempt_id="a-2")
    store.set_task_state(run.pk, LOAD, "k", '{"a": "ü"}', IN_AGES, attempt_id="a-2")
    store.set_task_state(run.pk, TaskKey("load", 0), "k", "3", None)
    found = store.get_task_state(run.pk, LOAD, "k")
    assert found is not None
    assert (found.key, found.value, found.expires_at) == ("k", '{"a": "ü"}', IN_AGES)
    assert value(store, run, key=TaskKey("load", 0)) == "3"
    assert store.delete_task_state(run.pk, LOAD, "k", attempt_id="a-2")
    assert not store.delete_task_state(run.pk, LOAD, "k")
    assert value(store, run) is None


def test_an_attempt_that_no_longer_counts_changes_nothing(store: Store) -> None:
    run = running(store)
    store.set_task_state(run.pk, LOAD, "k", "1", None)
    for change in (
        lambda: store.set_task_state(run.pk, LOAD, "k", "2", None, attempt_id="a-1"),
        lambda: store.delete_task_state(run.pk, LOAD, "k", attempt_id="a-1"),
        lambda: store.clear_task_state(run.pk, LOAD, attempt_id="a-1"),
    ):
        with pytest.raises(ConflictError):
            change()
    assert value(store, run) == "1"


def test_all_of_an_instance_or_of_a_task_is_cleared(store: Store) -> None:
    run = running(store)
    keys = [TaskKey("load", index) for index in range(3)] + [TaskKey("train")]
    for key in keys:
        for name in ("a", "b"):
            store.set_task_state(run.pk, key, name, "1", None)
    assert store.clear_task_state(run.pk, TaskKey("load", 1)) == 2
    assert store.clear_task_state(run.pk, TaskKey("load", 0), all_map_indexes=True) == 4
    assert value(store, run, "a", TaskKey("train")) == "1"


def test_pages_of_values_are_in_the_order_of_their_keys(store: Store) -> None:
    run = running(store)
    for name in ("c", "a", "b"):
        store.set_task_state(run.pk, LOAD, name, "1", None)
    page = store.list_task_state(run.pk, LOAD, Window(limit=2, offset=1))
    assert ([record.key for record in page.items], page.total) == (["b", "c"], 3)


def test_what_has_expired_is_not_there_and_can_be_cleaned(store: Store) -> None:
    run = running(store)
    for index in range(5):
        store.set_task_state(run.pk, LOAD, f"old-{index}", "1", LONG_AGO)
    store.set_task_state(run.pk, LOAD, "new", "1", IN_AGES)
    store.set_task_state(run.pk, LOAD, "ever", "1", None)
    assert value(store, run, "old-0") is None
    page = store.list_task_state(run.pk, LOAD, Window())
    assert ([record.key for record in page.items], page.total) == (["ever", "new"], 2)
    assert store.clean_task_state(dry_run=True) == 5
    assert store.clean_task_state(batch_size=2) == 5
    assert store.clean_task_state() == 0
    assert value(store, run, "new") == "1"


def test_the_state_of_a_run_goes_with_it(store: Store) -> None:
    run = started(store, recorded(store))
    store.set_task_state(run.pk, LOAD, "k", "1", None)
    store.delete_dag("sales")
    assert value(store, run) is None


def test_an_asset_is_known_by_its_name_or_its_uri(store: Store) -> None:
    store.set_asset_state("orders", "s3://b/orders", "k", "1", WRITER)
    for name, uri in (("orders", None), (None, "s3://b/orders"), ("orders", "s3://other")):
        found = store.get_asset_state(name, uri, "k")
        assert found is not None
        assert (found.asset_name, found.asset_uri) == ("orders", "s3://b/orders")
        assert (found.value, found.writer) == ("1", WRITER)
    assert store.get_asset_state("stock", None, "k") is None
    store.set_asset_state(None, "s3://b/orders", "k", "2", StateWriter(kind="api"))
    store.set_asset_state("orders", None, "l", "3", WRITER)
    page = store.list_asset_state("orders", None, Window())
    assert [(one.key, one.value, one.asset_uri) for one in page.items] == [
        ("k", "2", "s3://b/orders"),
        ("l", "3", "s3://b/orders"),
    ]
    assert page.total == 2
    assert page.items[0].writer == StateWriter(kind="api")
    assert store.delete_asset_state("orders", None, "k")
    assert not store.delete_asset_state("orders", None, "k")
    assert store.clear_asset_state(None, "s3://b/orders") == 1
