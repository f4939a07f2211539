"""What admission promises, one limit after the other; their interplay is tested at random."""

from datetime import timedelta

import pytest
from tests.core.making import BEGIN, dag, run, task

from slipstream.core.admission import Admission
from slipstream.core.admission_lanes import Queue
from slipstream.core.admission_limits import Pool, RunPlaces
from slipstream.model.changes import Ready, Released, Unready
from slipstream.model.dag import TaskSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState


def gate(*tasks: TaskSpec, parallelism: int = 0, runs: int = 1, **limits: int) -> Admission:
    made = Admission(parallelism)
    made.set_pool("default_pool", 128)
    for pk in range(1, runs + 1):
        made.add_run(run(pk), dag(*tasks, **limits))
    return made


def admitted(made: Admission, limit: int | None = None) -> list[str]:
    """`task[index]` of what is admitted, in order."""
    return [f"{key.task_id}[{key.map_index}]" for _, key in made.admit(limit)]


def test_the_heavier_goes_first_then_the_earlier_in_the_dag_then_the_lower_index() -> None:
    made = gate(task("light"), task("also_light"), task("heavy", total_weight=5))
    made.offer(1, TaskKey("also_light", 0), 2)
    made.offer(1, TaskKey("light"))
    made.offer(1, TaskKey("heavy"))
    assert admitted(made) == ["heavy[-1]", "light[-1]", "also_light[0]", "also_light[1]"]


def test_the_run_of_the_earlier_date_goes_first() -> None:
    made = Admission(1)
    made.set_pool("default_pool", 1)
    made.add_run(run(1, logical_date=BEGIN + timedelta(days=1)), dag(task("a")))
    made.add_run(run(2), dag(task("a")))
    for pk in (1, 2):
        made.offer(pk, TaskKey("a"))
    assert [one.run_pk for one in made.admit()] == [2]


def test_no_more_than_parallelism_are_active() -> None:
    made = gate(task("a"), parallelism=2)
    made.offer(1, TaskKey("a", 0), 5)
    assert len(made.admit()) == 2
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[2]"]
    made.set_parallelism(4)
    assert len(made.admit()) == 2
    assert (made.active, made.waiting) == (4, 0)


def test_a_caller_may_ask_for_fewer() -> None:
    made = gate(task("a"))
    made.offer(1, TaskKey("a", 0), 5)
    assert len(made.admit(3)) == 3


def test_a_pool_gives_no_more_slots_than_it_has() -> None:
    made = gate(task("a", pool="p", pool_slots=2), task("b", pool="p"))
    made.set_pool("p", 3)
    made.offer(1, TaskKey("a", 0), 2)
    made.offer(1, TaskKey("b", 0), 2)
    assert admitted(made) == ["a[0]", "b[0]"]
    assert made.pool_used("p") == 3
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[1]"]


def test_what_asks_for_too_much_lets_smaller_ones_pass() -> None:
    made = gate(task("big", pool="p", pool_slots=4, total_weight=9), task("small", pool="p"))
    made.set_pool("p", 2)
    made.offer(1, TaskKey("big"))
    made.offer(1, TaskKey("small"))
    assert admitted(made) == ["small[-1]"]
    assert "has 2 in all" in made.why_held(1, TaskKey("big")).sentence


def test_a_pool_of_minus_one_is_without_limit() -> None:
    made = gate(task("a", pool="p"))
    made.set_pool("p", -1)
    made.offer(1, TaskKey("a", 0), 500)
    assert len(made.admit()) == 16
    made = gate(task("a", pool="p"), max_active_tasks=1000)
    made.set_pool("p", -1)
    made.offer(1, TaskKey("a", 0), 500)
    assert len(made.admit()) == 500


def test_an_unknown_pool_is_waited_for() -> None:
    made = gate(task("a", pool="p"))
    made.offer(1, TaskKey("a"))
    assert admitted(made) == []
    assert "There is no pool 'p'" in made.why_held(1, TaskKey("a")).sentence
    made.set_pool("p", 1)
    assert admitted(made) == ["a[-1]"]
    made.remove_pool("p")
    made.release(1, TaskKey("a"))
    made.offer(1, TaskKey("a"))
    assert admitted(made) == []


