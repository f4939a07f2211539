"""People in the loop, through the API."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.conftest import NOON, Client, token_of
from tests.api.making import a_run, recorded, started

from slipstream.model.changes import InstanceChanged
from slipstream.model.input import InputRequest, InputResponse, Person
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite

EXTRACT = "/dags/etl/dagRuns/first/taskInstances/extract/-1/hitlDetails"
ADA = Person("user", "The User")
QUESTION = InputRequest(
    subject="Extract 50%?",
    options=("Yes", "No", "Later"),
    body="Read **this**.",
    defaults=("No",),
    params={
        "rows": {"value": 1, "description": "How many", "schema": {"type": "integer"}},
        "why": {"description": None, "schema": {"type": "string", "minLength": 3}},
    },
)


def ask(store: Store, request: InputRequest = QUESTION, task_id: str = "extract") -> str:
    """Let an instance of the run ask, and wait; gives the attempt that asked."""
    key = TaskKey(task_id, 0 if task_id == "transform" else -1)
    found = store.get_instance("etl", "first", key)
    assert found.instance.attempt_id is not None
    store.ask_input(found.instance.attempt_id, request)
    waiting = replace(found.instance, state=TaskState.AWAITING_INPUT)
    run = store.get_run("etl", "first")
    assert not store.apply([RunWrite(run.pk, run.revision, [InstanceChanged(waiting)])])
    return found.instance.attempt_id


@pytest.fixture(autouse=True)
def _run(store: Store) -> None:
    version = recorded(store)
    running = TaskState.RUNNING
    started(store, a_run(store, version), version, extract=running, transform=running)


def test_a_question_is_shown_whole(api: Client, store: Store) -> None:
    attempt_id = ask(store, replace(QUESTION, assigned_users=(ADA,)))
    found = api.get(EXTRACT).json()
    instance = found.pop("task_instance")
    assert (instance["id"], instance["state"]) == (attempt_id, "awaiting_input")
    assert instance["trigger"] is None
    assert found.pop("created_at").startswith("2026-03-01T12:00:00.123456")
    assert found == {
        "options": ["Yes", "No", "Later"],
        "subject": "Extract 50%?",
        "body": "Read **this**.",
        "defaults": ["No"],
        "multiple": False,
        "params": {
            "rows": {"value": 1, "description": "How many", "schema": {"type": "integer"}},
            "why": {
                "value": None,
                "description": None,
                "schema": {"type": "string", "minLength": 3},
            },
        },
        "assigned_users": [{"id": "user", "name": "The User"}],
        "responded_by_user": None,
        "responded_at": None,
        "chosen_options": None,
        "params_input": {},
        "response_received": False,
    }


def test_an_answer_is_kept_with_who_gave_it(api: Client, store: Store) -> None:
    attempt_id = ask(store)
    body = {"chosen_options": ["Yes"], "params_input": {"rows": 7, "why": "because"}}
    answer = api.patch(EXTRACT, body)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "responded_by": {"id": "Anonymous", "name": "Anonymous"},
            "responded_at": "2026-03-01T12:00:00.123456Z",
            **body,
        },
    )
    assert [given.attempt_id for given in store.given_inputs([attempt_id])] == [attempt_id]
    shown = api.get(EXTRACT).json()
    assert shown["response_received"] is True
    assert shown["responded_by_user"] == {"id": "Anonymous", "name": "Anonymous"}
    again = api.patch(EXTRACT, body)
    assert again.status_code == 409
    assert "was answered already, by Anonymous, at 2026-03-01T12:00:00" in again.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "complaint"),
    [
        ({"chosen_options": []}, 422, "at least 1 item"),
        ({}, 422, "required"),
        ({"chosen_options": ["Yes"], "other": 1}, 422, "Extra inputs"),
        ({"chosen_options": ["Maybe"]}, 400, "allowed options are ['Yes', 'No', 'Later']"),
        ({"chosen_options": ["Yes", "No"]}, 400, "only a single option"),
        ({"chosen_options": ["Yes"]}, 400, "why: it has to be filled in"),
        (
            {"chosen_options": ["Yes"], "params_input": {"rows": "many", "why": "x"}},
            400,
            "rows: 'many' is not of type 'integer'",
        ),
        (
            {"chosen_options": ["Yes"], "params_input": {"rows": 1, "why": "yes", "odd": 1}},
            400,
            "odd: there is no such field; the form has rows, why",
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_can_be_mended(
    api: Client, store: Store, body: object, status: int, complaint: str
) -> None:
    ask(store)
    answer = api.patch(EXTRACT, body)
    assert answer.status_code == status, answer.text
    assert complaint in answer.text
    mended = {"chosen_options": ["Yes"], "params_input": {"rows": 1, "why": "yes"}}
    assert api.patch(EXTRACT, mended).status_code == 200


def test_only_assigned_users_answer(locked: Client, store: Store) -> None:
    ask(store, replace(QUESTION, params={}, assigned_users=(ADA,)))
    body = {"chosen_options": ["Yes"]}
    assert locked.patch(EXTRACT, body).status_code == 401
    viewer = locked.bearing(token_of(locked, "viewer"))
    assert viewer.get(EXTRACT).status_code == 200
    assert viewer.patch(EXTRACT, body).status_code == 403
    other = locked.bearing(token_of(locked, "admin")).patch(EXTRACT, body)
    assert other.status_code == 403
    assert "User=admin (id=admin) is not a respondent for the task" in other.json()["detail"]
    answered = locked.bearing(token_of(locked, "user")).patch(EXTRACT, body)
    assert answered.json()["responded_by"] == {"id": "user", "name": "user"}


def test_a_task_that_waits_no_more_is_not_answered(api: Client, store: Store) -> None:
    ask(store, replace(QUESTION, params={}))
    run = store.get_run("etl", "first")
    store.set_instances_state(run.pk, [TaskKey("extract")], TaskState.SUCCESS)
    answer = api.patch(EXTRACT, {"chosen_options": ["Yes"]})
    assert answer.status_code == 409
    assert "its state is success" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        EXTRACT,
        EXTRACT.replace("extract", "nothing"),
        EXTRACT.replace("first", "nothing"),
        EXTRACT.replace("etl", "nothing"),
        EXTRACT + "/tries/1",
    ],
)
def test_where_nothing_is_asked_nothing_is_found(api: Client, path: str) -> None:
    assert api.get(path).status_code == 404
    if "tries" not in path:
        assert api.patch(path, {"chosen_options": ["Yes"]}).status_code == 404


def test_a_try_shows_what_it_asked(api: Client, store: Store) -> None:
    ask(store, replace(QUESTION, params={}))
    api.patch(EXTRACT, {"chosen_options": ["Later"]})
    found = api.get(EXTRACT + "/tries/1").json()
    assert (found["subject"], found["chosen_options"]) == ("Extract 50%?", ["Later"])
    assert found["task_instance"]["try_number"] == 1
    assert "rendered_fields" not in found["task_instance"]
    assert api.get(EXTRACT + "/tries/2").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["extract", "transform"]),
        ({"order_by": "-subject"}, ["transform", "extract"]),
        ({"limit": 1, "offset": 1}, ["transform"]),
        ({"task_id": "transform"}, ["transform"]),
        ({"task_id_pattern": "tra%t"}, ["extract"]),
        ({"task_id_prefix_pattern": "tr"}, ["transform"]),
        ({"dag_id_pattern": "tl"}, ["extract", "transform"]),
        ({"dag_id_prefix_pattern": "tl"}, []),
        ({"map_index": 0}, ["transform"]),
        ({"state": "awaiting_input"}, ["extract", "transform"]),
        ({"state": "running"}, []),
        ({"response_received": "true"}, ["transform"]),
        ({"response_received": "false"}, ["extract"]),
        ({"responded_by_user_id": "user"}, ["transform"]),
        ({"responded_by_user_name": ["nobody", "The User"]}, ["transform"]),
        ({"subject_search": "50%"}, ["extract"]),
        ({"body_search": "THIS"}, ["extract"]),
        ({"created_at_gte": "2026-03-01T12:00:01Z"}, []),
        ({"created_at_lt": "2026-03-01T12:00:01Z"}, ["extract", "transform"]),
    ],
)
def test_questions_are_listed_and_filtered(
    api: Client, store: Store, query: dict[str, str], found: list[str]
) -> None:
    ask(store)
    second = ask(store, InputRequest(subject="Transform?", options=("Ok",)), "transform")
    response = InputResponse(chosen_options=("Ok",), responded_at=NOON, responded_by=ADA)
    store.answer_input(second, response)
    for path in ("/dags/etl/dagRuns/first/hitlDetails", "/dags/~/dagRuns/~/hitlDetails"):
        answer = api.get(path, params=query).json()
        tasks = [detail["task_instance"]["task_id"] for detail in answer["hitl_details"]]
        assert tasks == found
        assert answer["total_entries"] == (2 if "limit" in query else len(found))


def test_an_order_that_there_is_not_is_refused(api: Client) -> None:
    answer = api.get("/dags/~/dagRuns/~/hitlDetails", params={"order_by": "body"})
    assert answer.status_code == 400
    assert "order by one of" in answer.json()["detail"]
