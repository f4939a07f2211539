"""`slipstream dags next-execution`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import find_dag
from slipstream.cli.output import show_rows
from slipstream.core.timetable import Interval, RunInfo, next_run
from slipstream.store.records import DagRecord

FIELDS = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


def show_next(deployment: Deployment, arguments: Namespace) -> None:
    """Print the next runs by the timetable, whether or not the DAG is paused."""
    if arguments.num_executions < 1:
        raise UsageError(f"--num-executions is {arguments.num_executions}; expected at least 1.")
    store = deployment.store
    dag = find_dag(store, arguments.dag_id)
    if dag.is_paused:
        print(
            f"{dag.dag_id} is paused: none of this happens before it is unpaused.", file=sys.stderr
        )
    newest = store.last_scheduled_run(dag.dag_id)
    last = None
    if newest and newest.data_interval_start and newest.data_interval_end:
        last = Interval(newest.data_interval_start, newest.data_interval_end)
    runs = list(_upcoming(dag, last, arguments.num_executions))
    rows = [_row(run) for run in runs]
    if arguments.table:
        show_rows(rows, "table", columns=FIELDS)
        return
    for row in rows:
        print(row[arguments.field])
    if not rows:
        print("None")


def _upcoming(dag: DagRecord, last: Interval | None, count: int) -> Iterator[RunInfo]:
    spec = dag.latest.spec
    now = datetime.now(UTC)
    for _ in range(count):
        run = next_run(
            spec.schedule,
            last=last,
            start_date=spec.start_date,
            end_date=spec.end_date,
            catchup=spec.catchup,
            now=now,
        )
        if run is None:
            return
        yield run
        last = run.interval


def _row(run: RunInfo) -> dict[str, str]:
    return {
        "logical_date": run.logical_date.isoformat(),
        "data_interval_start": run.interval.start.isoformat(),
        "data_interval_end": run.interval.end.isoformat(),
        "run_after": run.run_after.isoformat(),
    }
