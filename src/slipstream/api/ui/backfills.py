"""Backfills with how far each has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.backfills import BackfillResponse, backfill_payload
from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.dags import display_name
from slipstream.model.backfill import Backfill
from slipstream.store.records import Window

routes = Routes("UI", prefix="/ui")

_MOST: Final = 100


class BackfillView(Payload, frozen=True, kw_only=True):
    """A backfill, and what has become of its dates."""

    backfill: BackfillResponse
    state: str
    """`running`, `paused`, `completed` or `cancelled`."""
    run_backwards: bool
    run_on_latest_version: bool
    triggering_user: str | None
    total: int
    """Its dates."""
    waiting: int
    """Those that have no run yet."""
    runs: Mapping[str, int]
    """`{state: runs}`."""
    skipped: Mapping[str, int]
    """`{why: dates}` of those that get no run."""


class BackfillViewsResponse(Payload, frozen=True, kw_only=True):
    """A page of backfills, the newest first."""

    backfills: Sequence[BackfillView]
    total_entries: int


@routes.add(
    "GET", "/backfills", permission=reading(Resource.BACKFILL), answer=BackfillViewsResponse
)
def get_backfill_views(
    call: Call,
    dag_id: str | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=_MOST)] = 25,
    offset: Annotated[int, QueryParameter(ge=0)] = 0,
) -> BackfillViewsResponse:
    """Backfills of one DAG, or of all, with how far they have come."""
    window = Window(limit=limit, offset=offset, order_by=("-id",))
    page = call.store.list_backfills(dag_id, window)
    return BackfillViewsResponse(
        backfills=[_view(call, backfill) for backfill in page.items], total_entries=page.total
    )


def _view(call: Call, backfill: Backfill) -> BackfillView:
    progress = call.store.backfill_progress(backfill.pk)
    spec = call.store.get_dag(backfill.dag_id).latest.spec
    return BackfillView(
        backfill=backfill_payload(backfill, display_name(spec)),
        state=_state(backfill),
        run_backwards=backfill.run_backwards,
        run_on_latest_version=backfill.on_latest_version,
        triggering_user=backfill.triggering_user,
        total=progress.total,
        waiting=progress.waiting,
        runs=progress.runs,
        skipped=progress.skipped,
    )


def _state(backfill: Backfill) -> str:
    if backfill.completed_at is not None:
        return "cancelled" if backfill.is_paused else "completed"
    return "paused" if backfill.is_paused else "running"
