"""Versions of DAGs and their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Header
from fastapi import Query as QueryParameter
from starlette.responses import PlainTextResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.auth.restricted import KEPT_BACK, shared_with_hidden
from slipstream.api.call import Call
from slipstream.api.negotiation import TEXT, preferred
from slipstream.api.operation import Routes
from slipstream.api.payloads.dags import (
    DAGSourceResponse,
    DAGVersionCollectionResponse,
    DagVersionResponse,
    display_name,
    version_payload,
)
from slipstream.api.payloads.filters import Paging, is_any
from slipstream.model.version import DagVersion

routes = Routes("DagVersion")

_ORDER: Final = {
    "id": "id",
    "version_number": "number",
    "created_at": "created_at",
    "bundle_name": "bundle_name",
    "bundle_version": "number",  # no version has one
}


class VersionQuery(Paging):
    """Which versions."""

    version_number: int | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None


@routes.add(
    "GET",
    "/dags/{dag_id}/dagVersions",
    permission=reading(Resource.DAG_VERSION),
    answer=DAGVersionCollectionResponse,
)
def get_dag_versions(
    call: Call, dag_id: str, query: Annotated[VersionQuery, QueryParameter()]
) -> DAGVersionCollectionResponse:
    """A page of a DAG's versions, by default the oldest first; `~` as DAG id means all DAGs."""
    if not is_any(dag_id):
        call.store.get_dag(dag_id)
    if query.bundle_version is not None:
        # Bundles are folders here: they have no versions.
        return DAGVersionCollectionResponse(dag_versions=[], total_entries=0)
    window = query.window(call.settings, _ORDER)
    page = call.store.list_versions(
        None if is_any(dag_id) else dag_id,
        window if window.order_by else replace(window, order_by=("id",)),
        number=query.version_number,
        bundle_name=query.bundle_name,
    )
    return DAGVersionCollectionResponse(
        dag_versions=[version_payload(version) for version in page.items], total_entries=page.total
    )


@routes.add(
    "GET",
    "/dags/{dag_id}/dagVersions/{version_number}",
    permission=reading(Resource.DAG_VERSION),
    answer=DagVersionResponse,
)
def get_dag_version(call: Call, dag_id: str, version_number: int) -> DagVersionResponse:
    """One version of a DAG."""
    return version_payload(call.store.get_version_number(dag_id, version_number))


@routes.add(
    "GET",
    "/dagSources/{dag_id}",
    permission=reading(Resource.DAG_SOURCE),
    answer=DAGSourceResponse,
    content_types=(TEXT,),
)
def get_dag_source(
    call: Call,
    dag_id: str,
    version_number: int | None = None,
    accept: Annotated[str, Header()] = "*/*",
) -> DAGSourceResponse | PlainTextResponse:
    """The text of the DAG's file, as of its latest version or of the one asked for."""
    dag = call.store.get_dag(dag_id)
    version = (
        dag.latest
        if version_number is None
        else call.store.get_version_number(dag_id, version_number)
    )
    content: str | None = KEPT_BACK
    if not _holds_hidden_dags(call, {dag.fileloc, version.spec.fileloc}):
        content = _own_text(version, call.store.get_sources(version.source_hash))
    if preferred(accept) == TEXT:
        return PlainTextResponse(content or "")
    return DAGSourceResponse(
        content=content,
        dag_id=dag_id,
        version_number=version.number,
        dag_display_name=display_name(version.spec),
    )


def _holds_hidden_dags(call: Call, filelocs: set[str]) -> bool:
    if call.dag_ids is None:
        return False
    return bool(shared_with_hidden(call.deployment.store, filelocs, call.dag_ids))


def _own_text(version: DagVersion, sources: Mapping[str, str]) -> str | None:
    """The text of the file that makes the DAG: the first one, but for a DAG of an archive."""
    for path, text in sources.items():
        if version.spec.fileloc.endswith(f"/{path}"):
            return text
    return next(iter(sources.values()), None)
