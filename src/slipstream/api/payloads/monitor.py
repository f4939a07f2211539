"""Health and version."""

from __future__ import annotations

from slipstream.api.payloads.base import Payload


class BaseInfoResponse(Payload, frozen=True, kw_only=True):
    """Whether a component is well."""

    status: str | None


class SchedulerInfoResponse(BaseInfoResponse, frozen=True, kw_only=True):
    """The scheduler, and when it last showed that it lives."""

    latest_scheduler_heartbeat: str | None


class TriggererInfoResponse(BaseInfoResponse, frozen=True, kw_only=True):
    """The triggerer, and when it last showed that it lives."""

    latest_triggerer_heartbeat: str | None


class DagProcessorInfoResponse(BaseInfoResponse, frozen=True, kw_only=True):
    """The DAG processor, and when it last showed that it lives."""

    latest_dag_processor_heartbeat: str | None


class HealthInfoResponse(Payload, frozen=True, kw_only=True):
    """Every component's health."""

    metadatabase: BaseInfoResponse
    scheduler: SchedulerInfoResponse
    triggerer: TriggererInfoResponse
    dag_processor: DagProcessorInfoResponse | None = None


class VersionInfo(Payload, frozen=True, kw_only=True):
    """What is running here."""

    version: str
    git_version: str | None
