"""Works on parts of Slipstream without a server around them; each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

from bench.result import CheckFailedError
from bench.systems.slipstream import ROOT
from bench.works.work import Figures, Setting

CORE_LINE = re.compile(r"^(\w+) +[\d,]+ state changes in .*= +([\d,]+) per second", re.M)
SCHEDULER_LINE = re.compile(
    r"^\w+: ([\d.]+) s \(.*\), (\d+) of (\d+) runs well, at most (\d+) MB", re.M
)


def core(setting: Setting) -> Iterator[Figures]:
    """State changes decided per second, for several shapes of DAGs."""
    yield core_figures(said(setting, "bench.core"))


def map100000(setting: Setting) -> Iterator[Figures]:
    """A run of 100,000 mapped tasks through the scheduler on SQLite, with a fake executor."""
    yield scheduler_figures(said(setting, "bench.scheduler", "map"))


def runtime(setting: Setting) -> Iterator[Figures]:
    """The process host alone: loads, latency of a task, tasks per second."""
    figures = json.loads(said(setting, "bench.runtime"))
    yield {name: float(value) for name, value in figures.items()}


def triggers(setting: Setting) -> Iterator[Figures]:
    """10,000 waiting triggers, and how soon a task goes on once its trigger has fired."""
    figures = json.loads(said(setting, "bench.triggers"))
    yield {name: float(value) for name, value in figures.items()}


def imports(setting: Setting) -> Iterator[Figures]:
    """What the authoring API costs to import, by itself and through `airflow`."""
    figures = json.loads(said(setting, "bench.imports"))
    yield {name: float(value) for name, value in figures.items()}


def core_figures(text: str) -> Mapping[str, float]:
    """`{shape: state changes per second}` from what `bench.core` says."""
    found = {
        f"{shape}_changes_per_second": float(number.replace(",", ""))
        for shape, number in CORE_LINE.findall(text)
    }
    if not found:
        raise CheckFailedError(f"bench.core said something else: {text[-300:]}")
    return found


def scheduler_figures(text: str) -> Mapping[str, float]:
    """Seconds and megabytes from what `bench.scheduler` says; every run must have succeeded."""
    match = SCHEDULER_LINE.search(text)
    if match is None or match[2] != match[3]:
        raise CheckFailedError(f"bench.scheduler did not end well: {text[-300:]}")
    return {"total_seconds": float(match[1]), "peak_mb": float(match[4])}


def said(setting: Setting, module: str, *words: str) -> str:
    """What the module prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=setting.limit_seconds,
    )
    if done.returncode != 0:
        raise CheckFailedError(f"{module} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
