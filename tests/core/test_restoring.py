"""Machines that go on from rows; that they come to the same end is checked in `tests.reference`."""

from dataclasses import replace
from datetime import timedelta

from tests.core.making import BEGIN, Played, asked_past, cancelled, dag, run, task, timers

from slipstream.core.machine import RunMachine
from slipstream.model.attempt import Failed
from slipstream.model.changes import (
    InstanceChanged,
    InstancesAdded,
    RangeChanged,
    Ready,
    Unready,
)
from slipstream.model.dag import DagSpec, GroupSpec, Literal, Upstream
from slipstream.model.events import AttemptEnded, RunStarted
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import RunState, TaskState

RUNNING = replace(run(), state=RunState.RUNNING, start_date=BEGIN)


def row(task_id: str, state: TaskState, map_index: int = -1, **more: object) -> TaskInstance:
    return TaskInstance(run_pk=1, task_id=task_id, map_index=map_index, state=state, **more)  # type: ignore[arg-type]


def restored(
    spec: DagSpec,
    *rows: TaskInstance,
    lengths: dict[TaskKey, dict[str, int]] | None = None,
    pushed: dict[str, dict[str, int]] | None = None,
) -> Played:
    made = Played(spec, RUNNING)
    made.machine = RunMachine.restore(spec, RUNNING, rows, lengths or {}, pushed)
    made.hear(made.machine.resume(BEGIN))
    return made


def test_what_was_ready_is_said_to_be_ready_again() -> None:
    made = restored(dag(task("a")), row("a", TaskState.SCHEDULED))
    assert made.said == [Ready(TaskKey("a"))]


def test_a_map_that_was_ready_is_offered_as_ranges_again() -> None:
    states = [TaskState.SCHEDULED] * 3 + [TaskState.SUCCESS] + [TaskState.SCHEDULED] * 2
    rows = [row("m", state, at) for at, state in enumerate(states)]
    made = restored(dag(task("m", mapped=Literal(6))), *rows)
    assert made.said == [Ready(TaskKey("m", 0), 3), Ready(TaskKey("m", 4), 2)]
    assert not made.machine._progress.tasks[0].records


def test_a_live_attempt_goes_on_under_its_id() -> None:
    live = row("a", TaskState.RUNNING, attempt_id="attempt1", try_number=1, start_date=BEGIN)
    made = restored(dag(task("a"), task("b", "a")), live, row("b", TaskState.NONE))
    assert made.said == []
    assert made.machine.live_attempts() == [(TaskKey("a"), "attempt1")]
    made.attempts[TaskKey("a")] = "attempt1"
    made.end("a")
    assert made.state("b") is TaskState.SCHEDULED


def test_a_retry_keeps_its_moment() -> None:
    at = BEGIN + timedelta(minutes=3)
    waits = row("a", TaskState.UP_FOR_RETRY, not_before=at, try_number=1, max_tries=1)
    made = restored(dag(task("a", retries=1)), waits)
    (timer,) = timers(made.said)
    assert (timer.at, timer.key) == (at, TaskKey("a"))
    made.fire(timer)
    made.admit("a")
    assert made.row("a").try_number == 2


def test_a_lost_attempt_is_still_the_same_try() -> None:
    lost = row("a", TaskState.SCHEDULED, attempt_id="old", try_number=2, losses=1, max_tries=3)
    made = restored(dag(task("a")), lost)
    made.admit("a")
    assert (made.row("a").try_number, made.row("a").losses) == (2, 1)


def test_a_cleared_attempt_is_ended_and_then_decided_anew() -> None:
    cleared = row("a", TaskState.RESTARTING, attempt_id="old", try_number=1, max_tries=1)
    made = restored(dag(task("a")), cleared)
    assert cancelled(made.said) == ["old"]
    made.tell(AttemptEnded(TaskKey("a"), "old", BEGIN, Failed(message="terminated")))
    assert made.ready == [TaskKey("a")]
    made.admit("a")
    assert made.row("a").try_number == 2


def test_the_past_is_asked_again() -> None:
    made = restored(dag(task("a", depends_on_past=True)), row("a", TaskState.NONE))
    assert asked_past(made.said) == [TaskKey("a")]


