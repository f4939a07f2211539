"""Metrics kept in this process, as Prometheus reads them: text format 0.0.4.

A counter's name ends with `_total`. A length of time is a histogram in seconds, its name ends with
`_seconds`. Tags are labels. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import TypeAlias

from slipstream.sdk._stats.filters import NameFilter
from slipstream.sdk._stats.senders import Delta, Tags, milliseconds
from slipstream.sdk._stats.timers import Timer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)
"""Upper bounds of the histograms' buckets, in seconds: from passes of a loop to days of work."""
UP_AND_DOWN = frozenset({"dag_processing.processes"})
"""What is counted up and down, and so is a gauge here."""

_Labels: TypeAlias = "tuple[tuple[str, str], ...]"
_UNUSUAL = re.compile(r"[^a-zA-Z0-9_]")


class _Lengths:
    """One histogram with one set of labels."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


class Exposition:
    """Keeps what is sent; `text` gives all of it. Safe from any thread."""

    def __init__(self, prefix: str = "airflow", which: NameFilter | None = None) -> None:
        """`which`: the metrics to keep."""
        self._prefix = prefix
        self._which = which or NameFilter()
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, str], dict[_Labels, float]] = {}
        """`{(name, kind): {labels: number}}`"""
        self._lengths: dict[str, dict[_Labels, _Lengths]] = {}

    def incr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`. Nothing is sampled."""
        self._add(stat, count, tags)

    def decr(self, stat: str, count: int = 1, rate: float = 1, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        self._add(stat, -count, tags)

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
        if not self._which.test(stat):
            return
        with self._lock:
            known = self._numbers.setdefault((self._name(stat), "gauge"), {})
            labels = _labels(tags)
            known[labels] = value + (known.get(labels, 0.0) if delta else 0.0)

    def timing(self, stat: str, dt: Delta, *, tags: Tags | None = None) -> None:
        """See `Sender`."""
        if not self._which.test(stat):
            return
        seconds = milliseconds(dt) / 1000.0
        with self._lock:
            known = self._lengths.setdefault(self._name(stat) + "_seconds", {})
            lengths = known.setdefault(_labels(tags), _Lengths())
            lengths.counts[bisect_left(BOUNDS, seconds)] += 1
            lengths.total += seconds

    def timer(self, stat: str | None = None, *, tags: Tags | None = None) -> Timer:
        """See `Sender`."""
        if stat is None:
            return Timer()
        return Timer(lambda length: self.timing(stat, length, tags=tags))

    def close(self) -> None:
        """See `Sender`."""

    def text(self) -> str:
        """Everything, by name."""
        with self._lock:
            families = [*self._number_families(), *self._length_families()]
        return "".join(line for _name, lines in sorted(families) for line in lines)

    def _number_families(self) -> Iterator[tuple[str, list[str]]]:
        for (name, kind), values in self._numbers.items():
            lines = [f"# TYPE {name} {kind}\n"]
            lines += [_sample(name, labels, value) for labels, value in sorted(values.items())]
            yield name, lines

    def _length_families(self) -> Iterator[tuple[str, list[str]]]:
        for name, by_labels in self._lengths.items():
            lines = [f"# TYPE {name} histogram\n"]
            for labels, lengths in sorted(by_labels.items(), key=lambda entry: entry[0]):
                bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
                for bound, count in zip(bounds, accumulate(lengths.counts), strict=True):
                    lines.append(_sample(f"{name}_bucket", (*labels, ("le", bound)), count))
                lines.append(_sample(f"{name}_sum", labels, lengths.total))
                lines.append(_sample(f"{name}_count", labels, sum(lengths.counts)))
            yield name, lines

    def _add(self, stat: str, count: int, tags: Tags | None) -> None:
        if not self._which.test(stat):
            return
        if stat in UP_AND_DOWN:
            self.gauge(stat, count, delta=True, tags=tags)
            return
        with self._lock:
            known = self._numbers.setdefault((self._name(stat) + "_total", "counter"), {})
            labels = _labels(tags)
            known[labels] = known.get(labels, 0.0) + count

    def _name(self, stat: str) -> str:
        return _UNUSUAL.sub("_", f"{self._prefix}_{stat}")


def _labels(tags: Tags | None) -> _Labels:
    found = ((_UNUSUAL.sub("_", key), str(value)) for key, value in (tags or {}).items())
    return tuple(sorted(found))


def _sample(name: str, labels: _Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value:.15g}\n" if inside else f"{name} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
