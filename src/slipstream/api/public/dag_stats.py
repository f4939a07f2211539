"""DAGs at a glance: how their runs went, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.every_dag import every_dag
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.dags import display_name
from slipstream.api.payloads.filters import Paging
from slipstream.model.states import RunState
from slipstream.store.records import DagFilter

routes = Routes("DagStats")
warning_routes = Routes("DagWarning")

_ORDER: Final = {
    "dag_id": "dag_id",
    "warning_type": "warning_type",
    "message": "message",
    "timestamp": "timestamp",
}


class DagStatsStateResponse(Payload, frozen=True, kw_only=True):
    """How many runs are in a state."""

    state: RunState
    count: int


class DagStatsResponse(Payload, frozen=True, kw_only=True):
    """A DAG's runs by state."""

    dag_id: str
    dag_display_name: str
    stats: Sequence[DagStatsStateResponse]


class DagStatsCollectionResponse(Payload, frozen=True, kw_only=True):
    """The runs of DAGs by state."""

    dags: Sequence[DagStatsResponse]
    total_entries: int


class DagWarningType(StrEnum):
    """What can be wrong with a DAG that runs all the same."""

    ASSET_CONFLICT = "asset conflict"
    NON_EXISTENT_POOL = "non-existent pool"
    RUNTIME_VARYING_VALUE = "runtime varying value"


class DAGWarningResponse(Payload, frozen=True, kw_only=True):
    """Something that is wrong with a DAG."""

    dag_id: str
    warning_type: DagWarningType
    message: str
    timestamp: Instant
    dag_display_name: str


class DAGWarningCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of what is wrong with DAGs."""

    dag_warnings: Sequence[DAGWarningResponse]
    total_entries: int


@routes.add(
    "GET", "/dagStats", permission=reading(Resource.DAG_RUN), answer=DagStatsCollectionResponse
)
def get_dag_stats(
    call: Call, dag_ids: Annotated[list[str] | None, QueryParameter()] = None
) -> DagStatsCollectionResponse:
    """How many runs in each state DAGs have, of all that have any or of those named."""
    counts = call.store.count_runs_by_dag(dag_ids)
    dags = [dag for dag in every_dag(call.store, DagFilter()) if dag.dag_id in counts]
    found = [
        DagStatsResponse(
            dag_id=dag.dag_id,
            dag_display_name=display_name(dag.latest.spec),
            stats=[
                DagStatsStateResponse(state=state, count=counts.get(dag.dag_id, {}).get(state, 0))
                for state in RunState
            ],
        )
        for dag in dags
    ]
    return DagStatsCollectionResponse(dags=found, total_entries=len(found))


class DagWarningQuery(Paging):
    """Which warnings."""

    dag_id: str | None = None
    warning_type: DagWarningType | None = None


@warning_routes.add(
    "GET",
    "/dagWarnings",
    permission=reading(Resource.DAG_WARNING),
    answer=DAGWarningCollectionResponse,
)
def list_dag_warnings(
    call: Call, query: Annotated[DagWarningQuery, QueryParameter()]
) -> DAGWarningCollectionResponse:
    """A page of what is wrong with DAGs that run all the same."""
    kind = None if query.warning_type is None else query.warning_type.value
    window = query.window(call.settings, _ORDER)
    page = call.store.list_dag_warnings(query.dag_id, kind, window)
    return DAGWarningCollectionResponse(
        dag_warnings=[
            DAGWarningResponse(
                dag_id=warning.dag_id,
                warning_type=DagWarningType(warning.warning_type),
                message=warning.message,
                timestamp=warning.timestamp,
                dag_display_name=display_name(call.store.get_dag(warning.dag_id).latest.spec),
            )
            for warning in page.items
        ],
        total_entries=page.total,
    )
