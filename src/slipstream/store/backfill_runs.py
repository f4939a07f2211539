"""The run that a backfill makes for one of its dates."""

from __future__ import annotations

from slipstream.core.timetable import RunInfo, run_id_for
from slipstream.model.backfill import Backfill
from slipstream.model.states import RunType, TriggeredBy
from slipstream.store.records import NewRun


def new_backfill_run(found: Backfill, info: RunInfo, version_id: str) -> NewRun:
    """The run of a backfill for one of its dates."""
    interval = info.interval
    run_id = run_id_for(RunType.BACKFILL, run_after=info.run_after, logical_date=info.logical_date)
    if info.partition_key is not None:
        run_id = f"{run_id}__{info.partition_key}__{found.pk}"
    return NewRun(
        dag_id=found.dag_id,
        run_id=run_id,
        run_type=RunType.BACKFILL,
        version_id=version_id,
        run_after=info.run_after,
        logical_date=info.logical_date,
        data_interval_start=interval and interval.start,
        data_interval_end=interval and interval.end,
        partition_key=info.partition_key,
        partition_date=info.partition_date,
        triggered_by=TriggeredBy.BACKFILL,
        triggering_user=found.triggering_user,
        conf=found.conf or {},
        backfill=found.pk,
        reason=f"Backfill {found.pk} asked for it.",
    )


def identity_of(info: RunInfo) -> object:
    """What a run for the same date has, too: the logical date, or the partition."""
    return info.logical_date or (info.partition_key, info.partition_date)
