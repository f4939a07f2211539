"""Running task instances again."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.api.auth.access import Resource, editing
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.dag_runs import DAGRunClearBody, DAGRunResponse
from slipstream.api.payloads.task_instances import (
    ClearTaskInstanceCollectionResponse,
    ClearTaskInstancesBody,
    NewTaskResponse,
    TaskInstanceCollectionResponse,
    TaskInstanceResponse,
)
from slipstream.api.public.dag_runs import run_payload
from slipstream.api.public.task_instances import collection_of
from slipstream.api.selection import by_run, dates_around, instances_of, pick
from slipstream.model.errors import ConflictError
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import LIVE, RUN_FINISHED, RunState, TaskState
from slipstream.store.markers import with_marked
from slipstream.store.records import InstanceInRun, Range

routes = Routes("Task Instance")

_FAILED = frozenset({TaskState.FAILED, TaskState.UPSTREAM_FAILED})


@routes.add(
    "POST",
    "/dags/{dag_id}/clearTaskInstances",
    permission=editing(Resource.TASK_INSTANCE),
    answer=TaskInstanceCollectionResponse,
)
def post_clear_task_instances(
    call: Call, dag_id: str, body: ClearTaskInstancesBody
) -> TaskInstanceCollectionResponse:
    """Let task instances of the DAG run again, or say which ones would (a dry run)."""
    found = _selected(call, dag_id, body)
    live = [entry for entry in found if entry.instance.state in LIVE]
    if body.prevent_running_task and live:
        raise ConflictError(
            f"{len(live)} of the task instances are running, the first one "
            f"{live[0].instance.task_id!r} in the run {live[0].run.run_id!r}."
        )
    cleared: list[InstanceInRun] = []
    for run, keys in by_run(found):
        state = _state_after(run) if body.reset_dag_runs else None
        cleared += call.store.clear_instances(
            run.pk,
            keys,
            run_state=state,
            dry_run=body.dry_run,
            latest_version=body.run_on_latest_version,
        )
    if body.note is not None and not body.dry_run:
        cleared = [
            call.store.set_instance_note(
                entry.run.pk, entry.instance.key, body.note, call.user.name
            )
            for entry in cleared
        ]
    return collection_of(call, cleared)


@routes.add(
    "POST",
    "/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
    permission=editing(Resource.DAG_RUN),
    answer=DAGRunResponse,
    other_answer=ClearTaskInstanceCollectionResponse,
)
def clear_dag_run(
    call: Call, dag_id: str, dag_run_id: str, body: DAGRunClearBody
) -> DAGRunResponse | ClearTaskInstanceCollectionResponse:
    """Run a whole run again, or only what failed in it; a dry run says what that would be."""
    cleared = clear_run(call, dag_id, dag_run_id, body)
    if body.dry_run:
        return ClearTaskInstanceCollectionResponse(
            task_instances=cleared, total_entries=len(cleared)
        )
    return run_payload(call, call.store.get_run(dag_id, dag_run_id))


def clear_run(
    call: Call, dag_id: str, dag_run_id: str, body: DAGRunClearBody
) -> Sequence[TaskInstanceResponse | NewTaskResponse]:
    """Clear one run, unless that is a dry run; gives what runs again, or would."""
    run = call.store.get_run(dag_id, dag_run_id)
    if body.only_new:
        return _run_what_is_new(call, run, body)
    spec = call.store.get_version(run.version_id).spec
    everything = pick(spec, None, upstream=False, downstream=False)

    def is_meant(entry: InstanceInRun) -> bool:
        return not body.only_failed or entry.instance.state in _FAILED

    found = instances_of(call.store, dag_id, everything, run_ids=[dag_run_id], which=is_meant)
    # A run that has no instances yet is opened again all the same.
    keys: dict[int, tuple[DagRun, list[TaskKey]]] = {run.pk: (run, [])}
    keys.update((one.pk, (one, of)) for one, of in by_run(with_marked(call.store, found, is_meant)))
    cleared = [
        entry
        for one, of_run in keys.values()
        for entry in call.store.clear_instances(
            one.pk,
            of_run,
            run_state=_state_after(one),
            dry_run=body.dry_run,
            latest_version=body.run_on_latest_version,
        )
    ]
    if body.note is not None and not body.dry_run:
        call.store.set_run_note(dag_id, dag_run_id, body.note, call.user.name)
    return collection_of(call, cleared).task_instances


def _run_what_is_new(
    call: Call, run: DagRun, body: DAGRunClearBody
) -> Sequence[TaskInstanceResponse | NewTaskResponse]:
    """Let the run go on with the DAG's latest version; of what it has done nothing is done again.

    Gives the tasks that its own version does not have.
    """
    own = call.store.get_version(run.version_id).spec.tasks
    latest = call.store.get_dag(run.dag_id).latest.spec.tasks
    if not body.dry_run:
        call.store.clear_instances(
            run.pk, [], run_state=_state_after(run), latest_version=True, only_new=True
        )
        if body.note is not None:
            call.store.set_run_note(run.dag_id, run.run_id, body.note, call.user.name)
    return [
        NewTaskResponse(task_id=task.task_id, task_display_name=task.display_name)
        for task in latest.values()
        if task.task_id not in own
    ]


def _selected(call: Call, dag_id: str, body: ClearTaskInstancesBody) -> list[InstanceInRun]:
    states = (_FAILED if body.only_failed else frozenset()) | (
        {TaskState.RUNNING} if body.only_running else frozenset()
    )
    run = None if body.dag_run_id is None else call.store.get_run(dag_id, body.dag_run_id)
    dag = call.store.get_dag(dag_id)
    version = dag.latest if run is None else call.store.get_version(run.version_id)
    picks = pick(
        version.spec,
        body.task_ids,
        upstream=body.include_upstream,
        downstream=body.include_downstream,
        whole=True,
    )
    around = body.include_past or body.include_future
    if run is not None and around:
        dates = dates_around(run, past=body.include_past, future=body.include_future)
    else:
        dates = Range(gte=body.start_date, lte=body.end_date)

    def is_meant(entry: InstanceInRun) -> bool:
        return not states or entry.instance.state in states

    found = instances_of(
        call.store,
        dag_id,
        picks,
        run_ids=[run.run_id] if run is not None and not around else None,
        logical_date=dates,
        which=is_meant,
    )
    return with_marked(call.store, found, is_meant)


def _state_after(run: DagRun) -> RunState:
    """A run that has ended queues again; one that is under way stays so."""
    return RunState.QUEUED if run.state in RUN_FINISHED else run.state
