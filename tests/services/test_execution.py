"""What tasks are answered while they run: every question and order, and who is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.store.making import NOON, changed, later, new_run, recorded, spec, started

from slipstream.model.attempt import Attempt
from slipstream.model.dag import GroupSpec, TaskSpec
from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.services.execution import ExecutionService
from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord, VariableRecord
from slipstream.wire import execution as wire

LOAD, TRAIN = TaskKey("load"), TaskKey("train")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite://", fernet_keys=[generate_key()], xcom_url=str(tmp_path / "xcom"))
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store) -> ExecutionService:
    return ExecutionService(store, clock=lambda: NOON)


@pytest.fixture
def run(store: Store) -> DagRun:
    """A running run of `sales` whose task `load` runs."""
    return with_attempt(store, started(store, recorded(store), logical_date=NOON))


@pytest.fixture
def attempt(run: DagRun) -> Attempt:
    """The attempt that `load` runs in."""
    return attempt_of(run)


def with_attempt(store: Store, run: DagRun, attempt_id: str = "a-1", **fields: object) -> DagRun:
    load = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        state=TaskState.RUNNING,
        try_number=1,
        attempt_id=attempt_id,
        start_date=NOON,
    )
    return changed(store, run, replace(load, **fields))  # type: ignore[arg-type]  # fields of it


def attempt_of(run: DagRun, attempt_id: str = "a-1") -> Attempt:
    return Attempt(attempt_id=attempt_id, run=run, task_id="load", fileloc="/dags/sales.py")


def refused(answer: wire.Answer, code: str) -> str:
    assert isinstance(answer, wire.Refused), answer
    assert answer.code == code
    return answer.message


# Variables and connections.


def test_a_variable_is_read_written_and_deleted(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    read, delete = wire.GetVariable(key="k"), wire.DeleteVariable(key="k")
    assert service.answer(attempt, read) == wire.Text(value=None)
    write = wire.SetVariable(key="k", value="v", description="about it")
    assert service.answer(attempt, write) == wire.Done()
    assert service.answer(attempt, read) == wire.Text(value="v")
    kept = store.get_variable("k")
    assert kept is not None
    assert kept.description == "about it"
    assert service.answer(attempt, delete) == wire.Done(found=True)
    assert service.answer(attempt, delete) == wire.Done(found=False)


def test_a_connection_is_given_with_its_password(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    ask = wire.GetConnection(conn_id="db")
    assert service.answer(attempt, ask) == wire.Missing()
    store.set_connection(
        ConnectionRecord(
            conn_id="db",
            conn_type="postgres",
            description="ours",
            host="h",
            login="me",
            password="hush",
            schema="s",
            port=5,
            extra='{"a": 1}',
        )
    )
    assert service.answer(attempt, ask) == wire.ConnectionFound(
        conn_id="db",
        conn_type="postgres",
        description="ours",
        host="h",
        login="me",
        password="hush",
        schema="s",
        port=5,
        extra='{"a": 1}',
    )


def test_a_file_that_is_loaded_reads_variables_and_connections_and_nothing_else(
    service: ExecutionService, store: Store, run: DagRun
) -> None:
    store.set_variable(VariableRecord(key="k", value="v"))
    assert service.answer(None, wire.GetVariable(key="k")) == wire.Text(value="v")
    assert service.answer(None, wire.GetConnection(conn_id="db")) == wire.Missing()
    orders: list[wire.Request] = [
        wire.SetVariable(key="k", value="w"),
        wire.DeleteVariable(key="k"),
        wire.TriggerRun(dag_id="sales"),
        wire.GetRunState(dag_id="sales", run_id=run.run_id),
        wire.CountRuns(dag_id="sales"),
    ]
    for order in orders:
        assert type(order).__name__ in refused(service.answer(None, order), "invalid")
    assert service.answer(None, wire.GetVariable(key="k")) == wire.Text(value="v")


# XComs.


def xcom(run: DagRun, key: TaskKey = LOAD, **more: object) -> dict[str, object]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "task_id": key.task_id,
        "key": "k",
        **more,
    }


def test_xcoms_are_pushed_pulled_counted_and_deleted(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    push = wire.SetXCom(**xcom(run, map_index=-1, value="[1,2]", length=2))  # type: ignore[arg-type]
    assert service.answer(attempt, push) == wire.Done()
    pull = wire.GetXCom(**xcom(run, map_index=-1))  # type: ignore[arg-type]
    assert service.answer(attempt, pull) == wire.Text(value="[1,2]")
    assert store.load_run(run.pk).lengths == {LOAD: {"k": 2}}
    count = wire.CountXComs(**xcom(run))  # type: ignore[arg-type]
    assert service.answer(attempt, count) == wire.Count(value=1)
    drop = wire.DeleteXCom(**xcom(run, map_index=-1))  # type: ignore[arg-type]
    assert service.answer(attempt, drop) == wire.Done(found=True)
    assert service.answer(attempt, drop) == wire.Done(found=False)
    assert service.answer(attempt, pull) == wire.Text(value=None)


def test_the_xcoms_of_a_map_come_in_its_order_and_as_slices(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    for index in (2, 0, 1):
        store.set_xcom(run.pk, TaskKey("train", index), "k", str(index), None)
    everything = wire.GetXComs(**xcom(run, TRAIN))  # type: ignore[arg-type]
    assert service.answer(attempt, everything) == wire.Texts(values=["0", "1", "2"])
    backwards = wire.GetXComs(**xcom(run, TRAIN, start=-1, stop=None, step=-2))  # type: ignore[arg-type]
    assert service.answer(attempt, backwards) == wire.Texts(values=["2", "0"])


def test_xcoms_of_earlier_runs_are_found_when_asked_for(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    version = store.get_version(run.version_id)
    before = started(store, version, "before", logical_date=later(-9))
    store.set_xcom(before.pk, LOAD, "k", '"old"', None)
    ask = wire.GetXCom(**xcom(run, map_index=-1, include_prior_dates=True))  # type: ignore[arg-type]
    assert service.answer(attempt, ask) == wire.Text(value='"old"')
    plain = wire.GetXCom(**xcom(run, map_index=-1))  # type: ignore[arg-type]
    assert service.answer(attempt, plain) == wire.Text(value=None)


# Fencing.


ORDERS: list[wire.Request] = [
    wire.SetVariable(key="k", value="v"),
    wire.DeleteVariable(key="kept"),
    wire.SetXCom(
        dag_id="sales", run_id="first", task_id="load", map_index=-1, key="k", value="1", length=1
    ),
    wire.DeleteXCom(dag_id="sales", run_id="first", task_id="load", map_index=-1, key="kept"),
    wire.TriggerRun(dag_id="sales", run_id="triggered"),
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
@pytest.mark.parametrize("fence", ["superseded", "marked", "ended"])
def test_orders_of_an_attempt_that_no_longer_counts_are_refused_and_change_nothing(
    service: ExecutionService,
    store: Store,
    attempt: Attempt,
    run: DagRun,
    order: wire.Request,
    fence: str,
) -> None:
    store.set_variable(VariableRecord(key="kept", value="v"))
    store.set_xcom(run.pk, LOAD, "kept", "1", None)
    match fence:
        case "superseded":
            with_attempt(store, run, "a-2")
        case "marked":
            store.set_instances_state(run.pk, [LOAD], TaskState.FAILED)
        case _:
            with_attempt(store, run, state=TaskState.SUCCESS, end_date=NOON)
    message = refused(service.answer(attempt, order), "fenced")
    assert "a-1" in message
    assert "load" in message
    assert store.get_variable("k") is None
    assert store.get_variable("kept") is not None
    lengths = store.load_run(run.pk).lengths
    assert lengths == {}
    kept = wire.GetXCom(**xcom(run, map_index=-1) | {"key": "kept"})  # type: ignore[arg-type]
    assert service.answer(attempt, kept) == wire.Text(value="1")
    assert store.get_rendered_fields(run.pk, LOAD) == {}
    gone = wire.GetRunState(dag_id="sales", run_id="triggered")
    assert service.answer(attempt, gone) == wire.Text(value=None)


def test_a_cleared_attempt_is_refused_while_its_process_is_told_to_end(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    store.clear_instances(run.pk, [LOAD])
    push = wire.SetXCom(**xcom(run, map_index=-1, value="1"))  # type: ignore[arg-type]
    refused(service.answer(attempt, push), "fenced")


def test_questions_are_answered_to_attempts_that_no_longer_count(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    store.set_variable(VariableRecord(key="k", value="v"))
    with_attempt(store, run, "a-2")
    assert service.answer(attempt, wire.GetVariable(key="k")) == wire.Text(value="v")
    ask = wire.GetRunState(dag_id="sales", run_id="first")
    assert service.answer(attempt, ask) == wire.Text(value="running")


# Other runs.


def test_the_run_before_is_told_with_its_fields(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    ask = wire.GetPreviousRun(dag_id="sales", run_id="first")
    assert service.answer(attempt, ask) == wire.Missing()
    version = store.get_version(run.version_id)
    before = started(store, version, "before", logical_date=later(-9), conf={"a": [1]})
    store.set_run_state("sales", "before", RunState.SUCCESS)
    answer = service.answer(attempt, ask)
    assert isinstance(answer, wire.RunFound)
    assert answer.fields["run_id"] == answer.fields["dag_run_id"] == "before"
    assert answer.fields["state"] == "success"
    assert answer.fields["conf"] == {"a": [1]}
    assert answer.fields["logical_date"] == later(-9).isoformat()
    assert isinstance(answer.fields["duration"], float)
    assert before.end_date is None
    failed = wire.GetPreviousRun(dag_id="sales", run_id="first", state="failed")
    assert service.answer(attempt, failed) == wire.Missing()


def test_a_run_that_is_not_there_has_no_run_before(
    service: ExecutionService, attempt: Attempt
) -> None:
    ask = wire.GetPreviousRun(dag_id="sales", run_id="nonsense")
    assert "nonsense" in refused(service.answer(attempt, ask), "not_found")


@pytest.mark.parametrize("state", ["nonsense", ""])
def test_a_state_that_there_is_not_is_no_crash(
    service: ExecutionService, attempt: Attempt, state: str
) -> None:
    previous = wire.GetPreviousRun(dag_id="sales", run_id="first", state=state)
    count = wire.CountRuns(dag_id="sales", states=[state])
    for ask in (previous, count):
        message = refused(service.answer(attempt, ask), "invalid")
        assert "queued, running, success, failed" in message


def test_the_states_of_tasks_are_told_by_run(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    rows = [
        TaskInstance(run_pk=run.pk, task_id="train", state=TaskState.FAILED),
    ]
    changed(store, run, *rows)
    started(store, store.get_version(run.version_id), "other", logical_date=later(5))
    everything = wire.GetTaskStates(dag_id="sales")
    assert service.answer(attempt, everything) == wire.TaskStates(
        states={
            "first": {"load": "running", "train": "failed"},
            "other": {"load": None, "train": None},
        }
    )
    some = wire.GetTaskStates(dag_id="sales", task_ids=["train"], run_ids=["first"])
    assert service.answer(attempt, some) == wire.TaskStates(states={"first": {"train": "failed"}})
    dated = wire.GetTaskStates(dag_id="sales", task_ids=["load"], logical_dates=[later(5)])
    assert service.answer(attempt, dated) == wire.TaskStates(states={"other": {"load": None}})


def test_the_instances_of_earlier_runs_are_found_the_latest_first(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    version = store.get_version(run.version_id)
    for name, minutes, state in (("old", -9, TaskState.SUCCESS), ("new", -3, TaskState.FAILED)):
        other = started(store, version, name, logical_date=later(minutes))
        ended = {"start_date": NOON, "end_date": later(1), "try_number": 2}
        changed(store, other, TaskInstance(run_pk=other.pk, task_id="load", state=state, **ended))
    ask = wire.FindInstances(dag_id="sales", task_id="load", map_index=-1, before=NOON, limit=1)
    answer = service.answer(attempt, ask)
    assert isinstance(answer, wire.Instances)
    [latest] = answer.instances
    assert (latest.run_id, latest.state, latest.try_number) == ("new", "failed", 2)
    assert latest.logical_date == later(-3)
    assert latest.duration == (later(1) - NOON).total_seconds()
    answer = service.answer(attempt, msgspec.structs.replace(ask, states=["success"]))
    assert isinstance(answer, wire.Instances)
    assert [one.run_id for one in answer.instances] == ["old"]
    answer = service.answer(attempt, msgspec.structs.replace(ask, before=later(-9)))
    assert answer == wire.Instances(instances=[])


def test_what_has_ended_in_a_run_is_found_with_its_operator(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    changed(store, run, TaskInstance(run_pk=run.pk, task_id="train", state=TaskState.SKIPPED))
    ask = wire.FindInstances(dag_id="sales", run_id="first", states=["skipped", "success"])
    answer = service.answer(attempt, ask)
    assert isinstance(answer, wire.Instances)
    [ended] = answer.instances
    assert (ended.task_id, ended.state, ended.duration) == ("train", "skipped", None)
    assert ended.operator == "BaseOperator"


def test_instances_of_a_state_that_there_is_not_are_refused(
    service: ExecutionService, attempt: Attempt
) -> None:
    ask = wire.FindInstances(dag_id="sales", states=["nonsense"])
    assert "'nonsense' is no state of a task" in refused(service.answer(attempt, ask), "invalid")


def test_the_states_of_a_group_are_those_of_all_tasks_in_it(
    service: ExecutionService, store: Store
) -> None:
    tasks = {
        "outer.a": TaskSpec(task_id="outer.a", group_id="outer"),
        "outer.inner.b": TaskSpec(task_id="outer.inner.b", group_id="outer.inner"),
        "load": TaskSpec(task_id="load"),
    }
    groups = {
        "outer.inner": GroupSpec(group_id="outer.inner", parent_id="outer"),
        "outer": GroupSpec(group_id="outer"),
    }
    run = started(store, recorded(store, replace(spec(), tasks=tasks, groups=groups)))
    ask = wire.GetTaskStates(dag_id="sales", group_id="outer")
    assert service.answer(attempt_of(run), ask) == wire.TaskStates(
        states={"first": {"outer.a": None, "outer.inner.b": None}}
    )


def test_a_group_that_is_not_there_is_not_found(
    service: ExecutionService, attempt: Attempt
) -> None:
    ask = wire.GetTaskStates(dag_id="sales", group_id="nonsense")
    assert "nonsense" in refused(service.answer(attempt, ask), "not_found")


def test_the_states_of_one_index_of_a_map_carry_the_index(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    from slipstream.model.changes import MapExpanded
    from slipstream.store.records import RunWrite

    store.apply([RunWrite(run.pk, run.revision, [MapExpanded("train", 3, 0)])])
    ask = wire.GetTaskStates(dag_id="sales", task_ids=["train"], map_index=1)
    assert service.answer(attempt, ask) == wire.TaskStates(states={"first": {"train_1": None}})


def test_runs_are_counted_by_id_state_and_date(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    version = store.get_version(run.version_id)
    started(store, version, "other", logical_date=later(5))
    store.set_run_state("sales", "other", RunState.FAILED)

    def count(**which: object) -> int:
        ask = wire.CountRuns(dag_id="sales", **which)  # type: ignore[arg-type]  # fields of it
        answer = service.answer(attempt, ask)
        assert isinstance(answer, wire.Count)
        return answer.value

    assert count() == 2
    assert count(states=["failed"]) == 1
    assert count(states=["failed", "running"]) == 2
    assert count(run_ids=["first", "nonsense"]) == 1
    assert count(logical_dates=[NOON, later(5), later(6)]) == 2
    assert count(logical_dates=[later(5)], states=["running"]) == 0


# Triggering.


def test_a_task_triggers_a_run_and_the_run_says_who_did(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    recorded(store, spec("stock"))
    order = wire.TriggerRun(
        dag_id="stock", run_id="mine", logical_date=later(7), conf={"a": 1}, note="because"
    )
    assert service.answer(attempt, order) == wire.Text(value="mine")
    made = store.get_run("stock", "mine")
    assert (made.run_type, made.logical_date) == (RunType.OPERATOR_TRIGGERED, later(7))
    assert (made.conf, made.note, made.triggered_by.value) == ({"a": 1}, "because", "operator")
    assert "load" in made.reason
    assert "first" in made.reason


def test_a_run_without_an_id_gets_one(service: ExecutionService, attempt: Attempt) -> None:
    answer = service.answer(attempt, wire.TriggerRun(dag_id="sales"))
    assert isinstance(answer, wire.Text)
    assert answer.value is not None
    assert answer.value.startswith("operator_triggered__") or answer.value.startswith("manual__")


def test_a_run_that_is_there_is_not_made_again_but_can_be_started_over(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    other = recorded(store, spec("stock"))
    before = started(store, other, "mine")
    failed = TaskInstance(run_pk=before.pk, task_id="load", state=TaskState.FAILED, try_number=1)
    changed(store, before, failed)
    store.set_run_state("stock", "mine", RunState.FAILED)
    order = wire.TriggerRun(dag_id="stock", run_id="mine")
    assert "mine" in refused(service.answer(attempt, order), "already_exists")
    assert store.get_run("stock", "mine").state is RunState.FAILED
    again = wire.TriggerRun(dag_id="stock", run_id="mine", reset_existing=True)
    assert service.answer(attempt, again) == wire.Text(value="mine")
    assert store.get_run("stock", "mine").state is RunState.QUEUED
    states = {one.state for one in store.load_run(before.pk).instances}
    assert states == {TaskState.NONE}


def test_a_dag_that_is_not_there_cannot_be_triggered(
    service: ExecutionService, attempt: Attempt
) -> None:
    answer = service.answer(attempt, wire.TriggerRun(dag_id="nonsense"))
    assert "nonsense" in refused(answer, "not_found")


# Whatever happens, there is an answer.


class BrokenStore:
    """Fails in a way that nobody has thought of."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"{name} is broken")


