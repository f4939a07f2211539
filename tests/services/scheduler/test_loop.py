from tests.services.scheduler.conftest import Bench, chain

from slipstream.model.states import TaskState


def test_a_chain_runs_to_its_end(bench: Bench) -> None:
    bench.store.put_dag(chain(5))
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert set(bench.states(run).values()) == {TaskState.SUCCESS}
    assert [attempt.task_id for attempt in bench.submitted] == ["t0", "t1", "t2", "t3", "t4"]
    assert bench.scheduler.is_idle