def test_a_pool_that_counts_deferred_tasks_keeps_their_slots() -> None:
    for include, expected in ((True, []), (False, ["b[-1]"])):
        made = gate(task("a", pool="p"), task("b", pool="p"))
        made.set_pool("p", 1, include_deferred=include)
        made.offer(1, TaskKey("a"))
        made.admit()
        made.offer(1, TaskKey("b"))
        made.release(1, TaskKey("a"), waits=TaskState.DEFERRED)
        assert admitted(made) == expected
        assert made.active == len(expected)


def test_max_active_tasks_counts_within_each_run() -> None:
    made = gate(task("a"), runs=2, max_active_tasks=2)
    for pk in (1, 2):
        made.offer(pk, TaskKey("a", 0), 3)
    assert [one.run_pk for one in made.admit()] == [1, 1, 2, 2]
    assert "max_active_tasks is 2" in made.why_held(1, TaskKey("a", 2)).sentence


def test_max_active_tis_per_dag_counts_over_all_runs() -> None:
    made = gate(task("a", max_active_tis_per_dag=3), runs=2)
    for pk in (1, 2):
        made.offer(pk, TaskKey("a", 0), 2)
    assert len(made.admit()) == 3
    assert "max_active_tis_per_dag is 3" in made.why_held(2, TaskKey("a", 1)).sentence
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[1]"]


def test_max_active_tis_per_dagrun_counts_within_each_run() -> None:
    made = gate(task("a", max_active_tis_per_dagrun=1), task("b"), runs=2)
    for pk in (1, 2):
        made.offer(pk, TaskKey("a", 0), 2)
        made.offer(pk, TaskKey("b"))
    assert len(made.admit()) == 4
    assert "max_active_tis_per_dagrun is 1" in made.why_held(2, TaskKey("a", 1)).sentence


@pytest.mark.parametrize("waits", [TaskState.DEFERRED, TaskState.AWAITING_INPUT])
@pytest.mark.parametrize("limit", ["max_active_tis_per_dag", "max_active_tis_per_dagrun"])
def test_what_waits_counts_under_its_tasks_limits_alone(waits: TaskState, limit: str) -> None:
    made = gate(task("a", **{limit: 1}), task("b"), parallelism=1, max_active_tasks=1)
    made.offer(1, TaskKey("a", 0), 2)
    assert admitted(made) == ["a[0]"]
    made.offer(1, TaskKey("b"))
    made.release(1, TaskKey("a", 0), waits=waits)
    assert admitted(made) == ["b[-1]"]
    made.release(1, TaskKey("b"))
    assert admitted(made) == []
    assert f"{limit} is 1" in made.why_held(1, TaskKey("a", 1)).sentence
    # Going on, it asks for its place anew, among the others.
    made.offer(1, TaskKey("a", 0))
    assert admitted(made) == ["a[0]"]
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[1]"]


def test_what_waited_before_a_restart_counts_under_its_tasks_limits() -> None:
    made = gate(task("a", max_active_tis_per_dag=1))
    made.hold(1, TaskKey("a", 0), waits=TaskState.AWAITING_INPUT)
    made.offer(1, TaskKey("a", 1))
    assert admitted(made) == []
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[1]"]


def test_why_says_what_stops_an_instance() -> None:
    made = gate(task("a"), parallelism=1)
    made.offer(1, TaskKey("a", 0), 2)
    assert made.why_held(1, TaskKey("a", 0)).sentence.startswith("It is next")
    made.admit()
    assert made.why_held(1, TaskKey("a", 1)).sentence == "1 tasks are active, and parallelism is 1."
    with pytest.raises(NotFoundError, match="not waiting"):
        made.why_held(1, TaskKey("a", 0))


def test_what_was_admitted_before_a_restart_is_counted() -> None:
    made = gate(task("a"), parallelism=1)
    made.hold(1, TaskKey("a", 0))
    made.hold(1, TaskKey("a", 0))
    made.offer(1, TaskKey("a", 1))
    assert admitted(made) == []
    made.release(1, TaskKey("a", 0))
    assert admitted(made) == ["a[1]"]


def test_what_was_deferred_before_a_restart_keeps_its_slots() -> None:
    made = gate(task("a", pool="p"))
    made.set_pool("p", 2, include_deferred=True)
    made.hold(1, TaskKey("a"), waits=TaskState.DEFERRED)
    assert (made.active, made.pool_used("p")) == (0, 1)


def test_a_second_release_has_no_effect() -> None:
    made = gate(task("a"))
    made.offer(1, TaskKey("a"))
    made.admit()
    for _ in range(3):
        made.release(1, TaskKey("a"))
    assert (made.active, made.pool_used("default_pool")) == (0, 0)


