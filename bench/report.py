"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.result import Result, spoken

RESULTS = Path(__file__).resolve().parent / "results"


def show(results: Sequence[Result], console: Console) -> None:
    """Print one row for each figure and one column for each system."""
    systems = list(dict.fromkeys(result.system for result in results))
    table = Table(title="Medians; seconds run from the trigger call", title_justify="left")
    table.add_column("work")
    table.add_column("figure")
    for system in systems:
        table.add_column(system, justify="right")
    if len(systems) > 1:
        table.add_column("ratio", justify="right")
    for work in dict.fromkeys(result.work for result in results):
        of_work = {result.system: result for result in results if result.work == work}
        table.add_section()
        for figure in dict.fromkeys(name for one in of_work.values() for name in one.figures):
            values = [
                of_work[system].figures.get(figure) if system in of_work else None
                for system in systems
            ]
            cells = ["–" if value is None else spoken(figure, value) for value in values]
            if len(systems) > 1:
                cells.append(ratio(values))
            table.add_row(work, figure.replace("_", " "), *cells)
        for result in of_work.values():
            if result.error:
                table.add_row(work, f"[red]{result.system}: {result.error.splitlines()[0]}[/red]")
    console.print(table)


def ratio(values: Sequence[float | None]) -> str:
    """How many times the first peer's figure is ours."""
    ours, peer = values[0], values[1]
    return f"{peer / ours:,.1f} x" if ours and peer else "–"


def write(results: Sequence[Result], target: Path | None) -> Path:
    """Write the JSON, to `bench/results/` unless told otherwise; gives the file."""
    now = datetime.now(UTC)
    file = target or RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "measured_at": now.isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "results": [asdict(result) for result in results],
    }
    file.write_text(json.dumps(document, indent=2) + "\n")
    return file
