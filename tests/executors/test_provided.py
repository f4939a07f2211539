"""What executors of provider packages subclass, driven as a scheduler would."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter

from slipstream.compat.adapters.not_here import (
    NotHereError,
    get_coordinator_manager,
    provide_session,
)
from slipstream.executors.provided import execute_workload, workloads
from slipstream.executors.provided.base_executor import BaseExecutor
from slipstream.executors.provided.loader import ConnectorSource, ExecutorLoader
from slipstream.executors.provided.workloads import (
    CallbackDTO,
    CallbackKey,
    CallbackState,
    ExecuteCallback,
    ExecuteTask,
)
from slipstream.model.states import TaskState
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._task_instance import TaskInstanceKey
from slipstream.sdk.exceptions import AirflowConfigException


class Shelf(BaseExecutor):
    """Runs what it is given when it is looked after, in this process."""

    supports_callbacks = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given: list[str] = []

    def _process_workloads(self, workload_items: Sequence[workloads.Workload]) -> None:
        for workload in workload_items:
            self.queued_tasks.pop(workload.key, None)  # type: ignore[arg-type]
            self.queued_callbacks.pop(workload.key, None)  # type: ignore[arg-type]
            self.running.add(workload.key)
            self.given.append(workload.display_name)
            self.running_state(workload.key, "worker 1")

    def finish(self, key: workloads.WorkloadKey, *, well: bool) -> None:
        (self.success if well else self.fail)(key, "done")


def task(name: str, priority: int = 1) -> ExecuteTask:
    return ExecuteTask.model_validate(
        {
            "token": "t0ken",
            "dag_rel_path": "a.py",
            "bundle_info": {"name": "dags-folder"},
            "log_path": None,
            "ti": {
                "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
                "dag_version_id": str(uuid.UUID(int=1)),
                "task_id": name,
                "dag_id": "d",
                "run_id": "r",
                "try_number": 1,
                "pool_slots": 1,
                "priority_weight": priority,
                "executor_config": {"image": "x"},
            },
        }
    )


def callback() -> ExecuteCallback:
    data = {"path": "package.module.notify", "kwargs": {}}
    return ExecuteCallback(
        token="t",
        dag_rel_path="a.py",  # type: ignore[arg-type]
        bundle_info=workloads.BundleInfo(name="dags-folder"),
        log_path=None,
        callback=CallbackDTO(
            id=str(uuid.UUID(int=7)),
            fetch_method="import_path",
            data=data,  # type: ignore[arg-type]
        ),
    )


def test_the_most_urgent_tasks_go_first_as_places_are_free() -> None:
    executor = Shelf(parallelism=2)
    for name, priority in (("low", 1), ("high", 9), ("middle", 5)):
        executor.queue_workload(task(name, priority))
    assert executor.slots_available == -1
    executor.heartbeat()
    assert executor.given == [str(task(name).ti.id) for name in ("high", "middle")]
    key = TaskInstanceKey("d", "high", "r", 1, -1)
    assert executor.get_event_buffer()[key] == (TaskState.RUNNING, "worker 1")
    assert executor.has_task(task("high").ti)
    executor.finish(key, well=True)
    executor.heartbeat()
    assert executor.get_event_buffer(["d"])[key] == (TaskState.SUCCESS, "done")
    assert executor.slots_occupied == 2
    assert len(executor.given) == 3


def test_callbacks_go_before_tasks_and_have_states_of_their_own() -> None:
    executor = Shelf(parallelism=1)
    executor.queue_workload(task("t"))
    executor.queue_workload(callback())
    executor.heartbeat()
    assert executor.given == ["notify"]
    key = CallbackKey(str(uuid.UUID(int=7)))
    executor.finish(key, well=False)
    assert executor.get_event_buffer(["other"]) == {key: (CallbackState.FAILED, "done")}


def test_what_an_executor_cannot_run_it_does_not_take() -> None:
    executor = BaseExecutor(parallelism=1)
    with pytest.raises(NotImplementedError, match="calls no callbacks"):
        executor.queue_workload(callback())
    with pytest.raises(ValueError, match="expected ExecuteTask"):
        executor.queue_workload("a task")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="parallelism is 0"):
        BaseExecutor(parallelism=0)
    with pytest.raises(TypeError, match="names no workload"):
        executor.success("key")  # type: ignore[arg-type]


def test_workloads_cross_as_json_without_what_is_the_schedulers() -> None:
    text = task("t").model_dump_json()
    assert "executor_config" not in json.loads(text)["ti"]
    again = TypeAdapter[workloads.Workload](workloads.All).validate_json(text)
    assert isinstance(again, ExecuteTask)
    assert again.ti.key == task("t").ti.key
    assert "t0ken" not in repr(again)
    called = TypeAdapter[workloads.Workload](workloads.All).validate_json(
        callback().model_dump_json()
    )
    assert isinstance(called, ExecuteCallback)


@pytest.fixture
def executor_setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def set_to(value: str) -> None:
        monkeypatch.setenv("SLIPSTREAM__CORE__EXECUTOR", value)
        read_settings_anew()

    yield set_to
    monkeypatch.undo()
    read_settings_anew()


def test_the_settings_name_executors_by_name_path_and_alias(executor_setting: Any) -> None:
    path = f"{__name__}.Shelf"
    executor_setting(f"LocalExecutor, CeleryExecutor, mine:{path}, {path}")
    names = ExecutorLoader.get_executor_names()
    assert [name.alias for name in names] == ["LocalExecutor", "CeleryExecutor", "mine", None]
    assert names[1].connector_source is ConnectorSource.CORE
    executor = ExecutorLoader.load_executor("mine")
    assert type(executor).__name__ == "Shelf"
    assert executor.name == names[2]
    assert ExecutorLoader.lookup_executor_name_by_str("Shelf") == names[2]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("NoExecutor", "expected one of"),
        ("no.such.Executor", "cannot be imported"),
        ("LocalExecutor", "part of the server"),
    ],
)
def test_a_name_that_leads_nowhere_says_so(executor_setting: Any, setting: str, said: str) -> None:
    executor_setting(setting)
    with pytest.raises(AirflowConfigException, match=said):
        ExecutorLoader.load_executor(None)


def test_a_function_that_may_use_a_session_goes_on_until_it_does() -> None:
    @provide_session
    def told(word: str, *, uses: bool = False, session: Any = None) -> str:
        return str(session.scalar(word)) if uses else word

    assert told("well") == "well"
    assert told("well", uses=False, session=object()) == "well"
    with pytest.raises(NotHereError, match="REST API"):
        told("well", uses=True)


def test_no_queue_has_a_coordinator() -> None:
    assert get_coordinator_manager().extra_for_queue("default") is None
    with pytest.raises(NotHereError, match="default"):
        get_coordinator_manager().for_queue("default")


def test_an_image_may_begin_with_what_takes_the_command_of_executors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["python", "-m", "airflow.sdk.execution_time.execute_workload"]
    monkeypatch.setattr(sys, "argv", ["entry", *command, "--json-string", "{}"])
    with pytest.raises(SystemExit, match="The workload cannot be read") as stop:
        execute_workload.main()
    assert "token" in str(stop.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"task_id"', '"task"'),
        lambda text: text.replace('"d"', "5"),
        lambda text: text[:-2],
        lambda text: text.replace('"t0ken"', '["t0ken"]'),
    ],
    ids=["a field is missing", "a field is wrong", "no JSON", "the token is wrong"],
)
def test_what_is_wrong_with_a_workload_is_said_without_its_token(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[str], str]
) -> None:
    text = spoil(task("t").model_dump_json())
    monkeypatch.setattr(sys, "argv", ["entry", "--json-string", text])
    with pytest.raises(SystemExit, match="The workload cannot be read") as stop:
        execute_workload.main()
    assert "t0ken" not in str(stop.value)


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_container_did_its_work_whatever_became_of_the_task(
    monkeypatch: pytest.MonkeyPatch, outcome: int
) -> None:
    """Executors start a container again that ends with another code."""
    workload = task("t").model_dump_json()
    monkeypatch.setattr(sys, "argv", ["entry", "--json-string", workload])
    monkeypatch.setattr(BaseExecutor, "run_workload", lambda *_args, **_kwargs: outcome)
    with pytest.raises(SystemExit) as stop:
        execute_workload.main()
    assert not stop.value.code


def test_a_container_whose_task_is_not_to_run_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["entry", "--json-string", task("t").model_dump_json()])
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "http://127.0.0.1:1/execution/")
    with pytest.raises(SystemExit, match=r"is not run: the server at .* cannot be reached"):
        execute_workload.main()
