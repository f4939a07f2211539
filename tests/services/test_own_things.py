"""A task changes what is its own: message by message, what another task instance has to fear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from tests.services.test_execution import attempt_of, refused, with_attempt
from tests.store.making import NOON, changed, recorded, spec, started

from slipstream.model.attempt import Attempt
from slipstream.model.changes import InstancesAdded
from slipstream.model.input import InputRequest
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.services.execution import ExecutionService
from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, RunWrite, VariableRecord
from slipstream.wire import execution as wire

LOAD, TRAIN = TaskKey("load"), TaskKey("train")
QUESTION = InputRequest(subject="Go?", options=("Yes", "No"))


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
    """`load` and `train` both run, and each has pushed, remembered and asked something."""
    recorded(store, spec("other"))
    run = with_attempt(store, started(store, recorded(store), logical_date=NOON))
    train = TaskInstance(
        run_pk=run.pk,
        task_id="train",
        state=TaskState.RUNNING,
        try_number=1,
        attempt_id="b-1",
        start_date=NOON,
    )
    run = changed(store, run, train)
    for key, attempt_id in ((LOAD, "a-1"), (TRAIN, "b-1")):
        store.set_xcom(run.pk, key, "k", '"kept"', None, attempt_id=attempt_id)
        store.set_task_state(run.pk, key, "k", '"kept"', None, attempt_id=attempt_id)
        store.ask_input(attempt_id, QUESTION)
    return run


@pytest.fixture
def attempt(run: DagRun) -> Attempt:
    return attempt_of(run)


def of(dag_id: str, run_id: str, key: TaskKey, **more: object) -> dict[str, object]:
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": key.task_id,
        "map_index": key.map_index,
        "key": "k",
        **more,
    }


TRAINS = of("sales", "first", TRAIN)
READ = {name: value for name, value in TRAINS.items() if name != "map_index"}
RUN = {"dag_id": "sales", "run_id": "first"}

REFUSED: list[wire.Request] = [
    wire.SetXCom(**TRAINS, value='"mine"'),  # type: ignore[arg-type]
    wire.DeleteXCom(**TRAINS),  # type: ignore[arg-type]
    wire.GetInput(attempt_id="b-1"),
]
"""What names another task instance, and is not for others."""
OWN: list[wire.Request] = [
    wire.TakeXComs(),
    wire.GetState(key="k"),
    wire.SetState(key="k", value='"mine"'),
    wire.DeleteState(key=None),
    wire.AskInput(request=QUESTION),
    wire.TakeDefaultInput(chosen_options=["Yes"]),
    wire.NoteFailedAlert(error="E: e"),
    wire.GetTeam(),
]
"""What is about the attempt that sends it, for it names no other."""
OF_ALL: list[wire.Request] = [
    wire.GetVariable(key="k"),
    wire.SetVariable(key="k", value="v"),
    wire.DeleteVariable(key="k"),
    wire.GetConnection(conn_id="c"),
    wire.TriggerRun(dag_id="other", run_id="new"),
    wire.GetXCom(**TRAINS),  # type: ignore[arg-type]
    wire.GetXComItem(**TRAINS, index=0),  # type: ignore[arg-type]
    wire.GetXComs(**READ),  # type: ignore[arg-type]
    wire.CountXComs(**READ),  # type: ignore[arg-type]
    wire.GetAsset(name="x"),
    wire.GetAssetEvents(name="x"),
    wire.GetTriggeringEvents(**RUN),
    wire.GetRun(**RUN),
    wire.GetPreviousRun(**RUN),
    wire.GetTaskStates(dag_id="sales"),
    wire.FindInstances(dag_id="sales"),
    wire.GetRunState(**RUN),
    wire.CountRuns(dag_id="sales"),
    wire.GetDag(dag_id="other"),
    wire.AwaitChange(dag_id="other"),
]
"""What the deployment's tasks share: they read each other's values, as Airflow's do."""


def test_every_message_has_its_place_here() -> None:
    placed = [type(one) for one in (*REFUSED, *OWN, *OF_ALL)]
    assert len(placed) == len(set(placed))
    assert set(placed) == set(get_args(wire.Request))


