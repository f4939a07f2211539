"""DAGs: list, look at, pause, delete; their tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, deleting, editing, reading
from slipstream.api.call import Call
from slipstream.api.dag_details import details_of
from slipstream.api.every_dag import every_dag
from slipstream.api.operation import Routes
from slipstream.api.payloads.bodies import Moment, Query
from slipstream.api.payloads.dags import (
    DAGCollectionResponse,
    DAGDetailsResponse,
    DAGPatchBody,
    DAGResponse,
    DAGTagCollectionResponse,
    dag_payload,
)
from slipstream.api.payloads.filters import Page, Paging, like, window_of
from slipstream.api.update_mask import require_known
from slipstream.model.errors import ConflictError
from slipstream.model.states import RunState
from slipstream.store.records import DagFilter, Range

routes = Routes("DAG")

_ORDER: Final = {
    "dag_id": "dag_id",
    "dag_display_name": "display_name",
    "is_paused": "is_paused",
    "next_dagrun": "next_logical_date",
    "next_dagrun_run_after": "next_run_after",
    "last_parsed_time": "last_parsed_at",
    "last_run_state": "last_run_state",
    "state": "last_run_state",
    "last_run_start_date": "last_run_start_date",
    "start_date": "last_run_start_date",
}
_AT_ONCE: Final = 500
"""So many DAGs are paused in one transaction."""


class DagSelection(Query):
    """Which DAGs."""

    tags: list[str] | None = None
    tags_match_mode: Literal["any", "all"] | None = None
    owners: list[str] | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    exclude_stale: bool = True
    paused: bool | None = None

    def filter(self) -> DagFilter:
        """The selection as the store takes it."""
        return DagFilter(
            tags=self.tags,
            tags_match_all=self.tags_match_mode == "all",
            owners=self.owners,
            dag_id_pattern=like(self.dag_id_pattern, self.dag_id_prefix_pattern),
            exclude_stale=self.exclude_stale,
            is_paused=self.paused,
        )


class BulkDagQuery(Page, DagSelection):
    """Which DAGs to change, and which of their fields."""

    update_mask: list[str] | None = None


class DagQuery(Paging, DagSelection):
    """Which DAGs to list."""

    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None
    has_import_errors: bool | None = None
    last_dag_run_state: RunState | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None
    timetable_type: list[str] | None = None
    has_asset_schedule: bool | None = None
    asset_dependency: str | None = None
    is_favorite: bool | None = None
    dag_run_state: list[RunState] | None = None
    dag_run_start_date_gte: Moment | None = None
    dag_run_start_date_gt: Moment | None = None
    dag_run_start_date_lte: Moment | None = None
    dag_run_start_date_lt: Moment | None = None
    dag_run_end_date_gte: Moment | None = None
    dag_run_end_date_gt: Moment | None = None
    dag_run_end_date_lte: Moment | None = None
    dag_run_end_date_lt: Moment | None = None

    def filter(self) -> DagFilter:
        """The selection as the store takes it."""
        return replace(
            super().filter(),
            display_name_pattern=like(
                self.dag_display_name_pattern, self.dag_display_name_prefix_pattern
            ),
            has_import_errors=self.has_import_errors,
            last_run_state=self.last_dag_run_state,
            bundle_name=self.bundle_name,
            # Bundles have no versions here, so that no DAG is of one.
            dag_ids=None if self.bundle_version is None else [],
            timetable_types=self.timetable_type,
            waits_for_assets=self.has_asset_schedule,
            waits_for_asset=self.asset_dependency,
            run_states=self.dag_run_state,
            run_start_date=Range(
                gte=self.dag_run_start_date_gte,
                gt=self.dag_run_start_date_gt,
                lte=self.dag_run_start_date_lte,
                lt=self.dag_run_start_date_lt,
            ),
            run_end_date=Range(
                gte=self.dag_run_end_date_gte,
                gt=self.dag_run_end_date_gt,
                lte=self.dag_run_end_date_lte,
                lt=self.dag_run_end_date_lt,
            ),
        )


class TagQuery(Paging):
    """Which tags."""

    tag_name_pattern: str | None = None
    tag_name_prefix_pattern: str | None = None


@routes.add("GET", "/dags", permission=reading(Resource.DAG), answer=DAGCollectionResponse)
def get_dags(call: Call, query: Annotated[DagQuery, QueryParameter()]) -> DAGCollectionResponse:
    """A page of DAGs."""
    which = query.filter()
    if query.is_favorite is not None:
        name = call.user.name
        which = replace(
            which,
            favorite_of=name if query.is_favorite else None,
            not_favorite_of=None if query.is_favorite else name,
        )
    page = call.store.list_dags(which, query.window(call.settings, _ORDER))
    return DAGCollectionResponse(
        dags=[dag_payload(dag) for dag in page.items], total_entries=page.total
    )


@routes.add("PATCH", "/dags", permission=editing(Resource.DAG), answer=DAGCollectionResponse)
def patch_dags(
    call: Call, query: Annotated[BulkDagQuery, QueryParameter()], body: DAGPatchBody
) -> DAGCollectionResponse:
    """Pause or unpause every DAG of a selection, of which a page is shown.

    `dag_id_pattern=~` selects all; where nothing is selected nothing is changed.
    """
    require_known(query.update_mask, {"is_paused"})
    if not query.model_fields_set - {"update_mask", "limit", "offset"}:
        return DAGCollectionResponse(dags=[], total_entries=0)
    which = query.filter()
    page = call.store.list_dags(
        which, window_of(query.limit, query.offset, [], call.settings, _ORDER)
    )
    meant = [dag.dag_id for dag in every_dag(call.store, which)]
    for start in range(0, len(meant), _AT_ONCE):
        call.store.set_paused(meant[start : start + _AT_ONCE], body.is_paused)
    return DAGCollectionResponse(
        dags=[dag_payload(replace(dag, is_paused=body.is_paused)) for dag in page.items],
        total_entries=page.total,
    )


@routes.add("GET", "/dags/{dag_id}", permission=reading(Resource.DAG), answer=DAGResponse)
def get_dag(call: Call, dag_id: str) -> DAGResponse:
    """One DAG."""
    return dag_payload(call.store.get_dag(dag_id))


@routes.add(
    "GET", "/dags/{dag_id}/details", permission=reading(Resource.DAG), answer=DAGDetailsResponse
)
def get_dag_details(call: Call, dag_id: str) -> DAGDetailsResponse:
    """One DAG with all there is to say of it."""
    favorites = call.store.favorites_of(call.user.name, [dag_id])
    return details_of(call.store, call.store.get_dag(dag_id), is_favorite=bool(favorites))


@routes.add("PATCH", "/dags/{dag_id}", permission=editing(Resource.DAG), answer=DAGResponse)
def patch_dag(
    call: Call,
    dag_id: str,
    body: DAGPatchBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> DAGResponse:
    """Pause or unpause one DAG."""
    require_known(update_mask, {"is_paused"})
    call.store.get_dag(dag_id)
    call.store.set_paused([dag_id], body.is_paused)
    return dag_payload(call.store.get_dag(dag_id))


@routes.add("DELETE", "/dags/{dag_id}", permission=deleting(Resource.DAG), status=204)
def delete_dag(call: Call, dag_id: str) -> None:
    """Remove a DAG and its whole history. It comes back if its file is still there."""
    call.store.delete_dag(dag_id)


@routes.add("POST", "/dags/{dag_id}/favorite", permission=reading(Resource.DAG), status=204)
def favorite_dag(call: Call, dag_id: str) -> None:
    """Put the DAG first for oneself."""
    call.store.set_favorite(dag_id, call.user.name, True)


@routes.add("POST", "/dags/{dag_id}/unfavorite", permission=reading(Resource.DAG), status=204)
def unfavorite_dag(call: Call, dag_id: str) -> None:
    """Put it first no longer."""
    if not call.store.set_favorite(dag_id, call.user.name, False):
        raise ConflictError(f"The DAG {dag_id!r} is not one of your favorites.")


@routes.add("GET", "/dagTags", permission=reading(Resource.DAG), answer=DAGTagCollectionResponse)
def get_dag_tags(
    call: Call, query: Annotated[TagQuery, QueryParameter()]
) -> DAGTagCollectionResponse:
    """A page of the tags in use."""
    pattern = like(query.tag_name_pattern, query.tag_name_prefix_pattern)
    page = call.store.list_tags(pattern, query.window(call.settings, {"name": "name"}))
    return DAGTagCollectionResponse(tags=page.items, total_entries=page.total)
