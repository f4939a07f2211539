"""Running many runs again: those that are named, or those of partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from slipstream.api.auth.access import Resource, editing
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.bodies import Body, Moment
from slipstream.api.payloads.dag_runs import (
    DAGRunClearBody,
    DAGRunCollectionResponse,
)
from slipstream.api.payloads.filters import is_any
from slipstream.api.payloads.task_instances import ClearTaskInstanceCollectionResponse
from slipstream.api.public.bulk_runs import BulkDAGRunBody
from slipstream.api.public.clearing import clear_run
from slipstream.api.public.dag_runs import run_payload
from slipstream.model.errors import InvalidInputError
from slipstream.store.partitions import PartitionSelection, clear_partitions, selected_runs

routes = Routes("DagRun")


class BulkDAGRunClearBody(DAGRunClearBody):
    """Which runs to run again, and how."""

    partition_key: str | None = None
    partition_date_start: Moment | None = None
    partition_date_end: Moment | None = None
    dag_runs: list[BulkDAGRunBody] = Field(default_factory=list)

    @model_validator(mode="after")
    def _chooses_in_one_way(self) -> BulkDAGRunClearBody:
        dates = self.partition_date_start is not None or self.partition_date_end is not None
        if [self.partition_key is not None, dates, bool(self.dag_runs)].count(True) != 1:
            raise ValueError(
                "Say in one way which runs are meant: dag_runs, partition_key, or "
                "partition_date_start and partition_date_end."
            )
        return self


@routes.add(
    "POST",
    "/dags/{dag_id}/clearDagRuns",
    permission=editing(Resource.DAG_RUN),
    answer=DAGRunCollectionResponse,
    other_answer=ClearTaskInstanceCollectionResponse,
)
def clear_dag_runs(
    call: Call, dag_id: str, body: BulkDAGRunClearBody
) -> DAGRunCollectionResponse | ClearTaskInstanceCollectionResponse:
    """Run runs again, or only what failed in them; a dry run says what that would be.

    With `~` in the path each run names its DAG itself.
    """
    meant = _named(dag_id, body.dag_runs) or _of_partitions(call, dag_id, body)
    runs = [call.store.get_run(*place) for place in meant]
    cleared = [entry for run in runs for entry in clear_run(call, run.dag_id, run.run_id, body)]
    if body.dry_run:
        return ClearTaskInstanceCollectionResponse(
            task_instances=cleared, total_entries=len(cleared)
        )
    return DAGRunCollectionResponse(
        dag_runs=[run_payload(call, call.store.get_run(*place)) for place in meant],
        total_entries=len(meant),
    )


class ClearPartitionsBody(Body):
    """Which runs are to be about no partition any more."""

    partition_key: str | None = None
    partition_date_start: Moment | None = None
    partition_date_end: Moment | None = None
    run_id: str | None = None
    clear_task_instances: bool = False
    dry_run: bool = True

    @model_validator(mode="after")
    def _chooses_in_one_way(self) -> Self:
        try:
            self.selection().require_one_way()
        except InvalidInputError as error:
            raise ValueError(str(error)) from error
        return self

    def selection(self) -> PartitionSelection:
        """Which runs are meant."""
        return PartitionSelection(
            run_id=self.run_id,
            partition_key=self.partition_key,
            earliest=self.partition_date_start,
            latest=self.partition_date_end,
        )


class ClearPartitionsResponse(Payload, frozen=True, kw_only=True):
    """What was cleared, or would be."""

    dag_runs_cleared: int
    task_instances_cleared: int
    dry_run: bool


@routes.add(
    "POST",
    "/dags/{dag_id}/clearPartitions",
    permission=editing(Resource.DAG_RUN),
    answer=ClearPartitionsResponse,
)
def clear_dag_run_partitions(
    call: Call, dag_id: str, body: ClearPartitionsBody
) -> ClearPartitionsResponse:
    """Make runs be about no partition, so that these can be made anew."""
    cleared = clear_partitions(
        call.store,
        dag_id,
        body.selection(),
        with_instances=body.clear_task_instances,
        dry_run=body.dry_run,
    )
    return ClearPartitionsResponse(
        dag_runs_cleared=len(cleared.partitioned),
        task_instances_cleared=cleared.task_instances,
        dry_run=body.dry_run,
    )


def _of_partitions(call: Call, dag_id: str, body: BulkDAGRunClearBody) -> list[tuple[str, str]]:
    if is_any(dag_id):
        raise InvalidInputError("Partitions belong to a DAG: name it in the path instead of ~.")
    selection = PartitionSelection(
        partition_key=body.partition_key,
        earliest=body.partition_date_start,
        latest=body.partition_date_end,
    )
    return [(run.dag_id, run.run_id) for run in selected_runs(call.store, dag_id, selection)]


def _named(dag_id: str, runs: Sequence[BulkDAGRunBody]) -> list[tuple[str, str]]:
    places = []
    for run in runs:
        of_dag = run.dag_id if is_any(dag_id) else dag_id
        if of_dag is None or is_any(of_dag) or run.dag_id not in (None, of_dag):
            raise InvalidInputError(
                f"The run {run.dag_run_id!r} names the DAG {run.dag_id!r} and the path "
                f"{dag_id!r}: one of them must name its DAG."
            )
        places.append((of_dag, run.dag_run_id))
    return list(dict.fromkeys(places))
