"""Tasks that wait for people, and how they go on."""

import json
from dataclasses import replace
from datetime import timedelta

from tests.core.making import BEGIN, Played, dag, released, task, timers

from slipstream.core.machine import RunMachine
from slipstream.core.reasons import ReasonCode
from slipstream.model.attempt import AwaitsInput, Failed, Lost, Succeeded
from slipstream.model.changes import (
    DeferralDropped,
    DeferralKept,
    InputTimedOut,
    InputWanted,
    InstanceChanged,
    Ready,
    Refused,
    Released,
)
from slipstream.model.deferral import BY_PEOPLE, Deferral
from slipstream.model.events import InputGiven, TimerKind
from slipstream.model.input import default_answer
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState

A = TaskKey("a")
ASKS = AwaitsInput(method_name="go_on", method_kwargs='{"y":2}')
LIMITED = replace(ASKS, timeout_at=BEGIN + timedelta(minutes=1))


def played(*tasks: object, **more: object) -> Played:
    made = Played(dag(*tasks, **more))  # type: ignore[arg-type]
    made.start()
    return made


def answered(made: Played, attempt: str | None = None) -> list[object]:
    return list(made.tell(InputGiven(A, attempt or made.attempts[A], made.now, '"yes"')))


def test_a_task_that_asks_gives_its_places_back_and_an_answer_is_looked_for() -> None:
    made = played(task("a"))
    changes = made.do("a", LIMITED)
    kept = Deferral(
        attempt_id=made.attempts[A],
        classpath=BY_PEOPLE,
        kwargs="null",
        created_at=made.now,
        timeout_at=BEGIN + timedelta(minutes=1),
        next_method="go_on",
        next_kwargs='{"y":2}',
    )
    assert [type(change) for change in changes[:1]] == [InstanceChanged]
    # Its pool counts it no more, even one that counts deferred tasks.
    assert changes[1:4] == [
        Released(A, waits=TaskState.AWAITING_INPUT),
        DeferralKept(A, kept),
        InputWanted(A, made.attempts[A]),
    ]
    assert made.state("a") is TaskState.AWAITING_INPUT
    why = made.machine.why(A)
    assert why.code is ReasonCode.WAITS_FOR_INPUT
    assert why.sentence == (
        "It waits for somebody to answer since 2026-01-01T00:00:01+00:00, "
        "until 2026-01-01T00:01:00+00:00 at the latest."
    )


def test_the_same_try_goes_on_with_the_answer() -> None:
    made = played(task("a"))
    made.do("a", ASKS)
    assert [type(change) for change in answered(made)] == [InstanceChanged, Ready, DeferralKept]
    assert made.row("a").reason == "Somebody has answered it."
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert (attempt.try_number, attempt.next_method) == (1, "go_on")
    assert (attempt.next_kwargs, attempt.next_event) == ('{"y":2}', '"yes"')


def test_an_answer_counts_once_and_only_for_who_asked() -> None:
    made = played(task("a"))
    made.do("a", ASKS)
    first = made.attempts[A]
    assert [type(change) for change in answered(made, "another")] == [Refused]
    answered(made)
    assert [type(change) for change in answered(made)] == [Refused]
    made.admit("a")
    made.begin("a")
    made.end("a", ASKS)
    assert [type(change) for change in answered(made, first)] == [Refused]
    assert made.state("a") is TaskState.AWAITING_INPUT


def test_an_answer_that_comes_before_the_wait_is_looked_for_again() -> None:
    made = played(task("a"))
    made.admit("a")
    made.begin("a")
    assert [type(change) for change in answered(made)] == [Refused]
    assert InputWanted(A, made.attempts[A]) in made.end("a", ASKS)


