"""DAG runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from slipstream.api.payloads.base import Instant, Payload, seconds_between
from slipstream.api.payloads.bodies import Body, Moment, check_interval
from slipstream.api.payloads.dags import DagVersionResponse, display_name, version_payload
from slipstream.api.payloads.filters import TimeBounds
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.model.version import DagVersion


class DAGRunResponse(Payload, frozen=True, kw_only=True):
    """A run."""

    dag_run_id: str
    dag_id: str
    logical_date: Instant | None
    queued_at: Instant | None
    start_date: Instant | None
    end_date: Instant | None
    duration: float | None
    data_interval_start: Instant | None
    data_interval_end: Instant | None
    run_after: Instant
    last_scheduling_decision: Instant | None
    run_type: RunType
    state: RunState
    triggered_by: TriggeredBy | None
    triggering_user_name: str | None
    conf: Mapping[str, JsonValue] | None
    note: str | None
    dag_versions: Sequence[DagVersionResponse]
    bundle_version: str | None
    dag_display_name: str
    partition_key: str | None
    partition_date: Instant | None


class DAGRunCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of runs."""

    dag_runs: Sequence[DAGRunResponse]
    total_entries: int | None = None
    total_entries_limit: int | None = None
    next_cursor: str | None = None
    previous_cursor: str | None = None


class TriggerDAGRunPostBody(Body):
    """A run that somebody asks for."""

    dag_run_id: str | None = None
    data_interval_start: Moment | None = None
    data_interval_end: Moment | None = None
    logical_date: Moment | None
    run_after: Moment | None = None
    conf: dict[str, JsonValue] | None = None
    note: str | None = Field(default=None, max_length=1000)
    partition_key: str | None = None

    @model_validator(mode="after")
    def _interval_is_whole(self) -> Self:
        check_interval(self.data_interval_start, self.data_interval_end)
        return self


class DagRunMutableStates(StrEnum):
    """What a run can be marked as."""

    QUEUED = "queued"
    SUCCESS = "success"
    FAILED = "failed"


class DAGRunPatchBody(Body):
    """What of a run can be changed from outside."""

    state: DagRunMutableStates | None = None
    note: str | None = Field(default=None, max_length=1000)


class DAGRunClearBody(Body):
    """Which of a run's task instances to run again."""

    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool | None = None
    note: str | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.only_new and (self.only_failed or self.run_on_latest_version is False):
            raise ValueError(
                "only_new is about tasks that the latest version has brought: it goes neither "
                "with only_failed nor with run_on_latest_version false"
            )
        return self


class DAGRunsBatchBody(TimeBounds, Body):
    """Which runs, of several DAGs."""

    order_by: str | None = None
    page_offset: int = Field(default=0, ge=0)
    page_limit: int = Field(default=100, ge=0)
    dag_ids: list[str] | None = None
    states: list[RunState | None] | None = None
    conf_contains: str | None = None


def dag_run_payload(run: DagRun, version: DagVersion) -> DAGRunResponse:
    """A run of that version as its payload."""
    return DAGRunResponse(
        dag_run_id=run.run_id,
        dag_id=run.dag_id,
        logical_date=run.logical_date,
        queued_at=run.queued_at,
        start_date=run.start_date,
        end_date=run.end_date,
        duration=seconds_between(run.start_date, run.end_date),
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        run_after=run.run_after,
        last_scheduling_decision=None,
        run_type=run.run_type,
        state=run.state,
        triggered_by=run.triggered_by,
        triggering_user_name=run.triggering_user,
        conf=run.conf,
        note=run.note,
        dag_versions=[version_payload(version)],
        bundle_version=None,
        dag_display_name=display_name(version.spec),
        partition_key=run.partition_key,
        partition_date=run.partition_date,
    )
