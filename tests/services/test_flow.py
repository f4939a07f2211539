"""What DAG authors say of the flow of a run, on a real scheduler, store and process host."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tests.services.deployment import Deployment, eventually

from slipstream.model.errors import InvalidInputError
from slipstream.model.run import TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store.records import PoolRecord
from slipstream.store.triggering import RunRequest, requested_run

pytestmark = pytest.mark.processes

SPANS = """
def works(ti, seconds=0.15):
    with (HERE / "said").open("a") as file:
        print("+", ti.task_id, ti.run_id, file=file)
    time.sleep(seconds)
    with (HERE / "said").open("a") as file:
        print("-", ti.task_id, ti.run_id, file=file)
def work(task_id, **more):
    return PythonOperator(task_id=task_id, python_callable=works, **more)
"""


def most_at_once(lines: list[str], wanted: str = "") -> int:
    """How many of the tasks whose line has that text in it were at work at the same time."""
    most = now = 0
    for line in lines:
        if re.search(wanted, line):
            now += 1 if line.startswith("+") else -1
            most = max(most, now)
    return most


def test_no_limit_is_exceeded_and_each_is_used(deployment: Deployment) -> None:
    deployment.write(
        SPANS
        + """
with DAG("d", max_active_tasks=4):
    for number in range(4):
        work(f"single{number}", pool="narrow", pool_slots=2)
    PythonOperator.partial(
        task_id="in_run", python_callable=works, max_active_tis_per_dagrun=2
    ).expand(op_kwargs=[{"seconds": 0.15}] * 5)
    PythonOperator.partial(
        task_id="in_dag", python_callable=works, max_active_tis_per_dag=1
    ).expand(op_kwargs=[{"seconds": 0.05}] * 3)
"""
    )
    deployment.store.set_pool(PoolRecord(name="narrow", slots=3))
    with deployment.running(parallelism=16):
        runs = [deployment.trigger(run_id=f"r{number}") for number in range(2)]
        for run in runs:
            assert deployment.ended(run).state is RunState.SUCCESS
        lines = deployment.said(lines=48)
    assert most_at_once(lines, "single") == 1
    assert most_at_once(lines, "in_dag") == 1
    for run in ("r0", "r1"):
        assert most_at_once(lines, f"in_run {run}") == 2
        assert most_at_once(lines, run) <= 4


def test_only_max_active_runs_run_at_a_time(deployment: Deployment) -> None:
    deployment.write(SPANS + 'with DAG("d", max_active_runs=2): work("t")\n')
    with deployment.running():
        runs = [deployment.trigger(run_id=f"r{number}") for number in range(5)]
        for run in runs:
            deployment.ended(run)
        lines = deployment.said(lines=10)
    assert most_at_once(lines) == 2


def test_heavier_tasks_go_first_by_whatever_rule(deployment: Deployment) -> None:
    deployment.write(
        SPANS
        + """
from slipstream.sdk import PriorityWeightStrategy
class ByName(PriorityWeightStrategy):
    def get_weight(self, ti):
        (HERE / "asked").open("a").write(f"{os.getpid()}\\n")
        return {"c": 30, "a": 20, "b": 10}[ti.task_id[-1]]
def triple(name, **more):
    with DAG(name, default_args=more):
        for of in "abc":
            work(f"{name}_{of}", priority_weight=ord(of) - ord("a"), op_kwargs={"seconds": 0})
triple("own", weight_rule=ByName())
triple("absolute", weight_rule="absolute")
with DAG("below", default_args={"weight_rule": "downstream", "op_kwargs": {"seconds": 0}}):
    work("below_few")
    work("below_many") >> [work("x", priority_weight=5), work("y")]
with DAG("above", default_args={"weight_rule": "upstream", "op_kwargs": {"seconds": 0}}):
    work("above_early") >> work("above_late")
    work("above_lone")
"""
    )
    with deployment.running(parallelism=1):
        for dag_id in ("own", "absolute", "below", "above"):
            deployment.run(dag_id)
        begun = [line.split()[1] for line in deployment.said(lines=26) if line[0] == "+"]
    assert begun[:3] == ["own_c", "own_a", "own_b"]
    assert begun[3:6] == ["absolute_c", "absolute_b", "absolute_a"]
    assert begun[6:8] == ["below_many", "x"]
    assert begun[10:12] == ["above_early", "above_late"]
    assert str(deployment.host.root_pid) not in deployment.said("asked")


def test_one_failure_stops_a_dag_that_fails_fast(deployment: Deployment) -> None:
    deployment.write(
        """
