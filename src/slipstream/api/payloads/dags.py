"""DAGs, their versions, sources and tags."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

import msgspec

from slipstream.api.payloads import schedules
from slipstream.api.payloads.base import (
    Duration,
    Instant,
    Payload,
    Uuid,
    mapping,
    texts,
)
from slipstream.api.payloads.bodies import Body
from slipstream.api.payloads.params import shown_params
from slipstream.model.dag import DagSpec
from slipstream.model.durations import iso_duration
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import OnAssets
from slipstream.model.states import RunType
from slipstream.model.version import DagVersion
from slipstream.store.records import DagRecord


class DagTagResponse(Payload, frozen=True, kw_only=True):
    """A tag of a DAG."""

    name: str
    dag_id: str
    dag_display_name: str


class DagVersionResponse(Payload, frozen=True, kw_only=True):
    """A version of a DAG."""

    id: Uuid
    version_number: int
    dag_id: str
    bundle_name: str | None
    bundle_version: str | None
    created_at: Instant
    dag_display_name: str
    bundle_url: str | None


class DAGVersionCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of versions."""

    dag_versions: Sequence[DagVersionResponse]
    total_entries: int


class DAGResponse(Payload, frozen=True, kw_only=True):
    """A DAG in a listing."""

    dag_id: str
    dag_display_name: str
    is_paused: bool
    is_stale: bool
    last_parsed_time: Instant | None
    last_parse_duration: float | None
    last_expired: Instant | None
    bundle_name: str | None
    bundle_version: str | None
    relative_fileloc: str | None
    fileloc: str
    description: str | None
    timetable_summary: str | None
    timetable_description: str | None
    timetable_partitioned: bool
    timetable_periodic: bool
    tags: Sequence[DagTagResponse]
    max_active_tasks: int
    max_active_runs: int | None
    max_consecutive_failed_dag_runs: int
    has_task_concurrency_limits: bool
    has_import_errors: bool
    next_dagrun_logical_date: Instant | None
    next_dagrun_data_interval_start: Instant | None
    next_dagrun_data_interval_end: Instant | None
    next_dagrun_run_after: Instant | None
    allowed_run_types: Sequence[RunType] | None
    owners: Sequence[str]
    is_backfillable: bool
    file_token: str


class DAGCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of DAGs."""

    dags: Sequence[DAGResponse]
    total_entries: int


class DAGDetailsResponse(DAGResponse, frozen=True, kw_only=True):
    """All there is to say of a DAG."""

    catchup: bool
    dag_run_timeout: Duration | None
    asset_expression: Mapping[str, JsonValue] | None
    doc_md: str | None
    start_date: Instant | None
    end_date: Instant | None
    is_paused_upon_creation: bool | None
    params: Mapping[str, JsonValue] | None
    render_template_as_native_obj: bool
    template_search_path: Sequence[str] | None
    timezone: str | None
    last_parsed: Instant | None
    default_args: Mapping[str, JsonValue] | None
    rerun_with_latest_version: bool | None = None
    owner_links: Mapping[str, str] | None = None
    is_favorite: bool = False
    active_runs_count: int = 0
    concurrency: int
    latest_dag_version: DagVersionResponse | None


class DAGPatchBody(Body):
    """What of a DAG can be changed from outside."""

    is_paused: bool


class DAGTagCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of the tags in use."""

    tags: Sequence[str]
    total_entries: int


class DAGSourceResponse(Payload, frozen=True, kw_only=True):
    """The text of the DAG's file, as of one version."""

    content: str | None
    dag_id: str
    version_number: int | None
    dag_display_name: str


def display_name(spec: DagSpec) -> str:
    """What people call the DAG."""
    return spec.display_name or spec.dag_id


def version_payload(version: DagVersion) -> DagVersionResponse:
    """A version as its payload."""
    return DagVersionResponse(
        id=version.version_id,
        version_number=version.number,
        dag_id=version.dag_id,
        bundle_name=version.bundle_name,
        bundle_version=None,
        created_at=version.created_at,
        dag_display_name=display_name(version.spec),
        bundle_url=None,
    )


