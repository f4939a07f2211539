"""Airflow's side: runs DAG files with Airflow's own `DAG.test()`, one per line of standard input.

It runs in Airflow's environment and imports nothing of ours. Each line is a job (see `sides.py`);
each answer is one line on the channel whose descriptor is the first argument. The second is a
folder for Airflow's home.

Tasks run one at a time, in the order that the job names, and Airflow's scheduling decisions are
repeated until nothing changes before the next task begins. So an answer does not depend on which of
the tasks that may run Airflow happens to take first, and a job always has the same answer. With
`"order": null` Airflow runs as it comes.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import time
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_UNFINISHED_LIMIT = 40
"""Decisions in a row that change nothing, after which a run counts as stuck."""


class StuckError(Exception):
    """Airflow decides nothing more, and the run has not ended."""


def main() -> None:
    """Answer until standard input ends."""
    channel, home = os.fdopen(int(sys.argv[1]), "w"), Path(sys.argv[2])
    folder = _configure(home)
    _prepare()
    channel.write(json.dumps({"ready": True}) + "\n")
    channel.flush()
    for line in sys.stdin:
        answer = _answer(json.loads(line), folder)
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def _configure(home: Path) -> Path:
    folder = home / "dags"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(folder),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
        AIRFLOW__CORE__MAX_MAP_LENGTH="1024",
    )
    return folder


def _prepare() -> None:
    from airflow.utils import db

    db.initdb()
    logging.disable(logging.CRITICAL)
    wait = time.sleep
    # What waits for nobody must not wait long: a retry that is due now, a sensor's next poke.
    time.sleep = lambda seconds: wait(min(seconds, 0.001))


def _answer(job: dict, folder: Path) -> dict:
    for old in folder.glob("*.py"):
        old.unlink()
    path = folder / f"{job['dag_id']}.py"
    path.write_text(job["source"])
    trace = folder.parent / "trace"
    trace.write_text("")
    os.environ["DIFFERENTIAL_TRACE"] = str(trace)
    try:
        run = _run(job, path)
        return {**told(run), "trace": trace.read_text().splitlines()}
    except StuckError as error:
        return {"stuck": str(error)}
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def _run(job: dict, path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    dag = module.dag
    date = datetime.fromisoformat(job["logical_date"]).replace(tzinfo=UTC)
    with _in_order(job["order"]):
        return dag.test(run_after=date, logical_date=date, run_conf=job["conf"])


@contextmanager
def _in_order(order: list[str] | None):
    """Let `DAG.test()` see one task that may run at a time, the next one of the order."""
    from airflow.models.dagrun import DagRun

    plain = DagRun.get_task_instances
    left = list(order or ())
    seen: dict[str, str] = {}
    began = ""
    idle = 0

    def one_at_a_time(self, state=None, **more):
        nonlocal seen, began, idle
        found = plain(self, state=state, **more)
        caller = sys._getframe(1).f_code
        if caller.co_name != "test" or not caller.co_filename.endswith("dag.py"):
            return found
        states = {name(one): str(one.state) for one in found}
        waiting = [one for one in found if one.state == "scheduled"]
        idle = 0 if states != seen else idle + 1
        if idle > _UNFINISHED_LIMIT:
            raise StuckError(str(states))
        decided = {
            of for of, now in states.items() if now not in (seen.get(of), "scheduled", "None")
        }
        seen = states
        if decided - {began} and order is not None:
            # What was decided now may decide more: no task begins before that has happened.
            return [one for one in found if one.state != "scheduled"]
        if not waiting or order is None:
            return found
        rank = {of: at for at, of in reversed(list(enumerate(left)))}
        first = min(waiting, key=lambda one: (rank.get(name(one), len(left)), name(one)))
        if name(first) in rank:
            left.remove(name(first))
        began = name(first)
        return [one for one in found if one.state != "scheduled" or one is first]

    DagRun.get_task_instances = one_at_a_time
    try:
        yield
    finally:
        DagRun.get_task_instances = plain


def name(one) -> str:
    """`task|map index` of a task instance."""
    return f"{one.task_id}|{one.map_index}"


def told(run) -> dict:
    """What there is to compare of a run."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        run = session.merge(run)
        instances = run.get_task_instances(session=session)
        query = select(XComModel).where(
            XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id
        )
        xcoms = {
            f"{row.task_id}|{row.map_index}|{row.key}": plain(_value(row))
            for row in session.scalars(query).unique()
            if not row.key.startswith("_link_")
        }
        return {
            "run": str(run.state.value),
            "states": {name(one): one.state and str(one.state) for one in instances},
            "tries": {name(one): one.try_number for one in instances},
            "xcoms": xcoms,
        }


def _value(row):
    from airflow.sdk.execution_time.xcom import XCom

    return XCom.deserialize_value(row)


def plain(value):
    """The value as JSON, told apart where JSON has no word for its type."""
    if isinstance(value, dict):
        return {str(key): plain(of) for key, of in value.items()}
    if isinstance(value, list):
        return [plain(of) for of in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, tuple):
        return {"()": [plain(of) for of in value]}
    return {type(value).__name__: str(value)}


if __name__ == "__main__":
    main()