def fails():
    while not (HERE / "begun").exists():
        time.sleep(0.005)
    raise ValueError("no")
def waits():
    (HERE / "begun").touch()
    time.sleep(600)
with DAG("d", fail_fast=True):
    PythonOperator(task_id="fails", python_callable=fails)
    PythonOperator(task_id="waits", python_callable=waits) >> PythonOperator(
        task_id="below", python_callable=print
    )
"""
    )
    with deployment.running():
        run = deployment.run()
        assert run.state is RunState.FAILED
        assert deployment.states(run) == {
            "fails": "failed",
            "waits": "failed",
            "below": "skipped",
        }
        assert deployment.reason(run, "below") == (
            "Task 'fails' failed and the DAG is set to fail fast."
        )


def test_a_dag_whose_runs_keep_failing_is_paused(deployment: Deployment) -> None:
    deployment.write(
        """
def fails(dag_run):
    if dag_run.run_id.startswith("bad"):
        raise ValueError("no")
with DAG("d", max_consecutive_failed_dag_runs=2):
    PythonOperator(task_id="t", python_callable=fails)
"""
    )
    with deployment.running():
        for run_id in ("bad1", "good", "bad2"):
            deployment.run(run_id=run_id)
        assert not deployment.store.get_dag("d").is_paused
        deployment.run(run_id="bad3")
        eventually(lambda: deployment.store.get_dag("d").is_paused)
        assert deployment.store.get_dag("d").pause_reason == "Its last 2 runs failed."


DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 6)]


def test_a_run_depends_on_the_one_before(deployment: Deployment) -> None:
    deployment.write(
        """
def sometimes(dag_run):
    if dag_run.run_id == "one" and not (HERE / "mended").exists():
        raise ValueError("no")
with DAG("d"):
    PythonOperator(task_id="t", python_callable=sometimes, depends_on_past=True)
"""
    )
    with deployment.running():
        one = deployment.trigger(run_id="one", at=DAYS[0])
        deployment.ended(one)
        two = deployment.trigger(run_id="two", at=DAYS[1])
        eventually(lambda: "which is failed" in reason_of(deployment, two.run_id))
        (deployment.home / "mended").touch()
        deployment.store.clear_instances(one.pk, [TaskKey("t")])
        assert deployment.ended(two).state is RunState.SUCCESS


def reason_of(deployment: Deployment, run_id: str) -> str:
    """Why the task `t` of that run is where it is; empty before the run has begun."""
    run = deployment.store.get_run("d", run_id)
    return deployment.reason(run, "t") if deployment.states(run) else ""


def test_what_is_skipped_may_have_to_wait_for_the_past(deployment: Deployment) -> None:
    deployment.write(
        """
def slow():
    while not (HERE / "go").exists():
        time.sleep(0.005)
with DAG("d"):
    @task.branch
    def choose(dag_run=None):
        return "t" if dag_run.run_id == "one" else "other"
    t = PythonOperator(
        task_id="t",
        python_callable=slow,
        depends_on_past=True,
        wait_for_past_depends_before_skipping=True,
    )
    choose() >> [t, EmptyOperator(task_id="other")]
"""
    )
    with deployment.running():
        one = deployment.trigger(run_id="one", at=DAYS[0])
        deployment.wait_state(one, "t", TaskState.RUNNING)
        two = deployment.trigger(run_id="two", at=DAYS[1])
        deployment.wait_state(two, "other", TaskState.SUCCESS)
        eventually(lambda: "which is running" in reason_of(deployment, "two"))
        assert deployment.states(two)["t"] == "none"
        (deployment.home / "go").touch()
        assert deployment.ended(two).state is RunState.SUCCESS
        assert deployment.states(two)["t"] == "skipped"


def test_only_allowed_types_of_runs_are_made(deployment: Deployment) -> None:
    deployment.write(
        """
with DAG("d", allowed_run_types=["scheduled"]): EmptyOperator(task_id="t")
with DAG("e", allowed_run_types="manual"): EmptyOperator(task_id="t")
"""
    )
    with deployment.running():
        now, request = datetime.now(UTC), RunRequest(triggered_by=TriggeredBy.CLI)
        with pytest.raises(InvalidInputError, match="does not allow manual runs"):
            requested_run(deployment.store.get_dag("d"), request, now)
        allowed = requested_run(deployment.store.get_dag("e"), request, now)
        assert allowed.run_type is RunType.MANUAL


def test_a_result_that_is_too_long_fails_the_task_that_returned_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "3")
    deployment.write(
        """
