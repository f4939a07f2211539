from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.services.scheduler.conftest import Bench, chain, dag

from slipstream.executors.interface import Report
from slipstream.model.attempt import Attempt, Failed, Rescheduled, Succeeded, XComWrite
from slipstream.model.dag import Literal, TaskSpec, Upstream
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.run import DagRun, PastRun, TaskKey
from slipstream.model.states import RunState, TaskState
from slipstream.store.records import PoolRecord
from slipstream.testing.fake_executor import Script

SUCCESS, RUNNING, QUEUED = TaskState.SUCCESS, TaskState.RUNNING, TaskState.QUEUED


def test_a_chain_runs_to_its_end(bench: Bench) -> None:
    bench.store.put_dag(chain(5))
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert set(bench.states(run).values()) == {SUCCESS}
    assert [attempt.task_id for attempt in bench.submitted] == ["t0", "t1", "t2", "t3", "t4"]
    assert bench.scheduler.is_idle


def test_a_successor_is_queued_by_the_commit_that_records_the_end(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    before = bench.store.commits
    bench.time.advance_to(bench.time.now() + timedelta(seconds=1))
    bench.step()
    assert bench.states(run) == {"t0": SUCCESS, "t1": QUEUED}
    assert bench.store.commits == before + 1


def test_nothing_is_submitted_that_is_not_written(bench: Bench) -> None:
    bench.store.put_dag(chain(4))
    seen = []

    def check(attempt: Attempt) -> Script:
        instance = bench.store.instances(attempt.run.pk)[attempt.key]
        seen.append((instance.state, instance.attempt_id == attempt.attempt_id))
        return Script(outcome=Succeeded(), ends_after=1.0)

    bench.script = check
    bench.scheduler.open()
    bench.trigger()
    bench.run()
    assert seen == [(QUEUED, True)] * 4


def test_many_ends_are_one_commit(bench: Bench) -> None:
    tasks = [TaskSpec(task_id=f"t{n}") for n in range(50)]
    bench.store.put_dag(dag(tasks=tasks, max_active_tasks=50))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    before = bench.store.commits
    bench.run()
    assert bench.state(run) == "success"
    assert bench.store.commits <= before + 2


def test_a_start_waits_a_little_for_another_commit_and_is_not_lost(bench: Bench) -> None:
    bench.store.put_dag(chain(1))
    bench.script = lambda attempt: Script(outcome=Succeeded(), starts_after=1.0, ends_after=60.0)
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    bench.time.advance_to(bench.time.now() + timedelta(seconds=1))
    bench.scheduler.run_once(0)
    assert bench.states(run) == {"t0": QUEUED}
    bench.run(seconds=0.1)
    assert bench.states(run) == {"t0": RUNNING}


def test_a_mapped_task_is_expanded_by_what_its_upstream_pushed(bench: Bench) -> None:
    mapped = TaskSpec(task_id="each", upstream=("list",), mapped=Upstream("list"))
    bench.store.put_dag(dag(tasks=[TaskSpec(task_id="list"), mapped]))
    xcoms = (XComWrite("return_value", "[1,2,3]", 3),)
    bench.script = lambda attempt: Script(
        outcome=Succeeded(xcoms=xcoms if attempt.task_id == "list" else ()), ends_after=1.0
    )
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.states(run) == {
        "list": SUCCESS,
        "each[0]": SUCCESS,
        "each[1]": SUCCESS,
        "each[2]": SUCCESS,
    }


def test_a_failed_task_is_tried_again_when_its_delay_is_over(bench: Bench) -> None:
    task = TaskSpec(task_id="t", retries=2, retry_delay=timedelta(minutes=3))
    bench.store.put_dag(dag(tasks=[task]))
    bench.script = lambda attempt: Script(
        outcome=Succeeded() if attempt.try_number == 3 else Failed(message="no"), ends_after=1.0
    )
    bench.scheduler.open()
    begun = bench.time.now()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert [attempt.try_number for attempt in bench.submitted] == [1, 2, 3]
    ended = bench.store.load_run(run.pk).run.end_date
    assert ended == begun + timedelta(minutes=6, seconds=3)


def test_a_rescheduled_sensor_gives_its_place_to_another(bench: Bench) -> None:
    bench.store.put_dag(dag(tasks=[TaskSpec(task_id="sensor"), TaskSpec(task_id="work")]))
    later = bench.time.now() + timedelta(minutes=5)

    def script(attempt: Attempt) -> Script:
        waits = attempt.task_id == "sensor" and attempt.reschedules == 0
        return Script(outcome=Rescheduled(at=later) if waits else Succeeded(), ends_after=1.0)

    bench.script = script
    bench.scheduler = bench.new_scheduler(parallelism=1)
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert [attempt.task_id for attempt in bench.submitted] == ["sensor", "work", "sensor"]
    assert bench.submitted[-1].try_number == 1


def test_a_run_that_takes_too_long_fails_and_its_tasks_are_ended(bench: Bench) -> None:
    bench.store.put_dag(chain(2, dagrun_timeout=timedelta(minutes=1)))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=9000.0)
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "failed"
    assert not bench.executor.live
    assert bench.scheduler.is_idle


