"""`slipstream why`."""

from __future__ import annotations

from dataclasses import replace

from tests.api.making import ETL, a_run, recorded, started
from tests.cli.conftest import Slipstream

from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import PoolRecord

WHY = ("why", "etl", "first")


def test_it_says_what_a_task_waits_for(slipstream: Slipstream, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.RUNNING)
    done = slipstream(*WHY, "load.insert")
    assert done.code == 0
    assert "It waits for a scheduler: none was ever heard" in done.out
    store.heartbeat("scheduler", "here", 1)
    assert "It waits for transform (not started)" in slipstream(*WHY, "load.insert").out
    assert slipstream(*WHY, "extract").out.startswith("It is running")
    assert slipstream(*WHY, "nothing").code == 1
    assert slipstream("why", "etl").code == 2


def test_a_full_pool_is_named(slipstream: Slipstream, store: Store) -> None:
    version = recorded(store)
    store.set_paused(["etl"], False)
    store.heartbeat("scheduler", "here", 1)
    store.set_pool(PoolRecord(name="wide", slots=0, description=None, include_deferred=False))
    started(store, a_run(store, version), version, transform=TaskState.SCHEDULED)
    said = slipstream(*WHY, "transform", "--map-index", "0").out
    assert "the pool 'wide'" in said
    assert "never runs before the pool grows" in said


def test_a_run_that_has_not_begun_is_what_its_tasks_wait_for(
    slipstream: Slipstream, store: Store
) -> None:
    version = recorded(store)
    store.heartbeat("scheduler", "here", 1)
    a_run(store, version)
    said = slipstream(*WHY, "extract")
    assert said.code == 0, said.err
    assert said.out.startswith("It waits for its run since ")
    assert "slipstream dags unpause etl" in said.out
    assert "no task 'nothing'" in slipstream(*WHY, "nothing").err


def test_of_a_mapped_task_it_asks_for_one(slipstream: Slipstream, store: Store) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, transform=TaskState.SCHEDULED)
    said = slipstream(*WHY, "transform", "--map-index", "99")
    assert said.code == 1
    assert "Task 'transform' is mapped" in said.err


def test_an_instance_that_is_deferred_counts_under_the_limit_of_its_task(
    slipstream: Slipstream, store: Store
) -> None:
    tasks = {**ETL.tasks, "transform": replace(ETL.tasks["transform"], max_active_tis_per_dag=1)}
    version = recorded(store, replace(ETL, tasks=tasks))
    store.set_paused(["etl"], False)
    store.heartbeat("scheduler", "here", 1)
    store.set_pool(PoolRecord(name="wide", slots=-1, description=None, include_deferred=False))
    started(store, a_run(store, version), version, transform=TaskState.DEFERRED)
    started(store, a_run(store, version, "next"), version, transform=TaskState.SCHEDULED)
    said = slipstream("why", "etl", "next", "transform", "--map-index", "0").out
    assert "of its task are under way in all runs, and max_active_tis_per_dag is 1" in said