with DAG("d"):
    @task
    def many(count): return list(range(count))
    @task
    def one(x): return x
    one.expand(x=many.override(task_id="few")(3))
    one.override(task_id="other").expand(x=many(4))
    one.override(task_id="literal").expand(x=[1, 2, 3, 4])
"""
    )
    with deployment.running():
        run = deployment.run()
        states = deployment.states(run)
        assert states["many"] == "failed"
        assert states["other"] == "upstream_failed"
        assert [states[f"one[{index}]"] for index in range(3)] == ["success"] * 3
        assert states["literal[3]"] == "success"
        assert "has 4 items; [core] max_map_length allows 3" in deployment.reason(run, "many")


def test_a_retry_policy_decides_on_the_server(deployment: Deployment) -> None:
    deployment.write(
        """
from slipstream.sdk import ExceptionRetryPolicy, RetryAction, RetryRule
policy = ExceptionRetryPolicy([
    RetryRule(KeyError, retry_delay=timedelta(seconds=0.05), reason="rate limit"),
    RetryRule(ValueError, RetryAction.FAIL, reason="bad input"),
])
def flaky(ti):
    raise KeyError("429") if ti.try_number == 1 else ValueError("wrong")
with DAG("d", default_args={"retries": 9, "retry_delay": timedelta(days=1)}):
    PythonOperator(task_id="t", python_callable=flaky, retry_policy=policy)
"""
    )
    with deployment.running():
        run = deployment.run()
        found = deployment.store.get_instance("d", "r", TaskKey("t")).instance
        assert (run.state, found.state, found.try_number) == (
            RunState.FAILED,
            TaskState.FAILED,
            2,
        )
        assert found.reason.endswith("ValueError: wrong. Its retry policy said: bad input.")


def test_defaults_of_groups_reach_their_tasks(deployment: Deployment) -> None:
    """Airflow 3.3 has no retries of a whole group: what there is are its `default_args`."""
    deployment.write(
        """
def flaky(ti):
    if ti.try_number < ti.max_tries + 1:
        raise ValueError("again")
with DAG("d", default_args={"retries": 0}):
    at_once = {"retries": 2, "retry_delay": timedelta(0)}
    with TaskGroup("outer", default_args=at_once, tooltip="tip"):
        PythonOperator(task_id="a", python_callable=flaky)
        with TaskGroup("inner", prefix_group_id=False, default_args={"retries": 1}):
            PythonOperator(task_id="b", python_callable=flaky)
"""
    )
    with deployment.running():
        run = deployment.run()
        assert run.state is RunState.SUCCESS
        tries = {
            task_id: deployment.store.get_instance("d", "r", TaskKey(task_id)).instance.try_number
            for task_id in deployment.states(run)
        }
        assert tries == {"outer.a": 3, "b": 2}
        group = deployment.store.get_dag("d").latest.spec.groups["outer"]
        assert (group.tooltip, group.prefix_group_id) == ("tip", True)


WAITING = """
from slipstream.sdk._triggers import BaseTrigger, TriggerEvent
class Gate(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path
    def serialize(self):
        return "one.Gate", {"path": self.path}
    async def run(self):
        import asyncio
        while not Path(self.path).exists():
            await asyncio.sleep(0.01)
        yield TriggerEvent("open")
class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Gate(str(HERE / "go")), method_name="resume")
    def resume(self, context, event):
        return event
with DAG("d", default_args={"pool": "narrow"}):
    Waits(task_id="waits", priority_weight=9)
    PythonOperator(task_id="other", python_callable=lambda: (HERE / "other").touch())
"""


@pytest.mark.parametrize("include_deferred", [False, True])
def test_a_deferred_task_keeps_its_slot_where_the_pool_counts_it(
    deployment: Deployment, include_deferred: bool
) -> None:
    deployment.write(WAITING)
    pool = PoolRecord(name="narrow", slots=1, include_deferred=include_deferred)
    deployment.store.set_pool(pool)
    with deployment.running():
        run = deployment.trigger()
        deployment.wait_state(run, "waits", TaskState.DEFERRED)
        if include_deferred:
            assert deployment.states(run)["other"] == "scheduled"
        else:
            deployment.wait_state(run, "other", TaskState.SUCCESS)
        (deployment.home / "go").touch()
        assert deployment.ended(run).state is RunState.SUCCESS
