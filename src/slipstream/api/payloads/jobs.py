"""Processes that work for the deployment, and what tasks wait on."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.api.payloads.base import Instant, Payload


class JobResponse(Payload, frozen=True, kw_only=True):
    """A scheduler, triggerer or DAG processor."""

    id: int
    dag_id: str | None
    state: str | None
    job_type: str | None
    start_date: Instant | None
    end_date: Instant | None
    latest_heartbeat: Instant | None
    executor_class: str | None
    hostname: str | None
    unixname: str | None
    dag_display_name: str | None = None


class JobCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of jobs."""

    jobs: Sequence[JobResponse]
    total_entries: int


class TriggerResponse(Payload, frozen=True, kw_only=True):
    """What a deferred task waits on."""

    id: int
    classpath: str
    kwargs: str
    created_date: Instant
    queue: str | None
    triggerer_id: int | None
