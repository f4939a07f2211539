"""`slipstream dags next-execution`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from slipstream.cli.dags.asking import asker
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.finding import find_dag
from slipstream.cli.output import show_rows
from slipstream.core.timetable import RunInfo, next_run
from slipstream.model.schedule import Custom, by_the_clock
from slipstream.services.scheduler.asking import planned_of, run_of
from slipstream.services.scheduler.planner import info_of
from slipstream.store.records import DagRecord
from slipstream.wire.questions import TimetableAsk, TimetableQuestion

_OF_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")
_OF_PARTITIONS = ("partition_key", "partition_date", "run_after")
FIELDS = (*_OF_DATES, "partition_key", "partition_date")
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


def show_next(deployment: Deployment, arguments: Namespace) -> None:
    """Print the next runs by the timetable, whether or not the DAG is paused."""
    if arguments.num_executions < 1:
        raise UsageError(f"--num-executions is {arguments.num_executions}; expected at least 1.")
    if arguments.table and arguments.field:
        raise UsageError("--table shows all fields; leave out --field.")
    store = deployment.store
    dag = find_dag(store, arguments.dag_id)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: none of this happens before it is unpaused.", file=sys.stderr
        )
    newest = store.last_scheduled_run(dag.dag_id)
    last = None if newest is None else info_of(newest)
    if isinstance(by_the_clock(dag.latest.spec.schedule), Custom):
        runs = _asked(deployment, dag, last, arguments.num_executions)
    else:
        runs = list(_upcoming(dag, last, arguments.num_executions))
    rows = [_row(run) for run in runs]
    columns = _columns(runs)
    if arguments.table:
        show_rows(rows, "table", columns=columns)
        return
    field = arguments.field or columns[0]
    for row in rows:
        print(row[field] or "None")
    if not rows:
        print("None")


def _upcoming(dag: DagRecord, last: RunInfo | None, count: int) -> Iterator[RunInfo]:
    spec = dag.latest.spec
    now = datetime.now(UTC)
    for _ in range(count):
        run = next_run(
            spec.schedule,
            last=None if last is None else last.span,
            start_date=spec.start_date,
            end_date=spec.end_date,
            catchup=spec.catchup,
            now=now,
        )
        if run is None:
            return
        yield run
        last = run


def _asked(
    deployment: Deployment, dag: DagRecord, last: RunInfo | None, count: int
) -> list[RunInfo]:
    """What the DAG's own timetable says. Raises `CommandFailedError` where it fails."""
    spec = dag.latest.spec
    question = TimetableQuestion(
        dag_id=dag.dag_id,
        ask=TimetableAsk.NEXT,
        at=_FAR,
        last=None if last is None else planned_of(last),
        earliest=spec.start_date,
        latest=spec.end_date,
        catchup=spec.catchup,
        most=count,
    )
    answer = asker(deployment)(question, dag.latest.version_id)
    if answer.error is not None:
        raise CommandFailedError(f"The timetable of {dag.dag_id} failed: {answer.error}")
    return [run_of(run) for run in answer.runs]


def _columns(runs: Sequence[RunInfo]) -> tuple[str, ...]:
    """What tells of the runs: the first one tells them apart, as in Airflow."""
    return _OF_PARTITIONS if any(run.interval is None for run in runs) else _OF_DATES


def _row(run: RunInfo) -> dict[str, str]:
    interval, partition_date = run.interval, run.partition_date
    return {
        "logical_date": "" if interval is None else interval.start.isoformat(),
        "data_interval_start": "" if interval is None else interval.start.isoformat(),
        "data_interval_end": "" if interval is None else interval.end.isoformat(),
        "run_after": run.run_after.isoformat(),
        "partition_key": run.partition_key or "",
        "partition_date": "" if partition_date is None else partition_date.isoformat(),
    }
