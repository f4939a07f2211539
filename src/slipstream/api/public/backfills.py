"""Backfills: create, look at, pause, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, creating, editing, reading
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError, UnprocessableError
from slipstream.api.operation import Routes
from slipstream.api.payloads.backfills import (
    BackfillCollectionResponse,
    BackfillPostBody,
    BackfillResponse,
    DryRunBackfillCollectionResponse,
    backfill_payload,
    dry_run_payload,
)
from slipstream.api.payloads.dags import display_name
from slipstream.api.payloads.filters import Paging, one_or_all
from slipstream.core.timetable import RunInfo
from slipstream.model.backfill import Backfill
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.store.backfill_records import NewBackfill
from slipstream.store.backfilling import (
    BackfillRequest,
    check_allowed,
    dates_to_run,
    requested_backfill,
    require_dates,
)

routes = Routes("Backfill")

_ONE: Final = "/backfills/{backfill_id}"
_ORDER: Final = {"id": "id", "created_at": "created_at"}


class BackfillQuery(Paging):
    """Whose backfills."""

    dag_id: str


@routes.add(
    "GET", "/backfills", permission=reading(Resource.BACKFILL), answer=BackfillCollectionResponse
)
def list_backfills(
    call: Call, query: Annotated[BackfillQuery, QueryParameter()]
) -> BackfillCollectionResponse:
    """A page of a DAG's backfills; `~` stands for all DAGs."""
    (dag_id,) = one_or_all(query.dag_id) or (None,)
    page = call.store.list_backfills(dag_id, query.window(call.settings, _ORDER))
    return BackfillCollectionResponse(
        backfills=[_payload(call, backfill) for backfill in page.items], total_entries=page.total
    )


@routes.add(
    "POST",
    "/backfills/dry_run",
    permission=creating(Resource.BACKFILL),
    answer=DryRunBackfillCollectionResponse,
)
def create_backfill_dry_run(call: Call, body: BackfillPostBody) -> DryRunBackfillCollectionResponse:
    """The dates that would get a run, or whose run would run again."""
    new, runs = _requested(call, body)
    found = [dry_run_payload(run) for run in dates_to_run(call.store, new, runs)]
    return DryRunBackfillCollectionResponse(backfills=found, total_entries=len(found))


@routes.add("POST", "/backfills", permission=creating(Resource.BACKFILL), answer=BackfillResponse)
def create_backfill(call: Call, body: BackfillPostBody) -> BackfillResponse:
    """Make the runs of a stretch of time, a few at a time."""
    new, runs = _requested(call, body)
    try:
        require_dates(new, runs)
    except InvalidInputError as error:
        raise UnprocessableError(str(error)) from error
    return _payload(call, call.store.create_backfill(new, runs))


@routes.add("GET", _ONE, permission=reading(Resource.BACKFILL), answer=BackfillResponse)
def get_backfill(call: Call, backfill_id: int) -> BackfillResponse:
    """One backfill; one of a DAG that is hidden is as if it were not there."""
    try:
        found = call.store.get_backfill(backfill_id)
    except NotAllowedError:
        raise NotFoundError(f"There is no backfill with the number {backfill_id}.") from None
    return _payload(call, found)


@routes.add("PUT", _ONE + "/pause", permission=editing(Resource.BACKFILL), answer=BackfillResponse)
def pause_backfill(call: Call, backfill_id: int) -> BackfillResponse:
    """Let it make no more runs; those that there are go on."""
    return _payload(call, call.store.set_backfill_paused(backfill_id, True))


@routes.add(
    "PUT", _ONE + "/unpause", permission=editing(Resource.BACKFILL), answer=BackfillResponse
)
def unpause_backfill(call: Call, backfill_id: int) -> BackfillResponse:
    """Let it go on."""
    return _payload(call, call.store.set_backfill_paused(backfill_id, False))


@routes.add("PUT", _ONE + "/cancel", permission=editing(Resource.BACKFILL), answer=BackfillResponse)
def cancel_backfill(call: Call, backfill_id: int) -> BackfillResponse:
    """End it: runs that wait fail, those that run go on, no more are made."""
    return _payload(call, call.store.cancel_backfill(backfill_id))


def _requested(call: Call, body: BackfillPostBody) -> tuple[NewBackfill, Sequence[RunInfo]]:
    request = BackfillRequest(
        from_date=body.from_date,
        to_date=body.to_date,
        conf=body.dag_run_conf,
        reprocess=body.reprocess_behavior,
        max_active_runs=body.max_active_runs,
        run_backwards=body.run_backwards,
        on_latest_version=body.run_on_latest_version,
        user=call.user.name,
    )
    dag = call.store.get_dag(body.dag_id)
    check_allowed(dag.latest.spec)
    try:
        return requested_backfill(dag, request, call.now(), call.ask_timetable)
    except InvalidInputError as error:
        raise UnprocessableError(str(error)) from error


def _payload(call: Call, backfill: Backfill) -> BackfillResponse:
    spec = call.store.get_dag(backfill.dag_id).latest.spec
    return backfill_payload(backfill, display_name(spec))
