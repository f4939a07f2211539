"""The works by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.works import commands, parts, runs, server, web, web_busy
from bench.works.work import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One work of the list."""

    measure: Measure
    rounds: int
    """How often it is measured where the command line does not say."""
    limit_seconds: float
    by_default: bool = True
    ours_alone: bool = False
    """It looks inside Slipstream: no peer has such a part."""


WORKS: Mapping[str, Work] = {
    "chain40": Work(measure=runs.chain(40, 10), rounds=5, limit_seconds=180),
    "chain10": Work(measure=runs.chain(10, 33), rounds=3, limit_seconds=180),
    "fan100": Work(measure=runs.fan(100), rounds=3, limit_seconds=180),
    "fan1000": Work(measure=runs.fan(1000), rounds=2, limit_seconds=600),
    "fan10000": Work(measure=runs.fan(10000), rounds=1, limit_seconds=3600, by_default=False),
    "runs1000": Work(measure=runs.many_runs(1000), rounds=1, limit_seconds=900),
    "start": Work(measure=server.start, rounds=3, limit_seconds=120),
    "idle": Work(measure=server.idle, rounds=1, limit_seconds=120),
    "parse": Work(measure=server.parse(1000), rounds=3, limit_seconds=900),
    "cli": Work(measure=commands.cli, rounds=10, limit_seconds=120),
    "core": Work(measure=parts.core, rounds=1, limit_seconds=300, ours_alone=True),
    "map100000": Work(measure=parts.map100000, rounds=1, limit_seconds=600, ours_alone=True),
    "runtime": Work(measure=parts.runtime, rounds=1, limit_seconds=300, ours_alone=True),
    "triggers": Work(measure=parts.triggers, rounds=1, limit_seconds=300, ours_alone=True),
    "imports": Work(measure=parts.imports, rounds=1, limit_seconds=120, ours_alone=True),
    "web": Work(measure=web.first, rounds=5, limit_seconds=120, by_default=False, ours_alone=True),
    "web1000": Work(
        measure=web.large(1000, 25), rounds=3, limit_seconds=300, by_default=False, ours_alone=True
    ),
    "web10000": Work(
        measure=web.large(10000, 1), rounds=3, limit_seconds=600, by_default=False, ours_alone=True
    ),
    "web_change": Work(
        measure=web.changes, rounds=10, limit_seconds=120, by_default=False, ours_alone=True
    ),
    "web_busy": Work(
        measure=web_busy.memory, rounds=1, limit_seconds=900, by_default=False, ours_alone=True
    ),
    "web_change_busy": Work(
        measure=web_busy.changes, rounds=10, limit_seconds=300, by_default=False, ours_alone=True
    ),
    "web_log": Work(
        measure=web.log, rounds=1, limit_seconds=600, by_default=False, ours_alone=True
    ),
    "install": Work(measure=commands.install, rounds=1, limit_seconds=900),
}
