"""Leases on a real PostgreSQL: who holds one, who waits, and whose writes count."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from tests.store.conftest import empty_database
from tests.store.making import changed, new_run, recorded, started

from slipstream.model.run import TaskInstance
from slipstream.model.states import TaskState
from slipstream.store import open_store
from slipstream.store.errors import StoreUnavailableError
from slipstream.store.interface import Store
from slipstream.store.leases import Holder, Lease, LeaseLostError, LeftBehind

pytestmark = pytest.mark.postgres

PATIENCE_SECONDS = 30.0
ONE = Holder(hostname="one", pid=1, mark="first")
TWO = Holder(hostname="two", pid=2, mark="second")


@pytest.fixture
def url(postgres_url: str) -> str:
    """The shared database, empty."""
    empty_database(postgres_url)
    return postgres_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with opened(url) as found:
        yield found


@contextmanager
def opened(url: str) -> Iterator[Store]:
    found = open_store(url, xcom_url="unused")
    yield found
    found.close()


@contextmanager
def lease_of(store: Store, holder: Holder, name: str = "scheduler") -> Iterator[Lease]:
    found = store.lease(name, holder)
    assert found is not None
    try:
        yield found
    finally:
        found.give_back()


@contextmanager
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def end_sessions(url: str) -> None:
    """End every session that holds or waits for an advisory lock, as a crash of its process."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )


def wait_for_waiter(url: str, waiting: Future[bool]) -> None:
    """Return when somebody waits in the database."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while not waiting.done():
            row = connection.execute(query).fetchone()
            if row is not None and row[0]:
                return


def test_an_embedded_database_has_no_leases() -> None:
    with opened("sqlite://") as store:
        assert store.lease("scheduler", ONE) is None
        assert store.under("scheduler", 1) is not None


def test_one_has_it_and_the_other_waits_until_it_is_given_back(store: Store, url: str) -> None:
    with lease_of(store, TWO) as second, thread() as pool:
        with lease_of(store, ONE) as first:
            assert first.try_take()
            assert first.before() is None
            assert first.begin() == 1
            assert not second.try_take()
            assert second.before() == LeftBehind(ONE, gave_back=False)
            waiting = pool.submit(second.take)
            wait_for_waiter(url, waiting)
            assert not waiting.done()
        assert waiting.result(PATIENCE_SECONDS)
        assert second.before() == LeftBehind(ONE, gave_back=True)
        assert second.begin() == 2


def test_it_is_free_when_the_holders_connection_is_gone_and_both_notice(
    store: Store, url: str
) -> None:
    with lease_of(store, ONE) as first, lease_of(store, TWO) as second, thread() as pool:
        first.try_take()
        first.begin()
        lost = pool.submit(first.wait_lost)
        end_sessions(url)
        assert lost.result(PATIENCE_SECONDS)
        assert second.take()
        assert second.before() == LeftBehind(ONE, gave_back=False)
        assert not first.try_retake(1)
        second.begin()
        with pytest.raises(LeaseLostError):
            first.try_retake(1)


def test_a_holder_that_was_cut_off_goes_on_in_its_term(store: Store, url: str) -> None:
    with lease_of(store, ONE) as first, lease_of(store, TWO) as second:
        first.try_take()
        epoch = first.begin()
        end_sessions(url)
        assert first.wait_lost()
        assert first.try_retake(epoch)
        assert not second.try_take()
        writes(store.under("scheduler", epoch), "still")


def test_a_term_does_not_begin_on_a_connection_that_was_lost(store: Store, url: str) -> None:
    with lease_of(store, ONE) as first:
        first.try_take()
        end_sessions(url)
        with pytest.raises(StoreUnavailableError):
            first.begin()


def test_a_wait_can_be_ended(store: Store, url: str) -> None:
    with lease_of(store, ONE) as first, lease_of(store, TWO) as second, thread() as pool:
        first.try_take()
        waiting = pool.submit(second.take)
        wait_for_waiter(url, waiting)
        second.close()
        assert waiting.result(PATIENCE_SECONDS) is False
        held = pool.submit(first.wait_lost)
        first.close()
        assert held.result(PATIENCE_SECONDS) is False


def test_names_do_not_stand_in_each_others_way(store: Store) -> None:
    with lease_of(store, ONE) as first, lease_of(store, TWO, "other") as other:
        assert first.try_take()
        assert other.try_take()


def writes(store: Store, run_id: str) -> None:
    """All kinds of writes that a scheduler does."""
    version = recorded(store)
    run = started(store, version, run_id)
    changed(store, run, TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED))
    store.take_notices()


def test_nothing_is_written_in_a_term_that_is_over(store: Store) -> None:
    with lease_of(store, ONE) as lease:
        lease.try_take()
        old = store.under("scheduler", lease.begin())
        version = recorded(old)
        run = started(old, version, "mine")
        new = store.under("scheduler", lease.begin())
        before = store.load_run(run.pk)
        assert store.take_notices()
        store.set_paused([version.dag_id], False)

        load = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED)
        for attempt in (
            lambda: changed(old, run, load),
            lambda: old.create_run(new_run(version, "other")),
            lambda: old.take_notices(),
            lambda: old.set_paused([version.dag_id], True),
            lambda: old.heartbeat("scheduler", "one", 1),
        ):
            with pytest.raises(LeaseLostError):
                attempt()
        assert store.load_run(run.pk) == before
        assert not store.get_dag(version.dag_id).is_paused
        assert len(new.take_notices()) == 1
        changed(new, run, load)
        assert old.load_run(run.pk).instances[0].state is TaskState.QUEUED


def test_a_new_term_waits_for_what_the_old_one_is_about_to_commit(url: str) -> None:
    with opened(url) as store, lease_of(store, ONE) as lease, thread() as pool:
        lease.try_take()
        epoch = lease.begin()
        with psycopg.connect(url) as writer:
            # What a transaction of that term does before it commits.
            writer.execute(
                "SELECT epoch FROM lease WHERE name = 'scheduler' AND epoch = %s FOR SHARE",
                (epoch,),
            )
            beginning = pool.submit(lease.begin)
            with psycopg.connect(url, autocommit=True) as watcher:
                query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                while (row := watcher.execute(query).fetchone()) is None or not row[0]:
                    assert not beginning.done()
            writer.commit()
        assert beginning.result(PATIENCE_SECONDS) == epoch + 1
