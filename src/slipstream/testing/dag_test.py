"""`DAG.test()`: a whole run in the current process, for a debugger or a test of one's own.

The run is decided by the machine that decides it in production, and the tasks are run by the same
runner; only they run one after the other, in this thread, and nothing is kept.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from slipstream.core.timetable import manual_interval, run_id_for
from slipstream.model.dag import DagSpec
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.schedule import Custom
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.sdk._backend_values import StoredConnection
from slipstream.sdk._dag import DAG
from slipstream.sdk._spec import build_spec
from slipstream.sdk._times import in_utc
from slipstream.sdk._types import UserValue
from slipstream.store.triggering import check_conf
from slipstream.testing.clock import RunClock
from slipstream.testing.in_process import InProcessRun, Observer
from slipstream.testing.masked_logging import masked_logging
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.testing.other_runs import KnownRun, KnownRuns
from slipstream.testing.process_run import ProcessRun, xcoms_of
from slipstream.testing.settings_files import read_connections, read_variables
from slipstream.testing.tested_run import TestedRun

_log = logging.getLogger("airflow.task")


def run(
    dag: DAG,
    run_after: datetime | None = None,
    logical_date: datetime | None = None,
    run_conf: Mapping[str, JsonValue] | None = None,
    conn_file_path: str | Path | None = None,
    variable_file_path: str | Path | None = None,
    use_executor: bool = False,
    mark_success_pattern: str | re.Pattern[str] | None = None,
    *,
    on_event: Observer = lambda _: None,
    execution_date: datetime | None = None,
) -> TestedRun:
    """Run the whole DAG, and give the run as it ended.

    Tasks whose whole id matches `mark_success_pattern` succeed without being run.
    Retries and reschedules wait as long as they do in production. With `use_executor` each task
    has a process of its own, forked from one that has loaded the DAG's file; otherwise they run
    here, where a breakpoint stops them. `on_event` is shown every change. Raises
    `InvalidInputError` for a conf that the DAG's params do not take, and `KeyboardInterrupt` where
    somebody interrupted a task.
    """
    variables = read_variables(Path(variable_file_path)) if variable_file_path else {}
    connections = read_connections(Path(conn_file_path)) if conn_file_path else {}
    is_marked = _marker(mark_success_pattern)
    date = logical_date or execution_date
    if not use_executor:
        return run_in_process(
            dag,
            run_after=run_after,
            logical_date=date,
            conf=run_conf,
            variables=variables,
            connections=connections,
            is_marked=is_marked,
            observe=on_event,
        )
    planned = _planned_run(build_spec(dag), in_utc(run_after), in_utc(date), dict(run_conf or {}))
    backend = _backend_of(dag, planned, variables, connections)
    processes = ProcessRun(dag.fileloc, variables, connections)
    return _in_processes(dag, processes, planned, backend, is_marked, on_event)


def run_in_process(
    dag: DAG,
    *,
    run_after: datetime | None = None,
    logical_date: datetime | None = None,
    conf: Mapping[str, JsonValue] | None = None,
    variables: Mapping[str, str] | None = None,
    connections: Mapping[str, StoredConnection] | None = None,
    is_marked: Callable[[str], bool] = lambda _: False,
    observe: Observer = lambda _: None,
    clock: RunClock | None = None,
    events: Mapping[str, UserValue] | None = None,
    results: Mapping[str, UserValue] | None = None,
    answers: Mapping[str, UserValue] | None = None,
) -> TestedRun:
    """Run the whole DAG in this thread. The arguments are those of `InProcessRun` and of `run`."""
    spec = build_spec(dag)
    planned = _planned_run(spec, in_utc(run_after), in_utc(logical_date), dict(conf or {}))
    backend = _backend_of(dag, planned, variables or {}, connections or {})
    driven = InProcessRun(
        dag,
        spec,
        planned,
        backend,
        is_marked=is_marked,
        observe=observe,
        clock=clock,
        events=events,
        results=results,
        answers=answers,
    )
    with masked_logging(backend.masker):
        ended = _drive(driven, backend)
    return TestedRun(dag, ended, backend, dict(driven.machine.states()), driven.instances)


def _backend_of(
    dag: DAG,
    planned: DagRun,
    variables: Mapping[str, str],
    connections: Mapping[str, StoredConnection],
) -> MemoryBackend:
    backend = MemoryBackend(
        dag.dag_id,
        planned.run_id,
        variables=variables,
        connections=connections,
        runs=KnownRuns(lambda other, run: _run_other(other, run, backend)),
    )
    return backend


def _drive(driven: InProcessRun, backend: MemoryBackend) -> DagRun:
    """Run it to its end, where others can ask how it stands."""
    run = driven.machine.run
    backend.runs.add(
        KnownRun(
            dag_id=run.dag_id,
            run_id=run.run_id,
            logical_date=run.logical_date,
            conf=run.conf,
            states=lambda: dict(driven.machine.states()),
            state=lambda: driven.machine.run.state.value,
        )
    )
    with backend.runs.driving(run.dag_id):
        ended = driven.drive()
    _log.info("Run %s of DAG %s is %s: %s", ended.run_id, run.dag_id, ended.state, ended.reason)
    return ended


def _run_other(dag: DAG, run: KnownRun, backend: MemoryBackend) -> None:
    """Carry out a run that a task has started, to its end."""
    spec = build_spec(dag)
    planned = _planned_run(spec, None, run.logical_date, run.conf)
    planned = replace(
        planned,
        run_id=run.run_id,
        run_type=RunType.OPERATOR_TRIGGERED,
        triggered_by=TriggeredBy.OPERATOR,
        logical_date=run.logical_date,
        reason="A task of the run that is tested started it.",
    )
    other = backend.of_run(run.dag_id, run.run_id)
    _drive(InProcessRun(dag, spec, planned, other), other)


def _in_processes(
    dag: DAG,
    processes: ProcessRun,
    planned: DagRun,
    backend: MemoryBackend,
    is_marked: Callable[[str], bool],
    observe: Observer,
) -> TestedRun:
    with processes.opened() as store:
        ended = processes.drive(store, planned, is_marked, observe)
        instances = {row.key: row for row in store.load_run(ended.pk).instances}
        for task_id, map_index, key, value in xcoms_of(store, ended):
            backend.set_xcom(
                dag_id=ended.dag_id,
                run_id=ended.run_id,
                task_id=task_id,
                map_index=map_index,
                key=key,
                value=value,
                length=None,
            )
    states = {key: row.state for key, row in instances.items()}
    backend.runs.add(
        KnownRun(
            dag_id=ended.dag_id,
            run_id=ended.run_id,
            logical_date=ended.logical_date,
            states=lambda: states,
            state=lambda: ended.state.value,
        )
    )
    return TestedRun(dag, ended, backend, states, instances)


def _planned_run(
    spec: DagSpec,
    run_after: datetime | None,
    logical_date: datetime | None,
    conf: Mapping[str, JsonValue],
) -> DagRun:
    check_conf(spec, conf, f"test of {spec.dag_id} {id(spec)}")
    now = datetime.now(UTC)
    date = logical_date or run_after or now
    interval = (date, date)
    if not isinstance(spec.schedule, Custom):
        interval = manual_interval(spec.schedule, date)
    return DagRun(
        pk=1,
        dag_id=spec.dag_id,
        run_id=run_id_for(RunType.MANUAL, run_after=run_after or date, logical_date=date),
        run_type=RunType.MANUAL,
        state=RunState.QUEUED,
        version_id="",
        run_after=run_after or date,
        logical_date=date,
        data_interval_start=interval[0],
        data_interval_end=interval[1],
        queued_at=now,
        triggered_by=TriggeredBy.TEST,
        conf=conf,
        reason="It is a test.",
    )


def _marker(pattern: str | re.Pattern[str] | None) -> Callable[[str], bool]:
    if pattern is None:
        return lambda _: False
    compiled = re.compile(pattern)
    return lambda task_id: compiled.fullmatch(task_id) is not None
