"""How the databases find what listings show: by an index, never by reading a large table through.

The plans are the databases' own. PostgreSQL is told to avoid reading tables through, for it does so
with small ones in any case: where it still does, there is no index that would serve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.store.making import NOON, changed, recorded, started

from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.store.component_records import JobFilter
from slipstream.store.event_records import EventFilter
from slipstream.store.input_records import InputFilter
from slipstream.store.interface import Store
from slipstream.store.records import (
    AssetEventFilter,
    Cursor,
    DagFilter,
    InstanceFilter,
    Range,
    RunFilter,
    RunTime,
    Window,
    XComFilter,
)

LARGE = (
    "task_instance",
    "attempt",
    "dag_run",
    "xcom",
    "event_log",
    "asset_event",
    "rendered_fields",
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = Window(limit=100)
PLACE = Window(limit=100, cursor=Cursor((1000,)))
NEWEST = Window(limit=100, order_by=("-start_date",))
RUN = {"dag_ids": ["sales"], "run_ids": ["one"]}


def listings(store: Store) -> dict[str, Callable[[], object]]:
    """What pages and programs ask for again and again."""
    run = store.get_run("sales", "one")
    instances, runs = store.list_instances, store.list_runs
    return {
        "all instances": lambda: instances(InstanceFilter(), PAGE),
        "newest instances": lambda: instances(InstanceFilter(), NEWEST),
        "instances of a run": lambda: instances(InstanceFilter(**RUN), PAGE),
        "instances by their place": lambda: instances(InstanceFilter(), PLACE),
        "instances changed lately": lambda: instances(
            InstanceFilter(updated_at=Range(gte=NOW)), PAGE
        ),
        "runs by their place": lambda: runs(RunFilter(), PLACE),
        "runs changed lately": lambda: runs(RunFilter(updated_at=Range(gte=NOW)), PAGE),
        "newest instances of a run": lambda: instances(InstanceFilter(**RUN), NEWEST),
        "instances of a task in a run": lambda: instances(
            InstanceFilter(**RUN, task_ids=["load"]), PAGE
        ),
        "failed instances": lambda: instances(InstanceFilter(states=[TaskState.FAILED]), PAGE),
        "running instances": lambda: instances(InstanceFilter(states=[TaskState.RUNNING]), PAGE),
        "instances of a stretch of time": lambda: instances(
            InstanceFilter(start_date=Range(gte=NOW)), NEWEST
        ),
        "instances of a pool": lambda: instances(InstanceFilter(pools=["default_pool"]), PAGE),
        "instances of a queue": lambda: instances(InstanceFilter(queues=["default"]), PAGE),
        "instances of another pool": lambda: instances(InstanceFilter(pools=["gpu"]), PAGE),
        "instances of an operator in a DAG": lambda: instances(
            InstanceFilter(operators=["X"], dag_ids=["sales"]), PAGE
        ),
        "all runs": lambda: runs(RunFilter(), PAGE),
        "newest runs": lambda: runs(RunFilter(), Window(limit=100, order_by=("-run_after",))),
        "runs of a DAG": lambda: runs(
            RunFilter(dag_ids=["sales"]), Window(limit=100, order_by=("-run_after",))
        ),
        "runs by logical date": lambda: runs(
            RunFilter(dag_ids=["sales"]), Window(limit=100, order_by=("-logical_date",))
        ),
        "active runs": lambda: runs(RunFilter(states=[RunState.RUNNING]), PAGE),
        "runs of a stretch of time": lambda: runs(RunFilter(run_after=Range(gte=NOW)), PAGE),
        "runs by when they ended": lambda: store.count_runs(RunTime.ENDED, NOW, timedelta(hours=1)),
        "runs of a DAG by day": lambda: store.count_runs(
            RunTime.DUE, NOW, timedelta(hours=1), dag_ids=["sales"]
        ),
        "runs under way": lambda: store.count_active_runs(),
        "last runs of DAGs": lambda: store.newest_runs(["sales"], 14),
        "DAGs": lambda: store.list_dags(DagFilter(), PAGE),
        "DAGs by their last run": lambda: store.list_dags(
            DagFilter(last_run_state=RunState.FAILED), PAGE
        ),
        "tasks summed up": lambda: store.task_summaries([run.pk]),
        "XComs of a run": lambda: store.list_xcoms(XComFilter(**RUN), PAGE),
        "events of a run": lambda: store.list_events(
            EventFilter(dag_id="sales", run_id="one"), PAGE
        ),
        "newest events": lambda: store.list_events(
            EventFilter(), Window(limit=100, order_by=("-when",))
        ),
        "events of an asset": lambda: store.list_asset_events(AssetEventFilter(asset_pk=1), PAGE),
        "approvals": lambda: store.list_inputs(InputFilter(), PAGE),
        "jobs": lambda: store.list_jobs(JobFilter(), PAGE),
    }


NAMES = (
    "all instances",
    "newest instances",
    "instances of a run",
    "instances by their place",
    "instances changed lately",
    "runs by their place",
    "runs changed lately",
    "newest instances of a run",
    "instances of a task in a run",
    "failed instances",
    "running instances",
    "instances of a stretch of time",
    "instances of a pool",
    "instances of a queue",
    "instances of another pool",
    "instances of an operator in a DAG",
    "all runs",
    "newest runs",
    "runs of a DAG",
    "runs by logical date",
    "active runs",
    "runs of a stretch of time",
    "last runs of DAGs",
    "DAGs",
    "DAGs by their last run",
    "tasks summed up",
    "XComs of a run",
    "events of a run",
    "newest events",
    "events of an asset",
    "approvals",
    "jobs",
)


@contextmanager
def plans() -> Iterator[list[tuple[str, str]]]:
    """`(statement, its plan)` of all queries until the block ends."""
    found: list[tuple[str, str]] = []

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        cursor = connection.connection.cursor()
        if connection.dialect.name == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {statement}", parameters)
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found.append((statement, "\n".join(_told(cursor.fetchall()))))
        cursor.close()

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def _told(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The lines of a plan; SQLite's are indented by what they are part of."""
    depths = {0: 0}
    for row in rows:
        depth = 0
        if len(row) == 4:
            depth = depths[row[0]] = depths.get(row[1], 0) + 1
        yield "  " * (depth - 1) + str(row[-1])


