"""Jobs, requests, tests of connections, favorites."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from tests.store.making import recorded

from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.store.component_records import JobFilter, JobState, TrialState
from slipstream.store.interface import Store
from slipstream.store.records import DagFilter, Window
from slipstream.store.wakeups import Topic

ALL = Window(limit=100)


def test_a_job_lasts_from_its_first_heartbeat_to_its_end(store: Store) -> None:
    store.heartbeat("scheduler", "host", 7)
    store.heartbeat("scheduler", "host", 7)
    store.heartbeat("triggerer", "host", 7)
    store.heartbeat("scheduler", "other", 7)
    first, second, third = store.list_jobs(JobFilter(), ALL).items
    assert [first.job, second.job, third.hostname] == ["scheduler", "triggerer", "other"]
    assert first.started_at <= first.latest
    assert first.ended_at is None
    store.end_jobs("host", 7, JobState.SUCCESS)
    ended = store.list_jobs(JobFilter(state="success"), ALL).items
    assert [job.job for job in ended] == ["scheduler", "triggerer"]
    assert all(job.ended_at is not None for job in ended)
    assert [beat.hostname for beat in store.health()] == ["other"]


def test_a_process_with_the_number_of_a_dead_one_begins_a_job_of_its_own(store: Store) -> None:
    store.heartbeat("scheduler", "box", 1)
    store.end_jobs("box", 1, JobState.FAILED)
    store.heartbeat("scheduler", "box", 1)
    dead, alive = store.list_jobs(JobFilter(), ALL).items
    assert (dead.state, dead.ended_at) == (JobState.FAILED, dead.latest)
    assert (alive.state, alive.ended_at) == (JobState.RUNNING, None)


def test_jobs_are_found_by_whether_they_live(store: Store) -> None:
    store.heartbeat("scheduler", "box", 1)
    store.heartbeat("dag_processor", "box", 2)
    store.end_jobs("box", 2, JobState.SUCCESS)
    latest = store.list_jobs(JobFilter(), ALL).items[0].latest
    long_after = latest + timedelta(hours=1)

    def found(which: JobFilter) -> list[str]:
        return [job.job for job in store.list_jobs(which, ALL).items]

    assert found(JobFilter(latest_since=latest)) == ["scheduler"]
    assert found(JobFilter(latest_before=latest)) == ["dag_processor"]
    assert found(JobFilter(latest_since=long_after)) == []
    assert found(JobFilter(jobs=["dag_processor"])) == ["dag_processor"]
    assert found(JobFilter(hostname="elsewhere")) == []
    by_type = store.list_jobs(JobFilter(), Window(limit=1, order_by=("job_type",)))
    assert ([job.job for job in by_type.items], by_type.total) == (["dag_processor"], 2)


def test_who_asks_for_a_file_to_be_loaded_again_wakes_who_listens(store: Store) -> None:
    version = recorded(store)
    record = store.get_dag(version.dag_id)
    woken = Event()
    undo = store.listen(woken.set, Topic.FILES)
    for _ in range(2):
        assert store.request_parse(record.bundle_name, record.relative_fileloc) == record.fileloc
    assert woken.wait(10)
    undo()
    assert list(store.take_parse_requests(lambda fileloc: fileloc != record.fileloc)) == []
    assert store.take_parse_requests(lambda fileloc: fileloc == record.fileloc) == [record.fileloc]
    assert list(store.take_parse_requests()) == []
    with pytest.raises(NotFoundError, match=r"no\.py"):
        store.request_parse(record.bundle_name, "no.py")


def test_of_a_connection_one_test_goes_on_at_a_time(store: Store) -> None:
    version = recorded(store)
    now = store.get_dag(version.dag_id).last_parsed_at
    far = now + timedelta(days=36_500)
    store.begin_connection_trial("first", "warehouse", far)
    with pytest.raises(ConflictError, match="warehouse"):
        store.begin_connection_trial("second", "warehouse", far)
    store.begin_connection_trial("third", "lake", far)
    store.note_connection_trial("first", TrialState.RUNNING)
    assert store.get_connection_trial("first").state is TrialState.RUNNING
    store.note_connection_trial("first", TrialState.FAILED, "It is away.")
    found = store.get_connection_trial("first")
    assert (found.conn_id, found.state, found.message) == (
        "warehouse",
        TrialState.FAILED,
        "It is away.",
    )
    store.begin_connection_trial("second", "warehouse", far)
    with pytest.raises(NotFoundError):
        store.get_connection_trial("none")


def test_a_test_that_should_have_ended_long_ago_has_failed(store: Store) -> None:
    long_ago = store.get_dag(recorded(store).dag_id).last_parsed_at - timedelta(days=2)
    store.begin_connection_trial("lost", "warehouse", long_ago)
    found = store.get_connection_trial("lost")
    assert found.state is TrialState.FAILED
    assert found.message is not None
    store.begin_connection_trial("another", "warehouse", long_ago + timedelta(days=36_500))


def test_favorites_are_peoples_own(store: Store) -> None:
    dag_id = recorded(store).dag_id
    assert store.set_favorite(dag_id, "ada", True)
    assert not store.set_favorite(dag_id, "ada", True)
    assert store.favorites_of("ada", [dag_id, "other"]) == {dag_id}
    assert store.favorites_of("bob", [dag_id]) == set()
    assert store.list_dags(DagFilter(favorite_of="ada"), ALL).total == 1
    assert store.list_dags(DagFilter(favorite_of="bob"), ALL).total == 0
    assert store.list_dags(DagFilter(not_favorite_of="ada"), ALL).total == 0
    assert store.list_dags(DagFilter(not_favorite_of="bob"), ALL).total == 1
    assert store.set_favorite(dag_id, "ada", False)
    assert not store.set_favorite(dag_id, "ada", False)
    with pytest.raises(NotFoundError):
        store.set_favorite("none", "ada", True)
    store.set_favorite(dag_id, "ada", True)
    store.delete_dag(dag_id)
    assert store.favorites_of("ada", [dag_id]) == set()
