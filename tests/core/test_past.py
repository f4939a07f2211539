"""What the run before must be like: `depends_on_past`, `wait_for_downstream`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.making import BEGIN, Played, asked_past, dag, run, task

from slipstream.core.past import judge_past, tasks_asked_of
from slipstream.model.attempt import Succeeded
from slipstream.model.dag import DagSpec
from slipstream.model.events import PastSettled
from slipstream.model.run import PastRun, TaskKey
from slipstream.model.states import RunState, TaskState

BEFORE = run(2, state=RunState.RUNNING, start_date=BEGIN, logical_date=BEGIN)


def past(
    own: dict[TaskState, int] | None = None,
    below: dict[TaskState, int] | None = None,
    *,
    has_earlier: bool = True,
) -> PastRun:
    states = {"a": own or {}, "b": below or {}}
    return PastRun(
        run=BEFORE,
        states={of: found for of, found in states.items() if found},
        has_earlier=has_earlier,
    )


def judge(found: PastRun | None, *, catchup: bool = False, **more: object) -> tuple[bool, str]:
    shape = dag(task("a", depends_on_past=True, **more), task("b", "a"), catchup=catchup)
    return judge_past(shape, shape.tasks["a"], found)


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_of_the_instance_before(state: TaskState) -> None:
    """Airflow counts what is neither `success` nor `skipped` as a reason to wait; instances that a
    shorter map has removed are left out here."""
    good = {TaskState.SUCCESS, TaskState.SKIPPED, TaskState.REMOVED}
    satisfied, reason = judge(past({state: 1}))
    assert satisfied is (state in good)
    if not satisfied:
        assert "depends on its instance in run 'run2'" in reason
        assert (state.value if state is not TaskState.NONE else "not done") in reason


def test_one_index_of_a_map_that_failed_is_enough() -> None:
    satisfied, reason = judge(past({TaskState.SUCCESS: 8, TaskState.FAILED: 2}))
    assert not satisfied
    assert reason.endswith("2 of whose 10 map indexes is failed.")


def test_without_a_run_before_nothing_is_waited_for() -> None:
    assert judge(None)[0]


def test_a_run_before_that_has_not_begun_is_waited_for() -> None:
    before = run(2, state=RunState.QUEUED)
    found = PastRun(run=before, states={}, has_earlier=False)
    assert judge(found) == (
        False,
        "It depends on its instance in run 'run2', which has not begun.",
    )


def test_what_is_downstream_in_the_run_before_counts_where_it_is_asked_for() -> None:
    failed = past({TaskState.SUCCESS: 1}, {TaskState.UPSTREAM_FAILED: 1})
    assert judge(failed)[0]
    satisfied, reason = judge(failed, wait_for_downstream=True)
    assert not satisfied
    assert reason.endswith("run 'run2': task 'b' there is upstream_failed.")
    skipped = past({TaskState.SUCCESS: 1}, {TaskState.SKIPPED: 1})
    assert judge(skipped, wait_for_downstream=True)[0]
    shape = dag(task("a", wait_for_downstream=True), task("b", "a"), task("c", "b"))
    assert tasks_asked_of(shape.tasks["a"]) == ("a", "b")


def test_a_task_that_is_new_does_not_wait_for_a_run_without_it() -> None:
    assert judge(past(has_earlier=False))[0]
    assert not judge(past(has_earlier=False), ignore_first_depends_on_past=False)[0]
    satisfied, reason = judge(past(has_earlier=True))
    assert not satisfied
    assert "has none of its task" in reason


def test_a_task_that_starts_later_does_not_wait_for_what_was_before() -> None:
    later = {"start_date": BEGIN + timedelta(days=1)}
    assert judge(past(has_earlier=True), catchup=True, **later)[0]
    assert not judge(past(has_earlier=True), **later)[0]


# Skips that wait for the past.


def with_branch(**more: object) -> DagSpec:
    return dag(
        task("branch"),
        task("a", "branch", depends_on_past=True, **more),
        task("b", "branch"),
    )


def test_a_skip_by_a_branch_waits_for_the_past_where_it_is_told_to() -> None:
    made = Played(with_branch(wait_for_past_depends_before_skipping=True))
    made.start()
    changes = made.do("branch", Succeeded(skip=("a",)))
    assert asked_past(changes) == [TaskKey("a")]
    made.tell(PastSettled(TaskKey("a"), BEGIN, satisfied=False, reason="Not yet."))
    made.do("b")
    assert made.state("a") is TaskState.NONE
    assert made.reason("a") == "Not yet."
    assert made.machine.run.state is RunState.RUNNING
    made.tell(PastSettled(TaskKey("a"), BEGIN, satisfied=True))
    assert made.state("a") is TaskState.SKIPPED
    assert made.reason("a") == "Task 'branch' decided to skip it."
    assert made.machine.run.state is RunState.SUCCESS


def test_a_skip_does_not_wait_where_it_is_not_told_to() -> None:
    made = Played(with_branch())
    made.start()
    made.do("branch", Succeeded(skip=("a",)))
    assert made.state("a") is TaskState.SKIPPED


def test_a_skip_by_a_trigger_rule_waits_for_the_past_too() -> None:
    made = Played(
        dag(
            task("first"),
            task(
                "a",
                "first",
                depends_on_past=True,
                wait_for_past_depends_before_skipping=True,
                trigger_rule="all_failed",
            ),
        )
    )
    made.start()
    assert asked_past(made.do("first")) == [TaskKey("a")]
    assert made.state("a") is TaskState.NONE
    made.tell(PastSettled(TaskKey("a"), BEGIN, satisfied=True))
    assert made.state("a") is TaskState.SKIPPED
