"""Tasks that wait on a trigger, and how they go on."""

import json
from dataclasses import replace
from datetime import timedelta

from tests.core.making import BEGIN, Played, dag, released, task, timers

from slipstream.core.machine import RunMachine
from slipstream.core.reasons import ReasonCode
from slipstream.model.attempt import Deferred, Failed, Lost, Rescheduled, Succeeded, XComWrite
from slipstream.model.changes import (
    DeferralDropped,
    DeferralKept,
    InstanceChanged,
    Ready,
    Refused,
    Released,
    TriggerDropped,
    TriggerWanted,
)
from slipstream.model.deferral import (
    TRIGGER_FAILED,
    Broken,
    Deferral,
    EndsTask,
    Fired,
    StartTrigger,
    TriggerEnd,
)
from slipstream.model.events import TimerKind, TriggerEnded
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState

A = TaskKey("a")
DEFERRAL = Deferred(
    trigger_classpath="a.Trigger",
    trigger_kwargs='{"x":1}',
    method_name="go_on",
    method_kwargs='{"y":2}',
)


def played(*tasks: object, **more: object) -> Played:
    made = Played(dag(*tasks, **more))  # type: ignore[arg-type]
    made.start()
    return made


def fired(made: Played, end: TriggerEnd | None = None, attempt: str | None = None) -> list[object]:
    event = TriggerEnded(A, attempt or made.attempts[A], made.now, end or Fired(payload='"it"'))
    return list(made.tell(event))


def test_a_deferred_task_is_kept_and_then_its_trigger_is_wanted() -> None:
    made = played(task("a"))
    changes = made.do("a", DEFERRAL)
    kept = Deferral(
        attempt_id=made.attempts[A],
        classpath="a.Trigger",
        kwargs='{"x":1}',
        created_at=made.now,
        next_method="go_on",
        next_kwargs='{"y":2}',
    )
    assert [type(change) for change in changes] == [
        InstanceChanged,
        Released,
        DeferralKept,
        TriggerWanted,
    ]
    assert changes[1:] == [
        Released(A, waits=TaskState.DEFERRED),
        DeferralKept(A, kept),
        TriggerWanted(A, kept),
    ]
    why = made.machine.why(A)
    assert why.code is ReasonCode.WAITS_FOR_TRIGGER
    assert "a.Trigger since 2026-01-01T00:00:01" in why.sentence


def test_the_same_try_goes_on_with_the_event() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    changes = fired(made)
    assert [type(change) for change in changes] == [
        InstanceChanged,
        Ready,
        DeferralKept,
        TriggerDropped,
    ]
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert (attempt.try_number, attempt.next_method) == (1, "go_on")
    assert (attempt.next_kwargs, attempt.next_event) == ('{"y":2}', '"it"')


def test_an_event_counts_once() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    first = made.attempts[A]
    fired(made)
    assert [type(change) for change in fired(made)] == [Refused, TriggerDropped]
    made.admit("a")
    made.begin("a")
    made.end("a", DEFERRAL)
    assert [type(change) for change in fired(made, attempt=first)] == [Refused, TriggerDropped]
    assert made.state("a") is TaskState.DEFERRED
    fired(made)
    assert made.state("a") is TaskState.SCHEDULED


def test_a_trigger_that_fails_sends_its_task_on_to_fail() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    fired(made, Broken(error="ValueError: no", traceback=("one", "two")))
    assert made.row("a").reason == "The trigger that it waited for failed: ValueError: no."
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert (attempt.next_method, attempt.next_event) == (TRIGGER_FAILED, None)
    assert json.loads(attempt.next_kwargs) == {
        "error": "Trigger failure",
        "trigger": DEFERRAL.trigger_classpath,
        "cause": "ValueError: no",
        "traceback": ["one", "two"],
    }


def test_a_wait_that_takes_too_long_fails() -> None:
    made = played(task("a"))
    made.do("a", replace(DEFERRAL, timeout_at=BEGIN + timedelta(minutes=1)))
    (timer,) = timers(made.said)
    assert (timer.kind, timer.at) == (TimerKind.TRIGGER_TIMEOUT, BEGIN + timedelta(minutes=1))
    changes = made.fire(timer)
    assert TriggerDropped(A, made.attempts[A]) in changes
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert attempt.next_method == TRIGGER_FAILED
    assert json.loads(attempt.next_kwargs) == {
        "error": "Trigger timeout",
        "trigger": DEFERRAL.trigger_classpath,
        "given_seconds": 59.0,
    }


def test_a_timer_of_an_earlier_wait_does_not_end_a_later_one() -> None:
    made = played(task("a"))
    made.do("a", replace(DEFERRAL, timeout_at=BEGIN + timedelta(minutes=1)))
    (timer,) = timers(made.said)
    fired(made)
    made.admit("a")
    made.end("a", DEFERRAL)
    made.fire(timer)
    assert made.state("a") is TaskState.DEFERRED


def test_the_time_of_the_whole_try_limits_its_waits() -> None:
    made = played(task("a", execution_timeout=timedelta(seconds=30)))
    made.admit("a")
    made.begin("a")
    made.end("a", DEFERRAL)
    (timer,) = timers(made.said)
    assert timer.at == BEGIN + timedelta(seconds=30)


