"""Metrics over OTLP; needs the packages `opentelemetry-sdk` and an exporter over HTTP."""

from __future__ import annotations

import atexit
import logging
import random
from typing import TYPE_CHECKING

from slipstream.sdk._conf import conf
from slipstream.sdk._stats.filters import InvalidStatsNameException, NameFilter, checked
from slipstream.sdk._stats.senders import Delta, Tags, milliseconds
from slipstream.sdk._stats.statsd import configured_filter
from slipstream.sdk._stats.timers import Timer

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter, UpDownCounter, _Gauge
    from opentelemetry.sdk.metrics import MeterProvider

_log = logging.getLogger(__name__)

UP_AND_DOWN = frozenset({"dag_processing.processes"})
"""Counters that go down, too."""
_LONGEST = 255


class SafeOtelLogger:
    """Keeps an instrument for each metric. Lengths of time are histograms, in milliseconds."""

    def __init__(
        self,
        otel_provider: MeterProvider,
        prefix: str = "airflow",
        metrics_validator: NameFilter | None = None,
    ) -> None:
        self.otel = otel_provider
        self.prefix = prefix
        self.metrics_validator = metrics_validator or NameFilter()
        self.meter: Meter = otel_provider.get_meter(__name__)
        self._counters: dict[str, Counter | UpDownCounter] = {}
        self._gauges: dict[str, _Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        """The latest value of each gauge and its tags."""

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`. Raises `ValueError` for a negative count."""
        self._add(stat, count, rate, tags, 1)

    def decr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`. Raises `ValueError` for a negative count."""
        self._add(stat, count, rate, tags, -1)

    def gauge(
        self,
        stat: str,
        value: float,
        rate: float = 1,
        delta: bool = False,
        *,
        tags: Tags | None = None,
    ) -> None:
        """See `Sender`."""
        if not self._is_sent(stat, rate):
            return
        name, attributes = self._full(stat), _attributes(tags)
        place = (name, tuple(sorted(attributes.items())))
        self._values[place] = value + (self._values.get(place, 0.0) if delta else 0.0)
        if name not in self._gauges:
            self._gauges[name] = self.meter.create_gauge(name)
        self._gauges[name].set(self._values[place], attributes)

    def timing(self, stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if not self._is_sent(stat, 1):
            return
        name = self._full(stat)
        if name not in self._histograms:
            self._histograms[name] = self.meter.create_histogram(name, unit="ms")
        self._histograms[name].record(milliseconds(dt), _attributes(tags))

    def timer(self, stat: str | None = None, *, tags: Tags | None = None) -> Timer:
        """See `Sender`."""
        if stat is None:
            return Timer()
        return Timer(lambda length: self.timing(stat, length, tags=tags))

    def close(self) -> None:
        """See `Sender`."""
        atexit.unregister(self.otel.force_flush)
        self.otel.shutdown()

    def _add(self, stat: str, count: int, rate: float, tags: Tags | None, sign: int) -> None:
        if count < 0:
            raise ValueError(f"The metric {stat!r} is to change by {count}; expected 0 or more.")
        if not self._is_sent(stat, rate):
            return
        name = self._full(stat)
        if name not in self._counters:
            make = (
                self.meter.create_up_down_counter
                if stat in UP_AND_DOWN
                else (self.meter.create_counter)
            )
            self._counters[name] = make(name)
        self._counters[name].add(sign * count, _attributes(tags))

    def _is_sent(self, stat: str, rate: float) -> bool:
        if rate < 0:
            raise ValueError(f"The metric {stat!r} has the rate {rate}; expected 0 to 1.")
        if rate < 1 and random.random() > rate:  # noqa: S311 - a sample
            return False
        try:
            checked(stat)
        except InvalidStatsNameException as error:
            _log.error("A metric is not sent: %s", error)
            return False
        return self.metrics_validator.test(stat)

    def _full(self, stat: str) -> str:
        return f"{self.prefix}.{stat}"[:_LONGEST]


def get_otel_logger() -> SafeOtelLogger:
    """What the settings describe; OpenTelemetry's own environment variables go first. Raises
    `ImportError` without the packages."""
    import os

    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.metrics import Histogram
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
    exporter = (
        OTLPMetricExporter()
        if any(os.environ.get(name) for name in named)
        else OTLPMetricExporter(endpoint=endpoint("metrics", "metrics"))
    )
    interval = os.environ.get("OTEL_METRIC_EXPORT_INTERVAL")
    reader = PeriodicExportingMetricReader(
        exporter,
        export_interval_millis=float(interval)
        if interval
        else conf.getfloat("metrics", "otel_interval_milliseconds"),
    )
    service = os.environ.get("OTEL_SERVICE_NAME") or conf.get("metrics", "otel_service")
    provider = MeterProvider(
        resource=Resource.create({SERVICE_NAME: service}),
        metric_readers=[reader],
        # Lengths go from milliseconds to hours: no fixed set of buckets would fit them.
        views=[
            View(instrument_type=Histogram, aggregation=ExponentialBucketHistogramAggregation())
        ],
        shutdown_on_exit=False,
    )
    atexit.register(provider.force_flush)
    prefix = conf.get("metrics", "otel_prefix") or "airflow"
    return SafeOtelLogger(provider, prefix, configured_filter())


def endpoint(section: str, what: str) -> str:
    """Where a collector takes what `[section]` describes: `http://HOST:PORT/v1/…`."""
    scheme = "https" if conf.getboolean(section, "otel_ssl_active", fallback=False) else "http"
    host, port = conf.get(section, "otel_host"), conf.getint(section, "otel_port")
    return f"{scheme}://{host}:{port}/v1/{what}"


def _attributes(tags: Tags | None) -> dict[str, str]:
    return {key: str(value) for key, value in (tags or {}).items()}
