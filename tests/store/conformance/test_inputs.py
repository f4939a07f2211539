"""What tasks ask people, and the answers, in every database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, recorded, started

from slipstream.model.changes import DeferralKept, InputTimedOut, InstanceChanged
from slipstream.model.deferral import BY_PEOPLE, Deferral
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.input import InputRequest, InputResponse, Person, default_answer
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.errors import AttemptSupersededError
from slipstream.store.input_records import InputFilter, InputRecord
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, NoticeKind, Range, RunWrite, Window
from slipstream.wire.values import decode_value

LOAD = TaskKey("load")
ADA = Person("ada", "Ada L.")
QUESTION = InputRequest(
    subject="Load it?",
    options=("Yes", "No"),
    body="All of *it*.",
    defaults=("No",),
    params={"rows": {"value": 3, "description": "How many", "schema": {"type": "integer"}}},
    assigned_users=(ADA,),
)
YES = InputResponse(
    chosen_options=("Yes",), params_input={"rows": 5}, responded_at=later(9), responded_by=ADA
)


def asking(store: Store, request: InputRequest = QUESTION, run_id: str = "first") -> DagRun:
    """A run whose task `load` runs and has asked."""
    version = recorded(store) if run_id == "first" else store.get_dag("sales").latest
    run = attempted(store, started(store, version, run_id))
    store.ask_input(f"{run_id}-1", request)
    return run


def attempted(store: Store, run: DagRun, number: int = 1, **fields: object) -> DagRun:
    load = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        state=TaskState.RUNNING,
        try_number=1,
        attempt_id=f"{run.run_id}-{number}",
    )
    return changed(store, run, replace(load, **fields))  # type: ignore[arg-type]  # fields of it


def parked(store: Store, run: DagRun) -> DagRun:
    load = store.get_instance(run.dag_id, run.run_id, LOAD).instance
    kept = Deferral(
        attempt_id=load.attempt_id or "",
        classpath=BY_PEOPLE,
        kwargs="null",
        created_at=NOON,
        next_method="go_on",
    )
    changes = [
        InstanceChanged(replace(load, state=TaskState.AWAITING_INPUT)),
        DeferralKept(LOAD, kept),
    ]
    assert not store.apply([RunWrite(run.pk, run.revision, changes)])
    return store.get_run(run.dag_id, run.run_id)


def asked(store: Store, run: DagRun) -> InputRecord:
    return store.get_input(run.dag_id, run.run_id, LOAD)


def test_a_question_is_kept_as_it_was_asked(store: Store) -> None:
    run = asking(store)
    found = asked(store, run)
    assert (found.request, found.response, found.is_open) == (QUESTION, None, True)
    assert (found.attempt_id, found.try_number) == ("first-1", 1)
    assert found.asked_by.instance.key == LOAD
    assert store.get_asked(run.pk, LOAD, "first-1") == (QUESTION, None)
    assert store.given_inputs(["first-1"]) == []


def test_an_attempt_that_does_not_count_asks_nothing(store: Store) -> None:
    run = asking(store)
    with pytest.raises(AttemptSupersededError):
        store.ask_input("another", QUESTION)
    with pytest.raises(NotFoundError):
        store.get_asked(run.pk, LOAD, "another")
    with pytest.raises(NotFoundError, match="Task train has asked nobody anything"):
        store.get_asked(run.pk, TaskKey("train"), "first-1")
    with pytest.raises(NotFoundError):
        store.get_input(run.dag_id, run.run_id, TaskKey("train"))


def test_an_answer_is_kept_and_the_scheduler_told(store: Store) -> None:
    run = parked(store, asking(store))
    store.take_notices()
    store.answer_input("first-1", YES)
    (notice,) = store.take_notices()
    assert (notice.kind, notice.subject) == (NoticeKind.INPUT_GIVEN, "first-1")
    found = asked(store, run)
    assert (found.response, found.is_open) == (YES, False)
    (given,) = store.given_inputs(["first-1", "another"])
    assert (given.run_pk, given.key, given.attempt_id) == (run.pk, LOAD, "first-1")
    assert decode_value(given.event) == {
        "chosen_options": ["Yes"],
        "params_input": {"rows": 5},
        "responded_at": later(9),
        "responded_by_user": {"id": "ada", "name": "Ada L."},
        "timedout": False,
    }


def test_what_people_fill_in_stays_plain_data(store: Store) -> None:
    asking(store)
    odd = {"rows": {"__type__": "object", "__value__": {"class": "os.Thing"}}}
    store.answer_input("first-1", replace(YES, params_input=odd))
    (given,) = store.given_inputs(["first-1"])
    assert decode_value(given.event)["params_input"] == odd


def test_an_answer_counts_once(store: Store) -> None:
    asking(store)
    store.answer_input("first-1", YES)
    with pytest.raises(ConflictError, match="answered already"):
        store.answer_input("first-1", YES)
    with pytest.raises(NotFoundError):
        store.answer_input("another", YES)


@pytest.mark.parametrize("mark", [None, TaskState.SUCCESS])
def test_who_clears_or_marks_the_task_ends_the_wait(store: Store, mark: TaskState | None) -> None:
    run = parked(store, asking(store))
    if mark is None:
        store.clear_instances(run.pk, [LOAD])
        # In the next try it will ask anew; until then there is nothing to answer.
        with pytest.raises(NotFoundError):
            asked(store, run)
        assert store.get_input(run.dag_id, run.run_id, LOAD, try_number=1).request == QUESTION
        assert store.list_inputs(InputFilter(), Window()).total == 0
    else:
        store.set_instances_state(run.pk, [LOAD], mark)
        assert not asked(store, run).is_open
    assert store.load_run(run.pk).deferrals == {}
    with pytest.raises(ConflictError, match="does not wait for an answer any more"):
        store.answer_input("first-1", YES)


def test_an_attempt_in_the_place_of_a_lost_one_finds_the_answer(store: Store) -> None:
    run = asking(store)
    store.answer_input("first-1", YES)
    run = attempted(store, run, 2)
    store.ask_input("first-2", QUESTION)
    assert asked(store, run).response == YES
    assert [given.attempt_id for given in store.given_inputs(["first-1", "first-2"])] == ["first-2"]


@pytest.mark.parametrize("again", [replace(QUESTION, subject="Really?"), QUESTION])
def test_who_asks_another_question_gets_another_answer(store: Store, again: InputRequest) -> None:
    run = asking(store)
    if again == QUESTION:
        run = parked(store, run)  # It has had its answer, and asks the same once more.
    store.answer_input("first-1", YES)
    run = attempted(store, run, 2)
    store.ask_input("first-2", again)
    found = asked(store, run)
    assert (found.request, found.response) == (again, None)


def test_every_try_keeps_what_it_asked(store: Store) -> None:
    run = asking(store)
    store.answer_input("first-1", YES)
    run = attempted(store, run, 2, try_number=2)
    store.ask_input("first-2", replace(QUESTION, subject="Again?"))
    assert asked(store, run).request.subject == "Again?"
    earlier = store.get_input(run.dag_id, run.run_id, LOAD, try_number=1)
    assert (earlier.request, earlier.response) == (QUESTION, YES)
    assert store.list_inputs(InputFilter(), Window()).total == 1


def test_defaults_are_kept_as_the_answer_of_nobody(store: Store) -> None:
    run = parked(store, asking(store))
    late = InputTimedOut(LOAD, "first-1", later(60), default_answer(["No"], {"rows": 3}))
    assert not store.apply([RunWrite(run.pk, run.revision, [late])])
    response = asked(store, run).response
    assert response == InputResponse(
        chosen_options=("No",), params_input={"rows": 3}, responded_at=later(60)
    )
    with pytest.raises(ConflictError):
        store.answer_input("first-1", YES)


def test_a_timeout_without_defaults_leaves_the_question_unanswered(store: Store) -> None:
    run = parked(store, asking(store))
    late = InputTimedOut(LOAD, "first-1", later(60), None)
    assert not store.apply([RunWrite(run.pk, run.revision, [late])])
    assert asked(store, run).response is None


@pytest.mark.parametrize("default", [None, default_answer(["No"], {})])
def test_an_answer_comes_before_a_timeout(store: Store, default: str | None) -> None:
    run = parked(store, asking(store))
    store.answer_input("first-1", YES)
    load = store.get_instance(run.dag_id, run.run_id, LOAD).instance
    changes = [
        InstanceChanged(replace(load, state=TaskState.SCHEDULED)),
        InputTimedOut(LOAD, "first-1", later(60), default),
    ]
    assert store.apply([RunWrite(run.pk, run.revision, changes)]) == {run.pk}
    found = asked(store, run)
    assert (found.response, found.asked_by.instance.state) == (YES, TaskState.AWAITING_INPUT)


def subjects(store: Store, order: Sequence[str] = (), **which: object) -> list[str]:
    found = store.list_inputs(
        InputFilter(**which),  # type: ignore[arg-type]  # its fields
        Window(order_by=tuple(order)),
    )
    assert found.total == len(found.items)
    return [record.request.subject for record in found.items]


def test_questions_are_found_by_what_is_known_of_them(store: Store) -> None:
    asking(store, replace(QUESTION, subject="One?"), "first")
    other = asking(store, replace(QUESTION, subject="Two?", body=None), "second")
    store.answer_input("second-1", YES)
    assert subjects(store) == ["One?", "Two?"]
    assert subjects(store, ["-subject"]) == ["Two?", "One?"]
    assert subjects(store, response_received=False) == ["One?"]
    assert subjects(store, response_received=True, responded_by_ids=["ada"]) == ["Two?"]
    assert subjects(store, responded_by_names=["nobody"]) == []
    assert subjects(store, subject_pattern="%one%") == ["One?"]
    assert subjects(store, body_pattern="%ALL%") == ["One?"]
    assert subjects(store, instance=InstanceFilter(run_ids=["second"])) == ["Two?"]
    assert subjects(store, instance=InstanceFilter(states=[TaskState.DEFERRED])) == []
    assert subjects(store, created_at=Range(lt=later(-9_999_999))) == []
    page = store.list_inputs(InputFilter(), Window(limit=1, offset=1))
    assert ([one.request.subject for one in page.items], page.total) == (["Two?"], 2)
    store.set_run_state(other.dag_id, other.run_id, other.state.FAILED)
    store.delete_run(other.dag_id, other.run_id)
    assert subjects(store) == ["One?"]


def test_a_form_that_holds_anything_json_can_hold_comes_back(store: Store) -> None:
    params = {"a": {"value": [1, None, {"b": "ü"}], "description": None, "schema": {}}}
    run = asking(store, replace(QUESTION, params=params, defaults=None, assigned_users=()))
    assert json.loads(json.dumps(asked(store, run).request.params)) == params