def sorts(plan: str) -> bool:
    """Whether rows are sorted after they were found; those of a page, once more, do not count."""
    in_steps = re.search(r"^(CO-ROUTINE|MATERIALIZE) page$", plan, re.MULTILINE)
    sorting = "  USE TEMP B-TREE FOR ORDER BY" if in_steps else "USE TEMP B-TREE FOR ORDER BY"
    return sorting in plan


def read_through(plan: str) -> list[str]:
    """The large tables that a plan reads from end to end, index or not, to sort or to filter."""
    names = "|".join(LARGE)
    whole = re.findall(rf"Seq Scan on ({names})\b", plan)
    for line in plan.splitlines():
        scanned = re.fullmatch(rf"SCAN ({names})", line.strip())
        if scanned:
            whole.append(scanned.group(1))
    return whole


@pytest.mark.parametrize("name", NAMES)
def test_a_listing_is_found_by_an_index(store: Store, name: str) -> None:
    run = started(store, recorded(store), "one")
    states = {"load": TaskState.RUNNING, "train": TaskState.FAILED}
    instances = [
        TaskInstance(run_pk=run.pk, task_id=task_id, state=state, start_date=NOON)
        for task_id, state in states.items()
    ]
    changed(store, run, *instances)
    listing = listings(store)[name]
    with plans() as found:
        listing()
    assert found, "no statement was seen"
    if "instances" in name and name not in EMPTY:
        assert any("LIMIT" in statement for statement, _ in found), "the page was not asked for"
    for statement, plan in found:
        # The rows that a page begins with are found in the order of their numbers.
        limited = re.search(r"ORDER BY \w+\.pk (ASC|DESC)?\s*LIMIT", statement.replace("\n", " "))
        if not limited:
            assert not read_through(plan), f"{statement}\n\n{plan}"
        assert not sorts(plan) or "run" in name or name in SORTED, plan


EMPTY = {"instances of another pool", "instances of an operator in a DAG"}
"""What nothing is found for: it is only counted."""
SORTED = {
    "DAGs",
    "DAGs by their last run",
    "approvals",
    "failed instances",
    "running instances",
    "instances of a pool",
    "instances of a queue",
}
"""What is sorted after it was found: it is never much."""
