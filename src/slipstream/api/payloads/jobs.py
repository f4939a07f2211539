"""Processes that work for the deployment, and what tasks wait on."""

from __future__ import annotations

from datetime import datetime

from slipstream.api.payloads.base import Payload


class JobResponse(Payload):
    """A scheduler, triggerer or DAG processor."""

    id: int
    dag_id: str | None
    state: str | None
    job_type: str | None
    start_date: datetime | None
    end_date: datetime | None
    latest_heartbeat: datetime | None
    executor_class: str | None
    hostname: str | None
    unixname: str | None
    dag_display_name: str | None = None


class TriggerResponse(Payload):
    """What a deferred task waits on."""

    id: int
    classpath: str
    kwargs: str
    created_date: datetime
    queue: str | None
    triggerer_id: int | None
