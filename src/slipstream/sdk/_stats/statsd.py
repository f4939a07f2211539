"""Metrics to a StatsD server, over UDP; needs the package `statsd`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slipstream.sdk._conf import conf
from slipstream.sdk._stats.filters import NameFilter, NameHandler, sendable
from slipstream.sdk._stats.senders import Delta, Tags, milliseconds
from slipstream.sdk._stats.timers import Timer
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from statsd import StatsClient

_log = logging.getLogger(__name__)


class SafeStatsdLogger:
    """Sends what may be sent. Tags become part of the name where InfluxDB's form is asked for."""

    def __init__(
        self,
        statsd_client: StatsClient,
        metrics_validator: NameFilter | None = None,
        influxdb_tags_enabled: bool = False,
        metric_tags_validator: NameFilter | None = None,
        stat_name_handler: NameHandler | None = None,
        statsd_influxdb_enabled: bool = False,
    ) -> None:
        self.statsd = statsd_client
        self.metrics_validator = metrics_validator or NameFilter()
        self.influxdb_tags_enabled = influxdb_tags_enabled
        self.metric_tags_validator = metric_tags_validator or NameFilter()
        self.stat_name_handler = stat_name_handler
        self.statsd_influxdb_enabled = statsd_influxdb_enabled

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat, tags):
            self.statsd.incr(name, count, rate)

    def decr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat, tags):
            self.statsd.decr(name, count, rate)

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
        if name := self._name(stat, tags):
            self.statsd.gauge(name, value, rate, delta)

    def timing(self, stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat, tags):
            self.statsd.timing(name, milliseconds(dt))

    def timer(self, stat: str | None = None, *, tags: Tags | None = None) -> Timer:
        """See `Sender`."""
        name = None if stat is None else self._name(stat, tags)
        return Timer(None if name is None else lambda length: self.statsd.timing(name, length))

    def close(self) -> None:
        """See `Sender`."""
        self.statsd.close()

    def _name(self, stat: str, tags: Tags | None) -> str | None:
        full = stat + (self._as_influxdb(tags) if self.influxdb_tags_enabled and tags else "")
        more = ",=" if self.statsd_influxdb_enabled else ""
        name = sendable(full, self.stat_name_handler, more)
        return name if name is not None and self.metrics_validator.test(name) else None

    def _as_influxdb(self, tags: Tags) -> str:
        text = ""
        for key, value in tags.items():
            if not self.metric_tags_validator.test(key):
                continue
            if any(mark in f"{key}{value}" for mark in ",="):
                _log.error("The tag %s=%s is left out: it has ',' or '='", key, value)
                continue
            text += f",{key}={value}"
        return text


def get_statsd_logger() -> SafeStatsdLogger:
    """What the settings describe. Raises `ImportError` without the package,
    `AirflowConfigException` for a client of one's own that is none."""
    from statsd import StatsClient

    client = conf.getimport("metrics", "statsd_custom_client_path", fallback=None) or StatsClient
    if not issubclass(client, StatsClient):
        raise AirflowConfigException(
            f"[metrics] statsd_custom_client_path is {client!r}; expected a subclass of "
            "statsd.StatsClient."
        )
    influxdb = conf.getboolean("metrics", "statsd_influxdb_enabled", fallback=False)
    return SafeStatsdLogger(
        client(
            conf.get("metrics", "statsd_host"),
            conf.getint("metrics", "statsd_port"),
            conf.get("metrics", "statsd_prefix"),
            ipv6=conf.getboolean("metrics", "statsd_ipv6", fallback=False),
        ),
        configured_filter(),
        influxdb,
        NameFilter(block=conf.get("metrics", "statsd_disabled_tags", fallback=None)),
        configured_name_handler(),
        influxdb,
    )


def configured_filter() -> NameFilter:
    """What `metrics_allow_list` and `metrics_block_list` leave."""
    return NameFilter(
        conf.get("metrics", "metrics_allow_list", fallback=None),
        conf.get("metrics", "metrics_block_list", fallback=None),
    )


def configured_name_handler() -> NameHandler | None:
    """`stat_name_handler`; None for the usual names."""
    handler: NameHandler | None = conf.getimport("metrics", "stat_name_handler", fallback=None)
    return handler
