"""What a task decides to leave out."""

from tests.core.making import Played, dag, keys, task

from slipstream.model.attempt import Failed, Succeeded
from slipstream.model.changes import Unready
from slipstream.model.dag import GroupSpec, Literal
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState


def played(*tasks: object, **more: object) -> Played:
    made = Played(dag(*tasks, **more))  # type: ignore[arg-type]
    made.start()
    return made


def test_what_a_branch_leaves_out_is_skipped_and_the_rest_goes_on() -> None:
    made = played(
        task("branch"),
        task("left", "branch"),
        task("right", "branch"),
        task("below", "right"),
        task("join", "left", "right", trigger_rule="none_failed_min_one_success"),
    )
    made.do("branch", Succeeded(skip=("right",)))
    assert made.states() == {
        "branch": "success",
        "left": "scheduled",
        "right": "skipped",
        "below": "skipped",
        "join": "none",
    }
    assert made.reason("right") == "Task 'branch' decided to skip it."
    made.do("left")
    assert made.state("join") is TaskState.SCHEDULED


def test_a_short_circuit_skips_everything_below_save_teardowns() -> None:
    made = played(
        task("circuit"),
        task("a", "circuit"),
        task("b", "a", trigger_rule="all_done"),
        task("end", "b", is_teardown=True, trigger_rule="all_done_setup_success"),
    )
    made.do("circuit", Succeeded(skip_all_downstream=True))
    assert made.states() == {
        "circuit": "success",
        "a": "skipped",
        "b": "skipped",
        "end": "scheduled",
    }


def test_what_is_ready_is_taken_back_and_what_was_admitted_goes_on() -> None:
    made = played(
        task("other"),
        task("branch"),
        task("a", "other", "branch", trigger_rule="one_success"),
        task("b", "other", "branch", trigger_rule="one_success"),
    )
    made.do("other")
    made.admit("a")
    changes = made.do("branch", Succeeded(skip=("a", "b")))
    assert [keys(of) for of in changes if isinstance(of, Unready)] == [[TaskKey("b")]]
    assert made.state("a") is TaskState.QUEUED
    assert made.state("b") is TaskState.SKIPPED


def test_one_instance_of_a_mapped_branch_leaves_nothing_out() -> None:
    made = played(
        task("branch", mapped=Literal(2)),
        task("a", "branch"),
        task("b", "branch", mapped=Literal(2)),
    )
    made.do("branch", Succeeded(skip=("a", "b")), index=0)
    made.do("branch", Succeeded(skip=("b",)), index=1)
    made.do("a")
    made.do("b", index=0)
    made.do("b", index=1)
    assert set(made.states().values()) == {"success"}


def test_a_branch_in_a_mapped_group_decides_for_its_own_index() -> None:
    made = played(
        task("branch", group_id="g"),
        task("a", "branch", group_id="g"),
        groups=[GroupSpec(group_id="g", mapped=Literal(2))],
    )
    made.do("branch", Succeeded(skip=("a",)), index=0)
    made.do("branch", index=1)
    assert made.state("a", 0) is TaskState.SKIPPED
    assert made.state("a", 1) is TaskState.SCHEDULED


def test_what_is_no_task_of_the_dag_is_passed_over() -> None:
    made = played(task("branch"), task("a", "branch"))
    made.do("branch", Succeeded(skip=("ghost",)))
    assert made.state("a") is TaskState.SCHEDULED


def test_what_a_branch_leaves_out_is_skipped_also_where_a_failure_came_first() -> None:
    # Airflow 3.3.2 does so: the end of "a" does not depend on which of the two is over first.
    made = played(
        task("bad"),
        task("branch"),
        task("a", "bad", "branch"),
        task("last", "a", trigger_rule="all_skipped"),
        task("other", "branch"),
    )
    made.do("bad", Failed(message="boom", retryable=False))
    assert made.state("a") is TaskState.UPSTREAM_FAILED
    made.do("branch", Succeeded(skip=("a",)))
    assert made.state("a") is TaskState.SKIPPED
    assert made.reason("a") == "Task 'branch' decided to skip it."
    made.do("other")
    assert made.machine.run.state is RunState.SUCCESS
