from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.store.making import NOON, changed, recorded, spec, started

from slipstream.model.dag import TaskSpec
from slipstream.model.errors import ConflictError, InvalidInputError
from slipstream.model.run import TaskInstance
from slipstream.model.states import TaskState
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.interface import Store
from slipstream.store.records import (
    ConnectionRecord,
    PoolRecord,
    PoolSpan,
    PoolUse,
    VariableRecord,
    Window,
)

ALL = Window()


def test_a_variable_is_kept_replaced_and_removed(store: Store) -> None:
    first = VariableRecord(key="threshold", value="0.5 ü", description="from the paper")
    assert store.get_variable("threshold") is None
    assert store.set_variable(first)
    assert store.get_variable("threshold") == first
    second = VariableRecord(key="threshold", value="0.7")
    assert not store.set_variable(second)
    assert store.get_variable("threshold") == second
    assert store.delete_variable("threshold")
    assert not store.delete_variable("threshold")


def test_variables_come_in_pages(store: Store) -> None:
    for key in ("b", "a_1", "a_2"):
        store.set_variable(VariableRecord(key=key, value=key))
    page = store.list_variables("%A\\_%", Window(limit=1, order_by=("-key",)))
    assert ([variable.key for variable in page.items], page.total) == (["a_2"], 2)
    assert [variable.key for variable in store.list_variables(None, ALL).items] == [
        "a_1",
        "a_2",
        "b",
    ]
    with pytest.raises(InvalidInputError):
        store.list_variables(None, Window(order_by=("colour",)))


def test_a_connection_is_kept_replaced_and_removed(store: Store) -> None:
    warehouse = ConnectionRecord(
        conn_id="warehouse",
        conn_type="postgres",
        description="the one in Frankfurt",
        host="db.example",
        login="reader",
        password="pässword",
        schema="public",
        port=5433,
        extra='{"sslmode": "require"}',
    )
    bare = ConnectionRecord(conn_id="warehouse", conn_type="sqlite")
    assert store.get_connection("warehouse") is None
    assert store.set_connection(warehouse)
    assert store.get_connection("warehouse") == warehouse
    assert not store.set_connection(bare)
    assert store.get_connection("warehouse") == bare
    assert store.list_connections(None, ALL).items == [bare]
    assert store.delete_connection("warehouse")
    assert not store.delete_connection("warehouse")


def test_connections_come_in_pages(store: Store) -> None:
    for number, conn_id in enumerate(("a", "b", "c")):
        store.set_connection(ConnectionRecord(conn_id=conn_id, conn_type="http", port=9 - number))
    page = store.list_connections(None, Window(limit=2, order_by=("port",)))
    assert ([found.conn_id for found in page.items], page.total) == (["c", "b"], 3)
    with pytest.raises(InvalidInputError):
        store.list_connections(None, Window(order_by=("password",)))


def test_a_fresh_store_has_the_default_pool_and_keeps_it(store: Store) -> None:
    found = store.get_pool("default_pool")
    assert found is not None
    assert found.slots == 128
    assert not store.set_pool(PoolRecord(name="default_pool", slots=4))
    with pytest.raises(ConflictError, match="cannot be deleted"):
        store.delete_pool("default_pool")


def test_a_pool_is_kept_replaced_and_removed(store: Store) -> None:
    gpu = PoolRecord(name="gpu", slots=2, description="cards", include_deferred=True)
    assert store.set_pool(gpu)
    assert store.get_pool("gpu") == gpu
    assert [pool.name for pool in store.list_pools(None, ALL).items] == ["default_pool", "gpu"]
    assert store.list_pools("%G%", Window(order_by=("-slots",))).items == [gpu]
    assert store.delete_pool("gpu")
    assert not store.delete_pool("gpu")
    assert store.get_pool("gpu") is None


def test_a_pool_without_limit_has_minus_one_slots_and_never_less(store: Store) -> None:
    store.set_pool(PoolRecord(name="wide", slots=-1))
    with pytest.raises(ConstraintViolatedError):
        store.set_pool(PoolRecord(name="wide", slots=-2))


def test_the_use_of_pools_counts_slots_by_state(store: Store) -> None:
    tasks = {
        name: TaskSpec(task_id=name, pool=pool, pool_slots=slots)
        for name, pool, slots in (
            ("running", "gpu", 2),
            ("restarting", "gpu", 1),
            ("queued", "gpu", 3),
            ("scheduled", "io", 1),
            ("deferred", "io", 5),
            ("success", "io", 7),
        )
    }
    run = started(store, recorded(store, replace(spec(), tasks=tasks)))
    changed(
        store,
        run,
        *[TaskInstance(run_pk=run.pk, task_id=name, state=TaskState(name)) for name in tasks],
    )
    assert store.pool_use() == {
        "gpu": PoolUse(running=3, queued=3, scheduled=0, deferred=0),
        "io": PoolUse(running=0, queued=0, scheduled=1, deferred=5),
    }


def test_users_are_kept_with_their_role(store: Store) -> None:
    assert store.get_account("ada") is None
    assert store.set_user("ada", "$argon2id$1", "admin")
    assert store.set_user("bob", "$argon2id$2", "viewer")
    assert not store.set_user("ada", "$argon2id$3", "editor")
    ada, bob = store.list_accounts(None, Window()).items
    assert (ada.password_hash, ada.roles) == ("$argon2id$3", ("editor",))
    assert (bob.password_hash, bob.roles) == ("$argon2id$2", ("viewer",))
    assert store.get_account("ada") == ada


def test_a_secret_key_is_made_once(store: Store, other_store: Store) -> None:
    made = iter(["first", "second"])
    assert store.get_secret_key("jwt", lambda: next(made)) == "first"
    assert store.get_secret_key("jwt", lambda: next(made)) == "first"
    assert other_store.get_secret_key("jwt", lambda: next(made)) == "first"
    assert other_store.get_secret_key("other", lambda: next(made)) == "second"


def test_when_instances_took_slots_of_a_pool_is_told_since_a_moment(store: Store) -> None:
    tasks = {
        name: TaskSpec(task_id=name, pool=pool, pool_slots=slots)
        for name, pool, slots in (("early", "gpu", 1), ("late", "gpu", 2), ("other", "io", 3))
    }
    run = started(store, recorded(store, replace(spec(), tasks=tasks)))
    starts = {"early": NOON, "late": NOON + timedelta(hours=2), "other": NOON + timedelta(hours=2)}
    changed(
        store,
        run,
        *[
            TaskInstance(run_pk=run.pk, task_id=name, state=TaskState.RUNNING, start_date=start)
            for name, start in starts.items()
        ],
    )
    assert store.pool_spans("gpu", NOON + timedelta(hours=1)) == [PoolSpan(2, starts["late"], None)]
    assert len(store.pool_spans("gpu", NOON)) == 2
    assert store.pool_spans("none", NOON) == []
