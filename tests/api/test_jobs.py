"""Jobs, and files that are to be loaded again."""

from __future__ import annotations

import pytest
from tests.api.conftest import Client, Clock
from tests.api.making import recorded

from slipstream.store.component_records import JobState
from slipstream.store.interface import Store


@pytest.fixture
def jobs(store: Store, clock: Clock) -> None:
    """A scheduler that was killed, one that was ended, and two components that run."""
    store.heartbeat("scheduler", "box", 1)
    store.end_jobs("box", 1, JobState.FAILED)
    clock.advance(60)
    store.heartbeat("scheduler", "box", 2)
    clock.advance(5)
    store.end_jobs("box", 2, JobState.SUCCESS)
    clock.advance(600)
    store.heartbeat("scheduler", "box", 3)
    store.heartbeat("triggerer", "other", 9)


@pytest.mark.usefixtures("jobs")
def test_jobs_are_listed_from_their_beginning_to_their_end(api: Client) -> None:
    shown = api.get("/jobs").json()
    assert shown["total_entries"] == 4
    assert [(job["job_type"], job["state"]) for job in shown["jobs"]] == [
        ("SchedulerJob", "failed"),
        ("SchedulerJob", "success"),
        ("SchedulerJob", "running"),
        ("TriggererJob", "running"),
    ]
    killed, ended, running, _ = shown["jobs"]
    assert killed["end_date"] == killed["latest_heartbeat"]
    assert ended["start_date"] < ended["end_date"]
    assert running["end_date"] is None
    assert running["executor_class"] == "LocalExecutor"
    assert (running["dag_id"], running["dag_display_name"]) == (None, None)


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"is_alive": True}, 2),
        ({"is_alive": False}, 2),
        ({"job_type": "TriggererJob"}, 1),
        ({"job_type": "LocalTaskJob"}, 0),
        ({"job_state": "failed"}, 1),
        ({"hostname": "other"}, 1),
        ({"executor_class": "LocalExecutor"}, 3),
        ({"executor_class": "CeleryExecutor"}, 0),
        ({"job_type": "TriggererJob", "executor_class": "LocalExecutor"}, 0),
        ({"start_date_gte": "2026-03-01T12:10:00Z"}, 2),
        ({"end_date_lt": "2026-03-01T12:00:30Z"}, 1),
    ],
)
def test_jobs_are_found_by_what_is_asked(
    api: Client, query: dict[str, object], expected: int
) -> None:
    assert api.get("/jobs", params=query).json()["total_entries"] == expected


@pytest.mark.usefixtures("jobs")
def test_who_was_not_heard_of_for_long_does_not_live(api: Client, clock: Clock) -> None:
    clock.advance(3600)
    assert api.get("/jobs", params={"is_alive": True}).json()["total_entries"] == 0


@pytest.mark.usefixtures("jobs")
def test_jobs_are_ordered_as_asked(api: Client) -> None:
    shown = api.get("/jobs", params={"order_by": "-start_date", "limit": 2}).json()["jobs"]
    assert [job["hostname"] for job in shown] == ["other", "box"]
    assert api.get("/jobs", params={"order_by": "pid"}).status_code == 400


def test_a_file_is_named_by_a_dags_token(api: Client, store: Store) -> None:
    recorded(store)
    token = api.get("/dags/etl").json()["file_token"]
    answer = api.put(f"/parseDagFile/{token}")
    assert (answer.status_code, answer.json()) == (201, None)
    assert store.take_parse_requests() == ["/dags/etl.py"]
    assert api.put("/parseDagFile/nonsense").status_code == 404
    assert api.put(f"/parseDagFile/{token[:-4]}AAAA").status_code == 404
