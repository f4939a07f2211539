"""A run may be dropped and made known again while its instances wait, as often as need be."""

from datetime import UTC, datetime

from slipstream.core.admission import Admission
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, RunType

START = datetime(2026, 1, 1, tzinfo=UTC)


def run(pk: int) -> DagRun:
    return DagRun(
        pk=pk,
        dag_id="d",
        run_id=f"r{pk}",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="v",
        run_after=START,
    )


def dag(**limits: int) -> DagSpec:
    return DagSpec(dag_id="d", tasks={"t": TaskSpec(task_id="t", pool="p", **limits)})


def admission(slots: int) -> Admission:
    made = Admission()
    made.set_pool("p", slots)
    return made


def test_an_instance_that_is_offered_alone_counts_with_those_before_it() -> None:
    gate = admission(slots=8)
    gate.add_run(run(1), dag(max_active_tis_per_dagrun=1))
    gate.offer(1, TaskKey("t", 0), 1)
    assert len(gate.admit()) == 1
    gate.offer(1, TaskKey("t", 1), 1)
    assert gate.admit() == []


def test_a_place_in_a_pool_comes_to_a_run_that_was_read_again_while_it_waited() -> None:
    gate = admission(slots=1)
    for pk in (1, 2):
        gate.add_run(run(pk), dag())
        gate.offer(pk, TaskKey("t"))
    assert [admitted.run_pk for admitted in gate.admit()] == [1]
    gate.drop_run(2)
    gate.add_run(run(2), dag())
    gate.offer(2, TaskKey("t"))
    assert gate.admit() == []
    gate.release(1, TaskKey("t"))
    assert [admitted.run_pk for admitted in gate.admit()] == [2]


def test_a_place_of_a_task_comes_to_a_run_that_was_read_again_while_it_waited() -> None:
    gate = admission(slots=8)
    for pk in (1, 2):
        gate.add_run(run(pk), dag(max_active_tis_per_dag=1))
        gate.offer(pk, TaskKey("t"))
    assert [admitted.run_pk for admitted in gate.admit()] == [1]
    gate.drop_run(2)
    gate.add_run(run(2), dag(max_active_tis_per_dag=1))
    gate.offer(2, TaskKey("t"))
    assert gate.admit() == []
    gate.release(1, TaskKey("t"))
    assert [admitted.run_pk for admitted in gate.admit()] == [2]
    assert gate.admit() == []
