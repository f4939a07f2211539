"""Airflow's side: runs DAG files with Airflow's own `DAG.test()`, one per line of standard input.

It runs in Airflow's environment and imports nothing of ours. Each line is a job (see `sides.py`);
each answer is one line on the channel whose descriptor is the first argument. The second is a
folder for Airflow's home.

Tasks run one at a time, in the order that the job names, and Airflow's scheduling decisions are
repeated until nothing changes before the next task begins. So an answer does not depend on which of
the tasks that may run Airflow happens to take first, and a job always has the same answer. With
`"order": null` Airflow runs as it comes.

A step of a job makes a run, or goes on with the one of its date, after clearing what it names.
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

_UNFINISHED_LIMIT = 15
"""Decisions in a row that change nothing, after which a run counts as stuck."""

_RETRY_LIMIT_SECONDS = 5.0
"""How long nothing may change while somebody waits for a next try: backoff has its seconds."""


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
    os.environ["DIFFERENTIAL_TRACE"] = str(trace)
    try:
        dag = _load(path)
        answers = []
        for step in job["steps"]:
            trace.write_text("")
            answers.append({**_step(dag, job, step), "trace": trace.read_text().splitlines()})
        return {"steps": answers}
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module.dag


def _step(dag, job: dict, step: dict) -> dict:
    date = datetime.fromisoformat(step["date"]).replace(tzinfo=UTC)
    with _going_on(dag, date, step["clear"]), _triggers(), _in_order(step["order"]):
        try:
            return told(dag.test(run_after=date, logical_date=date, run_conf=job["conf"]))
        except StuckError as error:
            if len(job["steps"]) == 1:
                return {"stuck": str(error)}
            return told(_run_of(dag.dag_id, date))


def _run_of(dag_id: str, date: datetime):
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(DagRun).where(DagRun.dag_id == dag_id, DagRun.logical_date == date)
        return session.scalars(query).one_or_none()


@contextmanager
def _going_on(written, date: datetime, clear: dict | None):
    """Let `DAG.test()` go on with the run of that date where there is one, after a clearing."""
    from airflow.models import dagrun
    from airflow.serialization.definitions.dag import SerializedDAG

    before = _run_of(written.dag_id, date)
    if before is None:
        yield
        return
    make, wipe = dagrun.get_or_create_dagrun, SerializedDAG.clear_dags

    def go_on(*, dag, session, **_):
        run = session.merge(before)
        if clear is not None:
            _clear(written, run, session, **clear)
            # Its instances know tasks of a DAG that nobody holds.
            session.expunge_all()
            run = session.merge(before, load=True)
            session.refresh(run)
        if run.state == "queued":
            run.state = "running"
            run.start_date = datetime.now(UTC)
        run.dag = dag
        session.commit()
        return run

    dagrun.get_or_create_dagrun = go_on
    SerializedDAG.clear_dags = classmethod(lambda *_, **__: 0)
    try:
        yield
    finally:
        dagrun.get_or_create_dagrun, SerializedDAG.clear_dags = make, wipe


def _clear(written, run, session, *, task_ids, upstream, downstream, only_failed) -> None:
    """What `clearTaskInstances` of the REST API does."""
    from airflow.serialization.serialized_objects import DagSerialization

    def fresh():
        # A subset takes the groups of the DAG that it is of along, where it goes.
        return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(written))

    subset = fresh().partial_subset(
        task_ids=task_ids, include_downstream=downstream, include_upstream=upstream
    )
    fresh().clear(
        task_ids=list(subset.task_dict),
        run_id=run.run_id,
        only_failed=only_failed,
        session=session,
    )
    session.flush()


_waiting: list = []
"""Task instances that wait on a trigger, and what they have said of it, the first one first."""


@contextmanager
def _triggers():
    """Let triggers be carried out as the triggerer does, when no task may run.

    `DAG.test()` knows of no trigger that fails or ends its task.
    """
    from airflow.sdk.definitions import dag as module
    from airflow.sdk.execution_time.comms import DeferTask

    plain = module._run_task

    def run_task(*, ti, task, run_triggerer=False):
        result = plain(ti=ti, task=task, run_triggerer=False)
        if ti.state == "deferred" and result is not None and isinstance(result.msg, DeferTask):
            _waiting.append((ti.id, result.msg))
        return result

    _waiting.clear()
    module._run_task = run_task
    try:
        yield
    finally:
        module._run_task = plain


def _fire(session) -> bool:
    """Carry out the first trigger that somebody waits on; whether there is one."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import Trigger
    from airflow.sdk._shared.module_loading import import_string
    from airflow.sdk.definitions.dag import _run_inline_trigger
    from airflow.sdk.serde import deserialize

    while _waiting:
        of, message = _waiting.pop(0)
        one = session.get(TaskInstance, of, populate_existing=True)
        if one is None or one.state != "deferred":
            continue
        try:
            made = import_string(message.classpath)(**deserialize(message.trigger_kwargs))
            event = _run_inline_trigger(made, one)
            if event is None:
                raise RuntimeError("Trigger exited without sending an event")
        except Exception as error:  # noqa: BLE001
            Trigger.submit_failure(one.trigger_id, error, session=session)
        else:
            Trigger.submit_event(one.trigger_id, event, session=session)
        session.commit()
        return True
    return False


@contextmanager
def _in_order(order: list[str] | None):
    """Let `DAG.test()` see one task that may run at a time, the next one of the order."""
    from airflow.models.dagrun import DagRun

    plain = DagRun.get_task_instances
    left = list(order or ())
    seen: dict[str, str] = {}
    began = ""
    idle, changed_at = 0, time.monotonic()

    def one_at_a_time(self, state=None, **more):
        nonlocal seen, began, idle, changed_at
        found = plain(self, state=state, **more)
        caller = sys._getframe(1).f_code
        if caller.co_name != "test" or not caller.co_filename.endswith("dag.py"):
            return found
        states = {name(one): str(one.state) for one in found}
        waiting = [one for one in found if one.state == "scheduled"]
        idle = 0 if states != seen else idle + 1
        if not idle:
            changed_at = time.monotonic()
        retries = {"up_for_retry", "up_for_reschedule"} & set(states.values())
        waits = retries and time.monotonic() - changed_at < _RETRY_LIMIT_SECONDS
        if idle > _UNFINISHED_LIMIT and not waits:
            raise StuckError(str(states))
        decided = {
            of for of, now in states.items() if now not in (seen.get(of), "scheduled", "None")
        }
        seen = states
        if decided - {began} and order is not None:
            # What was decided now may decide more: no task begins before that has happened.
            return [one for one in found if one.state != "scheduled"]
        if not waiting:
            began = ""
            if not retries:
                _fire(more["session"])
            return found
        if order is None:
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
            "run": str(getattr(run.state, "value", run.state)),
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
