"""Metrics under the names that DAG files and providers import them by."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_STATS = {
    "slipstream.sdk._stats.stats": "Stats decr gauge incr initialize timer timing",
    "slipstream.sdk._stats.names": "normalize_name_for_stats",
}
_UTILS = {"slipstream.sdk._stats.stats": "get_stats_factory"}
_STATSD = {"slipstream.sdk._stats.statsd": "get_statsd_logger"}
_DATADOG = {"slipstream.sdk._stats.datadog": "get_dogstatsd_logger"}
_OTEL = {"slipstream.sdk._stats.otel": "get_otel_logger"}


def _observability(package: str) -> Table:
    return {
        f"{package}.stats": _STATS,
        f"{package}.metrics": {},
        f"{package}.metrics.stats_utils": _UTILS,
        f"{package}.metrics.statsd_logger": _STATSD,
        f"{package}.metrics.datadog_logger": _DATADOG,
        f"{package}.metrics.otel_logger": _OTEL,
    }


def _shared(package: str) -> Table:
    return {
        f"{package}.exceptions": {"slipstream.sdk._stats.filters": "InvalidStatsNameException"},
        f"{package}.metrics.stats": _STATS,
        f"{package}.metrics.base_stats_logger": {
            "slipstream.sdk._stats.senders": "NoStatsLogger StatsLogger=Sender"
        },
        f"{package}.metrics.protocols": {"slipstream.sdk._stats.timers": "Timer"},
        f"{package}.metrics.statsd_logger": {"slipstream.sdk._stats.statsd": "SafeStatsdLogger"},
        f"{package}.metrics.datadog_logger": {
            "slipstream.sdk._stats.datadog": "SafeDogStatsdLogger"
        },
        f"{package}.metrics.otel_logger": {"slipstream.sdk._stats.otel": "SafeOtelLogger"},
    }


TABLE: Table = {
    "airflow.stats": {"slipstream.sdk._stats.stats": "Stats"},
    **_observability("airflow.observability"),
    **_observability("airflow.sdk.observability"),
    **_shared("airflow._shared.observability"),
    **_shared("airflow.sdk._shared.observability"),
}
