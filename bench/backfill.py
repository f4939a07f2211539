"""What a backfill of many runs costs: `python -m bench.backfill [RUNS]`.

The real scheduler works on a store in a file; the tasks are empty, so what is measured is how runs
are made and books are kept.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slipstream.core.timetable import runs_between
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.schedule import Cron
from slipstream.model.version import ParsedFile
from slipstream.services.scheduler import Scheduler
from slipstream.store import open_store
from slipstream.store.backfill_records import NewBackfill
from slipstream.store.interface import Store
from slipstream.testing.fake_executor import FakeExecutor

HOURLY = Cron(expression="0 * * * *")
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Figures:
    """What was measured."""

    runs: int
    plan_seconds: float
    create_seconds: float
    first_run_seconds: float
    all_seconds: float
    grown_megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.runs} runs: dates reckoned in {self.plan_seconds:.2f} s, written in "
            f"{self.create_seconds:.2f} s; the first runs {1000 * self.first_run_seconds:.0f} ms "
            f"later; all done in {self.all_seconds:.1f} s "
            f"({self.runs / self.all_seconds:.0f} runs/s); the process grew by "
            f"{self.grown_megabytes:.1f} MB"
        )


def measure(number: int, folder: Path) -> Figures:
    """Backfill so many hourly runs of one empty task."""
    store = open_store(f"sqlite:///{folder}/bench.db", xcom_url=str(folder / "xcom"))
    store.migrate()
    spec = DagSpec(
        dag_id="d",
        fileloc="/dags/d.py",
        schedule=HOURLY,
        start_date=datetime(2100, 1, 1, tzinfo=UTC),
        tasks={"t": TaskSpec(task_id="t", is_empty=True)},
    )
    file = ParsedFile(
        fileloc="/dags/d.py",
        relative_fileloc="d.py",
        dags=(spec,),
        sources={"d.py": ""},
        parsed_at=datetime.now(UTC),
    )
    store.record_parsed([file])
    store.set_paused(["d"], False)
    scheduler = Scheduler(store, FakeExecutor(_none, _now, lambda _s, _c: None))
    scheduler.open()
    while scheduler.run_once(0):
        pass
    try:
        return _measure(number, store, scheduler)
    finally:
        store.close()


def _measure(number: int, store: Store, scheduler: Scheduler) -> Figures:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    end = BEGIN + timedelta(hours=number - 1)
    dates = list(runs_between(HOURLY, BEGIN, end))
    planned = time.perf_counter()
    new = NewBackfill(dag_id="d", from_date=BEGIN, to_date=end, max_active_runs=16)
    made = store.create_backfill(new, dates)
    created = time.perf_counter()
    while not store.backfill_progress(made.pk).runs:
        scheduler.run_once(0)
    first = time.perf_counter()
    while store.get_backfill(made.pk).completed_at is None:
        for _ in range(50):
            scheduler.run_once(0)
    done = time.perf_counter()
    assert store.backfill_progress(made.pk).runs == {"success": number}
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Figures(
        runs=number,
        plan_seconds=planned - begun,
        create_seconds=created - planned,
        first_run_seconds=first - created,
        all_seconds=done - created,
        grown_megabytes=(after - before) / 1024,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _none(_attempt: object) -> object:
    raise AssertionError("an empty task has no attempt")


def main() -> None:
    """Measure, and tell."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        print(measure(number, Path(folder)))


if __name__ == "__main__":
    main()
