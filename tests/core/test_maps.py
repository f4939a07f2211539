"""Mapped tasks and mapped groups."""

import pytest
from tests.core.making import Played, dag, keys, task, timers

from slipstream.core.reasons import ReasonCode
from slipstream.model.attempt import Failed, Outcome, Skipped, Succeeded, XComWrite
from slipstream.model.changes import MapExpanded, RangeChanged, Ready
from slipstream.model.dag import DagSpec, GroupSpec, Literal, Product, Upstream
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, TaskState


def played(spec: DagSpec) -> Played:
    made = Played(spec)
    made.start()
    return made


def gives(length: int) -> Succeeded:
    return Succeeded(lengths={"return_value": length})


GROUP = GroupSpec(group_id="g", mapped=Upstream("source"))


def grouped(**of_b: object) -> DagSpec:
    return dag(
        task("source"),
        task("a", "source", group_id="g"),
        task("b", "a", group_id="g", **of_b),
        task("after", "b"),
        groups=[GROUP],
    )


def test_a_map_over_literals_is_expanded_as_the_run_begins() -> None:
    made = Played(dag(task("m", mapped=Literal(3))))
    changes = made.start()
    (expanded,) = [change for change in changes if isinstance(change, MapExpanded)]
    assert (expanded.length, expanded.state) == (3, TaskState.SCHEDULED)
    assert [change for change in changes if isinstance(change, Ready)] == [
        Ready(TaskKey("m", 0), 3)
    ]


def test_a_map_over_a_value_is_expanded_when_the_value_is_there() -> None:
    made = played(dag(task("source"), task("m", "source", mapped=Upstream("source"))))
    assert made.states() == {"source": "scheduled", "m": "none"}
    made.do("source", gives(2))
    assert made.states() == {"source": "success", "m[0]": "scheduled", "m[1]": "scheduled"}


def test_a_value_that_was_returned_counts_by_its_length() -> None:
    made = played(dag(task("source"), task("m", "source", mapped=Upstream("source"))))
    made.do("source", Succeeded(xcoms=(XComWrite("return_value", "[1, 2]", 2),)))
    assert len(made.ready) == 2


def test_a_map_over_nothing_is_skipped() -> None:
    made = played(
        dag(task("source"), task("m", "source", mapped=Upstream("source")), task("after", "m"))
    )
    made.do("source", gives(0))
    assert made.states() == {"source": "success", "m": "skipped", "after": "skipped"}
    assert made.reason("m") == "It was skipped because there is nothing to map over."


def test_a_map_over_a_value_without_a_length_can_never_run() -> None:
    made = played(dag(task("source"), task("m", "source", mapped=Upstream("source"))))
    made.do("source", Succeeded())
    assert made.state("m") is TaskState.UPSTREAM_FAILED


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Failed(message="no"), TaskState.UPSTREAM_FAILED), (Skipped(), TaskState.SKIPPED)],
)
def test_a_map_over_what_did_not_succeed_never_runs_whatever_its_rule(
    outcome: Outcome, state: TaskState
) -> None:
    made = played(
        dag(
            task("source"),
            task("m", "source", mapped=Upstream("source"), trigger_rule="all_done"),
        )
    )
    made.do("source", outcome)
    assert made.state("m") is state


def test_a_product_has_an_instance_for_every_combination() -> None:
    length = Product((Upstream("a"), Upstream("b")))
    made = played(dag(task("a"), task("b"), task("m", "a", "b", mapped=length)))
    made.do("a", gives(2))
    assert made.machine.why(TaskKey("m")).code is ReasonCode.WAITS_FOR_UPSTREAM
    made.do("b", gives(3))
    assert len(made.ready) == 6


def test_a_task_after_a_map_waits_for_all_its_instances() -> None:
    made = played(dag(task("m", mapped=Literal(2)), task("after", "m")))
    made.do("m", index=0)
    assert made.state("after") is TaskState.NONE
    made.do("m", index=1)
    assert made.state("after") is TaskState.SCHEDULED
    made.finish()
    assert made.machine.run.state is RunState.SUCCESS


def test_one_failed_instance_fails_what_comes_after_at_once() -> None:
    made = played(dag(task("m", mapped=Literal(3)), task("after", "m")))
    made.do("m", Failed(message="no"), index=1)
    assert made.state("after") is TaskState.UPSTREAM_FAILED
    made.finish()
    assert made.machine.run.state is RunState.FAILED


def test_a_map_over_a_map_has_an_instance_for_each_that_pushed() -> None:
    made = played(
        dag(
            task("m", mapped=Literal(3)),
            task("n", "m", mapped=Upstream("m"), trigger_rule="none_failed"),
        )
    )
    value = Succeeded(xcoms=(XComWrite("return_value", "1"),))
    made.do("m", value, index=0)
    made.do("m", Skipped(), index=1)
    made.do("m", value, index=2)
    assert made.ready == [TaskKey("n", 0), TaskKey("n", 1)]


def test_an_instance_of_a_map_is_tried_again_alone() -> None:
    made = played(dag(task("m", mapped=Literal(2), retries=1)))
    (timer,) = timers(made.do("m", Failed(message="no"), index=1))
    made.do("m", index=0)
    made.fire(timer)
    made.do("m", index=1)
    assert made.row("m", 1).try_number == 2
    assert made.machine.run.state is RunState.SUCCESS


