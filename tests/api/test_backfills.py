"""Backfills over REST."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.api.conftest import Client
from tests.api.making import ETL, a_run, recorded

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    CronPartition,
    Custom,
    NoSchedule,
    Once,
)
from slipstream.model.states import RunType
from slipstream.store.interface import Store

DAILY = replace(ETL, schedule=Cron(expression="0 0 * * *"))
BODY = {
    "dag_id": "etl",
    "from_date": "2026-02-01T00:00:00Z",
    "to_date": "2026-02-03T00:00:00Z",
}


def test_a_backfill_is_created_and_looked_at(api: Client, store: Store) -> None:
    recorded(store, DAILY)
    answer = api.post("/backfills", {**BODY, "dag_run_conf": {"a": 1}, "max_active_runs": 2})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made == {
        "id": made["id"],
        "dag_id": "etl",
        "from_date": "2026-02-01T00:00:00Z",
        "to_date": "2026-02-03T00:00:00Z",
        "dag_run_conf": {"a": 1},
        "is_paused": False,
        "reprocess_behavior": "none",
        "max_active_runs": 2,
        "created_at": "2026-03-01T12:00:00.123456Z",
        "completed_at": None,
        "updated_at": "2026-03-01T12:00:00.123456Z",
        "dag_display_name": "etl",
    }
    assert api.get(f"/backfills/{made['id']}").json() == made
    listed = api.get("/backfills", params={"dag_id": "etl"}).json()
    assert listed == {"backfills": [made], "total_entries": 1}
    assert api.get("/backfills").status_code == 422
    assert store.backfill_progress(made["id"]).total == 3
    again = api.post("/backfills", BODY)
    assert again.status_code == 409
    assert "already a running backfill for dag etl" in again.json()["detail"]


def test_it_is_paused_unpaused_and_cancelled(api: Client, store: Store) -> None:
    recorded(store, DAILY)
    number = api.post("/backfills", BODY).json()["id"]
    assert api.put(f"/backfills/{number}/pause", {}).json()["is_paused"] is True
    assert api.put(f"/backfills/{number}/unpause", {}).json()["is_paused"] is False
    assert api.put(f"/backfills/{number}/cancel", {}).json()["completed_at"]
    for verb in ("pause", "unpause", "cancel"):
        answer = api.put(f"/backfills/{number}/{verb}", {})
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "Backfill is already completed.",
        )
    assert api.get("/backfills/999").status_code == 404


def test_a_dry_run_leaves_out_what_is_there(api: Client, store: Store) -> None:
    version = recorded(store, DAILY)
    dates = api.post("/backfills/dry_run", BODY).json()
    assert [one["logical_date"] for one in dates["backfills"]] == [
        f"2026-02-0{day}T00:00:00Z" for day in (1, 2, 3)
    ]
    assert dates["total_entries"] == 3
    assert api.get("/backfills", params={"dag_id": "etl"}).json()["total_entries"] == 0
    new = api.post("/backfills/dry_run", {**BODY, "run_backwards": True}).json()["backfills"]
    assert new[0]["logical_date"] == "2026-02-03T00:00:00Z"
    a_run(store, version, logical_date=datetime(2026, 2, 2, tzinfo=UTC))
    for behavior in ("none", "completed"):
        body = {**BODY, "reprocess_behavior": behavior}
        found = api.post("/backfills/dry_run", body).json()["backfills"]
        assert [one["logical_date"][8:10] for one in found] == ["01", "03"]


def test_partitions_are_dates_too(api: Client, store: Store) -> None:
    zone = "Asia/Taipei"
    schedule = CronPartition(expression="0 0 * * *", timezone=zone, key_format="%Y-%m-%d")
    recorded(store, replace(ETL, schedule=schedule))
    dates = api.post("/backfills/dry_run", BODY).json()["backfills"]
    assert [one["partition_key"] for one in dates] == ["2026-02-01", "2026-02-02", "2026-02-03"]
    assert dates[0] == {
        "logical_date": None,
        "partition_key": "2026-02-01",
        "partition_date": "2026-01-31T16:00:00Z",
    }
    assert api.post("/backfills", BODY).status_code == 200


def past(spec: DagSpec) -> DagSpec:
    return replace(spec, tasks={"t": TaskSpec(task_id="t", depends_on_past=True)})


@pytest.mark.parametrize(
    ("spec", "body", "status", "says"),
    [
        (
            replace(ETL, schedule=Continuous()),
            {},
            422,
            "etl has a non-periodic schedule that does not support backfills",
        ),
        (replace(ETL, schedule=Once()), {}, 422, "non-periodic"),
        (replace(ETL, schedule=NoSchedule()), {}, 422, "no clock says"),
        (DAILY, {"to_date": "2026-01-01T00:00:00Z"}, 422, "must not be after to_date"),
        (
            DAILY,
            {"from_date": "2027-01-01T00:00:00Z", "to_date": "2027-02-01T00:00:00Z"},
            422,
            "cannot be executed for future dates",
        ),
        (
            DAILY,
            {"from_date": "2026-02-01T01:00:00Z", "to_date": "2026-02-01T02:00:00Z"},
            422,
            "No runs to create for Dag etl in the range",
        ),
        (DAILY, {"max_active_runs": 0}, 422, "max_active_runs"),
        (DAILY, {"reprocess_behavior": "all"}, 422, "reprocess_behavior"),
        (DAILY, {"dag_id": "nothing"}, 404, "nothing"),
        (past(DAILY), {}, 422, "You must set reprocess behavior"),
        (
            past(DAILY),
            {"run_backwards": True, "reprocess_behavior": "failed"},
            422,
            "cannot be run in reverse",
        ),
        (
            replace(DAILY, allowed_run_types=(RunType.MANUAL,)),
            {},
            400,
            "does not allow backfill runs; it allows manual runs",
        ),
        (
            replace(DAILY, params={"n": {"value": 1, "schema": {"type": "integer"}}}),
            {"dag_run_conf": {"n": "x"}},
            422,
            "Invalid input for param n",
        ),
        (
            replace(ETL, schedule=Custom(importable="a.B")),
            {},
            422,
            "this server runs none. Use `slipstream backfill create`",
        ),
        (
            replace(ETL, schedule=AnyCron((Cron(expression="* * * * *"),))),
            {"from_date": "2020-01-01T00:00:00Z"},
            422,
            "more than 100,000 runs",
        ),
    ],
)
def test_what_cannot_be_backfilled_is_refused(
    api: Client, store: Store, spec: DagSpec, body: dict[str, object], status: int, says: str
) -> None:
    recorded(store, spec)
    answer = api.post("/backfills", {**BODY, **body})
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert store.open_backfills() == []


@pytest.mark.parametrize("path", ["/backfills", "/backfills/dry_run"])
@pytest.mark.parametrize("zone", ["Z", "+14:00", "-12:00"])
@pytest.mark.parametrize(
    ("from_date", "to_date"),
    [
        ("0001-01-01T00:00:00", "2026-02-03T00:00:00"),
        ("2026-02-01T00:00:00", "9999-12-31T23:59:59"),
        ("0001-01-01T00:00:00", "9999-12-31T23:59:59"),
    ],
)
def test_the_ends_of_the_calendar_are_no_dates(
    api: Client, store: Store, path: str, zone: str, from_date: str, to_date: str
) -> None:
    recorded(store, DAILY)
    body = {**BODY, "from_date": from_date + zone, "to_date": to_date + zone}
    answer = api.post(path, body)
    assert answer.status_code in {400, 422}
    assert "calendar" in answer.text


def test_dates_close_to_the_ends_are(api: Client, store: Store) -> None:
    recorded(store, DAILY)
    for dates in (
        {"to_date": "9998-12-30T23:59:59-12:00"},
        {"from_date": "0002-01-02T00:00:00+14:00"},
    ):
        answer = api.post("/backfills/dry_run", {**BODY, **dates})
        assert answer.status_code in {400, 422}, answer.text
        assert "more than" in answer.text
