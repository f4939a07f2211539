"""Operators that ask people, measured by the standard provider 1.21.0 on Airflow 3.3.2."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipstream.model.errors import InvalidInputError
from slipstream.sdk import DAG, BaseNotifier, BaseOperator, Param, TaskGroup, setup, task
from slipstream.sdk._people import upsert_hitl_detail
from slipstream.sdk._standard_exceptions import (
    HITLRejectException,
    HITLTimeoutError,
    HITLTriggerEventError,
)
from slipstream.sdk.exceptions import TaskAwaitingInput
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.hitl import (
    ApprovalOperator,
    HITLBranchOperator,
    HITLEntryOperator,
    HITLOperator,
)
from slipstream.sdk.triggers.hitl import HITLTrigger
from slipstream.testing.answering import NobodyAnswersError, answering
from slipstream.testing.kit import TestedRun, run_dag

MINUTE = timedelta(minutes=1)


def asked(make: Any, *below: Any, **answers: Any) -> TestedRun:
    """The run of a DAG in which a task asks and others stand below it."""
    with DAG("d", params={"of_dag": 1}) as dag:
        operator = make()
        for one in below:
            operator >> one()
    return run_dag(dag, answers=answers)


def question(**more: Any) -> HITLOperator:
    return HITLOperator(task_id="ask", **{"subject": "Which?", "options": ["a", "b"], **more})


# What is asked.


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"options": []}, '"options" cannot be empty'),
        ({"params": {"_options": 1}}, '"_options" is not allowed in params'),
        ({"defaults": "c"}, "should be a subset of options"),
        ({"defaults": ["a", "b"]}, 'when "multiple" is set to False'),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(more: dict[str, Any], complaint: str) -> None:
    with DAG("d"), pytest.raises(ValueError, match=complaint):
        question(**more)


def test_what_an_author_gives_is_taken_in_its_short_forms() -> None:
    with DAG("d", params={"of_dag": 1}):
        one = question(
            defaults="a",
            params={"n": 3, "s": Param(type="string"), "not": Param(1, source="dag")},
            assigned_users={"id": "ada", "name": "Ada"},
        )
    assert one.defaults == ["a"]
    assert one.assigned_users == [{"id": "ada", "name": "Ada"}]
    assert one.serialized_params == {
        "n": {"value": 3, "description": None, "schema": {}, "source": "task"},
        "s": {"description": None, "schema": {"type": "string"}, "source": "task"},
    }
    assert one.hitl_summary["options"] == ["a", "b"]


def test_an_execution_timeout_becomes_the_time_to_answer() -> None:
    with DAG("d"), pytest.warns(DeprecationWarning, match="response_timeout"):
        one = question(execution_timeout=MINUTE)
    assert (one.response_timeout, one.execution_timeout) == (MINUTE, None)


def test_an_approval_has_its_own_options() -> None:
    with DAG("d"):
        for name in ("options", "multiple"):
            with pytest.raises(ValueError, match=f"Passing {name} to ApprovalOperator"):
                ApprovalOperator(task_id="a", subject="s", **{name: ["x"]})


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [({"c": "t"}, "not in `options`"), ({"a": 1}, "must be strings")],
)
def test_a_mapping_of_branches_is_checked(mapping: Any, complaint: str) -> None:
    with DAG("d"), pytest.raises(ValueError, match=complaint):
        HITLBranchOperator(task_id="b", subject="s", options=["a", "b"], options_mapping=mapping)


def test_a_form_has_an_ok_unless_it_has_options() -> None:
    with DAG("d"):
        plain = HITLEntryOperator(task_id="a", subject="s")
        own = HITLEntryOperator(task_id="b", subject="s", options=["Send"])
    assert (plain.options, plain.defaults) == (["OK"], ["OK"])
    assert (own.options, own.defaults) == (["Send"], None)


# What is answered.


def test_the_answer_is_what_the_task_returns() -> None:
    run = asked(
        lambda: question(
            subject="Which of {{ dag.dag_id }}?",
            multiple=True,
            params={"n": Param(3, type="integer")},
        ),
        ask={"chosen_options": ["b", "a"], "params_input": {"n": 4}},
    )
    result = run.result("ask")
    assert (result["chosen_options"], result["params_input"]) == (["b", "a"], {"n": 4})
    assert set(result["responded_by_user"]) == {"id", "name"}
    assert isinstance(result["responded_at"], datetime)


def test_where_nobody_answers_in_time_the_defaults_count() -> None:
    run = asked(lambda: question(defaults="b", response_timeout=MINUTE, params={"n": 3}))
    result = run.result("ask")
    assert (result["chosen_options"], result["params_input"]) == (["b"], {"n": 3})
    assert result["responded_by_user"] is None


def test_where_nobody_answers_and_nothing_counts_the_task_fails() -> None:
    run = asked(lambda: question(response_timeout=MINUTE))
    assert run.states == {"ask": "failed"}
    assert "HITLTimeoutError: Nobody has answered in time" in run.reason_of("ask")


def test_an_event_that_tells_of_an_error_fails_the_task() -> None:
    with DAG("d"):
        one = question()
    with pytest.raises(HITLTriggerEventError, match="odd"):
        one.execute_complete({}, {"error": "odd", "error_type": "unknown"})  # type: ignore[arg-type]
    with pytest.raises(HITLTimeoutError):
        one.execute_complete({}, {"error": "late", "error_type": "timeout"})  # type: ignore[arg-type]
    event = {"chosen_options": ["c"], "params_input": {}, "responded_by_user": None}
    with pytest.raises(ValueError, match="Responses 'c' not in"):
        one.execute_complete({}, event)  # type: ignore[arg-type]


def test_an_approval_goes_on() -> None:
    run = asked(
        lambda: ApprovalOperator(task_id="ask", subject="Ok?"),
        lambda: EmptyOperator(task_id="below"),
        ask="Approve",
    )
    assert run.states == {"ask": "success", "below": "success"}


def rejected(**more: Any) -> dict[str, str]:
    with DAG("d") as dag:
        ask = ApprovalOperator(task_id="ask", subject="Ok?", **more)
        direct = EmptyOperator(task_id="direct")
        last = EmptyOperator(task_id="last", trigger_rule="all_done")
        ask >> direct >> last

        @setup
        def begin() -> None:
            pass

        ask >> begin()
    return dict(run_dag(dag, answers={"ask": "Reject"}).states)


def test_a_rejection_skips_what_is_below() -> None:
    states = rejected()
    assert (states["ask"], states["direct"], states["last"]) == ("success", "skipped", "success")
    states = rejected(ignore_downstream_trigger_rules=True)
    assert (states["ask"], states["direct"], states["last"]) == ("success", "skipped", "skipped")


def test_a_rejection_can_fail_the_task() -> None:
    assert rejected(fail_on_reject=True)["ask"] == "failed"
    with DAG("d"):
        one = ApprovalOperator(task_id="ask", subject="Ok?", fail_on_reject=True)
    event = {
        "chosen_options": ["Reject"],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": None,
    }
    with pytest.raises(HITLRejectException, match="Reject"):
        one.execute_complete({"task": one}, event)  # type: ignore[arg-type]
    assert one.hitl_summary["approved"] is False


def test_people_choose_among_branches_and_groups() -> None:
    with DAG("d") as dag:
        ask = HITLBranchOperator(
            task_id="ask",
            subject="Where?",
            options=["East", "west", "Both"],
            options_mapping={"East": "east", "Both": "group"},
            multiple=True,
        )
        with TaskGroup("group") as group:
            EmptyOperator(task_id="inside")
        ask >> [EmptyOperator(task_id="east"), EmptyOperator(task_id="west"), group]
    states = run_dag(dag, answers={"ask": ["East", "Both"]}).states
    assert states == {
        "ask": "success",
        "east": "success",
        "west": "skipped",
        "group.inside": "success",
    }


def test_every_instance_of_a_mapped_task_asks() -> None:
    with DAG("d") as dag:
        HITLOperator.partial(task_id="ask", options=["a", "b"]).expand(subject=["one?", "two?"])
    run = run_dag(dag, answers={"ask": "b"})
    assert run.states == {"ask[0]": "success", "ask[1]": "success"}


# Who is told.


class Telling(BaseNotifier):
    """Keeps the address that people are sent."""

    template_fields = ("message",)
    told: list[str] = []  # noqa: RUF012  # Copies of it share the list.

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Any) -> None:
        link = HITLOperator.generate_link_to_ui_from_context(
            context=context, base_url="https://us:1/below", options=["a"], params_input={"n": 4}
        )
        self.told.append(f"{self.message} {link}")


def test_notifiers_are_told_when_the_question_is_asked() -> None:
    Telling.told.clear()
    run = asked(
        lambda: question(notifiers=Telling("{{ task.subject }}"), params={"n": 1}),
        ask={"chosen_options": ["a"], "params_input": {"n": 2}},
    )
    assert Telling.told == [
        f"Which? https://us:1/dags/d/runs/{run.run_id.replace(' ', '%20')}/tasks/ask/"
        "required_actions?_options=%5B%27a%27%5D&n=4&map_index=-1"
    ]


def test_a_link_is_made_for_what_can_be_answered() -> None:
    with DAG("d") as dag:
        one = question(params={"n": 1})
        other = EmptyOperator(task_id="other")
    ti = dag.create_dagrun(run_id="r").get_task_instance("ask")
    link = one.generate_link_to_ui(task_instance=ti, options="b", base_url="http://set:2")
    assert link.startswith("http://set:2/dags/d/runs/r/")
    with pytest.raises(ValueError, match="base_url"):
        one.generate_link_to_ui(task_instance=ti)
    with pytest.raises(ValueError, match="are not valid options"):
        one.generate_link_to_ui(task_instance=ti, options="c")
    with pytest.raises(ValueError, match="are not valid params"):
        one.generate_link_to_ui(task_instance=ti, params_input={"m": 1})
    with pytest.raises(ValueError, match="only supports HITLOperator"):
        HITLOperator.generate_link_to_ui_from_context(context={"task": other})  # type: ignore[arg-type]


# Operators of one's own.


class Twice(BaseOperator):
    """Asks, and asks again."""

    def execute(self, context: Any) -> None:
        upsert_hitl_detail(ti_id=context["ti"].id, options=["a"], subject="First?", params={"n": 1})
        raise TaskAwaitingInput(method_name="again", kwargs={"seen": "x"}, timeout=60)

    def again(self, context: Any, event: Mapping[str, Any], seen: str) -> Any:
        if seen == "xx":
            return event["chosen_options"]
        upsert_hitl_detail(ti_id=context["ti"].id, options=["a", "b"], subject="Sure?")
        raise TaskAwaitingInput(method_name="again", kwargs={"seen": "xx"})


def test_a_task_can_ask_twice() -> None:
    assert asked(lambda: Twice(task_id="ask"), ask="a").result("ask") == ["a"]


@pytest.mark.parametrize("ti_id", [None, "another"])
def test_who_waits_must_have_asked_in_its_own_name(ti_id: str | None) -> None:
    @task(retries=2)
    def ask() -> None:
        if ti_id is not None:
            upsert_hitl_detail(ti_id=ti_id, options=["a"], subject="s")
        raise TaskAwaitingInput(method_name="x")

    run = asked(ask)
    assert run.states == {"ask": "failed"}
    said = "asked nobody anything" if ti_id is None else "asks people in its own name"
    assert said in run.reason_of("ask")


class Deferring(BaseOperator):
    """Waits as operators for Airflow before 3.3 do."""

    def __init__(self, *, until: float | None = None, defaults: Any = None, **more: Any) -> None:
        super().__init__(**more)
        self.until = until
        self.defaults = defaults

    def execute(self, context: Any) -> None:
        ti_id = context["ti"].id
        params = {"n": Param(3, type="integer").serialize()}
        upsert_hitl_detail(ti_id=ti_id, options=["a", "b"], subject="Old?", params=params)
        at = None if self.until is None else datetime.now(UTC) + timedelta(seconds=self.until)
        trigger = HITLTrigger(
            ti_id=ti_id,
            options=["a", "b"],
            params=params,
            defaults=self.defaults,
            timeout_datetime=at,
            poke_interval=0.01,
        )
        self.defer(trigger=trigger, method_name="go_on")

    def go_on(self, context: Any, event: Any) -> Any:
        del context
        return event


def test_a_trigger_waits_for_people_too() -> None:
    answer = {"chosen_options": ["b"], "params_input": {"n": 5}}
    event = asked(lambda: Deferring(task_id="ask"), ask=answer).result("ask")
    assert (event["chosen_options"], event["params_input"]) == (["b"], {"n": 5})
    assert event["timedout"] is False


def test_a_trigger_takes_the_defaults_when_the_time_is_up() -> None:
    event = asked(lambda: Deferring(task_id="ask", until=0.02, defaults=["a"])).result("ask")
    assert (event["chosen_options"], event["timedout"]) == (["a"], True)
    event = asked(lambda: Deferring(task_id="ask", until=0.02)).result("ask")
    assert event["error_type"] == "timeout"


# Runs without a server.


def test_answers_are_given_to_a_test_run() -> None:
    with DAG("d") as dag:
        question()
    with answering({"ask": "b"}):
        assert dag.test().get_task_instance("ask").state == "success"
    with pytest.raises(NobodyAnswersError, match="'ask' waits for somebody to answer 'Which\\?'"):
        run_dag(dag)
    with pytest.raises(InvalidInputError, match="The answer for task 'ask': Invalid options"):
        run_dag(dag, answers={"ask": "c"})
    with pytest.raises(InvalidInputError, match="expected an option"):
        run_dag(dag, answers={"ask": 3})
    with pytest.raises(InvalidInputError, match="answers names 'other'"):
        run_dag(dag, answers={"other": "a"})


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_a_test_run_asks_at_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with DAG("d") as dag:
        question(body="Think.", params={"n": Param(3, type="integer"), "s": Param(type="string")})
    # A wrong option first; then the number of one, the default of a field, and a text.
    monkeypatch.setattr("sys.stdin", Terminal("c\n\nx\n2\n\nhello\n"))
    result = dag.test().get_task_instance("ask").xcom_pull("ask")
    assert (result["chosen_options"], result["params_input"]) == (["b"], {"n": 3, "s": "hello"})
    shown = capsys.readouterr().out
    assert "Task ask asks: Which?" in shown
    assert "Invalid options ['c']" in shown


def test_a_task_that_a_test_runs_by_itself_waits() -> None:
    with DAG("d") as dag:
        question()
    ti = dag.create_dagrun().get_task_instance("ask")
    ti.run()
    assert ti.state == "awaiting_input"
