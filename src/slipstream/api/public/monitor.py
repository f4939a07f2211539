"""Health and version, for everybody."""

from __future__ import annotations

from slipstream import __version__
from slipstream.api.call import Call
from slipstream.api.health import DAG_PROCESSOR, SCHEDULER, TRIGGERER, take_health
from slipstream.api.operation import PUBLIC, Routes
from slipstream.api.payloads.monitor import (
    BaseInfoResponse,
    DagProcessorInfoResponse,
    HealthInfoResponse,
    SchedulerInfoResponse,
    TriggererInfoResponse,
    VersionInfo,
)

routes = Routes("Monitor")


@routes.add("GET", "/monitor/health", permission=PUBLIC, answer=HealthInfoResponse)
def get_health(call: Call) -> HealthInfoResponse:
    """How the database, the scheduler, the triggerer and the DAG processor are."""
    health = take_health(call.deployment)
    scheduler, triggerer = health.components[SCHEDULER], health.components[TRIGGERER]
    processor = health.components[DAG_PROCESSOR]
    return HealthInfoResponse(
        metadatabase=BaseInfoResponse(status="healthy" if health.database_answers else "unhealthy"),
        scheduler=SchedulerInfoResponse(
            status=scheduler.status, latest_scheduler_heartbeat=scheduler.latest_text
        ),
        triggerer=TriggererInfoResponse(
            status=triggerer.status, latest_triggerer_heartbeat=triggerer.latest_text
        ),
        dag_processor=DagProcessorInfoResponse(
            status=processor.status, latest_dag_processor_heartbeat=processor.latest_text
        ),
    )


@routes.add("GET", "/version", permission=PUBLIC, answer=VersionInfo)
def get_version(_: Call) -> VersionInfo:
    """The version that is running."""
    return VersionInfo(version=__version__, git_version=None)