def test_where_nobody_answers_in_time_the_defaults_count() -> None:
    made = played(task("a"))
    default = default_answer(["Yes"], {"n": 1})
    made.do("a", replace(LIMITED, default=default))
    (timer,) = timers(made.said)
    assert (timer.kind, timer.at) == (TimerKind.INPUT_TIMEOUT, BEGIN + timedelta(minutes=1))
    changes = made.fire(timer)
    assert InputTimedOut(A, made.attempts[A], timer.at, default) in changes
    made.admit("a")
    told = json.loads(made.machine.attempt_for(A).next_event or "")
    assert (told["chosen_options"], told["params_input"]) == (["Yes"], {"n": 1})
    assert (told["timedout"], told["responded_by_user"]) == (True, None)
    assert [type(change) for change in answered(made)] == [Refused]


def test_without_defaults_the_task_is_told_that_its_time_is_up() -> None:
    made = played(task("a"))
    made.do("a", LIMITED)
    (timer,) = timers(made.said)
    assert InputTimedOut(A, made.attempts[A], timer.at, None) in made.fire(timer)
    assert "it has no defaults" in made.row("a").reason
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert attempt.next_method == "go_on"
    assert json.loads(attempt.next_event or "")["error_type"] == "timeout"


def test_a_timer_of_an_earlier_question_does_not_end_a_later_one() -> None:
    made = played(task("a"))
    made.do("a", LIMITED)
    (timer,) = timers(made.said)
    answered(made)
    made.admit("a")
    made.end("a", ASKS)
    made.fire(timer)
    assert made.state("a") is TaskState.AWAITING_INPUT


def test_the_answer_survives_the_loss_of_the_attempt_that_goes_on() -> None:
    made = played(task("a"))
    made.do("a", ASKS)
    answered(made)
    made.do("a", Lost(message="gone"))
    made.admit("a")
    assert made.machine.attempt_for(A).next_event == '"yes"'


def test_a_new_try_asks_anew() -> None:
    made = played(task("a", retries=1))
    made.do("a", ASKS)
    answered(made)
    changes = made.do("a", Failed(message="boom"))
    assert DeferralDropped(A) in changes
    made.fire(timers(changes)[0])
    made.admit("a")
    assert made.machine.attempt_for(A).next_method is None


def test_a_run_that_times_out_ends_the_wait() -> None:
    made = played(task("a"), dagrun_timeout=timedelta(minutes=5))
    made.do("a", ASKS)
    run_timer = next(one for one in timers(made.said) if one.kind is TimerKind.RUN_TIMEOUT)
    changes = made.fire(run_timer)
    assert DeferralDropped(A) in changes
    # It has kept a place under its task's own limits, if that has any.
    assert released(changes) == [A]
    assert (made.state("a"), made.machine.run.state) == (TaskState.SKIPPED, RunState.FAILED)


def test_a_machine_that_is_made_anew_looks_for_the_answer_again() -> None:
    made = played(task("a"), task("b", "a"))
    made.do("a", LIMITED)
    deferral = next(one.deferral for one in made.said if isinstance(one, DeferralKept))
    anew = RunMachine.restore(
        made.machine.dag,
        made.machine.run,
        [made.row("a"), made.row("b")],
        {},
        deferrals={A: deferral},
    )
    changes = anew.resume(made.now)
    assert InputWanted(A, deferral.attempt_id) in changes
    assert [timer.kind for timer in timers(changes)] == [TimerKind.INPUT_TIMEOUT]
    anew.handle(InputGiven(A, deferral.attempt_id, made.now, '"yes"'))
    assert anew.state(A) is TaskState.SCHEDULED


def test_one_of_whose_wait_nothing_is_known_starts_over() -> None:
    made = played(task("a"))
    made.do("a", ASKS)
    anew = RunMachine.restore(made.machine.dag, made.machine.run, [made.row("a")], {})
    anew.resume(made.now)
    assert anew.state(A) is TaskState.SCHEDULED


def test_the_tasks_below_wait_until_it_has_gone_on() -> None:
    made = played(task("a"), task("b", "a"))
    made.do("a", ASKS)
    assert made.state("b") is TaskState.NONE
    answered(made)
    made.do("a", Succeeded())
    assert made.state("b") is TaskState.SCHEDULED