def dag_payload(dag: DagRecord) -> DAGResponse:
    """A DAG as its payload."""
    spec = dag.latest.spec
    name = display_name(spec)
    return DAGResponse(
        dag_id=dag.dag_id,
        dag_display_name=name,
        is_paused=dag.is_paused,
        is_stale=dag.is_stale,
        last_parsed_time=dag.last_parsed_at,
        last_parse_duration=dag.last_parse_seconds,
        last_expired=None,
        bundle_name=dag.bundle_name,
        bundle_version=None,
        relative_fileloc=dag.relative_fileloc,
        fileloc=dag.fileloc,
        description=spec.description,
        timetable_summary=schedules.summary(spec.schedule),
        timetable_description=schedules.description(spec.schedule),
        timetable_partitioned=spec.details.get("timetable_partitioned") is True
        or schedules.is_partitioned(spec.schedule),
        timetable_periodic=schedules.is_periodic(spec.schedule),
        tags=[
            DagTagResponse(name=tag, dag_id=dag.dag_id, dag_display_name=name)
            for tag in sorted(spec.tags)
        ],
        max_active_tasks=spec.max_active_tasks,
        max_active_runs=spec.max_active_runs,
        max_consecutive_failed_dag_runs=spec.max_consecutive_failed_dag_runs,
        has_task_concurrency_limits=any(
            task.max_active_tis_per_dag is not None or task.max_active_tis_per_dagrun is not None
            for task in spec.tasks.values()
        ),
        has_import_errors=dag.has_import_errors,
        next_dagrun_logical_date=dag.next_logical_date,
        next_dagrun_data_interval_start=dag.next_interval_start,
        next_dagrun_data_interval_end=dag.next_interval_end,
        next_dagrun_run_after=dag.next_run_after,
        allowed_run_types=spec.allowed_run_types,
        owners=owners(spec),
        is_backfillable=schedules.is_periodic(spec.schedule)
        and (spec.allowed_run_types is None or RunType.BACKFILL in spec.allowed_run_types),
        file_token=file_token(dag.bundle_name, dag.relative_fileloc),
    )


def dag_details_payload(
    dag: DagRecord, running: int, asset_ids: Mapping[str, int], *, is_favorite: bool = False
) -> DAGDetailsResponse:
    """A DAG as its long payload; `running` is the number of its runs under way.

    `asset_ids` is `{URI: id}` of the assets of its schedule.
    """
    spec = dag.latest.spec
    details = spec.details
    waits_for = asset_condition(spec)
    return DAGDetailsResponse(
        **msgspec.structs.asdict(dag_payload(dag)),
        catchup=spec.catchup,
        dag_run_timeout=(
            None if spec.dagrun_timeout is None else iso_duration(spec.dagrun_timeout)
        ),
        asset_expression=mapping(with_ids(waits_for, asset_ids)),
        doc_md=spec.doc_md,
        start_date=spec.start_date,
        end_date=spec.end_date,
        is_paused_upon_creation=spec.is_paused_upon_creation,
        params=shown_params(spec.params, details.get("params_order")),
        render_template_as_native_obj=bool(details.get("render_template_as_native_obj")),
        template_search_path=texts(details.get("template_searchpath")) or None,
        timezone=spec.timezone,
        last_parsed=dag.last_parsed_at,
        default_args=mapping(details.get("default_args")),
        rerun_with_latest_version=(
            details["rerun_with_latest_version"] is True
            if "rerun_with_latest_version" in details
            else None
        ),
        owner_links=spec.owner_links,
        is_favorite=is_favorite,
        active_runs_count=running,
        concurrency=spec.max_active_tasks,
        latest_dag_version=version_payload(dag.latest),
    )


def asset_condition(spec: DagSpec) -> JsonValue:
    """What the DAG waits for of assets: `{"all": […]}`, `{"asset": {…}}` …, or None."""
    on_assets = spec.schedule if isinstance(spec.schedule, OnAssets) else None
    own = spec.details.get("asset_expression")
    return own or (None if on_assets is None else on_assets.condition)


def with_ids(expression: JsonValue, asset_ids: Mapping[str, int]) -> JsonValue:
    """The condition, with the ids of those of its assets that have one."""
    if isinstance(expression, Mapping):
        found = {word: with_ids(part, asset_ids) for word, part in expression.items()}
        known = asset_ids.get(str(found.get("uri")))
        return found if known is None else {**found, "id": known}
    if isinstance(expression, Sequence) and not isinstance(expression, str):
        return [with_ids(part, asset_ids) for part in expression]
    return expression


def owners(spec: DagSpec) -> list[str]:
    """The owners of the DAG's tasks, each once, in alphabetical order."""
    return sorted({task.owner for task in spec.tasks.values()})


def file_token(bundle_name: str, relative_fileloc: str) -> str:
    """An opaque name of a DAG file that fits into a path."""
    text = json.dumps([bundle_name, relative_fileloc], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def file_of_token(token: str) -> tuple[str, str]:
    """`(bundle name, relative path)` of a file token. Raises `InvalidInputError`."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        bundle_name, relative_fileloc = json.loads(text)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(
            f"{token!r} is not a file token; take it from a DAG's field file_token."
        ) from error
    return str(bundle_name), str(relative_fileloc)
