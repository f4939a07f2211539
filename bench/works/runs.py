"""Works that run DAGs: chains, fans, and many runs at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bench import dags
from bench.checks import (
    all_in_success,
    each_in_its_own_process,
    each_ran_once,
    none_overlapped,
    read_trace,
    require,
)
from bench.client import moment
from bench.processes import wait_for
from bench.systems.system import Server
from bench.works.work import Figures, Measure, Setting

FIBO = {10: 55, 33: 3524578}
CALLERS = 4
"""Connections that ask for runs at the same time."""


def chain(length: int, n: int) -> Measure:
    """Tasks one after the other; `per_task_seconds` has the bare computation taken off."""
    dag_id = f"chain{length}"

    def measure(setting: Setting) -> Iterator[Figures]:
        bare = bare_seconds(n)
        with setting.server(lambda folder: dags.write_chain(folder, dag_id, length, n)) as server:
            wait_for_dag(server, dag_id, setting.limit_seconds)
            for _ in range(setting.rounds):
                timing = server.client.time_run(dag_id, setting.limit_seconds)
                ran = read_trace(server.place.trace, dag_id)
                names = [f"step_{number:03}" for number in range(length)]
                each_ran_once(ran, [(name, -1) for name in names])
                each_in_its_own_process(ran)
                none_overlapped(ran)
                states = setting.system.states(server.place, dag_id, timing.run_id)
                all_in_success(states, length)
                for name in names:
                    value = int(server.client.xcom(dag_id, timing.run_id, name))
                    require(value == FIBO[n], f"{name} returned {value}, not {FIBO[n]}")
                yield {
                    "total_seconds": timing.recorded_seconds,
                    "observed_seconds": timing.observed_seconds,
                    "per_task_seconds": timing.recorded_seconds / length - bare,
                }

    return measure


def fan(width: int) -> Measure:
    """One mapped task over that many items, and one that sums what they return."""
    dag_id = f"fan{width}"

    def measure(setting: Setting) -> Iterator[Figures]:
        with setting.server(lambda folder: dags.write_fan(folder, dag_id, width)) as server:
            wait_for_dag(server, dag_id, setting.limit_seconds)
            for _ in range(setting.rounds):
                timing = server.client.time_run(dag_id, setting.limit_seconds)
                ran = read_trace(server.place.trace, dag_id)
                each_ran_once(ran, [*(("work", item) for item in range(width)), ("total", -1)])
                each_in_its_own_process(ran)
                states = setting.system.states(server.place, dag_id, timing.run_id)
                all_in_success(states, width + 1)
                expected = sum(range(width)) + FIBO[10] * width
                value = int(server.client.xcom(dag_id, timing.run_id, "total"))
                require(value == expected, f"the sum is {value}, not {expected}")
                for item in range(0, width, max(1, width // 10)):
                    value = int(server.client.xcom(dag_id, timing.run_id, "work", item))
                    require(value == item + FIBO[10], f"item {item} returned {value}")
                yield {
                    "total_seconds": timing.recorded_seconds,
                    "observed_seconds": timing.observed_seconds,
                }

    return measure


def many_runs(count: int) -> Measure:
    """Runs of a DAG of one empty task, asked for as fast as the API takes them."""
    dag_id = f"runs{count}"

    def measure(setting: Setting) -> Iterator[Figures]:
        with setting.server(lambda folder: dags.write_empty(folder, dag_id)) as server:
            wait_for_dag(server, dag_id, setting.limit_seconds)
            called, started = datetime.now(UTC), time.perf_counter()
            with ThreadPoolExecutor(CALLERS) as callers:
                triggers = callers.map(lambda _: server.client.trigger(dag_id), range(count))
                run_ids = list(triggers)
            asked = time.perf_counter() - started

            def ended() -> bool | None:
                return count_runs(server, dag_id, "success") == count or None

            what = f"{count} runs of {dag_id}"
            wait_for(ended, what=what, limit_seconds=setting.limit_seconds, pause_seconds=0.05)
            observed = time.perf_counter() - started
            require(len(set(run_ids)) == count, "run ids came twice")
            states: Counter[str] = Counter()
            for run_id in run_ids:
                states += setting.system.states(server.place, dag_id, run_id)
            all_in_success(states, count)
            newest = server.client.runs(dag_id, limit=1, order_by="-end_date")["dag_runs"][0]
            yield {
                "total_seconds": (moment(newest["end_date"]) - called).total_seconds(),
                "observed_seconds": observed,
                "asked_seconds": asked,
            }

    return measure


def count_runs(server: Server, dag_id: str, state: str) -> int:
    """How many runs of the DAG are in that state."""
    return int(server.client.runs(dag_id, limit=1, state=state)["total_entries"])


def wait_for_dag(server: Server, dag_id: str, limit_seconds: float) -> None:
    """Wait until the server knows the DAG; a file that it cannot load ends the wait."""

    def known() -> bool | None:
        errors = server.client.import_errors()
        require(not errors, f"the DAG file does not load:\n{''.join(errors)}")
        return server.client.has_dag(dag_id) or None

    wait_for(known, what=f"DAG {dag_id}", limit_seconds=limit_seconds, pause_seconds=0.02)


def bare_seconds(n: int) -> float:
    """How long `fibo(n)` takes in an interpreter that does nothing else; best of three."""
    program = (
        "import time\n"
        "def fibo(n):\n    return n if n < 2 else fibo(n - 1) + fibo(n - 2)\n"
        f"begun = time.perf_counter()\nfibo({n})\nprint(time.perf_counter() - begun)\n"
    )
    command = [sys.executable, "-c", program]

    def once() -> float:
        return float(subprocess.check_output(command, text=True, timeout=60))

    return min(once() for _ in range(3))