def test_a_map_of_empty_tasks_succeeds_as_a_whole() -> None:
    made = Played(dag(task("m", mapped=Literal(4), is_empty=True)))
    changes = made.start()
    assert [(of.start, of.stop, of.state) for of in changes if isinstance(of, RangeChanged)] == [
        (0, 4, TaskState.SUCCESS)
    ]
    assert made.machine.is_finished


# Groups.


def test_a_mapped_group_is_expanded_as_a_whole() -> None:
    made = played(grouped())
    made.do("source", gives(2))
    assert made.states() == {
        "source": "success",
        "a[0]": "scheduled",
        "a[1]": "scheduled",
        "b[0]": "none",
        "b[1]": "none",
        "after": "none",
    }


def test_in_a_mapped_group_each_index_goes_on_by_itself() -> None:
    made = played(grouped())
    made.do("source", gives(3))
    made.do("a", index=1)
    assert made.state("b", 1) is TaskState.SCHEDULED
    assert made.state("b", 0) is TaskState.NONE
    made.do("a", Failed(message="no"), index=0)
    assert made.state("b", 0) is TaskState.UPSTREAM_FAILED
    assert made.state("after") is TaskState.UPSTREAM_FAILED
    made.finish()
    assert made.state("b", 2) is TaskState.SUCCESS


def test_even_a_hasty_rule_looks_at_its_own_index_alone() -> None:
    made = played(grouped(trigger_rule="one_failed"))
    made.do("source", gives(2))
    made.do("a", Failed(message="no"), index=0)
    assert made.state("b", 0) is TaskState.SCHEDULED
    assert made.state("b", 1) is TaskState.NONE
    made.do("a", index=1)
    assert made.state("b", 1) is TaskState.SKIPPED


def test_a_mapped_group_over_nothing_is_skipped() -> None:
    made = played(grouped(trigger_rule="all_done"))
    made.do("source", gives(0))
    assert made.states() == {
        "source": "success",
        "a": "skipped",
        "b": "skipped",
        "after": "skipped",
    }


def test_a_task_in_a_group_may_also_wait_for_one_outside() -> None:
    spec = dag(
        task("source"),
        task("other"),
        task("a", "source", group_id="g"),
        task("b", "a", "other", group_id="g"),
        groups=[GROUP],
    )
    made = played(spec)
    made.do("source", gives(2))
    made.do("a", index=0)
    assert made.state("b", 0) is TaskState.NONE
    assert made.machine.why(TaskKey("b", 0)).task_ids == ("a", "other")
    changes = made.do("other")
    assert [keys(change) for change in changes if isinstance(change, Ready)] == [[TaskKey("b", 0)]]
    made.do("a", index=1)
    assert made.state("b", 1) is TaskState.SCHEDULED


def test_neighbours_that_become_ready_together_do_so_as_a_range() -> None:
    spec = dag(
        task("other"),
        task("a", group_id="g"),
        task("b", "a", "other", group_id="g"),
        groups=[GroupSpec(group_id="g", mapped=Literal(4))],
    )
    made = played(spec)
    for index in (0, 1, 3):
        made.do("a", index=index)
    changes = made.do("other")
    assert [change for change in changes if isinstance(change, Ready)] == [
        Ready(TaskKey("b", 0), 2),
        Ready(TaskKey("b", 3)),
    ]


def test_a_group_in_a_group_joins_as_deep_as_both_ends_share() -> None:
    spec = dag(
        task("a", group_id="outer"),
        task("b", "a", group_id="inner"),
        task("c", "b", group_id="outer"),
        groups=[
            GroupSpec(group_id="outer", mapped=Literal(2)),
            GroupSpec(group_id="inner", parent_id="outer", mapped=Literal(3)),
        ],
    )
    made = played(spec)
    made.do("a", index=1)
    assert made.ready == [TaskKey("a", 0), *(TaskKey("b", at) for at in (3, 4, 5))]
    for at in (3, 4, 5):
        made.do("b", index=at)
    assert made.state("c", 1) is TaskState.SCHEDULED
    assert made.state("c", 0) is TaskState.NONE


def test_a_supervisor_is_told_how_many_instances_are_above() -> None:
    made = played(dag(task("m", mapped=Literal(2)), task("x"), task("after", "m", "x")))
    assert made.machine.upstream_map_lengths(TaskKey("m", 0)) == {"m": 2}
    assert made.machine.upstream_map_lengths(TaskKey("x")) == {}
    assert made.machine.upstream_map_lengths(TaskKey("after")) == {"m": 2}


# Size.


def test_a_large_map_keeps_records_of_what_is_under_way_alone() -> None:
    made = Played(dag(task("m", mapped=Literal(100_000)), task("after", "m")))
    changes = made.start()
    assert len(changes) < 10
    progress = made.machine._progress.tasks[0]
    assert len(progress.records) == 0
    made.do("m", index=70_000)
    made.admit("m", 5)
    assert list(progress.records) == [5]
    assert len(progress.states) == 100_000


def test_a_large_map_that_is_cut_off_is_skipped_in_few_changes() -> None:
    made = Played(dag(task("bad"), task("m", mapped=Literal(100_000)), fail_fast=True))
    made.start()
    changes = made.do("bad", Failed(message="no"))
    assert len(changes) < 10
    assert made.machine.is_finished
