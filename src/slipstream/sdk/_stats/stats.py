"""The functions that send metrics, and which backend this process sends them to."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

from slipstream.sdk._conf import conf
from slipstream.sdk._stats.names import former_name
from slipstream.sdk._stats.senders import Delta, NoStatsLogger, Sender, Tags
from slipstream.sdk._stats.timers import Timer
from slipstream.sdk._types import UserValue

_log = logging.getLogger(__name__)

_factory: Callable[[], Sender] | None = None
_sends_former_names: bool | None = None
_sender: Sender | None = None
_kept: Sender | None = None
_owner = 0
"""The process that made it."""


def get_stats_factory() -> Callable[[], Sender]:
    """What makes the backend that the settings name."""
    if conf.getboolean("metrics", "statsd_datadog_enabled"):
        from slipstream.sdk._stats.datadog import get_dogstatsd_logger

        return get_dogstatsd_logger
    if conf.getboolean("metrics", "statsd_on"):
        from slipstream.sdk._stats.statsd import get_statsd_logger

        return get_statsd_logger
    if conf.getboolean("metrics", "otel_on"):
        from slipstream.sdk._stats.otel import get_otel_logger

        return get_otel_logger
    return NoStatsLogger


def initialize(*, factory: Callable[[], Sender], export_legacy_names: bool = True) -> None:
    """Send to another backend than the settings name."""
    global _factory, _sender, _sends_former_names
    _factory, _sender, _sends_former_names = factory, None, export_legacy_names


def forget_backend() -> None:
    """Read the settings anew at the next metric."""
    global _factory, _sender, _sends_former_names
    if _sender is not None:
        _sender.close()
    _factory = _sender = _sends_former_names = None


def keep_in(sender: Sender | None) -> None:
    """Send to this one, too, under the names of today alone; None: to no other one."""
    global _kept
    _kept = sender


def is_on() -> bool:
    """Whether metrics go anywhere."""
    return _kept is not None or not isinstance(_backend(), NoStatsLogger)


def incr(
    stat: str,
    count: int | None = None,
    rate: float | None = None,
    *,
    tags: Tags | None = None,
) -> None:
    """Add to a counter; 1 where no count is given."""
    sender = _backend()
    for name, given in _names(stat, tags, sender):
        sender.incr(name, **_given(count=count, rate=rate, tags=given))
    if _kept is not None:
        _kept.incr(stat, **_given(count=count, tags=tags))


def decr(
    stat: str,
    count: int | None = None,
    rate: float | None = None,
    *,
    tags: Tags | None = None,
) -> None:
    """Take from a counter; 1 where no count is given."""
    sender = _backend()
    for name, given in _names(stat, tags, sender):
        sender.decr(name, **_given(count=count, rate=rate, tags=given))
    if _kept is not None:
        _kept.decr(stat, **_given(count=count, tags=tags))


def gauge(
    stat: str,
    value: float,
    rate: float | None = None,
    delta: bool | None = None,
    *,
    tags: Tags | None = None,
) -> None:
    """Set a gauge."""
    sender = _backend()
    for name, given in _names(stat, tags, sender):
        sender.gauge(name, value, **_given(rate=rate, delta=delta, tags=given))
    if _kept is not None:
        _kept.gauge(stat, value, **_given(delta=delta, tags=tags))


def timing(stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
    """Tell how long something took: milliseconds, or a `timedelta`."""
    sender = _backend()
    for name, given in _names(stat, tags, sender):
        sender.timing(name, dt, **_given(tags=given))
    if _kept is not None:
        _kept.timing(stat, dt, tags=tags)


def timer(stat: str | None = None, tags: Tags | None = None, **more: UserValue) -> Timer:
    """A stopwatch; with a name, what it measures is sent."""
    sender = _backend()
    if stat is None:
        return _Timers([sender.timer()])
    timers = [
        sender.timer(name, **more, **_given(tags=given))
        for name, given in _names(stat, tags, sender)
    ]
    if _kept is not None:
        timers.append(_kept.timer(stat, tags=tags))
    return _Timers(timers)


class Stats:
    """The same functions as attributes of a class."""

    initialize = staticmethod(initialize)
    incr = staticmethod(incr)
    decr = staticmethod(decr)
    gauge = staticmethod(gauge)
    timing = staticmethod(timing)
    timer = staticmethod(timer)


class _Timers(Timer):
    """Stopwatches for all names of a metric, started and stopped together."""

    def __init__(self, timers: list[Timer]) -> None:
        super().__init__()
        self._timers = timers

    def start(self) -> Self:
        for one in self._timers:
            one.start()
        return super().start()

    def stop(self, send: bool = True) -> None:
        super().stop()
        for one in self._timers:
            one.stop(send=send)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _backend() -> Sender:
    """Made at the first use in a process: sockets and threads do not survive a fork."""
    global _sender, _owner
    if _sender is None or os.getpid() != _owner:
        _owner = os.getpid()
        try:
            _sender = (_factory or get_stats_factory())()
        except (socket.gaierror, ImportError) as error:
            _log.error(
                "Metrics are not sent: %s. Check [metrics], and install slipstream[statsd] or "
                "slipstream[otel].",
                error,
            )
            _sender = NoStatsLogger()
    return _sender


def _names(stat: str, tags: Tags | None, sender: Sender) -> list[tuple[str, Tags | None]]:
    """The names to send it under, the former one first, each with the tags beside it."""
    global _sends_former_names
    if isinstance(sender, NoStatsLogger):
        return []
    if _sends_former_names is None:
        _sends_former_names = conf.getboolean("metrics", "legacy_names_on", fallback=True)
    before = former_name(stat, tags) if _sends_former_names else None
    return [(stat, tags)] if before is None else [before, (stat, tags)]


def _given(**arguments: UserValue) -> dict[str, UserValue]:
    """Those that say something: clients' own defaults stand for the others."""
    return {name: value for name, value in arguments.items() if value is not None and value != {}}
