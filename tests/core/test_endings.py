"""Setups and teardowns, and how a run ends."""

from datetime import timedelta
from typing import Any

from tests.core.making import BEGIN, Played, cancelled, dag, released, run, task, timers

from slipstream.core.reasons import ReasonCode
from slipstream.core.run_end import EndReason, telling_instance
from slipstream.model.attempt import Cancelled, Failed, Lost, Skipped, Succeeded
from slipstream.model.changes import CallbackOwed, Change, RunChanged
from slipstream.model.dag import DagSpec
from slipstream.model.events import TimerFired, TimerKind
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import RunState, TaskState

AFTER_SETUP = "all_done_setup_success"


def played(*tasks: object, **more: object) -> Played:
    made = Played(dag(*tasks, **more))  # type: ignore[arg-type]
    made.start()
    return made


def with_setup(**of_teardown: object) -> DagSpec:
    return dag(
        task("begin", is_setup=True),
        task("work", "begin"),
        task("more", "work"),
        task("end", "begin", "more", is_teardown=True, trigger_rule=AFTER_SETUP, **of_teardown),
    )


def test_a_teardown_runs_when_its_setup_succeeded_whatever_the_work_did() -> None:
    made = Played(with_setup())
    made.start()
    made.do("begin")
    made.do("work", Failed(message="no"))
    assert made.state("more") is TaskState.UPSTREAM_FAILED
    assert made.state("end") is TaskState.SCHEDULED
    made.do("end")
    assert made.machine.run.state is RunState.FAILED


def test_a_teardown_does_not_run_when_its_setup_failed() -> None:
    made = Played(with_setup())
    made.start()
    made.do("begin", Failed(message="no"))
    assert set(made.states().values()) == {"failed", "upstream_failed"}


def test_a_teardown_that_fails_does_not_fail_the_run() -> None:
    made = Played(with_setup())
    made.start()
    for task_id in ("begin", "work", "more"):
        made.do(task_id)
    made.do("end", Failed(message="no"))
    assert made.machine.run.state is RunState.SUCCESS


def test_a_teardown_fails_the_run_where_it_says_so() -> None:
    made = Played(with_setup(on_failure_fail_dagrun=True))
    made.start()
    for task_id in ("begin", "work", "more"):
        made.do(task_id)
    made.do("end", Failed(message="no"))
    assert made.machine.run.state is RunState.FAILED
    assert made.machine.run.reason == "Task 'end' failed."


def test_a_task_waits_for_a_setup_that_it_works_under() -> None:
    made = played(
        task("begin", is_setup=True),
        task("fast", "begin", trigger_rule="always"),
        task("work", "fast"),
        task("end", "begin", "work", is_teardown=True, trigger_rule=AFTER_SETUP),
    )
    made.do("fast")
    assert made.state("work") is TaskState.NONE
    why = made.machine.why(TaskKey("work"))
    assert (why.code, why.task_ids) == (ReasonCode.WAITS_FOR_SETUP, ("begin",))
    made.do("begin", Skipped())
    assert made.state("work") is TaskState.SKIPPED


def test_a_run_fails_when_a_leaf_failed_and_not_when_it_was_caught() -> None:
    made = played(task("a"), task("b", "a", trigger_rule="one_failed"))
    made.do("a", Failed(message="no"))
    made.do("b")
    assert made.machine.run.state is RunState.SUCCESS
    made = played(task("a"), task("b", "a"))
    made.do("a", Failed(message="no"))
    assert made.machine.run.state is RunState.FAILED
    assert made.machine.run.reason == "Task 'b' failed."


def test_a_run_goes_on_after_a_failure_until_everything_is_done() -> None:
    made = played(task("a"), task("b"))
    made.do("a", Failed(message="no"))
    assert made.machine.run.state is RunState.RUNNING
    made.do("b")
    assert made.machine.run.state is RunState.FAILED


# fail_fast


def test_a_failure_in_a_dag_that_fails_fast_stops_everything_else() -> None:
    made = played(
        task("bad"),
        task("running"),
        task("queued"),
        task("waiting", "running"),
        task("retrying", retries=1),
        fail_fast=True,
    )
    made.do("retrying", Failed(message="once"))
    made.admit("running")
    made.begin("running")
    made.admit("queued")
    changes = made.do("bad", Failed(message="no"))
    assert made.states() == {
        "bad": "failed",
        "running": "failed",
        "queued": "skipped",
        "waiting": "skipped",
        "retrying": "skipped",
    }
    assert cancelled(changes) == ["attempt2", "attempt3"]
    assert made.reason("waiting") == "Task 'bad' failed and the DAG is set to fail fast."


def test_the_places_of_what_was_stopped_are_free_when_it_is_gone() -> None:
    made = played(task("bad"), task("running"), fail_fast=True)
    made.admit("running")
    changes = made.do("bad", Failed(message="no"))
    assert released(changes) == [TaskKey("bad")]
    assert made.machine.run.state is RunState.FAILED
    assert not made.machine.is_finished
    assert made.machine.live_attempts() == [(TaskKey("running"), "attempt1")]
    assert released(made.end("running", Cancelled())) == [TaskKey("running")]
    assert made.machine.is_finished


def test_a_teardown_is_spared_by_failing_fast() -> None:
    made = played(
        task("begin", is_setup=True),
        task("work", "begin"),
        task("end", "begin", "work", is_teardown=True, trigger_rule=AFTER_SETUP),
        fail_fast=True,
    )
    made.do("begin")
    made.do("work", Failed(message="no"))
    assert made.ready == [TaskKey("end")]


