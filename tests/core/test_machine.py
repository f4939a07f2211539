"""One task after the other, attempts and their ends."""

from datetime import timedelta

import pytest
from tests.core.making import (
    BEGIN,
    Played,
    asked_past,
    cancelled,
    dag,
    released,
    run,
    task,
    timers,
)

from slipstream.core.machine import RunMachine
from slipstream.core.reasons import ReasonCode
from slipstream.core.transitions import TransitionError
from slipstream.model.attempt import (
    Cancelled,
    Deferred,
    Failed,
    Lost,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.changes import (
    InstanceChanged,
    InstancesAdded,
    Ready,
    Refused,
    Released,
    RunChanged,
)
from slipstream.model.errors import NotFoundError
from slipstream.model.events import (
    Admitted,
    AttemptEnded,
    PastSettled,
    RunStarted,
    TimerFired,
    TimerKind,
)
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState

DEFERRAL = Deferred(trigger_classpath="a.Trigger", method_name="go_on")


def played(*tasks: object, **more: object) -> Played:
    made = Played(dag(*tasks, **more))  # type: ignore[arg-type]
    made.start()
    return made


def test_a_run_begins_with_all_rows_and_its_roots_ready() -> None:
    made = Played(dag(task("a"), task("b", "a")))
    changes = made.start()
    assert isinstance(changes[0], RunChanged)
    assert changes[0].run.state is RunState.RUNNING
    assert isinstance(changes[1], InstancesAdded)
    assert [row.state for row in changes[1].instances] == [TaskState.SCHEDULED, TaskState.NONE]
    assert changes[2:] == [Ready(TaskKey("a"))]


def test_a_task_that_ends_makes_the_next_one_ready_at_once() -> None:
    made = played(task("a"), task("b", "a"))
    changes = made.do("a")
    assert [type(change) for change in changes] == [
        InstanceChanged,
        Released,
        InstanceChanged,
        Ready,
    ]
    assert made.states() == {"a": "success", "b": "scheduled"}


def test_a_run_ends_with_its_last_task() -> None:
    made = played(task("a"), task("b", "a"))
    made.do("a")
    assert not made.machine.is_finished
    made.do("b")
    assert made.machine.is_finished
    assert made.machine.run.state is RunState.SUCCESS
    assert made.machine.run.end_date == made.now


def test_a_run_without_tasks_succeeds_as_soon_as_it_begins() -> None:
    assert played().machine.run.state is RunState.SUCCESS


def test_every_change_says_why() -> None:
    made = played(task("a"), task("b", "a"))
    assert made.reason("a") == "Nothing is upstream of it, so it may run."
    made.do("a")
    assert made.reason("a") == "It succeeded on try 1."
    assert made.reason("b") == "Its trigger rule all_success is met: 1 of 1 upstream succeeded."
    made.do("b", Failed(message="ValueError: no"))
    assert made.reason("b") == "It failed: ValueError: no."
    assert made.machine.run.reason == "Task 'b' failed."


def test_an_attempt_says_everything_that_a_supervisor_needs() -> None:
    made = Played(dag(task("a", queue="gpu", retries=1, total_weight=3), fileloc="/dags/a.py"))
    made.start()
    made.admit("a")
    attempt = made.machine.attempt_for(TaskKey("a"))
    assert attempt.attempt_id == "attempt1"
    assert (attempt.try_number, attempt.max_tries) == (1, 1)
    assert (attempt.queue, attempt.priority, attempt.fileloc) == ("gpu", 3, "/dags/a.py")
    assert attempt.run.state is RunState.RUNNING


def test_there_is_no_attempt_before_admission_nor_after_the_end() -> None:
    made = played(task("a"))
    with pytest.raises(NotFoundError, match="it is scheduled"):
        made.machine.attempt_for(TaskKey("a"))
    made.do("a")
    with pytest.raises(NotFoundError, match="it is success"):
        made.machine.attempt_for(TaskKey("a"))


def test_what_was_admitted_is_released_exactly_once() -> None:
    made = played(task("a", retries=1))
    assert released(made.do("a", Failed(message="no"))) == [TaskKey("a")]
    made.fire(timers(made.said)[-1])
    assert released(made.do("a")) == [TaskKey("a")]


# Fences.


def test_a_report_of_an_attempt_that_does_not_count_is_refused() -> None:
    made = played(task("a"))
    made.admit("a")
    for outcome in (Succeeded(), Failed(message="no")):
        changes = made.tell(AttemptEnded(TaskKey("a"), "another", BEGIN, outcome))
        assert [type(change) for change in changes] == [Refused]
    assert made.state("a") is TaskState.QUEUED


def test_a_report_after_the_end_is_refused() -> None:
    made = played(task("a"), task("b", "a"))
    made.do("a")
    (change,) = made.end("a", Failed(message="late"))
    assert isinstance(change, Refused)
    assert made.state("a") is TaskState.SUCCESS


def test_an_end_may_overtake_the_beginning() -> None:
    made = played(task("a"))
    made.admit("a")
    made.end("a")
    assert made.state("a") is TaskState.SUCCESS
    assert isinstance(made.begin("a")[0], Refused)


def test_an_instance_that_is_not_ready_cannot_be_admitted() -> None:
    made = played(task("a"), task("b", "a"))
    with pytest.raises(TransitionError, match="'none' cannot 'admit'"):
        made.tell(Admitted(TaskKey("b"), "attempt", BEGIN))


def test_an_unknown_instance_is_an_error() -> None:
    made = played(task("a"))
    for key in (TaskKey("ghost"), TaskKey("a", 0)):
        with pytest.raises(NotFoundError, match="no task instance"):
            made.machine.state(key)


# Failures and retries.


def test_a_failure_is_tried_again_after_its_delay() -> None:
    made = played(task("a", retries=1, retry_delay=timedelta(minutes=2)))
    (timer,) = timers(made.do("a", Failed(message="no")))
    assert (timer.kind, timer.key) == (TimerKind.RETRY, TaskKey("a"))
    assert timer.at == made.now + timedelta(minutes=2)
    assert made.state("a") is TaskState.UP_FOR_RETRY
    assert made.row("a").not_before == timer.at
    made.fire(timer)
    assert made.ready == [TaskKey("a")]
    made.do("a")
    assert made.row("a").try_number == 2
    assert made.machine.run.state is RunState.SUCCESS


def test_a_retry_does_not_begin_before_its_time() -> None:
    made = played(task("a", retries=1))
    (timer,) = timers(made.do("a", Failed(message="no")))
    assert made.tell(TimerFired(timer.kind, made.now, timer.key)) == []
    assert made.state("a") is TaskState.UP_FOR_RETRY


def test_a_timer_that_has_become_pointless_is_ignored() -> None:
    made = played(task("a", retries=1))
    (timer,) = timers(made.do("a", Failed(message="no")))
    made.fire(timer)
    assert made.fire(timer) == []
    made.do("a")
    assert made.fire(timer) == []


def test_the_last_try_fails_for_good() -> None:
    made = played(task("a", retries=1))
    made.fire(timers(made.do("a", Failed(message="one")))[0])
    made.do("a", Failed(message="two"))
    assert made.state("a") is TaskState.FAILED
    assert made.reason("a") == "It failed on try 2 of 2: two."


def test_a_retry_policy_says_when_the_next_try_is_and_why() -> None:
    made = Played(dag(task("t", retries=2, retry_delay=timedelta(minutes=5))))
    made.start()
    failed = Failed(message="429", retry_delay=timedelta(seconds=40), policy="Rate limit")
    (timer,) = timers(made.do("t", failed))
    assert timer.at == made.now + timedelta(seconds=40)
    assert made.reason("t").endswith("429. Its retry policy said: Rate limit.")
    made.fire(timer)
    made.do("t", Failed(message="403", retryable=False, policy="No such user"))
    assert made.state("t") is TaskState.FAILED
    assert made.reason("t") == (
        "It failed and must not be retried: 403. Its retry policy said: No such user."
    )


def test_a_retry_policy_gives_no_more_tries_than_there_are() -> None:
    made = Played(dag(task("t", retries=1)))
    made.start()
    failed = Failed(message="no", retry_delay=timedelta(0), policy="again")
    (timer,) = timers(made.do("t", failed))
    made.fire(timer)
    assert not timers(made.do("t", failed))
    assert made.state("t") is TaskState.FAILED


def test_a_failure_that_must_not_be_retried_is_not() -> None:
    made = played(task("a", retries=3))
    made.do("a", Failed(message="no", retryable=False))
    assert made.state("a") is TaskState.FAILED


def test_a_task_may_skip_itself() -> None:
    made = played(task("a"), task("b", "a"))
    made.do("a", Skipped(message="nothing new"))
    assert made.states() == {"a": "skipped", "b": "skipped"}
    assert made.reason("a") == "Its code skipped it: nothing new."
    assert made.machine.run.state is RunState.SUCCESS


# Lost attempts.


def test_a_lost_attempt_is_begun_again_as_the_same_try() -> None:
    made = played(task("a"))
    changes = made.do("a", Lost(message="server died"))
    assert changes[1:] == [Released(TaskKey("a")), Ready(TaskKey("a"))]
    made.admit("a")
    row = made.row("a")
    assert (row.try_number, row.losses, row.attempt_id) == (1, 1, "attempt2")


def test_a_late_word_of_a_lost_attempt_is_refused() -> None:
    made = played(task("a"))
    made.do("a", Lost(message="gone"))
    (change,) = made.end("a")
    assert isinstance(change, Refused)


def test_three_losses_are_borne_and_the_fourth_is_a_failure() -> None:
    made = played(task("a", retries=1))
    for _ in range(3):
        made.do("a", Lost(message="gone"))
        assert made.state("a") is TaskState.SCHEDULED
    made.do("a", Lost(message="gone"))
    assert made.state("a") is TaskState.UP_FOR_RETRY
    assert "lost 4 times" in made.reason("a")
    made.fire(timers(made.said)[-1])
    made.do("a", Lost(message="gone"))
    assert made.row("a").losses == 1


# Rescheduling, deferral.


def test_a_rescheduled_sensor_goes_on_as_the_same_try() -> None:
    made = played(task("a"))
    first_begun = made.now
    (timer,) = timers(made.do("a", Rescheduled(at=BEGIN + timedelta(minutes=9))))
    assert timer.at == BEGIN + timedelta(minutes=9)
    assert made.state("a") is TaskState.UP_FOR_RESCHEDULE
    made.fire(timer)
    made.admit("a")
    attempt = made.machine.attempt_for(TaskKey("a"))
    assert (attempt.try_number, attempt.reschedules, attempt.first_start) == (1, 1, first_begun)
    made.begin("a")
    assert made.row("a").start_date == first_begun


# Cancelling.


def test_a_cancelled_attempt_is_decided_anew_as_a_new_try() -> None:
    made = played(task("a"))
    made.do("a", Cancelled())
    assert made.ready == [TaskKey("a")]
    made.admit("a")
    assert made.row("a").try_number == 2


# Dates and the past.


def test_a_task_that_starts_after_the_run_is_no_part_of_it() -> None:
    later = BEGIN + timedelta(days=1)
    made = played(task("a", start_date=later), task("b", "a"), task("c", end_date=BEGIN))
    assert made.states() == {"b": "scheduled", "c": "scheduled"}
    made = played(task("a", end_date=BEGIN - timedelta(days=1)))
    assert made.states() == {}
    assert made.machine.run.state is RunState.SUCCESS


def test_a_run_without_a_date_waits_for_the_start_of_a_task() -> None:
    later = BEGIN + timedelta(days=1)
    made = Played(dag(task("a", start_date=later)), run(logical_date=None))
    (timer,) = timers(made.start())
    assert (timer.kind, timer.at) == (TimerKind.TASK_START_DATE, later)
    assert made.machine.why(TaskKey("a")).code is ReasonCode.WAITS_FOR_START_DATE
    assert made.machine.run.state is RunState.RUNNING
    made.fire(timer)
    assert made.ready == [TaskKey("a")]


def test_what_depends_on_the_past_asks_before_it_is_ready() -> None:
    made = Played(dag(task("a", depends_on_past=True)))
    assert asked_past(made.start()) == [TaskKey("a")]
    assert made.state("a") is TaskState.NONE
    no = PastSettled(TaskKey("a"), BEGIN, satisfied=False, reason="It failed in the run before.")
    made.tell(no)
    assert made.reason("a") == "It failed in the run before."
    assert made.tell(no) == []
    assert made.machine.why(TaskKey("a")).code is ReasonCode.WAITS_FOR_PAST
    assert made.machine.run.state is RunState.RUNNING
    made.tell(PastSettled(TaskKey("a"), BEGIN, satisfied=True))
    assert made.ready == [TaskKey("a")]


def test_the_past_is_asked_only_when_the_upstreams_allow_the_task() -> None:
    made = Played(dag(task("a"), task("b", "a", wait_for_downstream=True)))
    assert asked_past(made.start()) == []
    assert asked_past(made.do("a")) == [TaskKey("b")]


def test_a_task_with_nothing_to_execute_succeeds_without_an_attempt() -> None:
    made = played(task("a", is_empty=True), task("b", "a", is_empty=True))
    assert made.states() == {"a": "success", "b": "success"}
    assert made.machine.is_finished
    assert made.ready == []


# Questions.


def test_why_names_what_is_waited_for() -> None:
    made = played(task("a"), task("b"), task("c", "a", "b"))
    assert made.machine.why(TaskKey("a")).code is ReasonCode.WAITS_FOR_PLACE
    made.do("a")
    why = made.machine.why(TaskKey("c"))
    assert why.code is ReasonCode.WAITS_FOR_UPSTREAM
    assert why.task_ids == ("b",)
    assert why.sentence == ("It waits for its trigger rule all_success: 1 of 2 upstream succeeded.")


def test_why_has_an_answer_for_every_state() -> None:
    made = Played(dag(task("a", retries=1), task("b", "a")))
    assert made.machine.why(TaskKey("a")).code is ReasonCode.NOT_STARTED
    made.start()
    made.admit("a")
    assert made.machine.why(TaskKey("a")).code is ReasonCode.WAITS_FOR_EXECUTOR
    made.begin("a")
    assert made.machine.why(TaskKey("a")).code is ReasonCode.RUNS
    made.end("a", Failed(message="no"))
    assert made.machine.why(TaskKey("a")).code is ReasonCode.WAITS_FOR_RETRY
    made.fire(timers(made.said)[-1])
    made.do("a", Failed(message="no"))
    assert made.machine.why(TaskKey("a")).code is ReasonCode.FAILED
    assert made.machine.why(TaskKey("b")).code is ReasonCode.UPSTREAM_FAILED


def test_live_attempts_are_those_that_an_executor_may_hold() -> None:
    made = played(task("a"), task("b"))
    made.admit("a")
    assert made.machine.live_attempts() == [(TaskKey("a"), "attempt1")]
    made.end("a")
    assert made.machine.live_attempts() == []


def test_an_instance_can_be_looked_at_while_it_is_under_way() -> None:
    made = played(task("a"))
    made.admit("a")
    assert made.machine.instance(TaskKey("a")).attempt_id == "attempt1"


def test_many_events_are_handled_one_after_the_other() -> None:
    machine = RunMachine(dag(task("a")), run())
    key = TaskKey("a")
    changes = machine.handle_many(
        [RunStarted(BEGIN), Admitted(key, "x", BEGIN), AttemptEnded(key, "x", BEGIN, Succeeded())]
    )
    assert isinstance(changes[-1], RunChanged)
    assert machine.is_finished


def test_the_same_events_give_the_same_changes() -> None:
    one, other = played(task("a", retries=2)), played(task("a", retries=2))
    for made in (one, other):
        made.do("a", Failed(message="no"))
        made.fire(timers(made.said)[-1])
        made.do("a")
    assert one.said == other.said
    assert cancelled(one.said) == []
