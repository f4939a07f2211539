"""Runs that are to be about no partition any more: which ones, and what becomes of their tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from slipstream.core.timetable import partition_moment
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun
from slipstream.model.schedule import by_the_clock
from slipstream.store.interface import DagStore, RunStore
from slipstream.store.records import InstanceFilter, Range, RunFilter, Window

_PAGE = 500


class PartitionStore(DagStore, RunStore, Protocol):
    """What clearing partitions needs of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSelection:
    """Which runs of a DAG: one by its id, those of a key, or those of a stretch of dates."""

    run_id: str | None = None
    partition_key: str | None = None
    earliest: datetime | None = None
    """The first partition date, included; its wall-clock time is one of the schedule's zone."""
    latest: datetime | None = None
    """The last partition date, included."""

    def require_one_way(self) -> None:
        """Raise `InvalidInputError` where it chooses in no way, or in several."""
        by_date = self.earliest is not None or self.latest is not None
        ways = sum((self.run_id is not None, self.partition_key is not None, by_date))
        if ways != 1:
            raise InvalidInputError(
                f"{ways} ways of choosing runs were given; expected one of: a run id, a partition "
                "key, a range of partition dates."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedPartitions:
    """What was cleared, or would be."""

    runs: Sequence[DagRun]
    """All that were found, in the order of their dates, as they were before."""
    task_instances: int

    @property
    def partitioned(self) -> Sequence[DagRun]:
        """Those of them that were about a partition."""
        return [run for run in self.runs if _is_partitioned(run)]


def clear_partitions(
    store: PartitionStore,
    dag_id: str,
    selection: PartitionSelection,
    *,
    with_instances: bool = False,
    dry_run: bool = False,
) -> ClearedPartitions:
    """Make the DAG's selected runs be about no partition; `with_instances` has them run again.

    Raises `NotFoundError` for an unknown DAG, `InvalidInputError` for a selection that says
    nothing or too much.
    """
    runs = selected_runs(store, dag_id, selection)
    instances = 0
    if not dry_run:
        store.forget_partitions([run.pk for run in runs if _is_partitioned(run)])
    if with_instances:
        for run in runs:
            which = InstanceFilter(dag_ids=[dag_id], run_ids=[run.run_id])
            keys = [entry.instance.key for entry in store.iterate_instances(which)]
            instances += len(store.clear_instances(run.pk, keys, dry_run=dry_run))
    return ClearedPartitions(runs=runs, task_instances=instances)


def selected_runs(
    store: PartitionStore, dag_id: str, selection: PartitionSelection
) -> Sequence[DagRun]:
    """The DAG's runs that are meant, in the order of their dates.

    Raises `NotFoundError` for an unknown DAG, `InvalidInputError` for a selection that says
    nothing or too much.
    """
    return sorted(_selected(store, dag_id, selection), key=_place)


def _selected(
    store: PartitionStore, dag_id: str, selection: PartitionSelection
) -> Iterator[DagRun]:
    dag = store.get_dag(dag_id)
    selection.require_one_way()
    schedule = by_the_clock(dag.latest.spec.schedule)
    earliest, latest = (
        None if bound is None else partition_moment(schedule, bound)
        for bound in (selection.earliest, selection.latest)
    )
    if earliest is not None and latest is not None and earliest > latest:
        raise InvalidInputError(
            f"The first partition date, {earliest.isoformat()}, is after the last, "
            f"{latest.isoformat()}."
        )
    which = RunFilter(
        dag_ids=[dag_id],
        run_ids=None if selection.run_id is None else [selection.run_id],
        partition_keys=None if selection.partition_key is None else [selection.partition_key],
        partition_date=Range(gte=earliest, lte=latest),
    )
    seen = 0
    while True:
        page = store.list_runs(which, Window(limit=_PAGE, offset=seen))
        yield from page.items
        seen += len(page.items)
        if len(page.items) < _PAGE:
            return


def _is_partitioned(run: DagRun) -> bool:
    return run.partition_key is not None or run.partition_date is not None


def _place(run: DagRun) -> tuple[bool, datetime, str]:
    date = run.partition_date
    return (date is None, run.run_after if date is None else date, run.run_id)
