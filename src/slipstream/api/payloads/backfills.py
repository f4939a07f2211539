"""Backfills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body, Moment
from slipstream.core.timetable import RunInfo
from slipstream.model.backfill import Backfill, ReprocessBehavior
from slipstream.model.json import JsonValue


class BackfillPostBody(Body):
    """A backfill that somebody asks for."""

    dag_id: str
    from_date: Moment
    to_date: Moment
    run_backwards: bool = False
    dag_run_conf: dict[str, JsonValue] | None = None
    reprocess_behavior: ReprocessBehavior = ReprocessBehavior.NONE
    max_active_runs: int = Field(default=10, ge=1)
    run_on_latest_version: bool | None = None


class BackfillResponse(Payload, frozen=True, kw_only=True):
    """A backfill."""

    id: int
    dag_id: str
    from_date: Instant
    to_date: Instant
    dag_run_conf: Mapping[str, JsonValue] | None
    is_paused: bool
    reprocess_behavior: ReprocessBehavior
    max_active_runs: int
    created_at: Instant
    completed_at: Instant | None
    updated_at: Instant
    dag_display_name: str


class BackfillCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of backfills."""

    backfills: Sequence[BackfillResponse]
    total_entries: int


class DryRunBackfillResponse(Payload, frozen=True, kw_only=True):
    """A date that would get a run."""

    logical_date: Instant | None
    partition_key: str | None
    partition_date: Instant | None


class DryRunBackfillCollectionResponse(Payload, frozen=True, kw_only=True):
    """What a backfill would do."""

    backfills: Sequence[DryRunBackfillResponse]
    total_entries: int


def backfill_payload(backfill: Backfill, display_name: str) -> BackfillResponse:
    """A backfill as its payload."""
    return BackfillResponse(
        id=backfill.pk,
        dag_id=backfill.dag_id,
        from_date=backfill.from_date,
        to_date=backfill.to_date,
        dag_run_conf=backfill.conf,
        is_paused=backfill.is_paused,
        reprocess_behavior=backfill.reprocess,
        max_active_runs=backfill.max_active_runs,
        created_at=backfill.created_at,
        completed_at=backfill.completed_at,
        updated_at=backfill.updated_at,
        dag_display_name=display_name,
    )


def dry_run_payload(run: RunInfo) -> DryRunBackfillResponse:
    """A date as its payload."""
    return DryRunBackfillResponse(
        logical_date=run.logical_date,
        partition_key=run.partition_key,
        partition_date=run.partition_date,
    )