def test_parallelism_bounds_what_is_at_the_executor(bench: Bench) -> None:
    tasks = [TaskSpec(task_id=f"t{n}") for n in range(10)]
    bench.store.put_dag(dag(tasks=tasks))
    bench.scheduler = bench.new_scheduler(parallelism=3)
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    assert len(bench.executor.live) == 3
    bench.run()
    assert bench.state(run) == "success"


def test_only_so_many_runs_of_a_dag_run_at_once(bench: Bench) -> None:
    bench.store.put_dag(chain(1, max_active_runs=2))
    bench.scheduler.open()
    runs = [bench.trigger(run_id=f"r{n}", days=-n) for n in range(5)]
    bench.step()
    assert [bench.state(run) for run in runs].count("running") == 2
    assert bench.state(runs[4]) == "running", "the earliest goes first"
    bench.run()
    assert {bench.state(run) for run in runs} == {"success"}


def test_a_run_waits_for_its_run_after(bench: Bench) -> None:
    bench.store.put_dag(chain(1))
    bench.scheduler.open()
    run = bench.trigger(days=1)
    bench.run(seconds=3600)
    assert bench.state(run) == "queued"
    bench.run(seconds=2 * 86_400)
    assert bench.state(run) == "success"


def test_a_paused_dag_finishes_what_runs_and_starts_nothing(bench: Bench) -> None:
    bench.store.put_dag(chain(3))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    bench.store.set_paused(["d"], True)
    waiting = bench.trigger(run_id="r2", days=-1)
    bench.run()
    assert bench.states(run) == {"t0": SUCCESS, "t1": TaskState.SCHEDULED, "t2": TaskState.NONE}
    assert bench.state(waiting) == "queued"
    bench.store.set_paused(["d"], False)
    bench.run()
    assert bench.state(run) == bench.state(waiting) == "success"


def test_a_resized_pool_lets_more_in(bench: Bench) -> None:
    tasks = [TaskSpec(task_id=f"t{n}", pool="small") for n in range(4)]
    bench.store.put_dag(dag(tasks=tasks))
    bench.scheduler.open()
    bench.trigger()
    bench.step()
    assert not bench.executor.live, "the pool is not there yet"
    bench.store.set_pool(PoolRecord(name="small", slots=1))
    bench.step()
    assert len(bench.executor.live) == 1
    bench.store.set_pool(PoolRecord(name="small", slots=3))
    bench.step()
    assert len(bench.executor.live) == 3


def test_a_cleared_task_that_runs_is_ended_and_runs_again(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=60.0, cancel_takes=5.0)
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    bench.store.clear_instances(run.pk, bench.keys("t0"))
    bench.step()
    assert bench.states(run) == {"t0": TaskState.RESTARTING, "t1": TaskState.NONE}
    assert len(bench.submitted) == 1, "the first attempt has not ended yet"
    bench.run()
    assert bench.state(run) == "success"
    assert [attempt.try_number for attempt in bench.submitted] == [1, 2, 1]