def test_what_nobody_has_thought_of_is_an_answer_too(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    service = ExecutionService(BrokenStore())  # type: ignore[arg-type]  # as broken as can be
    for asker in (attempt, None):
        message = refused(service.answer(asker, wire.GetVariable(key="secret")), "internal")
        assert message == "RuntimeError: get_variable is broken"
    assert "a-1" in caplog.text


def test_runs_of_a_moment_are_told_in_utc(
    service: ExecutionService, store: Store, attempt: Attempt, run: DagRun
) -> None:
    version = store.get_version(run.version_id)
    store.create_run(new_run(version, "before", logical_date=NOON - timedelta(days=1)))
    answer = service.answer(attempt, wire.GetPreviousRun(dag_id="sales", run_id="first"))
    assert isinstance(answer, wire.RunFound)
    moment = answer.fields["logical_date"]
    assert isinstance(moment, str)
    assert datetime.fromisoformat(moment).tzinfo == UTC
    assert answer.fields["duration"] is None


# Questions to people.


def test_what_a_task_asks_people_is_kept_and_its_answer_found(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    request = InputRequest(subject="Go?", options=("Yes", "No"), defaults=("No",))
    ask = wire.GetInput(attempt_id="a-1")
    refused(service.answer(attempt, ask), "not_found")
    assert service.answer(attempt, wire.AskInput(request=request)) == wire.Done()
    assert service.answer(attempt, ask) == wire.InputFound(request=request)
    taken = service.answer(attempt, wire.TakeDefaultInput(chosen_options=["No"]))
    response = InputResponse(chosen_options=("No",), responded_at=NOON)
    assert taken == wire.InputFound(request=request, response=response)
    again = service.answer(attempt, wire.TakeDefaultInput(chosen_options=["No"]))
    assert "answered already" in refused(again, "conflict")


def test_an_attempt_that_no_longer_counts_asks_nobody(
    service: ExecutionService, store: Store, run: DagRun, attempt: Attempt
) -> None:
    with_attempt(store, run, "a-2")
    request = InputRequest(subject="Go?", options=("Yes",))
    refused(service.answer(attempt, wire.AskInput(request=request)), "fenced")
    refused(service.answer(attempt, wire.TakeDefaultInput(chosen_options=["Yes"])), "fenced")
