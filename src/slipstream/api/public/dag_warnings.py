"""Warnings about DAGs that run all the same."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.dag_warnings import (
    DAGWarningCollectionResponse,
    DAGWarningResponse,
    DagWarningType,
)
from slipstream.api.payloads.dags import display_name
from slipstream.api.payloads.filters import Paging

routes = Routes("DagWarning")

_ORDER: Final = {name: name for name in ("dag_id", "warning_type", "message", "timestamp")}


class WarningQuery(Paging):
    """Which warnings."""

    dag_id: str | None = None
    warning_type: DagWarningType | None = None


@routes.add(
    "GET",
    "/dagWarnings",
    permission=reading(Resource.DAG_WARNING),
    answer=DAGWarningCollectionResponse,
)
def list_dag_warnings(
    call: Call, query: Annotated[WarningQuery, QueryParameter()]
) -> DAGWarningCollectionResponse:
    """A page of warnings."""
    kind = None if query.warning_type is None else query.warning_type.value
    window = query.window(call.settings, _ORDER)
    page = call.store.list_dag_warnings(query.dag_id, kind, window)
    return DAGWarningCollectionResponse(
        dag_warnings=[
            DAGWarningResponse(
                dag_id=found.dag_id,
                warning_type=DagWarningType(found.warning_type),
                message=found.message,
                timestamp=found.timestamp,
                dag_display_name=display_name(call.store.get_dag(found.dag_id).latest.spec),
            )
            for found in page.items
        ],
        total_entries=page.total,
    )
