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

from slipstream import compat
from slipstream.model.changes import Change, InstanceChanged, InstancesAdded, RangeChanged
from slipstream.model.states import TaskState
from slipstream.testing import dag_test
from slipstream.testing.in_process import NothingLeftToDoError
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
        return {**_run(job, path), "trace": trace.read_text().splitlines()}
    except NothingLeftToDoError as error:
        return {"stuck": str(error)}
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    finally:
        path.unlink()


def _run(job: dict[str, Any], path: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    order: list[str] = []

    def watch(change: Change) -> None:
        match change:
            case InstanceChanged(instance) if instance.state is TaskState.RUNNING:
                order.append(f"{instance.task_id}|{instance.map_index}")
            case InstanceChanged(instance) if instance.state is TaskState.DEFERRED:
                # Airflow carries it to its end in one go: only the last part counts.
                forget_last(f"{instance.task_id}|{instance.map_index}")
            case InstanceChanged(instance) if instance.state is TaskState.SUCCESS:
                note_empty(instance.task_id, instance.map_index)
            case InstancesAdded():
                for added in change.instances:
                    if added.state is TaskState.SUCCESS:
                        note_empty(added.task_id, added.map_index)
            case RangeChanged() if change.state is TaskState.SUCCESS:
                for index in range(change.start, change.stop):
                    note_empty(change.task_id, index)

    def forget_last(key: str) -> None:
        del order[len(order) - 1 - order[::-1].index(key)]

    def note_empty(task_id: str, map_index: int) -> None:
        """What has nothing to execute succeeds without having begun."""
        if (key := f"{task_id}|{map_index}") not in order:
            order.append(key)

    date = datetime.fromisoformat(job["logical_date"]).replace(tzinfo=UTC)
    run = dag_test.run(
        module.dag,
        run_after=date,
        logical_date=date,
        run_conf=job["conf"],
        on_event=watch,
    )
    return {**told(run), "order": order}


def told(run: Any) -> dict[str, Any]:
    """What there is to compare of a run."""
    return {
        "run": str(run.state),
        "states": {f"{one.task_id}|{one.map_index}": one.state for one in run.get_task_instances()},
        "tries": {
            f"{key.task_id}|{key.map_index}": row.try_number for key, row in run._instances.items()
        },
        "xcoms": {
            f"{task_id}|{map_index}|{key}": plain(decode_value(value))
            for (_, run_id, task_id, key), values in run._memory._xcoms.items()
            for map_index, value in values.items()
            if run_id == run.run_id and not key.startswith("_link_")
        },
    }


if __name__ == "__main__":
    main()