def test_a_cleared_task_runs_again_when_its_upstreams_allow_it() -> None:
    made = restored(
        dag(task("a"), task("b", "a"), task("c", "b")),
        row("a", TaskState.SUCCESS),
        row("b", TaskState.NONE),
        row("c", TaskState.NONE),
    )
    assert made.ready == [TaskKey("b")]


def test_a_cleared_run_begins_anew_where_it_stands() -> None:
    spec = dag(task("a"), task("b", "a"))
    rows = [row("a", TaskState.SUCCESS), row("b", TaskState.NONE, try_number=1, max_tries=1)]
    made = Played(spec)
    made.machine = RunMachine.restore(spec, run(), rows, {})
    changes = made.tell(RunStarted(BEGIN))
    assert not [change for change in changes if isinstance(change, InstancesAdded)]
    assert made.ready == [TaskKey("b")]


def test_a_failed_leaf_is_remembered() -> None:
    made = restored(
        dag(task("a"), task("b")), row("a", TaskState.FAILED), row("b", TaskState.SCHEDULED)
    )
    made.do("b")
    assert made.machine.run.state is RunState.FAILED


def test_a_run_in_which_everything_is_finished_ends_at_once() -> None:
    made = restored(dag(task("a")), row("a", TaskState.SUCCESS))
    assert made.machine.run.state is RunState.SUCCESS


def test_a_task_that_the_dag_has_gained_is_added() -> None:
    made = restored(dag(task("a"), task("b", "a")), row("a", TaskState.SUCCESS))
    (added,) = [change for change in made.said if isinstance(change, InstancesAdded)]
    assert [(of.task_id, of.state) for of in added.instances] == [("b", TaskState.SCHEDULED)]


def test_a_task_that_the_dag_has_lost_is_removed_unless_it_is_finished() -> None:
    made = restored(
        dag(task("a")),
        row("a", TaskState.SCHEDULED),
        row("gone", TaskState.NONE),
        row("past", TaskState.SUCCESS),
    )
    changed = [change.instance for change in made.said if isinstance(change, InstanceChanged)]
    assert [(of.task_id, of.state) for of in changed] == [("gone", TaskState.REMOVED)]


def test_a_map_over_a_value_knows_its_length_again() -> None:
    spec = dag(task("source"), task("m", "source", mapped=Upstream("source")))
    made = restored(
        spec,
        row("source", TaskState.SUCCESS),
        row("m", TaskState.NONE),
        lengths={TaskKey("source"): {"return_value": 2}},
    )
    assert made.ready == [TaskKey("m", 0), TaskKey("m", 1)]


def test_a_map_over_a_map_knows_how_many_pushed() -> None:
    spec = dag(task("m", mapped=Literal(3)), task("n", "m", mapped=Upstream("m")))
    rows = [row("m", TaskState.SUCCESS, at) for at in range(3)]
    made = restored(spec, *rows, row("n", TaskState.NONE), pushed={"m": {"return_value": 3}})
    assert len(made.ready) == 3


def cleared_map(length: int) -> Played:
    """A map of three whose source was cleared with it, and now gives another length."""
    spec = dag(task("source"), task("m", "source", mapped=Upstream("source")), task("after", "m"))
    return restored(
        spec,
        row("source", TaskState.SUCCESS),
        *(row("m", TaskState.NONE, at) for at in range(3)),
        row("after", TaskState.NONE),
        lengths={TaskKey("source"): {"return_value": length}},
    )


def test_a_map_that_was_cleared_loses_what_is_too_much() -> None:
    made = cleared_map(2)
    assert made.states()["m[2]"] == "removed"
    assert made.ready == [TaskKey("m", 0), TaskKey("m", 1)]
    made.finish()
    assert made.machine.run.state is RunState.SUCCESS


def test_a_map_that_was_cleared_gains_what_is_missing() -> None:
    made = cleared_map(5)
    assert len(made.ready) == 5
    made.finish()
    assert made.machine.run.state is RunState.SUCCESS
    assert made.states()["after"] == "success"


def test_a_map_that_was_cleared_and_has_nothing_left_is_skipped() -> None:
    made = cleared_map(0)
    assert [(of.start, of.stop, of.state) for of in made.said if isinstance(of, RangeChanged)] == [
        (0, 3, TaskState.SKIPPED)
    ]
    assert made.machine.run.state is RunState.SUCCESS


