"""Our side: runs DAG files with our `DAG.test()`, one per line of standard input.

The protocol is that of `airflow_side.py`. The answer also has the order in which tasks began.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow_side import plain  # type: ignore[import-not-found]  # it lies beside this script
from history import History  # type: ignore[import-not-found]  # so does it

from slipstream import compat
from slipstream.model.changes import Change, InstanceChanged, InstancesAdded, RangeChanged
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.sdk._dag import DAG
from slipstream.testing import dag_test
from slipstream.testing.in_process import NothingLeftToDoError
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.testing.tested_run import TestedRun
from slipstream.wire.values import decode_value


def main() -> None:
    """Answer until standard input ends."""
    channel, home = os.fdopen(int(sys.argv[1]), "w"), Path(sys.argv[2])
    home.mkdir(parents=True, exist_ok=True)
    compat.install()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    channel.write(json.dumps({"ready": True}) + "\n")
    channel.flush()
    for line in sys.stdin:
        channel.write(json.dumps(_answer(json.loads(line), home)) + "\n")
        channel.flush()


def _answer(job: dict[str, Any], home: Path) -> dict[str, Any]:
    path = home / f"{job['dag_id']}.py"
    path.write_text(job["source"])
    trace = home / "trace"
    trace.write_text("")
    os.environ["DIFFERENTIAL_TRACE"] = str(trace)
    try:
        dag = _load(path)
        one = len(job["steps"]) == 1
        below = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
        steps = [_tested(dag, job, trace)] if one else _several(dag, job, trace)
        return {"steps": steps, "below": below}
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    finally:
        path.unlink()


def _load(path: Path) -> DAG:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    dag: DAG = module.dag
    return dag


def _tested(dag: DAG, job: dict[str, Any], trace: Path) -> dict[str, Any]:
    """One run, as `DAG.test()` carries it out."""
    order = Order()
    date = _date(job["steps"][0])
    try:
        run = dag_test.run(
            dag, run_after=date, logical_date=date, run_conf=job["conf"], on_event=order.watch
        )
    except NothingLeftToDoError:
        return {"stuck": True, "order": order.begun}
    return {**told(run), "trace": trace.read_text().splitlines(), "order": order.begun}


def told(run: TestedRun) -> dict[str, Any]:
    """What there is to compare of a run."""
    return {
        "run": str(run.state),
        "states": {f"{one.task_id}|{one.map_index}": one.state for one in run.get_task_instances()},
        "tries": {_name(key): row.try_number for key, row in run._instances.items()},
        "xcoms": _xcoms(run._memory, run.run_id),
    }


def _several(dag: DAG, job: dict[str, Any], trace: Path) -> list[dict[str, Any]]:
    """The steps of a history, each with what it left of its run."""
    history = History(dag, job["conf"])
    answers = []
    for step in job["steps"]:
        order = Order()
        trace.write_text("")
        run = history.take(_date(step), step["clear"], order.watch)
        instances = history.store.instances(run.pk)
        answers.append(
            {
                "run": str(run.state),
                "states": {
                    _name(key): None if row.state == "none" else str(row.state)
                    for key, row in instances.items()
                },
                "tries": {_name(key): row.try_number for key, row in instances.items()},
                "xcoms": _xcoms(history.backend(run), run.run_id),
                "trace": trace.read_text().splitlines(),
                "order": order.begun,
            }
        )
    return answers


def _date(step: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(step["date"]).replace(tzinfo=UTC)


def _name(key: TaskKey) -> str:
    return f"{key.task_id}|{key.map_index}"


def _xcoms(memory: MemoryBackend, of_run: str) -> dict[str, Any]:
    return {
        f"{task_id}|{map_index}|{key}": plain(decode_value(value))
        for (_, run_id, task_id, key), values in memory._xcoms.items()
        for map_index, value in values.items()
        if run_id == of_run and not key.startswith("_link_")
    }


class Order:
    """In which order tasks began; one that waited on a trigger begins again after it."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def watch(self, change: Change) -> None:
        match change:
            case InstanceChanged(instance) if instance.state is TaskState.RUNNING:
                self.begun.append(_name(instance.key))
            case InstanceChanged(instance) if instance.state is TaskState.SUCCESS:
                self._note_empty(instance.key)
            case InstancesAdded():
                for added in change.instances:
                    if added.state is TaskState.SUCCESS:
                        self._note_empty(added.key)
            case RangeChanged() if change.state is TaskState.SUCCESS:
                for index in range(change.start, change.stop):
                    self._note_empty(TaskKey(change.task_id, index))

    def _note_empty(self, key: TaskKey) -> None:
        """What has nothing to execute succeeds without having begun."""
        if (name := _name(key)) not in self.begun:
            self.begun.append(name)


if __name__ == "__main__":
    main()
