"""`python -m bench [NAMES] [--peer airflow] [--json FILE]`: measure, check and compare."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import report
from bench.result import Result, spoken
from bench.systems.airflow import Airflow
from bench.systems.slipstream import Slipstream
from bench.systems.system import System
from bench.works.catalogue import WORKS
from bench.works.work import Figures, Setting, summarize

PEERS = {"airflow": Airflow}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 where a work failed or a check did not hold."""
    options = parse(arguments)
    console = Console(stderr=True)
    # Both sides run from compiled modules, as every installation that is used twice does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    systems: list[System] = [] if options.peers_only else [Slipstream()]
    systems += [PEERS[peer]() for peer in options.peer]
    for system in systems:
        with console.status(f"preparing {system.name}"):
            system.prepare()
    names = options.names or [name for name, work in WORKS.items() if work.by_default]
    results = [
        measure(name, system, options.rounds, console)
        for name in names
        for system in systems
        if system.name == Slipstream.name or not WORKS[name].ours_alone
    ]
    report.show(results, Console())
    console.print(f"Written to {report.write(results, options.json)}")
    return 1 if any(result.error for result in results) else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(WORKS)}")
    parser.add_argument("--peer", action="append", default=[], choices=PEERS)
    parser.add_argument("--peers-only", action="store_true", help="leave our own side out")
    parser.add_argument("--rounds", type=int, help="how often each work is measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in WORKS]
    if unknown:
        parser.error(f"no work is called {unknown[0]}; there are: {', '.join(WORKS)}")
    return options


def measure(name: str, system: System, rounds: int | None, console: Console) -> Result:
    """One work on one system. Whatever goes wrong is that work's result, and the others go on."""
    work = WORKS[name]
    setting = Setting(system=system, rounds=rounds or work.rounds, limit_seconds=work.limit_seconds)
    measured: list[Figures] = []
    error = None
    began = time.perf_counter()
    try:
        for figures in work.measure(setting):
            measured.append(figures)
            said = ", ".join(
                f"{figure} {spoken(figure, value)}" for figure, value in figures.items()
            )
            console.print(f"{name} {system.name}: {said}", highlight=False)
    except Exception as failure:  # noqa: BLE001
        error = f"{type(failure).__name__}: {failure}"
        console.print(f"[red]{name} {system.name}: {error}[/red]", highlight=False)
    console.print(f"{name} {system.name}: done in {time.perf_counter() - began:.0f} s", style="dim")
    medians, samples = summarize(measured)
    return Result(work=name, system=system.name, figures=medians, samples=samples, error=error)


if __name__ == "__main__":
    sys.exit(main())
