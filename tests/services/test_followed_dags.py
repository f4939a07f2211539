"""Triggers in triggerers of their own that wait for other DAGs are told of what happens there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.services.test_triggerers import Deaths, Runner, Scheduler, until
from tests.store.conftest import BOTH, _migrate, empty_database

from slipstream.services.changes import ChangeBoard
from slipstream.services.triggerer.following import FollowedDags
from slipstream.services.triggerer.service import TriggererService
from slipstream.store import open_store
from slipstream.store.errors import StoreError
from slipstream.store.interface import Store

PATIENCE_SECONDS = 30.0
NEVER_SECONDS = 3600.0


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Any) -> str:
    url: str = postgres_server.new_database()
    _migrate(url)
    return url


@pytest.fixture(params=BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/slipstream.db"
        _migrate(url)
    else:
        url = request.getfixturevalue("postgres_url")
        empty_database(url)
    opened = open_store(url, xcom_url=str(tmp_path / "xcom"))
    yield opened
    opened.close()


@pytest.fixture
def services() -> Iterator[list[Any]]:
    """What is to be stopped, the last one first."""
    begun: list[Any] = []
    yield begun
    for service in reversed(begun):
        service.stop()


def board_of(store: Any, services: list[Any], name: str = "first") -> ChangeBoard:
    """What triggers ask in a triggerer of that name."""
    changes = ChangeBoard()
    service = TriggererService(Runner(), store, lost=pytest.fail, changes=changes, name=name)
    service.start()
    services.append(service)
    return changes


def scheduling(store: Store, services: list[Any]) -> Scheduler:
    scheduler = Scheduler(store, Deaths())
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    return scheduler


def waiting(changes: ChangeBoard, dag_id: str = "other") -> Future[int]:
    """Somebody who waits for the DAG, and has been told once: that the scheduler knows of them."""
    seen = changes.wait(dag_id, None, 0).result()
    first = changes.wait(dag_id, seen, NEVER_SECONDS).result(PATIENCE_SECONDS)
    later = changes.wait(dag_id, first, NEVER_SECONDS)
    assert not later.done()
    return later


def test_who_waits_in_a_triggerer_is_told_of_what_the_scheduler_writes(
    store: Store, services: list[Any]
) -> None:
    scheduler = scheduling(store, services)
    later = waiting(board_of(store, services))
    other = waiting(board_of(store, services, "second"), "another")
    scheduler.shared.changes.dags_edited({"other", "unknown"})
    later.result(PATIENCE_SECONDS)
    assert not other.done()


def test_what_was_written_before_the_scheduler_saw_the_follower_is_told(
    store: Store, services: list[Any]
) -> None:
    scheduler = scheduling(store, services)
    changes = board_of(store, services)
    until(lambda: bool(scheduler.shared._known))
    scheduler.shared.changes.look = lambda: None  # type: ignore[method-assign]  # it is slow to see
    later = changes.wait("other", changes.wait("other", None, 0).result(), NEVER_SECONDS)
    until(lambda: bool(store.followed_dags()))
    scheduler.shared.changes.dags_edited({"other"})
    del scheduler.shared.changes.look  # type: ignore[method-assign]
    scheduler.shared._wake()
    later.result(PATIENCE_SECONDS)


def test_another_scheduler_tells_all_who_wait(store: Store, services: list[Any]) -> None:
    before = Scheduler(store, Deaths())
    before.shared.start(lambda _: None)
    later = waiting(board_of(store, services))
    # What this one writes last it tells nobody: it is killed.
    before.shared.stop()
    before.shared.changes.dags_edited({"other"})
    assert not later.done()
    scheduling(store, services)
    later.result(PATIENCE_SECONDS)


def test_a_dead_triggerer_follows_nothing(store: Store, services: list[Any]) -> None:
    deaths = Deaths()
    scheduler = Scheduler(store, deaths)
    scheduler.shared.start(scheduler.take)
    services.append(scheduler.shared)
    waiting(board_of(store, services))
    assert [one.dag_id for one in store.followed_dags()] == ["other"]
    deaths.of("first")
    until(lambda: not store.followed_dags())
    until(lambda: not scheduler.shared.changes._followed)


def test_a_store_that_is_away_delays_what_is_told_and_loses_none(
    store: Store, services: list[Any]
) -> None:
    scheduler = scheduling(store, services)
    later = waiting(board_of(store, services))
    told: list[Collection[str]] = []
    tell = store.tell_of_changes

    def away_once(dag_ids: Collection[str]) -> None:
        told.append(set(dag_ids))
        if len(told) == 1:
            raise StoreError("it is away")
        tell(dag_ids)

    store.tell_of_changes = away_once  # type: ignore[method-assign]
    scheduler.shared.changes.dags_edited({"other"})
    later.result(PATIENCE_SECONDS)
    assert told == [{"other"}, {"other"}]


def test_a_dag_that_nobody_waits_for_any_more_is_let_go_of_and_followed_anew(store: Store) -> None:
    now = [0.0]
    changes = ChangeBoard()
    followed = FollowedDags(store, changes, clock=lambda: now[0])
    followed.start(7, lambda: None)

    def wait() -> Future[int]:
        return changes.wait("other", changes.wait("other", None, 0).result(), NEVER_SECONDS)

    def tell() -> None:
        store.tell_of_changes(["other"])
        followed.look()

    first = wait()
    followed.look()
    (before,) = store.followed_dags(7)
    tell()
    assert first.done()
    now[0] = 10.0
    tell()
    assert store.followed_dags(7), "somebody may well wait again soon"
    now[0] = 60.0
    tell()
    assert not store.followed_dags(7)
    second = wait()
    followed.look()
    (after,) = store.followed_dags(7)
    # To the scheduler it is a new one, which it tells at once.
    assert after.pk != before.pk
    now[0] = 120.0
    tell()
    assert second.done()
    third = wait()
    followed.look()
    tell()
    assert third.done()
    assert store.followed_dags(7), "the last wait for it began just now"
    changes.close()


def test_followers_are_told_of_their_dags_alone(store: Store) -> None:
    store.follow_dags(1, ["a", "b"])
    store.follow_dags(2, ["b"])
    store.follow_dags(2, ["b"])
    store.tell_of_changes(["b", "c"])
    store.unfollow_dags(1, ["a", "unknown"])
    found = [(one.triggerer_pk, one.dag_id, one.changes) for one in store.followed_dags()]
    assert sorted(found) == [(1, "b", 1), (2, "b", 1)]
    assert [one.dag_id for one in store.followed_dags(1)] == ["b"]
    store.remove_triggerer(2)
    assert [one.triggerer_pk for one in store.followed_dags()] == [1]
