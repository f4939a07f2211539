"""Works that look at the server: its start, its idling, and how it takes DAG files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import dags, processes
from bench.checks import all_in_success, require
from bench.processes import wait_for
from bench.works.runs import wait_for_dag
from bench.works.work import Figures, Measure, Setting

FILES_AT_START = 10
SETTLE_SECONDS = 60
WATCH_SECONDS = 30


def start(setting: Setting) -> Iterator[Figures]:
    """From the command to healthy, on an empty database, with ten DAG files."""
    for _ in range(setting.rounds):
        with setting.server(write_files) as server:
            healthy = time.perf_counter()
            wait_for_count(server.client.dag_count, FILES_AT_START, setting.limit_seconds)
            listed = server.ready_seconds + time.perf_counter() - healthy
            yield {"healthy_seconds": server.ready_seconds, "all_dags_seconds": listed}


def idle(setting: Setting) -> Iterator[Figures]:
    """What everything that the command started uses when nothing is due.

    First as it started, asked for its health alone; then after the API has answered something.
    """
    with setting.server(write_files) as server:
        time.sleep(SETTLE_SECONDS)
        before, begun = processes.use(server.pid), time.perf_counter()
        time.sleep(WATCH_SECONDS)
        after, watched = processes.use(server.pid), time.perf_counter() - begun
        require(server.client.dag_count() == FILES_AT_START, "not every DAG file was loaded")
        yield {
            "processes": after.processes,
            "pss_mb": after.pss_mb,
            "pss_after_use_mb": processes.use(server.pid).pss_mb,
            "cpu_percent": 100 * (after.cpu_seconds - before.cpu_seconds) / watched,
        }


def parse(count: int) -> Measure:
    """That many DAG files at once; then one file changes."""

    def measure(setting: Setting) -> Iterator[Figures]:
        with setting.server(lambda folder: write_files(folder, count)) as server:
            healthy = time.perf_counter()
            wait_for_count(server.client.dag_count, count, setting.limit_seconds)
            listed = server.ready_seconds + time.perf_counter() - healthy
            yield {"all_dags_seconds": listed}
        with setting.server(write_files) as server:
            wait_for_dag(server, "small_00000", setting.limit_seconds)
            for change in range(setting.rounds):
                # A version that no run has used may be replaced in place by some systems.
                server.client.time_run("small_00000", setting.limit_seconds)
                seen = server.client.newest_version("small_00000")
                changed = time.perf_counter()
                dags.write_small(server.place.dags, "small_00000", length=3 + change)

                def newer(seen: int = seen) -> bool | None:
                    return server.client.newest_version("small_00000") > seen or None

                limit = setting.limit_seconds
                wait_for(newer, what="the new version", limit_seconds=limit, pause_seconds=0.01)
                live = time.perf_counter() - changed
                timing = server.client.time_run("small_00000", setting.limit_seconds)
                states = setting.system.states(server.place, "small_00000", timing.run_id)
                all_in_success(states, 3 + change)
                yield {"change_live_seconds": live}

    return measure


def write_files(folder: Path, count: int = FILES_AT_START) -> None:
    """Small DAGs, one to a file."""
    for number in range(count):
        dags.write_small(folder, f"small_{number:05}")


def wait_for_count(probe: Callable[[], int], count: int, limit_seconds: float) -> None:
    """Wait until that many are known, and require that it is not more."""

    def reached() -> int | None:
        known = probe()
        return known if known >= count else None

    what = f"{count} DAGs"
    known = wait_for(reached, what=what, limit_seconds=limit_seconds, pause_seconds=0.05)
    require(known == count, f"{known} DAGs where {count} were written")
