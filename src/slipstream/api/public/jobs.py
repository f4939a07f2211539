"""The jobs of schedulers, triggerers and DAG processors."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.health import DAG_PROCESSOR, SCHEDULER, TRIGGERER
from slipstream.api.operation import Routes
from slipstream.api.payloads.filters import EndDateBounds, Paging, StartDateBounds
from slipstream.api.payloads.jobs import JobCollectionResponse, JobResponse
from slipstream.store.component_records import JobFilter, JobRecord

routes = Routes("Job")

_TYPES: Final = {
    SCHEDULER: "SchedulerJob",
    TRIGGERER: "TriggererJob",
    DAG_PROCESSOR: "DagProcessorJob",
}
"""`{component: what clients call its job}`."""
_ORDER: Final = {
    name: name
    for name in (
        "id",
        "job_type",
        "state",
        "start_date",
        "end_date",
        "latest_heartbeat",
        "hostname",
        "unixname",
    )
} | {"dag_id": "id", "executor_class": "id"}  # no job has one of these


class JobQuery(Paging, StartDateBounds, EndDateBounds):
    """Which jobs."""

    is_alive: bool | None = None
    job_state: str | None = None
    job_type: str | None = None
    hostname: str | None = None
    executor_class: str | None = None

    def filter(self, call: Call) -> JobFilter:
        """The selection as the store takes it."""
        jobs: list[str] | None = None
        if self.job_type is not None:
            jobs = [name for name, kind in _TYPES.items() if kind == self.job_type]
        if self.executor_class is not None:
            runs_tasks = {SCHEDULER} if self.executor_class == call.settings.executor else set()
            jobs = sorted(runs_tasks if jobs is None else runs_tasks.intersection(jobs))
        oldest = call.now() - timedelta(seconds=call.settings.unhealthy_after_seconds)
        return JobFilter(
            jobs=jobs,
            state=self.job_state,
            hostname=self.hostname,
            latest_since=oldest if self.is_alive is True else None,
            latest_before=oldest if self.is_alive is False else None,
            started_at=self.start_date(),
            ended_at=self.end_date(),
        )


@routes.add("GET", "/jobs", permission=reading(Resource.JOB), answer=JobCollectionResponse)
def get_jobs(call: Call, query: Annotated[JobQuery, QueryParameter()]) -> JobCollectionResponse:
    """A page of jobs, each from the start of its component to the end."""
    page = call.store.list_jobs(query.filter(call), query.window(call.settings, _ORDER))
    return JobCollectionResponse(
        jobs=[_payload(job, call.settings.executor) for job in page.items],
        total_entries=page.total,
    )


def _payload(job: JobRecord, executor: str) -> JobResponse:
    return JobResponse(
        id=job.pk,
        dag_id=None,
        state=job.state.value,
        job_type=_TYPES.get(job.job, job.job),
        start_date=job.started_at,
        end_date=job.ended_at,
        latest_heartbeat=job.latest,
        executor_class=executor if job.job == SCHEDULER else None,
        hostname=job.hostname,
        unixname=job.unixname,
    )