def test_a_cleared_run_can_go_on_with_the_latest_version(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    bench.store.put_dag(chain(3))
    bench.store.clear_instances(run.pk, bench.keys("t1"), latest_version=True)
    bench.run()
    assert bench.state(run) == "success"
    assert [attempt.task_id for attempt in bench.submitted] == ["t0", "t1", "t1", "t2"]


def test_a_cleared_run_that_was_over_runs_again(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    bench.store.clear_instances(run.pk, bench.keys("t1"))
    bench.run()
    assert bench.state(run) == "success"
    assert [attempt.task_id for attempt in bench.submitted] == ["t0", "t1", "t1"]


def test_a_task_marked_while_it_runs_is_ended_and_the_next_goes_on(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    first = bench.submitted[0].attempt_id
    bench.store.set_instances_state(run.pk, bench.keys("t0"), SUCCESS)
    bench.run(seconds=0.1)
    assert first not in bench.executor.live
    assert bench.states(run) == {"t0": SUCCESS, "t1": RUNNING}


def test_a_run_marked_failed_ends_its_attempts(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.run(0.5)
    bench.store.set_run_state(run.dag_id, run.run_id, RunState.FAILED)
    bench.run()
    assert not bench.executor.live
    assert bench.states(run) == {"t0": TaskState.FAILED, "t1": TaskState.SKIPPED}
    assert bench.scheduler.is_idle


def test_a_deleted_run_is_forgotten(bench: Bench) -> None:
    bench.store.put_dag(chain(2, max_active_runs=1))
    bench.scheduler.open()
    run = bench.trigger()
    other = bench.trigger(run_id="r2", days=-1)
    bench.step()
    bench.store.set_run_state(other.dag_id, other.run_id, RunState.FAILED)
    bench.store.delete_run(other.dag_id, other.run_id)
    bench.run()
    assert bench.state(run) == "success"
    assert not bench.executor.live
    assert bench.scheduler.is_idle


def test_a_run_keeps_the_version_that_it_began_with(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    old = bench.trigger()
    bench.step()
    bench.store.put_dag(chain(4))
    new = bench.trigger(run_id="r2", days=1)
    bench.run(seconds=3 * 86_400)
    assert len(bench.states(old)) == 2
    assert len(bench.states(new)) == 4


@pytest.mark.parametrize("event", ["started", "ended"])
def test_a_report_of_an_attempt_that_does_not_count_changes_nothing(
    bench: Bench, event: str
) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    key, now = TaskKey("t0"), bench.time.now()
    told = (
        AttemptStarted(key, "of another time", now)
        if event == "started"
        else AttemptEnded(key, "of another time", now, Succeeded())
    )
    bench.scheduler._inbox.report([Report(run.pk, told)])
    bench.step()
    assert bench.states(run)["t0"] is QUEUED
    bench.run()
    assert bench.state(run) == "success"
    assert bench.scheduler.defects == 0


def test_a_report_that_comes_twice_counts_once(bench: Bench) -> None:
    bench.store.put_dag(chain(3))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=1.0, duplicates=2)
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert len(bench.submitted) == 3
    assert bench.scheduler.defects == 0


def test_a_dag_whose_runs_all_fail_is_paused(bench: Bench) -> None:
    bench.store.put_dag(chain(1, max_consecutive_failed_dag_runs=2, max_active_runs=1))
    bench.script = lambda attempt: Script(outcome=Failed(message="no"), ends_after=1.0)
    bench.scheduler.open()
    bench.trigger(run_id="r1", days=-3)
    bench.run()
    assert not bench.store.get_dag("d").is_paused
    bench.trigger(run_id="r2", days=-2)
    bench.run()
    assert bench.store.get_dag("d").is_paused
    third = bench.trigger(run_id="r3", days=-1)
    bench.run()
    assert bench.state(third) == "queued"


def test_a_task_that_depends_on_the_past_waits_for_the_run_before(bench: Bench) -> None:
    task = TaskSpec(task_id="t", depends_on_past=True)
    bench.store.put_dag(dag(tasks=[task, TaskSpec(task_id="free")]))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=60.0)
    bench.scheduler.open()
    first = bench.trigger(run_id="r1", days=-2)
    second = bench.trigger(run_id="r2", days=-1)
    bench.run(seconds=30)
    assert bench.states(second) == {"t": TaskState.NONE, "free": RUNNING}
    bench.run(seconds=45)
    assert bench.states(first)["t"] is SUCCESS
    assert bench.states(second)["t"] is RUNNING
    bench.run()
    assert bench.state(second) == "success"


def test_a_task_goes_on_when_the_failed_one_of_the_run_before_is_marked(bench: Bench) -> None:
    bench.store.put_dag(dag(tasks=[TaskSpec(task_id="t", depends_on_past=True)]))
    bench.script = lambda attempt: Script(
        outcome=Failed(message="no") if attempt.run.run_id == "r1" else Succeeded(), ends_after=1.0
    )
    bench.scheduler.open()
    first = bench.trigger(run_id="r1", days=-2)
    second = bench.trigger(run_id="r2", days=-1)
    bench.run()
    assert bench.states(second) == {"t": TaskState.NONE}
    bench.store.set_instances_state(first.pk, bench.keys("t"), SUCCESS)
    bench.run()
    assert bench.states(second) == {"t": SUCCESS}


def test_all_instances_of_a_map_ask_for_the_past_once(bench: Bench) -> None:
    mapped = TaskSpec(task_id="m", depends_on_past=True, mapped=Literal(500))
    bench.store.put_dag(dag(tasks=[mapped]))
    asked: list[str] = []
    past_run = bench.store.past_run

    def counted(run: DagRun, task_ids: Sequence[str], *, only_scheduled: bool) -> PastRun | None:
        asked.append(run.run_id)
        return past_run(run, task_ids, only_scheduled=only_scheduled)

    bench.store.past_run = counted  # type: ignore[method-assign]
    bench.scheduler.open()
    run = bench.trigger()
    bench.run()
    assert bench.state(run) == "success"
    assert asked == ["r1"]


def test_wait_for_downstream_waits_for_what_follows_in_the_run_before(bench: Bench) -> None:
    first_task = TaskSpec(task_id="a", depends_on_past=True, wait_for_downstream=True)
    bench.store.put_dag(dag(tasks=[first_task, TaskSpec(task_id="b", upstream=("a",))]))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=60.0)
    bench.scheduler.open()
    bench.trigger(run_id="r1", days=-2)
    second = bench.trigger(run_id="r2", days=-1)
    bench.run(seconds=100)
    assert bench.states(second)["a"] is TaskState.NONE
    bench.run()
    assert bench.state(second) == "success"


def test_stopping_writes_what_became_of_the_attempts(bench: Bench) -> None:
    bench.store.put_dag(chain(2))
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    attempt = bench.submitted[0]
    ended = AttemptEnded(attempt.key, attempt.attempt_id, bench.time.now(), Succeeded())
    bench.scheduler._inbox.report([Report(run.pk, ended)])
    bench.scheduler.stop()
    assert bench.states(run) == {"t0": SUCCESS, "t1": TaskState.SCHEDULED}
    assert len(bench.submitted) == 1


def test_an_instance_has_no_second_attempt_while_the_first_is_being_ended(bench: Bench) -> None:
    bench.store.put_dag(chain(1))
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=600.0, cancel_takes=30.0)
    bench.scheduler.open()
    run = bench.trigger()
    bench.run(seconds=1)
    bench.store.set_instances_state(run.pk, bench.keys("t0"), TaskState.FAILED)
    bench.run(seconds=1)
    bench.store.clear_instances(run.pk, bench.keys("t0"))
    bench.run(seconds=20)
    assert bench.states(run) == {"t0": TaskState.SCHEDULED}
    assert len(bench.submitted) == 1
    bench.run(seconds=20)
    assert bench.states(run) == {"t0": RUNNING}
    assert len(bench.executor.live) == 1