def test_a_machines_changes_can_be_followed_directly() -> None:
    made = gate(task("a"))
    made.apply(1, [Ready(TaskKey("a", 0), 3), Unready(TaskKey("a", 1))])
    assert admitted(made) == ["a[0]", "a[2]"]
    made.apply(1, [Released(TaskKey("a", 0))])
    assert made.active == 1


def test_a_run_that_is_dropped_takes_everything_with_it() -> None:
    made = gate(task("a"), parallelism=1, runs=2)
    for pk in (1, 2):
        made.offer(pk, TaskKey("a", 0), 2)
    made.admit()
    made.drop_run(1)
    assert (made.active, made.waiting) == (0, 2)
    assert [one.run_pk for one in made.admit()] == [2]
    made.release(1, TaskKey("a", 0))
    with pytest.raises(NotFoundError, match="add it first"):
        made.offer(1, TaskKey("a"))


def test_a_task_that_is_not_in_the_dag_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="no task 'ghost'"):
        gate(task("a")).offer(1, TaskKey("ghost"))


def test_a_large_map_stays_one_range() -> None:
    made = gate(task("m"), max_active_tasks=2)
    made.offer(1, TaskKey("m", 0), 100_000)
    assert admitted(made) == ["m[0]", "m[1]"]
    queue = made._runs[1].queues["m"]
    assert (queue._starts, queue._stops) == ([2], [100_000])


def test_a_queue_adds_joins_splits_and_removes_ranges() -> None:
    spec = dag(task("a"))
    order = (0, BEGIN, BEGIN, 1, 0)
    queue = Queue(RunPlaces(run(), spec), spec.tasks["a"], order, Pool("p"), None)
    assert queue.add(5, 10) == 5
    assert queue.add(0, 3) == 3
    assert queue.add(2, 7) == 2
    assert queue.add(2, 7) == 0
    assert (queue._starts, queue._stops) == ([0], [10])
    assert queue.remove(4, 6) == 2
    assert (queue._starts, queue._stops) == ([0, 6], [4, 10])
    assert queue.remove(20, 30) == 0
    assert 3 in queue
    assert 4 not in queue
    assert [queue.take() for _ in range(5)] == [0, 1, 2, 3, 6]
    assert queue.clear() == 3
    assert queue.is_empty


def of_teams(*teams: str | None, pool: str | None) -> Admission:
    """A run of each team, each with a task that asks for a slot of a pool of that team."""
    made = Admission()
    made.set_pool("p", 4, team=pool)
    for pk, team in enumerate(teams, 1):
        made.add_run(run(pk), dag(task("a", pool="p")), team)
        made.offer(pk, TaskKey("a", 0), 2)
    return made


def test_a_pool_of_a_team_admits_this_teams_runs_alone() -> None:
    made = of_teams("alpha", "beta", None, pool="alpha")
    assert [one.run_pk for one in made.admit()] == [1, 1]
    held = made.why_held(2, TaskKey("a", 0)).sentence
    assert "belongs to the team 'alpha', and its DAG to the team 'beta'" in held
    assert "and its DAG to none" in made.why_held(3, TaskKey("a", 0)).sentence
    assert made.pool_used("p") == 2


def test_a_pool_of_no_team_is_for_all() -> None:
    assert len(of_teams("alpha", None, pool=None).admit()) == 4


def test_a_pool_that_is_given_to_another_team_admits_that_one_from_then_on() -> None:
    made = of_teams("alpha", "beta", pool="alpha")
    made.set_pool("p", 4, team="beta")
    assert [one.run_pk for one in made.admit()] == [2, 2]
    made.set_pool("p", 4)
    assert [one.run_pk for one in made.admit()] == [1, 1]
    assert made.waiting == 0


def test_what_another_team_waits_for_keeps_nobody_from_a_full_pool_for_ever() -> None:
    made = of_teams("alpha", "beta", pool=None)
    made.set_pool("p", 1)
    assert [one.run_pk for one in made.admit()] == [1]
    made.set_pool("p", 1, team="beta")
    made.release(1, TaskKey("a", 0))
    assert [one.run_pk for one in made.admit()] == [2]
    made.release(2, TaskKey("a", 0))
    assert [one.run_pk for one in made.admit()] == [2]
    made.release(2, TaskKey("a", 1))
    assert made.admit() == []
    assert made.waiting == 1
