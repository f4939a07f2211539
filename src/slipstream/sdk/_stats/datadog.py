"""Metrics to a Datadog agent, with tags; needs the package `datadog`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from slipstream.sdk._conf import conf
from slipstream.sdk._stats.filters import NameFilter, NameHandler, sendable
from slipstream.sdk._stats.senders import Delta, Tags, milliseconds
from slipstream.sdk._stats.statsd import configured_filter, configured_name_handler
from slipstream.sdk._stats.timers import Timer
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from collections.abc import Sequence


class SafeDogStatsdLogger:
    """Sends what may be sent."""

    def __init__(
        self,
        dogstatsd_client: UserValue,
        metrics_validator: NameFilter | None = None,
        metrics_tags: bool = False,
        metric_tags_validator: NameFilter | None = None,
        stat_name_handler: NameHandler | None = None,
        statsd_influxdb_enabled: bool = False,
    ) -> None:
        self.dogstatsd = dogstatsd_client
        self.metrics_validator = metrics_validator or NameFilter()
        self.metrics_tags = metrics_tags
        self.metric_tags_validator = metric_tags_validator or NameFilter()
        self.stat_name_handler = stat_name_handler
        self.statsd_influxdb_enabled = statsd_influxdb_enabled

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat):
            self.dogstatsd.increment(name, count, tags=self._listed(tags), sample_rate=rate)

    def decr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat):
            self.dogstatsd.decrement(name, count, tags=self._listed(tags), sample_rate=rate)

    def gauge(
        self,
        stat: str,
        value: float,
        rate: float = 1,
        delta: bool = False,
        *,
        tags: Tags | None = None,
    ) -> None:
        """See `Sender`. Datadog's gauges are set, never changed."""
        if name := self._name(stat):
            self.dogstatsd.gauge(name, value, tags=self._listed(tags), sample_rate=rate)

    def timing(self, stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if name := self._name(stat):
            self.dogstatsd.timing(name, milliseconds(dt), tags=self._listed(tags))

    def timer(self, stat: str | None = None, *, tags: Tags | None = None) -> Timer:
        """See `Sender`."""
        name = None if stat is None else self._name(stat)
        if name is None:
            return Timer()
        return Timer(lambda length: self.dogstatsd.timing(name, length, tags=self._listed(tags)))

    def close(self) -> None:
        """See `Sender`."""
        self.dogstatsd.close_socket()

    def _name(self, stat: str) -> str | None:
        more = ",=" if self.statsd_influxdb_enabled else ""
        name = sendable(stat, self.stat_name_handler, more)
        return name if name is not None and self.metrics_validator.test(name) else None

    def _listed(self, tags: Tags | None) -> Sequence[str]:
        if not self.metrics_tags or not tags:
            return []
        return [
            f"{key}:{value}" for key, value in tags.items() if self.metric_tags_validator.test(key)
        ]


def get_dogstatsd_logger() -> SafeDogStatsdLogger:
    """What the settings describe. Raises `ImportError` without the package."""
    client = importlib.import_module("datadog").DogStatsd(
        host=conf.get("metrics", "statsd_host"),
        port=conf.getint("metrics", "statsd_port"),
        namespace=conf.get("metrics", "statsd_prefix"),
        constant_tags=(conf.get("metrics", "statsd_datadog_tags") or "").split(",")
        if conf.get("metrics", "statsd_datadog_tags")
        else [],
    )
    return SafeDogStatsdLogger(
        client,
        configured_filter(),
        conf.getboolean("metrics", "statsd_datadog_metrics_tags", fallback=True),
        NameFilter(block=conf.get("metrics", "statsd_disabled_tags", fallback=None)),
        configured_name_handler(),
        conf.getboolean("metrics", "statsd_influxdb_enabled", fallback=False),
    )