def test_what_was_waited_for_survives_the_loss_of_the_attempt_that_goes_on() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    fired(made)
    made.do("a", Lost(message="gone"))
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert (attempt.try_number, attempt.next_method, attempt.next_event) == (1, "go_on", '"it"')


def test_a_new_try_and_a_new_look_begin_from_the_start() -> None:
    for outcome in (Failed(message="boom"), Rescheduled(at=BEGIN)):
        made = played(task("a", retries=1))
        made.do("a", DEFERRAL)
        fired(made)
        changes = made.do("a", outcome)
        assert DeferralDropped(A) in changes
        made.fire(timers(changes)[0])
        made.admit("a")
        assert made.machine.attempt_for(A).next_method is None


def test_the_end_of_the_task_forgets_its_wait() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    fired(made)
    assert DeferralDropped(A) in made.do("a", Succeeded())
    assert made.machine.is_finished


def test_a_trigger_can_end_its_task() -> None:
    for state, run_state in (
        (TaskState.SUCCESS, RunState.SUCCESS),
        (TaskState.SKIPPED, RunState.SUCCESS),
        (TaskState.FAILED, RunState.FAILED),
    ):
        made = played(task("a"))
        made.do("a", DEFERRAL)
        push = XComWrite("return_value", "1")
        changes = fired(made, EndsTask(state=state, xcoms=(push,)))
        ended = next(change for change in changes if isinstance(change, InstanceChanged))
        assert (ended.instance.state, ended.xcoms) == (state, (push,))
        assert DeferralDropped(A) in changes
        assert TriggerDropped(A, made.attempts[A]) in changes
        assert made.machine.run.state is run_state
        assert released(made.said) == [A, A]


def test_a_failure_by_a_trigger_is_tried_again_like_any_other() -> None:
    """As in Airflow 3.3.2 (`TaskFailedEvent` with retries left); what it gives is then dropped."""
    made = played(task("a", retries=1), task("b"), fail_fast=True)
    for try_number in (1, 2):
        made.do("a", DEFERRAL)
        assert made.row("a").try_number == try_number
        push = XComWrite("return_value", "1")
        changes = fired(made, EndsTask(state=TaskState.FAILED, xcoms=(push,)))
        after = next(change for change in changes if isinstance(change, InstanceChanged))
        dropped = [change for change in changes if isinstance(change, TriggerDropped)]
        assert released(changes) == [A]
        assert DeferralDropped(A) in changes
        if try_number == 1:
            assert (after.instance.state, after.xcoms) == (TaskState.UP_FOR_RETRY, ())
            assert dropped[-1].counted == EndsTask(state=TaskState.UP_FOR_RETRY)
            assert made.state("b") is not TaskState.SKIPPED
            made.fire(timers(changes)[0])
    assert (after.instance.state, after.xcoms) == (TaskState.FAILED, (push,))
    assert made.state("b") is TaskState.SKIPPED


def test_a_failure_by_a_trigger_stops_a_dag_that_fails_fast() -> None:
    made = played(task("a"), task("b"), fail_fast=True)
    made.admit("b")
    made.begin("b")
    made.do("a", DEFERRAL)
    fired(made, EndsTask(state=TaskState.FAILED))
    assert made.state("b") is TaskState.FAILED


def test_what_stops_a_waiting_task_drops_its_trigger() -> None:
    made = played(task("a"), task("b"), fail_fast=True)
    made.do("a", DEFERRAL)
    changes = made.do("b", Failed(message="boom"))
    assert made.state("a") is TaskState.SKIPPED
    assert TriggerDropped(A, made.attempts[A]) in changes


def test_a_task_may_begin_with_a_wait() -> None:
    start = StartTrigger(classpath="a.Trigger", kwargs="{}", next_method="go_on")
    made = played(task("a", start_trigger=start))
    changes = made.admit("a")
    assert made.state("a") is TaskState.DEFERRED
    assert Released(A, waits=TaskState.DEFERRED) in changes
    assert made.row("a").try_number == 1
    fired(made)
    made.admit("a")
    attempt = made.machine.attempt_for(A)
    assert (attempt.try_number, attempt.next_method, attempt.first_start) == (1, "go_on", BEGIN)
    assert made.state("a") is TaskState.QUEUED


def test_a_wait_goes_on_after_a_restart() -> None:
    made = played(task("a"))
    made.do("a", replace(DEFERRAL, timeout_at=BEGIN + timedelta(hours=1)))
    wanted = next(change for change in made.said if isinstance(change, TriggerWanted))
    restored = restore(made, {A: wanted.deferral})
    changes = restored.resume(made.now)
    assert wanted in changes
    assert [(timer.kind, timer.at) for timer in timers(changes)] == [
        (TimerKind.TRIGGER_TIMEOUT, BEGIN + timedelta(hours=1))
    ]
    after = restored.handle(TriggerEnded(A, made.attempts[A], made.now, Fired()))
    assert Ready(A) in after


def test_a_wait_that_nobody_knows_of_any_more_starts_over() -> None:
    made = played(task("a"))
    made.do("a", DEFERRAL)
    restored = restore(made, {})
    assert Ready(A) in restored.resume(made.now)


def restore(made: Played, deferrals: dict[TaskKey, Deferral]) -> RunMachine:
    return RunMachine.restore(made.dag, made.machine.run, [made.row("a")], {}, deferrals=deferrals)
