"""Values that no database can hold or compare with: the client's mistake, not the server's."""

from __future__ import annotations

import pytest
from tests.api.conftest import Client
from tests.api.making import a_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store

HUGE = 2**70


@pytest.mark.parametrize(
    "path",
    [
        f"/assets/{HUGE}",
        f"/assets/-{HUGE}/state-store",
        f"/pools?offset={HUGE}",
        f"/dagTags?offset={HUGE}",
        f"/dags/~/dagRuns/~/taskInstances?version_number={HUGE}",
        "/dags/~/dagRuns/~/taskInstances?duration_gte=1e300",
        "/dags/~/dagRuns/~/taskInstances?duration_gte=inf",
        "/dags/~/dagRuns?duration_lt=nan",
        "/dags/~/dagRuns?duration_lt=-inf",
    ],
)
def test_numbers_without_room_are_refused(api: Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.json()["detail"]


def test_nothing_of_a_refused_write_stays(api: Client) -> None:
    answer = api.post("/pools", {"name": "huge", "slots": HUGE})
    assert answer.status_code == 400
    assert "64 bits" in answer.json()["detail"]
    assert api.get("/pools/huge").status_code == 404
    assert api.post("/pools", {"name": "huge", "slots": 3}).status_code == 201


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_utc_has_not_are_refused(api: Client, store: Store, moment: str) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.RUNNING)
    task = "/dags/etl/dagRuns/first/taskInstances/extract"
    for method, path, body in (
        ("POST", "/dags/etl/dagRuns", {"logical_date": moment}),
        ("POST", "/dags/~/dagRuns/list", {"start_date_gte": moment}),
        ("POST", "/backfills", {"dag_id": "etl", "from_date": moment, "to_date": moment}),
        ("PUT", f"{task}/state-store/place", {"value": 1, "expires_at": moment}),
        ("GET", f"/dags?dag_run_start_date_gte={moment.replace('+', '%2B')}", None),
        ("GET", f"/eventLogs?after={moment.replace('+', '%2B')}", None),
    ):
        answer = api.send(method, path, json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert "calendar" in answer.text