def seen_of_others(store: Store, run: DagRun) -> object:
    """All that there is of `train`."""
    entries = store.iterate_instances(InstanceFilter(dag_ids=["sales"], task_ids=["train"]))
    (entry,) = entries
    state = store.get_task_state(run.pk, TRAIN, "k")
    xcom = store.get_xcom(**RUN, task_id="train", map_index=-1, key="k", include_prior_dates=False)
    assert xcom is not None
    assert state is not None
    return entry.instance, state.value, xcom.value, store.get_asked(run.pk, TRAIN, "b-1")


@pytest.mark.parametrize("ask", [*REFUSED, *OWN, *OF_ALL], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("is_over", [False, True], ids=["runs", "calls back"])
def test_no_message_touches_another_task_instance(
    service: ExecutionService,
    store: Store,
    run: DagRun,
    attempt: Attempt,
    ask: wire.Request,
    is_over: bool,
) -> None:
    store.set_variable(VariableRecord(key="k", value="v"))
    before = seen_of_others(store, run)
    answer = service.answer(replace(attempt, is_over=is_over), ask)
    assert seen_of_others(store, run) == before
    if any(ask is one for one in REFUSED):
        assert isinstance(answer, wire.Refused)
        assert answer.code in ("not_yours", "not_found")
    elif isinstance(answer, wire.Refused):
        assert answer.code in ("not_found", "conflict"), answer
        assert isinstance(ask, wire.TakeXComs | wire.TakeDefaultInput | wire.GetAssetEvents)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("sales", "first", TRAIN), "task train in run first of sales"),
        (("sales", "first", TaskKey("load", 3)), "task load[3] in run first of sales"),
        (("sales", "second", LOAD), "task load in run second of sales"),
        (("other", "first", LOAD), "task load in run first of other"),
        (("sales", "nonsense", LOAD), "task load in run nonsense of sales"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_xcoms_of_others_are_read_and_not_written(
    service: ExecutionService,
    store: Store,
    run: DagRun,
    attempt: Attempt,
    place: tuple[str, str, TaskKey],
    said: str,
) -> None:
    started(store, store.get_version(run.version_id), "second")
    where = of(*place)
    push = wire.SetXCom(**where, value='"mine"')  # type: ignore[arg-type]
    drop = wire.DeleteXCom(**where)  # type: ignore[arg-type]
    for ask, verb in ((push, "set"), (drop, "deleted")):
        message = refused(service.answer(attempt, ask), "not_yours")
        assert message == (
            f"XCom 'k' of {said} cannot be {verb} by task load in run first of sales: a task "
            "writes XComs of its own task instance alone, and reads those of all."
        )
    found = service.answer(attempt, wire.GetXCom(**where))  # type: ignore[arg-type]
    kept = '"kept"' if place == ("sales", "first", TRAIN) else None
    assert found == wire.Text(value=kept)


def test_a_mapped_instance_writes_at_its_own_index(
    service: ExecutionService, store: Store, run: DagRun, attempt: Attempt
) -> None:
    instance = TaskInstance(
        run_pk=run.pk,
        task_id="load",
        map_index=2,
        state=TaskState.RUNNING,
        try_number=1,
        attempt_id="m-1",
        start_date=NOON,
    )
    added = RunWrite(run.pk, run.revision, [InstancesAdded((instance,))])
    assert store.apply([added]) == frozenset()
    mapped = replace(attempt, attempt_id="m-1", map_index=2)
    for index, accepted in ((2, True), (1, False), (-1, False)):
        where = of("sales", "first", TaskKey("load", index))
        push = wire.SetXCom(**where, value="1")  # type: ignore[arg-type]
        assert (service.answer(mapped, push) == wire.Done()) is accepted, index


def test_a_task_sees_what_its_earlier_tries_have_asked_people(
    service: ExecutionService, store: Store, run: DagRun
) -> None:
    with_attempt(store, run, "a-2", try_number=2)
    store.ask_input("a-2", QUESTION)
    second = attempt_of(run, "a-2")
    for asked in ("a-2", "a-1"):
        answer = service.answer(second, wire.GetInput(attempt_id=asked))
        assert isinstance(answer, wire.InputFound), asked
    said = refused(service.answer(second, wire.GetInput(attempt_id="b-1")), "not_found")
    assert said.startswith("Task load has asked nobody anything in attempt b-1 of this run.")
