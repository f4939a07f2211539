"""DAG runs: trigger, list, look at, mark, delete."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.announcements import announce_run, at_work
from slipstream.api.auth.access import Resource, creating, deleting, editing, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.bodies import Moment
from slipstream.api.payloads.cursors import CursorPaging, places_of
from slipstream.api.payloads.dag_runs import (
    DAGRunCollectionResponse,
    DAGRunPatchBody,
    DAGRunResponse,
    DAGRunsBatchBody,
    TriggerDAGRunPostBody,
    dag_run_payload,
)
from slipstream.api.payloads.filters import (
    RUN_ORDER,
    TimeBounds,
    UpdatedAtBounds,
    is_any,
    like,
    one_or_all,
    run_states,
    window_of,
)
from slipstream.api.update_mask import changed_fields
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.store.records import Range, RunFilter, Window
from slipstream.store.triggering import RunRequest, requested_run

routes = Routes("DagRun")

_RUNS: Final = "/dags/{dag_id}/dagRuns"
_RUN: Final = _RUNS + "/{dag_run_id}"
_ORDER: Final = {
    **RUN_ORDER,
    **{name: name for name in ("conf", "partition_date", "queued_at", "run_type", "updated_at")},
}


class RunQuery(CursorPaging, TimeBounds, UpdatedAtBounds):
    """Which runs."""

    state: list[str] | None = None
    run_type: list[RunType] | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    triggering_user_name_pattern: str | None = None
    triggering_user_name_prefix_pattern: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    dag_version: list[int] | None = None
    bundle_version: str | None = None
    partition_key_pattern: str | None = None
    partition_key_prefix_pattern: str | None = None
    partition_date_gte: Moment | None = None
    partition_date_lte: Moment | None = None
    conf_contains: str | None = None
    consuming_asset_pattern: str | None = None

    def filter(self, dag_id: str) -> RunFilter:
        """The selection as the store takes it."""
        return RunFilter(
            # Bundles have no versions here, so that no run is of one.
            dag_ids=one_or_all(dag_id) if self.bundle_version is None else [],
            dag_id_pattern=like(self.dag_id_pattern, self.dag_id_prefix_pattern),
            version_numbers=self.dag_version,
            conf_contains=self.conf_contains,
            consumed_asset=self.consuming_asset_pattern,
            partition_key_pattern=like(
                self.partition_key_pattern, self.partition_key_prefix_pattern
            ),
            partition_date=Range(gte=self.partition_date_gte, lte=self.partition_date_lte),
            run_id_pattern=like(self.run_id_pattern, self.run_id_prefix_pattern),
            states=run_states(self.state),
            run_types=self.run_type,
            triggering_user_pattern=like(
                self.triggering_user_name_pattern, self.triggering_user_name_prefix_pattern
            ),
            updated_at=self.updated_at(),
            **self.times(),
        )


@routes.add("GET", _RUNS, permission=reading(Resource.DAG_RUN), answer=DAGRunCollectionResponse)
def get_dag_runs(
    call: Call, dag_id: str, query: Annotated[RunQuery, QueryParameter()]
) -> DAGRunCollectionResponse:
    """A page of the DAG's runs; `~` as DAG id stands for all DAGs."""
    found = _page(call, query.filter(dag_id), query.window(call.settings, _ORDER))
    if not found.total_entries and not is_any(dag_id):
        call.store.get_dag(dag_id)
    return found


@routes.add(
    "POST",
    _RUNS + "/list",
    permission=reading(Resource.DAG_RUN),
    answer=DAGRunCollectionResponse,
    slow=False,
)
def get_list_dag_runs_batch(
    call: Call, dag_id: str, body: DAGRunsBatchBody
) -> DAGRunCollectionResponse:
    """A page of the runs of several DAGs. The DAG id in the path can only be `~`."""
    states = [state for state in body.states or [] if state is not None]
    which = RunFilter(
        dag_ids=body.dag_ids or one_or_all(dag_id),
        states=states or None,
        conf_contains=body.conf_contains,
        **body.times(),
    )
    order = [body.order_by] if body.order_by else []
    window = window_of(body.page_limit, body.page_offset, order, call.settings, _ORDER)
    return _page(call, which, window)


@routes.add("POST", _RUNS, permission=creating(Resource.DAG_RUN), answer=DAGRunResponse, brief=True)
def trigger_dag_run(call: Call, dag_id: str, body: TriggerDAGRunPostBody) -> DAGRunResponse:
    """Create a run of the DAG's latest version."""
    interval = (
        (body.data_interval_start, body.data_interval_end)
        if body.data_interval_start is not None and body.data_interval_end is not None
        else None
    )
    request = RunRequest(
        run_id=body.dag_run_id,
        logical_date=body.logical_date,
        data_interval=interval,
        run_after=body.run_after,
        conf=body.conf or {},
        note=body.note,
        partition_key=body.partition_key,
        user=call.user.name,
    )
    store = call.store
    dag = store.get_dag(dag_id)
    new = requested_run(
        dag,
        request,
        call.now(),
        run_id_pattern=call.settings.allowed_run_id_pattern,
        ask=call.ask_timetable,
    )
    return dag_run_payload(store.create_run(new), dag.latest)


@routes.add("GET", _RUN, permission=reading(Resource.DAG_RUN), answer=DAGRunResponse)
def get_dag_run(call: Call, dag_id: str, dag_run_id: str) -> DAGRunResponse:
    """One run."""
    return run_payload(call, call.store.get_run(dag_id, dag_run_id))


@routes.add("PATCH", _RUN, permission=editing(Resource.DAG_RUN), answer=DAGRunResponse)
def patch_dag_run(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    body: DAGRunPatchBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> DAGRunResponse:
    """Mark the run as success or failed, start it over, or attach a note to it."""
    changed = changed_fields(body, update_mask)
    run = call.store.get_run(dag_id, dag_run_id)
    if "state" in changed and body.state is not None:
        announce = call.deployment.announce
        worked = at_work(announce, call.store, run)
        run = call.store.set_run_state(dag_id, dag_run_id, RunState(body.state))
        announce_run(announce, call.store, run, worked)
    if "note" in changed:
        run = call.store.set_run_note(dag_id, dag_run_id, body.note, call.user.name)
    return run_payload(call, run)


@routes.add("DELETE", _RUN, permission=deleting(Resource.DAG_RUN), status=204)
def delete_dag_run(call: Call, dag_id: str, dag_run_id: str) -> None:
    """Remove a run that is not running, and all that belongs to it."""
    call.store.delete_run(dag_id, dag_run_id)


def run_payload(call: Call, run: DagRun) -> DAGRunResponse:
    """A run as its payload."""
    return dag_run_payload(run, call.store.get_version(run.version_id))


def _page(call: Call, which: RunFilter, window: Window) -> DAGRunCollectionResponse:
    page = call.store.list_runs(which, window)
    return DAGRunCollectionResponse(
        dag_runs=[run_payload(call, run) for run in page.items],
        total_entries=page.total,
        **places_of(page, window),
    )