def test_an_instance_that_was_removed_comes_back_with_its_place_in_the_map() -> None:
    spec = dag(task("source"), task("m", "source", mapped=Upstream("source")))
    made = restored(
        spec,
        row("source", TaskState.SUCCESS),
        row("m", TaskState.NONE, 0),
        row("m", TaskState.REMOVED, 1),
        lengths={TaskKey("source"): {"return_value": 2}},
    )
    assert made.states() == {"source": "success", "m[0]": "scheduled", "m[1]": "scheduled"}


def test_what_waits_beyond_the_new_end_of_a_map_is_taken_back() -> None:
    spec = dag(task("source"), task("m", "source", mapped=Upstream("source")))
    made = restored(
        spec,
        row("source", TaskState.SUCCESS),
        row("m", TaskState.NONE, 0),
        row("m", TaskState.SCHEDULED, 1),
        lengths={TaskKey("source"): {"return_value": 1}},
    )
    assert [change.key for change in made.said if isinstance(change, Unready)] == [TaskKey("m", 1)]
    assert made.ready == [TaskKey("m", 0)]


def test_a_group_goes_on_index_by_index() -> None:
    spec = dag(
        task("a", group_id="g"),
        task("b", "a", group_id="g"),
        groups=[GroupSpec(group_id="g", mapped=Literal(2))],
    )
    made = restored(
        spec,
        row("a", TaskState.SUCCESS, 0),
        row("a", TaskState.RUNNING, 1, attempt_id="x", try_number=1),
        row("b", TaskState.NONE, 0),
        row("b", TaskState.NONE, 1),
    )
    assert made.ready == [TaskKey("b", 0)]


def test_a_timeout_counts_from_the_start_of_the_run() -> None:
    made = restored(
        dag(task("a"), dagrun_timeout=timedelta(minutes=1)), row("a", TaskState.SCHEDULED)
    )
    (timer,) = timers(made.said)
    assert timer.at == BEGIN + timedelta(minutes=1)


def test_a_run_that_has_ended_has_nothing_to_resume() -> None:
    ended = replace(RUNNING, state=RunState.FAILED)
    machine = RunMachine.restore(dag(task("a")), ended, [row("a", TaskState.FAILED)], {})
    assert machine.resume(BEGIN) == []
    assert machine.is_finished


def test_what_a_branch_left_out_stays_so_when_it_is_cleared_alone() -> None:
    spec = dag(task("branch"), task("left", "branch"), task("right", "branch"))
    rows = [
        row("branch", TaskState.SUCCESS),
        row("left", TaskState.SCHEDULED),
        row("right", TaskState.NONE),
    ]
    for decision in ({"followed": ["left"]}, {"skipped": ["right", "ghost"]}):
        made = Played(spec, RUNNING)
        decisions = {TaskKey("branch"): decision, TaskKey("ghost"): decision}
        made.machine = RunMachine.restore(spec, RUNNING, rows, {}, {}, decisions)
        made.hear(made.machine.resume(BEGIN))
        assert made.states() == {"branch": "success", "left": "scheduled", "right": "skipped"}


def test_a_branch_that_was_cleared_itself_decides_anew() -> None:
    spec = dag(task("branch"), task("left", "branch"))
    rows = [row("branch", TaskState.NONE), row("left", TaskState.NONE)]
    made = Played(spec, RUNNING)
    decisions = {TaskKey("branch"): {"skipped": ["left"]}}
    made.machine = RunMachine.restore(spec, RUNNING, rows, {}, {}, decisions)
    made.hear(made.machine.resume(BEGIN))
    assert made.states() == {"branch": "scheduled", "left": "none"}


def test_an_index_left_over_in_a_group_of_one_holds_back_nothing() -> None:
    spec = dag(
        task("n"),
        task("a", "n", group_id="g"),
        task("b", "a", group_id="g"),
        groups=[GroupSpec(group_id="g", mapped=Upstream("n"))],
    )
    made = restored(
        spec,
        row("n", TaskState.SUCCESS),
        row("a", TaskState.SUCCESS, 0),
        row("a", TaskState.RUNNING, 1, attempt_id="attempt1", try_number=1, start_date=BEGIN),
        row("b", TaskState.NONE, 0),
        lengths={TaskKey("n"): {"return_value": 1}},
    )
    assert made.state("b", 0) is TaskState.SCHEDULED
