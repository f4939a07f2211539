"""Metrics as a collector on the loopback takes them in over OTLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._stats import stats

PATIENCE_SECONDS = 30.0


class Collector:
    """Takes what is posted; `taken` gives the path and the decoded request."""

    def __init__(self) -> None:
        self.taken: SimpleQueue[tuple[str, ExportMetricsServiceRequest]] = SimpleQueue()
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                taken.put((self.path, ExportMetricsServiceRequest.FromString(body)))
                answer = ExportMetricsServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that `[metrics]` names."""
    collector = Collector()
    for key, value in {
        "OTEL_ON": "True",
        "OTEL_HOST": "127.0.0.1",
        "OTEL_PORT": str(collector.port),
        "OTEL_SERVICE": "ours",
        "LEGACY_NAMES_ON": "False",
    }.items():
        monkeypatch.setenv(f"SLIPSTREAM__METRICS__{key}", value)
    read_settings_anew()
    stats.forget_backend()
    yield collector
    monkeypatch.undo()
    read_settings_anew()
    stats.forget_backend()
    collector.close()


def test_a_collector_is_sent_every_kind_of_metric_under_airflows_names(
    collector: Collector,
) -> None:
    stats.incr("ti_successes", 2, tags={"dag_id": "etl"})
    stats.gauge("pool.open_slots", 128, tags={"pool_name": "default_pool"})
    stats.timing("task.duration", 1500.0, tags={"dag_id": "etl", "task_id": "a"})
    stats.forget_backend()  # What waits is sent when it is let go.

    path, request = collector.taken.get(timeout=PATIENCE_SECONDS)
    assert path == "/v1/metrics"
    (resource,) = request.resource_metrics
    attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert attributes["service.name"] == "ours"
    found = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}
    assert found.keys() == {
        "airflow.ti_successes",
        "airflow.pool.open_slots",
        "airflow.task.duration",
    }
    (count,) = found["airflow.ti_successes"].sum.data_points
    assert (count.as_int, count.attributes[0].value.string_value) == (2, "etl")
    (slots,) = found["airflow.pool.open_slots"].gauge.data_points
    assert slots.as_double == 128.0
    (length,) = found["airflow.task.duration"].exponential_histogram.data_points
    assert (length.count, length.sum) == (1, 1500.0)
