"""Access to some DAGs alone: in every list, in every single thing, in streams and logs."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.api.auth.test_people import ROLES, USERS, given
from tests.api.conftest import PASSWORD, Client, token_of
from tests.api.making import ETL, a_run, recorded, started
from tests.store.making import parsed

import slipstream.api
from slipstream.api.app import public_operations, ui_operations
from slipstream.api.auth import restricted
from slipstream.api.auth.access import OF_DAGS, Permission
from slipstream.api.live.events import View, lines_of
from slipstream.api.live.feed import Entry
from slipstream.api.settings import ApiSettings
from slipstream.model.news import RunNews
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

HIDDEN = "payroll"
OPERATIONS = [*public_operations(), *ui_operations()]
STORES = {"call.store", "store"}
ENDLESS = {"follow_changes", "wait_dag_run_until_finished"}
EVERYTHING = [
    (f"can_{action}", name)
    for action in ("read", "create", "edit", "delete")
    for name in (
        "DAG Runs",
        "Backfills",
        "Tasks",
        "Task Instances",
        "Task Logs",
        "XComs",
        "DAG Versions",
        "DAG Code",
        "DAG Warnings",
        "ImportError",
        "Audit Logs",
        "Assets",
    )
]
WAYS = {
    "the DAG file": [],
    "its id": [("can_read", "DAG:etl"), ("can_edit", "DAG:etl")],
    "its team": [("can_read", "DAGs@team:sales"), ("can_edit", "DAGs@team:sales")],
    "its tag": [("can_read", "DAGs@tag:nightly"), ("can_edit", "DAGs@tag:nightly")],
}


@pytest.fixture
def locked_settings(settings: ApiSettings) -> ApiSettings:
    """Everybody signs in; two teams have bundles."""
    teams = {"of_sales": "sales", "of_hr": "hr"}
    locked = replace(settings, simple_auth_manager_all_admins=False, shown_config={})
    return replace(locked, team_of_bundle=teams)


@pytest.fixture(params=WAYS)
def ada(request: pytest.FixtureRequest, locked: Client, store: Store) -> Client:
    """Somebody who may do everything with `etl`, and nothing with `payroll`."""
    actions = {"can_read", "can_edit"}
    allowed = {"Team": {"DAGs": sorted(actions)}} if not WAYS[request.param] else {}
    version = recorded(store, replace(ETL, access_control=allowed), bundle="of_sales")
    started(store, a_run(store, version), version, extract=TaskState.FAILED)
    hidden = recorded(store, replace(ETL, dag_id=HIDDEN, tags=("hr",)), bundle="of_hr")
    started(store, a_run(store, hidden), hidden, extract=TaskState.FAILED)
    admin = locked.bearing(token_of(locked, "admin"))
    body = {"name": "Team", "actions": given(*EVERYTHING, *WAYS[request.param])}
    assert admin.post(ROLES, body).status_code == 201
    user = {"username": "ada", "password": PASSWORD, "roles": [{"name": "Team"}]}
    assert admin.post(USERS, user).status_code == 201
    admin.post(f"/dags/{HIDDEN}/clearTaskInstances", {"dry_run": False})
    return locked.bearing(token_of(locked, "ada"))


def path_for(template: str, dag_id: str) -> str:
    values = {"dag_id": dag_id, "dag_run_id": "first", "run_id": "first", "task_id": "extract"}
    return re.sub(r"\{(\w+)[^}]*\}", lambda found: values.get(found[1], "1"), template)


def test_nothing_of_a_hidden_dag_is_given(ada: Client) -> None:
    looked_at = 0
    for operation in OPERATIONS:
        if not isinstance(operation.permission, Permission):
            continue
        if operation.operation_id in ENDLESS:
            continue
        if "{dag_id}" in operation.path:
            answer = ada.send(operation.method, path_for(operation.path, HIDDEN))
            assert answer.status_code == 403, operation.operation_id
            looked_at += 1
        elif operation.method == "GET":
            answer = ada.get(path_for(operation.path, HIDDEN))
            assert answer.status_code < 500, operation.operation_id
            assert HIDDEN not in answer.text, operation.operation_id
    assert looked_at > 50
    stream = ada.get("/ui/stream", params={"dag_id": HIDDEN})
    assert stream.status_code == 403


def test_what_they_may_see_is_there(ada: Client) -> None:
    assert [dag["dag_id"] for dag in ada.get("/dags").json()["dags"]] == ["etl"]
    assert ada.get("/dags/etl/dagRuns/first/taskInstances").json()["total_entries"] == 5
    everywhere = ada.get("/dags/~/dagRuns/~/taskInstances").json()
    assert {one["dag_id"] for one in everywhere["task_instances"]} == {"etl"}
    for operation in OPERATIONS:
        if operation.operation_id in ENDLESS or operation.method != "GET":
            continue
        permission = operation.permission
        if isinstance(permission, Permission) and permission.resource in OF_DAGS:
            answer = ada.get(path_for(operation.path, "etl"))
            assert answer.status_code != 403, (operation.operation_id, answer.text)


def test_what_they_may_change_they_change(ada: Client) -> None:
    assert ada.post("/dags/etl/dagRuns", {"logical_date": None}).status_code == 200
    assert ada.post(f"/dags/{HIDDEN}/dagRuns", {"logical_date": None}).status_code == 403
    assert ada.patch("/dags/etl", {"is_paused": False}).status_code == 200
    assert ada.delete("/dags/etl").status_code == 403
    batch = ada.post("/dags/~/dagRuns/list", {"dag_ids": [HIDDEN, "etl"]}).json()
    assert {run["dag_id"] for run in batch["dag_runs"]} == {"etl"}


def test_lists_that_name_hidden_dags_are_confined(ada: Client) -> None:
    both = {"dag_ids": [HIDDEN, "etl"]}
    assert list(ada.get("/ui/dags/~/recentRuns", params=both).json()["runs"]) == ["etl"]
    found = ada.get("/eventLogs", params={"dag_id": HIDDEN}).json()
    assert found["total_entries"] == 0
    tags = ada.get("/dagTags").json()["tags"]
    assert "hr" not in tags
    assert "nightly" in tags


def test_who_may_only_read_a_dag_changes_nothing_of_it(locked: Client, store: Store) -> None:
    recorded(store, replace(ETL, access_control={"Team": {"DAGs": ["can_read"]}}))
    admin = locked.bearing(token_of(locked, "admin"))
    admin.post(ROLES, {"name": "Team", "actions": given(*EVERYTHING)})
    user = {"username": "ada", "password": PASSWORD, "roles": [{"name": "Team"}]}
    admin.post(USERS, user)
    ada = locked.bearing(token_of(locked, "ada"))
    assert ada.get("/dags/etl/tasks").status_code == 200
    assert ada.post("/dags/etl/dagRuns", {"logical_date": None}).status_code == 403
    may = ada.get("/auth/me").json()["may"]
    assert "read:task" in may
    assert "create:dag_run" not in may


def test_a_dag_file_lets_a_role_start_runs_that_may_not_elsewhere(
    locked: Client, store: Store
) -> None:
    given_here = {"Viewer": {"DAGs": ["can_edit"], "DAG Runs": ["can_create"]}}
    recorded(store, replace(ETL, access_control=given_here))
    recorded(store, replace(ETL, dag_id=HIDDEN))
    admin = locked.bearing(token_of(locked, "admin"))
    admin.patch(f"{USERS}/viewer", {"roles": [{"name": "Viewer"}]})
    viewer = locked.bearing(token_of(locked, "viewer"))
    assert viewer.post("/dags/etl/dagRuns", {"logical_date": None}).status_code == 200
    assert viewer.post(f"/dags/{HIDDEN}/dagRuns", {"logical_date": None}).status_code == 403
    assert viewer.get(f"/dags/{HIDDEN}").status_code == 200


def test_a_personal_token_can_be_for_one_dag(locked: Client, store: Store) -> None:
    recorded(store)
    recorded(store, replace(ETL, dag_id=HIDDEN))
    user = locked.bearing(token_of(locked, "user"))
    scope = ["read:dag@dag:etl", "edit:dag@dag:etl", "create:dag_run"]
    made = user.post("/auth/tokens", {"name": "ci", "scope": scope}).json()
    script = locked.bearing(made["token"])
    assert script.post("/dags/etl/dagRuns", {"logical_date": None}).status_code == 200
    assert script.post(f"/dags/{HIDDEN}/dagRuns", {"logical_date": None}).status_code == 403
    assert script.get("/dags/etl/dagRuns").status_code == 403


def test_a_stream_tells_of_no_hidden_dag(store: Store) -> None:
    version, hidden = recorded(store), recorded(store, replace(ETL, dag_id=HIDDEN))
    news = [RunNews(one.spec, a_run(store, one), ()) for one in (version, hidden)]
    entries = [Entry(1, runs=news, dag_ids=("etl", HIDDEN))]
    told = b"".join(lines_of(entries, View(dag_ids=frozenset({"etl"})), "1")).decode()
    assert "etl" in told
    assert HIDDEN not in told
    assert HIDDEN in b"".join(lines_of(entries, View(), "1")).decode()


def test_every_verb_that_the_api_uses_is_sorted() -> None:
    """A verb that nobody has thought about is refused; this says so before people notice."""
    used = set()
    for path in Path(slipstream.api.__file__).parent.rglob("*.py"):
        if "auth" in path.parts or path.name in ("health.py", "execution.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and ast.unparse(called.value) in STORES:
                used.add(called.attr)
    sorted_out = restricted.PASSED_ON | restricted._DAG_FIRST | restricted._DAG_NAMED
    sorted_out |= restricted._BACKFILL_FIRST | set(vars(restricted.RestrictedStore))
    assert used - sorted_out == set()


def test_what_is_hidden_looks_as_if_it_were_not_there(ada: Client, locked: Client) -> None:
    admin = locked.bearing(token_of(locked, "admin"))
    span = {"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}
    made = admin.post("/backfills", {"dag_id": HIDDEN, **span})
    assert made.status_code == 200, made.text
    events = admin.get("/eventLogs", params={"dag_id": HIDDEN}).json()["event_logs"]
    kept = {"backfills": made.json()["id"], "eventLogs": events[0]["event_log_id"]}
    for path, number in kept.items():
        assert admin.get(f"/{path}/{number}").status_code == 200
        hidden, missing = ada.get(f"/{path}/{number}"), ada.get(f"/{path}/987654")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace(str(number), "987654") == missing.text
    refused = ada.send("PUT", f"/backfills/{kept['backfills']}/cancel")
    assert refused.status_code == 403
    assert HIDDEN not in refused.text


# Of a file all DAGs are of one team, or none.
@pytest.mark.parametrize("ada", [way for way in WAYS if way != "its team"], indirect=True)
def test_the_text_of_a_file_with_a_hidden_dag_is_kept_back(ada: Client, store: Store) -> None:
    whole = ada.get("/dagSources/etl").json()["content"]
    assert "import DAG" in whole
    etl = replace(store.get_dag("etl").latest.spec, fileloc="/dags/both.py")
    hidden = replace(store.get_dag(HIDDEN).latest.spec, fileloc="/dags/both.py")
    for dags in ([etl], [etl, hidden]):
        text = {"both.py": "salary = 7\n"}
        store.record_parsed([parsed(*dags, fileloc="/dags/both.py", sources=text)])
        error = parsed(fileloc="/dags/both.py", sources=text, error="Traceback: salary = 7")
        store.record_parsed([error])
        source = ada.get("/dagSources/etl")
        as_text = ada.get("/dagSources/etl", headers={"accept": "text/plain"})
        listed = ada.get("/importErrors").json()["import_errors"]
        number = listed[0]["import_error_id"]
        answers = [source.text, as_text.text, str(listed), ada.get(f"/importErrors/{number}").text]
        shown = ["salary" in answer for answer in answers]
        assert shown == [len(dags) == 1] * 4
        assert all(len(dags) == 1 or "may not see" in answer for answer in answers)


def test_where_no_bundle_is_the_teams_its_roles_show_nothing(locked: Client, store: Store) -> None:
    recorded(store, ETL, bundle="of_nobody")
    admin = locked.bearing(token_of(locked, "admin"))
    admin.post(ROLES, {"name": "Team", "actions": given(*WAYS["its team"])})
    admin.post(USERS, {"username": "ada", "password": PASSWORD, "roles": [{"name": "Team"}]})
    ada = locked.bearing(token_of(locked, "ada"))
    assert ada.get("/dags").status_code == 403
    refused = admin.post(ROLES, {"name": "T", "actions": given(("can_read", "Pools@team:sales"))})
    assert refused.status_code == 400
    assert "belongs to no DAG" in refused.json()["detail"]