def test_a_failure_that_is_retried_does_not_fail_fast() -> None:
    made = played(task("a", retries=1), task("b"), fail_fast=True)
    made.do("a", Failed(message="no"))
    assert made.state("b") is TaskState.SCHEDULED


# dagrun_timeout


def test_a_run_whose_time_is_over_fails_and_cuts_everything_off() -> None:
    made = Played(dag(task("a"), task("b", "a"), dagrun_timeout=timedelta(minutes=5)))
    (timer,) = timers(made.start())
    assert (timer.kind, timer.at) == (TimerKind.RUN_TIMEOUT, BEGIN + timedelta(minutes=5))
    made.admit("a")
    made.begin("a")
    changes = made.fire(timer)
    assert made.states() == {"a": "skipped", "b": "skipped"}
    assert cancelled(changes) == ["attempt1"]
    assert made.machine.run.state is RunState.FAILED
    assert made.machine.run.reason == "The run took longer than its dagrun_timeout of 300 s."
    made.end("a", Succeeded())
    assert made.state("a") is TaskState.SKIPPED
    assert made.machine.is_finished


def test_the_timeout_of_a_run_that_ended_means_nothing() -> None:
    made = Played(dag(task("a"), dagrun_timeout=timedelta(minutes=5)))
    (timer,) = timers(made.start())
    made.do("a")
    assert made.tell(TimerFired(timer.kind, timer.at)) == []


# Callbacks of the DAG.


def owed(changes: list[Change]) -> list[CallbackOwed]:
    return [change for change in changes if isinstance(change, CallbackOwed)]


def test_the_end_of_a_run_owes_the_dags_callbacks_right_after_it() -> None:
    made = played(task("a"), task("b", "a"), has_success_callback=True)
    assert not owed(made.do("a"))
    changes = made.do("b")
    assert owed(changes) == [CallbackOwed(True, "success")]
    assert isinstance(changes[changes.index(owed(changes)[0]) - 1], RunChanged)


def test_listeners_are_owed_the_beginning_of_a_run() -> None:
    made = Played(dag(task("a"), has_start_listener=True))
    assert owed(made.start()) == [CallbackOwed(False, "started")]
    assert not owed(played(task("a")).do("a"))


def test_a_dag_without_callbacks_is_owed_none() -> None:
    assert not owed(played(task("a"), has_failure_callback=True).do("a"))
    assert not owed(played(task("a"), has_success_callback=True).do("a", Failed(message="no")))


def test_every_way_to_fail_has_its_word() -> None:
    made = played(task("a"), has_failure_callback=True)
    assert owed(made.do("a", Failed(message="no"))) == [CallbackOwed(False, "task_failure")]
    made = played(task("a"), has_failure_callback=True, dagrun_timeout=timedelta(hours=1))
    late = made.tell(TimerFired(TimerKind.RUN_TIMEOUT, made.now))
    assert owed(late) == [CallbackOwed(False, "timed_out")]


def test_a_task_that_was_lost_too_often_is_owed_its_callbacks() -> None:
    made = played(task("a", retries=1))
    for _ in range(3):
        assert not owed(made.do("a", Lost(message="gone")))
    (found,) = owed(made.do("a", Lost(message="gone")))
    assert found.instance is not None
    assert (found.instance.key, found.instance.try_number) == (TaskKey("a"), 1)
    assert found.instance.attempt_id
    assert found.reason == "the attempt was lost 4 times: gone"


def instance(task_id: str, state: TaskState, end: int | None = None, **more: Any) -> TaskInstance:
    at = None if end is None else BEGIN + timedelta(seconds=end)
    return TaskInstance(run_pk=1, task_id=task_id, state=state, end_date=at, **more)


def test_the_callbacks_get_the_context_of_the_task_that_decided_the_run() -> None:
    shape = dag(task("a"), task("b"), task("c", "a"), task("d", "c"))
    ended = run(end_date=BEGIN + timedelta(seconds=9))
    rows = [
        instance("a", TaskState.FAILED, 5),
        instance("b", TaskState.FAILED, 7),
        instance("c", TaskState.SUCCESS, 2),
        instance("d", TaskState.SUCCESS, 3),
    ]

    def telling(why: EndReason, found: list[TaskInstance]) -> str | None:
        one = telling_instance(why, shape, ended, found)
        return None if one is None else one.task_id

    assert telling(EndReason.SUCCESS, rows) == "d"
    assert telling(EndReason.TASK_FAILURE, rows) == "b"
    assert telling(EndReason.TASK_FAILURE, rows[2:]) is None
    cut = [
        instance("a", TaskState.SUCCESS, 5, start_date=BEGIN, attempt_id="x"),
        instance("b", TaskState.SKIPPED, 9, start_date=BEGIN, attempt_id="y"),
        instance("c", TaskState.SKIPPED, 9, start_date=BEGIN + timedelta(seconds=9)),
    ]
    assert telling(EndReason.TIMED_OUT, cut) == "b"
    stuck = [instance("b", TaskState.SUCCESS, 1), instance("d", TaskState.NONE)]
    assert telling(EndReason.DEADLOCK, stuck) is None
    stuck += [instance("a", TaskState.SUCCESS, 1), instance("c", TaskState.NONE)]
    assert telling(EndReason.DEADLOCK, stuck) == "c"
