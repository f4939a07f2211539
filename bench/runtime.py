"""`python -m bench.runtime`: what a task costs in the process host alone.

No scheduler and no store: latency from `run` to the report of its end, throughput with several
tasks at a time, processor time per task, memory of the root zygote, and time to load files.
"""

from __future__ import annotations

import json
import queue
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from slipstream.model.attempt import Attempt, Succeeded
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime import processes
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source, source_of
from slipstream.runtime.settings import HostSettings
from slipstream.wire import execution

PATIENCE_SECONDS = 60.0
FILE = """
from airflow.sdk import DAG, task
with DAG("bench_{index}") as dag:
    @task
    def empty():
        pass
    empty()
"""


class Bench:
    """A host, and what it reports."""

    def __init__(self, home: Path, files: int) -> None:
        self.dags = home / "dags"
        self.dags.mkdir()
        self.paths = [self.dags / f"bench_{index}.py" for index in range(files)]
        for index, path in enumerate(self.paths):
            path.write_text(FILE.format(index=index))
        settings = HostSettings(
            log_dir=home / "logs", run_dir=home / "run", dags_folders=[self.dags]
        )
        self.host = ProcessHost(settings, lambda *_: execution.Missing())
        self._ends: queue.SimpleQueue[AttemptEnded] = queue.SimpleQueue()

    def listen(self, events: list[tuple[Attempt, AttemptStarted | AttemptEnded]]) -> None:
        """Take the ends, in the host's thread."""
        for _, event in events:
            if isinstance(event, AttemptEnded):
                self._ends.put(event)

    def start_task(self, source: Source, index: int) -> None:
        """Start one empty task."""
        now = datetime.now(UTC)
        run = DagRun(
            pk=1,
            dag_id="bench_0",
            run_id="bench",
            run_type=RunType.MANUAL,
            state=RunState.RUNNING,
            version_id="",
            run_after=now,
            logical_date=now,
        )
        attempt = Attempt(
            attempt_id=new_uuid7(),
            run=run,
            task_id="empty",
            map_index=index,
            fileloc=source.fileloc,
        )
        self.host.run(attempt, source)

    def wait_end(self) -> None:
        """Wait for the end of a task, which must be a success."""
        outcome = self._ends.get(timeout=PATIENCE_SECONDS).outcome
        if not isinstance(outcome, Succeeded):
            raise RuntimeError(f"a task did not succeed: {outcome}")

    def latencies(self, source: Source, number: int) -> list[float]:
        """Milliseconds from `run` to the report, one task after the other."""
        found = []
        for index in range(number):
            began = time.perf_counter()
            self.start_task(source, index)
            self.wait_end()
            found.append((time.perf_counter() - began) * 1000)
        return sorted(found)

    def rate(self, source: Source, number: int, at_a_time: int) -> float:
        """Tasks a second with so many at a time."""
        began = time.perf_counter()
        for index in range(number + at_a_time):
            if index >= at_a_time:
                self.wait_end()
            if index < number:
                self.start_task(source, index)
        return number / (time.perf_counter() - began)


def main(files: int = 100, single: int = 200, many: int = 1000) -> int:
    """Measure and print JSON."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), files)
        began = time.perf_counter()
        bench.host.start(bench.listen)
        first = bench.host.parse(bench.paths[0], bench.dags).result(PATIENCE_SECONDS)
        first_file = time.perf_counter() - began
        began = time.perf_counter()
        loading = [bench.host.parse(path, bench.dags) for path in bench.paths]
        errors = [future.result(PATIENCE_SECONDS).error for future in loading]
        all_files = time.perf_counter() - began
        if any(errors):
            raise RuntimeError(f"a file could not be loaded: {errors}")
        source = source_of(str(bench.paths[0]), first.sources)
        bench.latencies(source, 20)
        latencies = bench.latencies(source, single)
        rate = bench.rate(source, many, 8)
        root = processes.private_bytes(bench.host.root_pid or "self")
        bench.host.stop(5.0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "start_and_first_file_seconds": round(first_file, 3),
        f"load_{files}_files_seconds": round(all_files, 3),
        "latency_ms_median": round(statistics.median(latencies), 2),
        "latency_ms_p95": round(latencies[int(len(latencies) * 0.95)], 2),
        "latency_ms_least": round(latencies[0], 2),
        "tasks_per_second_8_at_a_time": round(rate),
        "processor_ms_per_task_in_children": round(
            (used.ru_utime + used.ru_stime) * 1000 / (single + many + 20), 2
        ),
        "root_private_mb": round(root / 2**20, 1),
    }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
