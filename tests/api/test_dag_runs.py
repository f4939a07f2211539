"""DAG runs: triggered, listed, marked, deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.api.conftest import Client, Clock, token_of
from tests.api.making import ETL, NOON, a_run, end_run, recorded, started
from tests.store.making import later, parsed

from slipstream.model.schedule import NoSchedule
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import NoticeKind

RUNS = "/dags/etl/dagRuns"


def test_a_run_is_triggered(api: Client, store: Store) -> None:
    version = recorded(store)
    answer = api.post(RUNS, {"logical_date": None, "conf": {"rows": 3}, "note": "Now!"})
    assert answer.status_code == 200, answer.text
    run = answer.json()
    assert run["dag_id"] == run["dag_display_name"] == "etl"
    assert run["dag_run_id"].startswith("manual__2026-03-01T12:00:00.123456+00:00_")
    assert run["state"] == "queued"
    assert run["run_type"] == "manual"
    assert run["triggered_by"] == "rest_api"
    assert run["triggering_user_name"] == "Anonymous"
    assert run["logical_date"] is run["data_interval_start"] is run["data_interval_end"] is None
    assert run["run_after"] == "2026-03-01T12:00:00.123456Z"
    assert run["conf"] == {"rows": 3}
    assert run["note"] == "Now!"
    assert run["dag_versions"][0]["id"] == version.version_id
    assert run == api.get(f"{RUNS}/{run['dag_run_id']}").json()


def test_the_scheduler_is_told_of_a_triggered_run(api: Client, store: Store) -> None:
    recorded(store)
    store.take_notices()
    api.post(RUNS, {"logical_date": None})
    assert [notice.kind for notice in store.take_notices()] == [NoticeKind.RUN_CREATED]


def test_a_run_with_a_logical_date_is_named_for_it(api: Client, store: Store) -> None:
    recorded(store)
    answer = api.post(RUNS, {"logical_date": "2026-01-02T03:04:05+02:00"})
    run = answer.json()
    assert run["dag_run_id"] == "manual__2026-01-02T01:04:05+00:00"
    assert run["logical_date"] == "2026-01-02T01:04:05Z"
    assert run["data_interval_end"] is not None


def test_runs_are_found_by_their_partition(api: Client, store: Store) -> None:
    version = recorded(store, replace(ETL, schedule=NoSchedule(partitioned_at_runtime=True)))
    for day in (1, 2):
        a_run(
            store, version, f"run{day}", partition_key=f"2026-03-0{day}", partition_date=later(day)
        )
    answer = api.post(RUNS, {"logical_date": None, "partition_key": "eu"})
    assert answer.json()["partition_key"] == "eu"
    found = api.get(RUNS, params={"partition_key_pattern": "2026%"}).json()["dag_runs"]
    assert [run["partition_key"] for run in found] == ["2026-03-01", "2026-03-02"]
    bound = {"partition_date_gte": later(2).isoformat()}
    found = api.get(RUNS, params=bound).json()["dag_runs"]
    assert [run["dag_run_id"] for run in found] == ["run2"]


def test_a_time_without_a_zone_is_utc(api: Client, store: Store) -> None:
    recorded(store)
    answer = api.post(RUNS, {"logical_date": "2026-01-02T03:04:05"})
    assert answer.json()["logical_date"] == "2026-01-02T03:04:05Z"


def test_runs_without_logical_dates_do_not_get_in_each_others_way(
    api: Client, store: Store
) -> None:
    recorded(store)
    ids = {api.post(RUNS, {"logical_date": None}).json()["dag_run_id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("date", ["2026-01-03T00:00:00Z", None])
def test_a_run_has_the_given_interval_where_it_has_a_logical_date(
    api: Client, store: Store, date: str | None
) -> None:
    recorded(store)
    given = {
        "data_interval_start": "2026-01-01T00:00:00Z",
        "data_interval_end": "2026-01-02T00:00:00Z",
    }
    made = api.post(RUNS, {"logical_date": date, **given}).json()
    expected = given if date else dict.fromkeys(given)
    assert {name: made[name] for name in given} == expected
    kept = api.get(f"{RUNS}/{made['dag_run_id']}").json()
    assert {name: kept[name] for name in given} == expected


@pytest.mark.parametrize(
    "again",
    [
        {"dag_run_id": "mine", "logical_date": None},
        {"dag_run_id": "other", "logical_date": "2026-01-01T00:00:00Z"},
    ],
)
def test_a_run_that_is_there_already_is_a_conflict(
    api: Client, store: Store, again: dict[str, object]
) -> None:
    recorded(store)
    first = {"dag_run_id": "mine", "logical_date": "2026-01-01T00:00:00Z"}
    assert api.post(RUNS, first).status_code == 200
    answer = api.post(RUNS, again)
    assert answer.status_code == 409
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({}, 422, "logical_date"),
        ({"logical_date": "yesterday"}, 422, "logical_date"),
        ({"logical_date": None, "colour": "red"}, 422, "colour"),
        ({"logical_date": None, "data_interval_start": "2026-01-01T00:00:00Z"}, 422, "Either both"),
        (
            {
                "logical_date": None,
                "data_interval_start": "2026-01-02T00:00:00Z",
                "data_interval_end": "2026-01-01T00:00:00Z",
            },
            422,
            "data_interval_end (2026-01-01T00:00:00+00:00) is before data_interval_start",
        ),
        ({"logical_date": None, "partition_key": "x"}, 400, "does not accept a partition_key"),
        ({"logical_date": None, "conf": []}, 422, "conf"),
        ({"logical_date": None, "note": "x" * 1001}, 422, "note"),
        ({"logical_date": None, "conf": {"rows": 0}}, 400, "rows: 0 is less than"),
        ({"logical_date": None, "conf": {"rows": "many"}}, 400, "rows: 'many' is not of type"),
        ({"logical_date": None, "conf": {"mode": "wild"}}, 400, "mode: 'wild' is not one of"),
        ({"logical_date": None, "dag_run_id": "a b"}, 400, "does not match the pattern"),
        ({"logical_date": None, "dag_run_id": "../etc"}, 400, "does not match the pattern"),
        ({"logical_date": None, "dag_run_id": ""}, 400, "1 to 250"),
        ({"logical_date": None, "dag_run_id": "scheduled__1"}, 400, "scheduled runs"),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    api: Client, store: Store, body: dict[str, object], status: int, word: str
) -> None:
    recorded(store)
    answer = api.post(RUNS, body)
    assert answer.status_code == status
    assert word in answer.text
    assert api.get(RUNS).json()["total_entries"] == 0


def test_a_dag_whose_partitions_are_named_at_runtime_takes_any(api: Client, store: Store) -> None:
    recorded(store, replace(ETL, schedule=NoSchedule(partitioned_at_runtime=True)))
    answer = api.post(RUNS, {"logical_date": None, "partition_key": "north"})
    assert (answer.status_code, answer.json()["partition_key"]) == (200, "north")
    assert answer.json()["partition_date"] is None


def test_what_the_params_do_not_name_is_free(api: Client, store: Store) -> None:
    recorded(store)
    answer = api.post(RUNS, {"logical_date": None, "conf": {"anything": {"at": ["all"]}}})
    assert answer.status_code == 200


def test_a_param_without_a_default_must_be_given(api: Client, store: Store) -> None:
    recorded(store, replace(ETL, params={"who": {"schema": {"type": "string"}}}))
    answer = api.post(RUNS, {"logical_date": None})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "Invalid input for param who: No value was given, and there is no default. "
        "Expected: type 'string'."
    )
    assert api.post(RUNS, {"logical_date": None, "conf": {"who": "me"}}).is_success


def test_a_changed_dag_is_held_to_its_new_params(api: Client, store: Store) -> None:
    recorded(store)
    assert api.post(RUNS, {"logical_date": None, "conf": {"rows": 5}}).is_success
    stricter = {"rows": {"value": 10, "schema": {"type": "integer", "minimum": 6}}}
    recorded(store, replace(ETL, params=stricter))
    assert api.post(RUNS, {"logical_date": None, "conf": {"rows": 5}}).status_code == 400


def test_a_dag_that_is_gone_is_not_found(api: Client, store: Store) -> None:
    assert api.post(RUNS, {"logical_date": None}).status_code == 404
    recorded(store)
    store.mark_files_gone(["/dags/etl.py"])
    answer = api.post(RUNS, {"logical_date": None})
    assert answer.status_code == 404
    assert "/dags/etl.py" in answer.json()["detail"]


def test_a_dag_whose_file_has_an_error_is_not_triggered(api: Client, store: Store) -> None:
    recorded(store)
    broken = parsed(fileloc="/dags/etl.py", error="SyntaxError", parsed_at=later(5))
    store.record_parsed([broken])
    answer = api.post(RUNS, {"logical_date": None})
    assert answer.status_code in (400, 404)


def test_a_dag_that_forbids_manual_runs_is_not_triggered(api: Client, store: Store) -> None:
    recorded(store, replace(ETL, allowed_run_types=(RunType.SCHEDULED,)))
    answer = api.post(RUNS, {"logical_date": None})
    assert answer.status_code == 400
    assert "scheduled" in answer.json()["detail"]


def test_the_user_who_asks_is_kept(locked: Client, store: Store) -> None:
    recorded(store)
    client = locked.bearing(token_of(locked, "user"))
    run = client.post(RUNS, {"logical_date": None}).json()
    assert run["triggering_user_name"] == "user"
    assert "'user'" in store.get_run("etl", run["dag_run_id"]).reason


def test_runs_are_listed_filtered_and_ordered(api: Client, store: Store, clock: Clock) -> None:
    version = recorded(store)
    for number in range(4):
        a_run(
            store,
            version,
            f"run_{number}",
            run_after=NOON + timedelta(days=number),
            logical_date=NOON + timedelta(days=number),
            run_type=RunType.SCHEDULED if number % 2 else RunType.MANUAL,
            conf={"n": number},
            triggering_user="ada" if number else None,
        )
    store.set_run_state("etl", "run_3", RunState.FAILED)

    def ids(**query: object) -> list[str]:
        answer = api.get(RUNS, params=query)
        assert answer.status_code == 200, answer.text
        return [run["dag_run_id"][-1] for run in answer.json()["dag_runs"]]

    assert ids() == ["0", "1", "2", "3"]
    assert ids(order_by="-run_after", limit=2) == ["3", "2"]
    assert ids(order_by="-dag_run_id", offset=3) == ["0"]
    assert ids(state="failed") == ["3"]
    assert ids(state=["failed", "queued"]) == ["0", "1", "2", "3"]
    assert ids(run_type="scheduled") == ["1", "3"]
    assert ids(run_id_pattern="%_2") == ["2"]
    assert ids(run_id_prefix_pattern="run_1") == ["1"]
    assert ids(triggering_user_name_pattern="AD") == ["1", "2", "3"]
    assert ids(logical_date_gt=NOON.isoformat()) == ["1", "2", "3"]
    assert ids(logical_date_gte=NOON.isoformat(), logical_date_lt="2026-03-02T13:00:00Z") == [
        "0",
        "1",
    ]
    assert ids(run_after_lte=NOON.isoformat()) == ["0"]
    assert ids(conf_contains='"n":2') == ["2"]
    assert ids(conf_contains="_") == []
    assert ids(dag_version=1, limit=1) == ["0"]
    assert ids(dag_version=2) == []
    assert ids(dag_id_pattern="tl", limit=1) == ["0"]
    assert ids(dag_id_prefix_pattern="tl") == []
    assert api.get(RUNS, params={"state": "lost"}).status_code == 422
    assert api.get(RUNS, params={"run_type": "lost"}).status_code == 422
    assert api.get(RUNS, params={"order_by": "colour"}).status_code == 400


def test_a_tilde_stands_for_all_dags(api: Client, store: Store) -> None:
    a_run(store, recorded(store))
    a_run(store, recorded(store, replace(ETL, dag_id="other")))
    found = api.get("/dags/~/dagRuns").json()
    assert {run["dag_id"] for run in found["dag_runs"]} == {"etl", "other"}
    assert found["total_entries"] == 2
    batch = api.post("/dags/~/dagRuns/list", {"dag_ids": ["other"], "states": ["queued"]})
    assert [run["dag_id"] for run in batch.json()["dag_runs"]] == ["other"]
    page = api.post("/dags/~/dagRuns/list", {"order_by": "-dag_id", "page_limit": 1})
    assert [run["dag_id"] for run in page.json()["dag_runs"]] == ["other"]
    assert page.json()["total_entries"] == 2


def test_a_run_that_there_is_not_is_not_found(api: Client, store: Store) -> None:
    recorded(store)
    assert api.get(f"{RUNS}/no").status_code == 404
    assert api.patch(f"{RUNS}/no", {"note": "x"}).status_code == 404
    assert api.delete(f"{RUNS}/no").status_code == 404


def test_a_runs_duration_is_in_seconds(api: Client, store: Store) -> None:
    version = recorded(store)
    end_run(store, started(store, a_run(store, version), version))
    assert api.get(f"{RUNS}/first").json()["duration"] == 90


def test_runs_are_filtered_by_how_long_they_took(api: Client, store: Store) -> None:
    version = recorded(store)
    end_run(store, started(store, a_run(store, version), version))
    a_run(store, version, "waiting")
    for query, count in [
        ({"duration_gte": 90}, 1),
        ({"duration_gt": 90}, 0),
        ({"duration_lte": 90}, 1),
        ({"duration_lt": 90}, 0),
        ({"duration_gt": 89.5, "duration_lt": 90.5}, 1),
    ]:
        assert api.get(RUNS, params=query).json()["total_entries"] == count, query


@pytest.mark.parametrize("state", ["success", "failed"])
def test_a_run_is_marked(api: Client, store: Store, state: str) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version)
    answer = api.patch(f"{RUNS}/first", {"state": state, "note": "By hand."})
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["note"]) == (state, "By hand.")


def test_a_run_cannot_be_marked_as_running(api: Client, store: Store) -> None:
    a_run(store, recorded(store))
    assert api.patch(f"{RUNS}/first", {"state": "running"}).status_code == 422


def test_only_the_masked_fields_are_changed(api: Client, store: Store) -> None:
    a_run(store, recorded(store))
    body = {"state": "failed", "note": "Only this."}
    answer = api.patch(f"{RUNS}/first", body, params={"update_mask": "note"})
    assert (answer.json()["state"], answer.json()["note"]) == ("queued", "Only this.")
    assert api.patch(f"{RUNS}/first", body, params={"update_mask": "x"}).status_code == 400


def test_a_note_is_removed_by_null(api: Client, store: Store) -> None:
    a_run(store, recorded(store), note="Old.")
    assert api.patch(f"{RUNS}/first", {}).json()["note"] == "Old."
    assert api.patch(f"{RUNS}/first", {"note": None}).json()["note"] is None


def test_a_finished_run_is_deleted(api: Client, store: Store) -> None:
    version = recorded(store)
    run = started(store, a_run(store, version), version, extract=TaskState.RUNNING)
    assert api.delete(f"{RUNS}/first").status_code == 409
    end_run(store, run)
    assert api.delete(f"{RUNS}/first").status_code in (204, 409)


def test_a_deleted_run_is_gone(api: Client, store: Store) -> None:
    version = recorded(store)
    end_run(store, started(store, a_run(store, version), version))
    assert api.delete(f"{RUNS}/first").status_code == 204
    assert api.get(f"{RUNS}/first").status_code == 404
