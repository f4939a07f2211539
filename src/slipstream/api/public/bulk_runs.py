"""Many runs, or many task instances, changed and removed by one request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field
from starlette.responses import Response

from slipstream.api.auth.access import Resource, deleting, editing
from slipstream.api.bulk import Target, carry_out
from slipstream.api.call import Call
from slipstream.api.negotiation import JSON
from slipstream.api.operation import Routes
from slipstream.api.payloads.bulk import BulkBody, BulkResponse
from slipstream.api.payloads.dag_runs import DAGRunPatchBody
from slipstream.api.payloads.filters import is_any
from slipstream.api.payloads.task_instances import PatchTaskInstanceBody
from slipstream.api.public.dag_runs import delete_dag_run, patch_dag_run
from slipstream.api.public.marking import Meant, patch_meant
from slipstream.api.public.task_instances import INSTANCE, INSTANCES
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.store.records import InstanceFilter, InstanceInRun

routes = Routes("Task Instance")

_RUNS: Final = "/dags/{dag_id}/dagRuns"


class BulkDAGRunBody(DAGRunPatchBody):
    """A run, and what of it is to be changed."""

    dag_run_id: str = Field(min_length=1)
    dag_id: str | None = None


class BulkTaskInstanceBody(PatchTaskInstanceBody):
    """A task instance, and what of it is to be changed; without a map index all of the task."""

    task_id: str
    map_index: int | None = None
    dag_id: str | None = None
    dag_run_id: str | None = None


@routes.add("PATCH", _RUNS, permission=editing(Resource.DAG_RUN), answer=BulkResponse)
def bulk_dag_runs(call: Call, dag_id: str, body: BulkBody[BulkDAGRunBody]) -> BulkResponse:
    """Mark, annotate and remove runs. With `~` in the path each names its DAG itself."""

    def place(run: str | BulkDAGRunBody) -> tuple[str, str]:
        if isinstance(run, str):
            return _named(None, dag_id, "dag_id"), run
        return _named(run.dag_id, dag_id, "dag_id"), run.dag_run_id

    def exists(run: str | BulkDAGRunBody) -> bool:
        try:
            call.store.get_run(*place(run))
        except NotFoundError:
            return False
        return True

    def change(run: BulkDAGRunBody, mask: list[str] | None) -> object:
        sent = run.model_dump(exclude_unset=True, include={"state", "note"})
        kept = {name: value for name, value in sent.items() if mask is None or name in mask}
        return patch_dag_run(call, *place(run), DAGRunPatchBody(**kept))

    target = Target[BulkDAGRunBody](
        noun="dag runs",
        key=lambda run: ".".join(place(run)),
        exists=exists,
        update=change,
        delete=lambda run: delete_dag_run(call, *place(run)),
    )
    return carry_out(body, target)


@routes.add("PATCH", INSTANCES, permission=editing(Resource.TASK_INSTANCE), answer=BulkResponse)
def bulk_task_instances(
    call: Call, dag_id: str, dag_run_id: str, body: BulkBody[BulkTaskInstanceBody]
) -> BulkResponse:
    """Mark, annotate and remove task instances. With `~` in the path each names its own."""

    def meant(one: str | BulkTaskInstanceBody) -> Meant:
        if isinstance(one, str):
            of_dag, of_run = _named(None, dag_id, "dag_id"), _named(None, dag_run_id, "dag_run_id")
            return Meant(of_dag, of_run, one, None)
        return Meant(
            _named(one.dag_id, dag_id, "dag_id"),
            _named(one.dag_run_id, dag_run_id, "dag_run_id"),
            one.task_id,
            one.map_index,
        )

    def key(one: str | BulkTaskInstanceBody) -> str:
        of = meant(one)
        index = UNMAPPED if of.map_index is None else of.map_index
        return f"{of.dag_id}.{of.run_id}.{of.task_id}[{index}]"

    def change(one: BulkTaskInstanceBody, mask: list[str] | None) -> object:
        fields = {"new_state", "note", *(name for name in PatchTaskInstanceBody.model_fields)}
        sent = one.model_dump(exclude_unset=True, include=fields)
        return patch_meant(call, meant(one), PatchTaskInstanceBody(**sent), mask, dry_run=False)

    target = Target[BulkTaskInstanceBody](
        noun="task instances",
        key=key,
        exists=lambda one: bool(_instances(call, meant(one))),
        update=change,
        delete=lambda one: _delete(call, _instances(call, meant(one))),
    )
    return carry_out(body, target)


@routes.add(
    "DELETE",
    INSTANCE,
    permission=deleting(Resource.TASK_INSTANCE),
    content_types=(JSON,),
)
def delete_task_instance(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int = UNMAPPED
) -> Response:
    """Remove a task instance with its tries, XComs and state. A run that goes on gets it anew."""
    _delete(call, [call.store.get_instance(dag_id, dag_run_id, TaskKey(task_id, map_index))])
    return Response(b"null", media_type=JSON)


def _delete(call: Call, found: Sequence[InstanceInRun]) -> None:
    for entry in found:
        call.store.delete_instances(entry.run.pk, [entry.instance.key])


def _instances(call: Call, meant: Meant) -> list[InstanceInRun]:
    which = InstanceFilter(
        dag_ids=[meant.dag_id],
        run_ids=[meant.run_id],
        task_ids=[meant.task_id],
        map_indexes=None if meant.map_index is None else [meant.map_index],
    )
    return list(call.store.iterate_instances(which))


def _named(own: str | None, of_path: str, field: str) -> str:
    """What the thing itself names, else what the path does."""
    if own is not None and not is_any(own):
        if not is_any(of_path) and own != of_path:
            raise InvalidInputError(f"The {field} {own!r} is not that of the path, {of_path!r}.")
        return own
    if is_any(of_path):
        raise InvalidInputError(f"With `~` in the path every entity has to name its {field}.")
    return of_path
