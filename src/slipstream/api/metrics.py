"""`GET /metrics`: this server's metrics, as Prometheus reads them."""

from __future__ import annotations

from starlette.responses import Response

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import PUBLIC, Operation, Routes
from slipstream.model.errors import NotFoundError
from slipstream.sdk._stats.prometheus import CONTENT_TYPE


def metrics_routes(*, is_public: bool) -> list[Operation]:
    """The operation; for everybody, or for those who may see the jobs."""
    routes = Routes("Monitor", prefix="")
    permission = PUBLIC if is_public else reading(Resource.JOB)

    @routes.add(
        "GET", "/metrics", permission=permission, content_types=(CONTENT_TYPE,), refusals=(404,)
    )
    def get_metrics(call: Call) -> Response:
        """The metrics under Airflow's names: `airflow_pool_open_slots{pool_name="…"}`."""
        if call.deployment.metrics is None:
            raise NotFoundError(
                "This server keeps no metrics: [slipstream] metrics_endpoint is off; expected "
                "'signed_in' or 'public'."
            )
        return Response(call.deployment.metrics(), media_type=CONTENT_TYPE)

    return list(routes)
